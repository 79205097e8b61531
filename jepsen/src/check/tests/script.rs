//! Short histories, written down.

use serde_json::{Value, json};

use super::to_history;
use crate::history::History;

/// Reads lines of `PROCESS FUNCTION INPUT → ANSWER @REVISION`, one after the other in time; `?`
/// is an unknown outcome. Namespace 1 is there, and is meant where none is named.
pub(in crate::check) fn scripted(script: &str) -> History {
    let mut lines = vec![json!({
        "history": "metad/1", "model": "file-tree",
        "namespaces": [{"id": 1, "root": 1, "name": "main"}],
    })];
    let script = script.lines().map(str::trim).filter(|line| !line.is_empty());
    for (sequence, line) in script.enumerate() {
        let (call, answer) = line.split_once(" → ").expect("a line has an answer");
        let mut words = call.splitn(3, ' ');
        let mut word = || words.next().expect("a call has three words");
        let process: u64 = word().parse().expect("processes are numbers");
        let function = word().to_string();
        let mut input: Value = serde_json::from_str(word()).expect("inputs are JSON");
        if input.get("ns").is_none() {
            input["ns"] = json!(1);
        }
        let event = |kind: &str, value: Value| {
            json!({
                "process": process, "type": kind, "f": function, "value": value,
                "request": [process, sequence + 1],
            })
        };
        lines.push(event("invoke", input));
        if let Some((answer, revision)) = answer.rsplit_once(" @") {
            let mut ok = event("ok", serde_json::from_str(answer).expect("answers are JSON"));
            ok["revision"] = json!(revision.parse::<u64>().expect("revisions are numbers"));
            lines.push(ok);
        }
    }
    to_history(&lines)
}

/// What a check finds in such a history, a line each.
pub(in crate::check) fn findings(name: &str, script: &str) -> String {
    let history = scripted(script);
    let report = crate::check::check_history(&history, &Default::default()).expect("it reads");
    let check = report.checks.iter().find(|check| check.name == name).expect("it is checked");
    let mut lines = vec![format!("{}: {}", check.verdict.name(), check.detail)];
    lines.extend(check.findings.iter().cloned());
    lines.join("\n") + "\n"
}
