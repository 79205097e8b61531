//! Histories that are read as streams, held against the same ones read as a whole.

use serde_json::{Value, json};

use super::generator::{Random, Shape, corrupt, generate};
use super::{decide, to_history};
use crate::check::journal::Journals;
use crate::check::streaming::{NeedsWhole, Streamable, Survey, check_stream};
use crate::check::witness::witness;
use crate::history::Stream;
use crate::model::tree::{self, Claims, Compiled, Hints};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByStream {
    Certified,
    NotCertified,
    /// It asks for more than a stream can tell.
    Beyond,
}

fn check(lines: &[Value]) -> ByStream {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let survey = Survey::of("generated", text.as_bytes()).expect("readable");
    let Some(survey) = survey else { return ByStream::Beyond };
    let stream = Stream::new("generated", text.as_bytes()).expect("it has a header");
    match check_stream(stream, &survey).expect("well formed") {
        Streamable::Certified(_) => ByStream::Certified,
        Streamable::NeedsWhole(NeedsWhole::NotCertified(_)) => ByStream::NotCertified,
        Streamable::NeedsWhole(NeedsWhole::Operation(_)) => ByStream::Beyond,
    }
}

/// Takes out what the journal answered, and puts in remarks of what it told of requests.
fn with_remarks(lines: Vec<Value>) -> Vec<Value> {
    let whole = to_history(&lines);
    let hints = Journals::read(&whole).expect("pages").hints(&whole);
    let mut lines: Vec<Value> = lines.into_iter().filter(|line| line["f"] != "journal").collect();
    for (request, hint) in hints {
        let request = [request.client, request.sequence];
        let value = json!({"request": request, "revision": hint.revision, "names": hint.names});
        let event = json!({"time": 0, "process": "nemesis", "type": "info", "f": "took_effect"});
        lines.push(event);
        lines.last_mut().expect("pushed")["value"] = value;
    }
    lines
}

#[test]
fn a_stream_is_certified_by_the_same_claims_as_the_whole() {
    let (mut certified, mut of_unknown, mut refused, mut beyond) = (0, 0, 0, 0);
    for seed in 0..1_200 {
        let shape = Shape {
            seed,
            operations: 40,
            clients: 4,
            lost_one_in: [0, 10][(seed % 2) as usize],
            names: 3,
            journal: true,
            wide: seed % 8 == 0,
        };
        let mut lines = with_remarks(generate(shape));
        if seed % 3 != 0 {
            corrupt(&mut lines, &mut Random::new(seed));
        }
        let history = to_history(&lines);
        let hints = Journals::default().hints(&history);
        let Compiled { model, entries, .. } =
            tree::compile(&history, Claims::Judged, &hints).expect("known");
        let by_whole = witness(&model, &entries);
        match (check(&lines), by_whole.is_ok()) {
            (ByStream::Certified, true) => {
                certified += 1;
                let unknown = entries.iter().any(|entry| entry.completed.is_none());
                of_unknown += u32::from(unknown);
            }
            (ByStream::NotCertified, false) => refused += 1,
            (ByStream::Beyond, _) => beyond += 1,
            other => panic!("seed {seed}: by the stream and as a whole {other:?}: {by_whole:?}"),
        }
    }
    let seen = format!("{certified} certified, {of_unknown} of them with unknown outcomes");
    assert!(
        certified > 300 && of_unknown > 100 && refused > 300 && beyond < 400,
        "{seen}, {refused} refused, {beyond} beyond"
    );
}

#[test]
fn a_stream_and_the_search_never_disagree() {
    let (mut certified, mut refuted) = (0, 0);
    for seed in 0..1_000 {
        let shape = Shape {
            seed,
            operations: 30,
            clients: 4,
            lost_one_in: 0,
            names: 3,
            journal: false,
            wide: false,
        };
        let mut lines = generate(shape);
        corrupt(&mut lines, &mut Random::new(seed));
        let Compiled { model, entries, .. } =
            tree::compile(&to_history(&lines), Claims::Judged, &Hints::new()).expect("known");
        match (check(&lines), decide(&model, &entries)) {
            (ByStream::Certified, Some(true)) => certified += 1,
            (ByStream::Certified, other) => {
                panic!("seed {seed}: certified, but the search says {other:?}")
            }
            (_, Some(false)) => refuted += 1,
            _ => {}
        }
    }
    assert!(certified > 50 && refuted > 300, "{certified} certified, {refuted} refuted");
}
