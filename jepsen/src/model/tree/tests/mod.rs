//! The rules, one script each: what was asked, what was answered, what the model says to it.

use expect_test::Expect;
use serde_json::{Value, json};

mod basics;
mod commits;
mod copies;
mod depth;
mod mounts;
mod names;
mod namespaces;
mod past;
mod quotas;

use super::{Claims, Compiled, Hints, compile};
use crate::history::{self, Format};
use crate::model::{Model, Step};

/// Runs lines of `FUNCTION INPUT → ANSWER @REVISION` in their order, `?` for an unknown
/// outcome, and writes what the model says to each. What does not fit is left out.
fn check(script: &str, expected: Expect) {
    let told = judge(script);
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty()).zip(&told);
    let lines = lines.map(|(line, told)| format!("{line}\n    {told}\n"));
    expected.assert_eq(&lines.collect::<String>().replace(&long_name(), "LONG"));
}

/// What the model says to each line.
fn judge(script: &str) -> Vec<String> {
    let header = json!({
        "history": "metad/1", "model": "file-tree",
        "namespaces": [{"id": 1, "root": 1, "name": "main"}],
    });
    let mut lines = vec![header];
    let script: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for (process, line) in script.iter().enumerate() {
        lines.extend(events(line, process));
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let history = history::parse("script", text.as_bytes(), Some(Format::Metad)).expect("it reads");
    let Compiled { model, entries, .. } =
        compile(&history, Claims::Judged, &Hints::new()).expect("it compiles");
    let mut state = model.initial();
    let mut told = vec!["not judged".to_string(); script.len()];
    for entry in entries {
        told[entry.index] = match model.step(&state, &entry.operation) {
            Step::No => model.refusal(&state, &entry.operation),
            Step::Same => "fits".to_string(),
            Step::To(next) => {
                state = next;
                "changes".to_string()
            }
            Step::OneOf(mut states) => {
                let count = states.len();
                state = states.swap_remove(0);
                format!("one of {count}")
            }
        };
    }
    told
}

fn long_name() -> String {
    "x".repeat(256)
}

fn events(line: &str, process: usize) -> Vec<Value> {
    let (call, answer) = line.split_once(" → ").expect("a line has an answer");
    let (function, input) = call.split_once(' ').expect("a call has an input");
    let mut input: Value = serde_json::from_str(input).expect("inputs are JSON");
    if input.get("ns").is_none() {
        input["ns"] = json!(1);
    }
    let invoke = json!({"process": process, "type": "invoke", "f": function, "value": input});
    let Some((answer, revision)) = answer.rsplit_once(" @") else { return vec![invoke] };
    let answer: Value = serde_json::from_str(answer).expect("answers are JSON");
    let revision: u64 = revision.parse().expect("revisions are numbers");
    let ok = json!({
        "process": process, "type": "ok", "f": function, "value": answer, "revision": revision,
    });
    vec![invoke, ok]
}
