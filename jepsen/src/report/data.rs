//! What a page carries for its scripts: columns of numbers, tables of texts, compressed.
//!
//! Compressed, since most of a history is said again and again: a page of 100,000 operations
//! has a few megabytes. Browsers decompress it themselves.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine;
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use serde_json::Value;

use crate::check::{Report, Scene, scenes, shorten};
use crate::history::{Fault, History, Operation, Outcome};

/// Operations that a page draws. Of longer histories, it draws those around the violation.
const DRAWN_MAX: usize = 200_000;
/// Operations that a page shows the state before and after of, around the violation.
const SCENES_MAX: usize = 20_000;
/// Bytes of arguments and results that a page keeps, of all operations together…
const VALUES_BYTES_MAX: usize = 24 << 20;
/// …and of one: enough to understand it.
const VALUE_BYTES: std::ops::RangeInclusive<usize> = 120..=4_000;

/// The page's data, compressed, in letters that need no escaping.
pub(super) fn encode(report: &Report, history: &History) -> String {
    let json = serde_json::to_vec(&Data::of(report, history)).expect("maps have names for keys");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let compressed = encoder.write_all(&json).and_then(|()| encoder.finish());
    base64::engine::general_purpose::STANDARD.encode(compressed.expect("memory takes all"))
}

#[derive(Serialize)]
struct Data<'a> {
    total: usize,
    events: u32,
    /// Index of the first operation in the columns.
    first: usize,
    texts: Vec<String>,
    columns: Columns,
    faults: &'a [Fault],
    /// The state before and after: lines that are the same, gone and new, as texts.
    scenes: BTreeMap<usize, SceneData>,
    scenes_max: usize,
    violation: Option<ViolationData<'a>>,
}

#[derive(Default, Serialize)]
struct Columns {
    line: Vec<u32>,
    process: Vec<i64>,
    function: Vec<usize>,
    key: Vec<Option<usize>>,
    input: Vec<usize>,
    outcome: Vec<&'static str>,
    result: Vec<Option<usize>>,
    invoked: Vec<u32>,
    completed: Vec<Option<u32>>,
    invoked_ns: Vec<Option<i64>>,
    completed_ns: Vec<Option<i64>>,
    revision: Vec<Option<u64>>,
    node: Vec<Option<u64>>,
    request: Vec<Option<String>>,
}

#[derive(Serialize)]
struct SceneData {
    before: Vec<usize>,
    after: Vec<usize>,
    maybe: bool,
    misfit: bool,
}

#[derive(Serialize)]
struct ViolationData<'a> {
    position: u32,
    summary: &'a str,
    prefix: &'a [usize],
    minimal: &'a [usize],
    candidates: Vec<(usize, &'a str)>,
}

impl<'a> Data<'a> {
    fn of(report: &'a Report, history: &'a History) -> Data<'a> {
        let violation = report.violation.as_ref();
        let focus = violation.map_or(0, |violation| {
            history.operations.partition_point(|it| it.invoked < violation.position)
        });
        let drawn = around(focus, history.operations.len(), DRAWN_MAX);
        let mut texts = Texts::default();
        let mut columns = Columns::default();
        let share = VALUES_BYTES_MAX / (2 * drawn.len().max(1));
        let value_bytes_max = share.clamp(*VALUE_BYTES.start(), *VALUE_BYTES.end());
        for operation in &history.operations[drawn.clone()] {
            columns.push(operation, value_bytes_max, &mut texts);
        }
        let shown = around(focus, history.operations.len(), SCENES_MAX);
        // What the model cannot read was an error before there was a report.
        let found = scenes(history, report, &|index| shown.contains(&index)).unwrap_or_default();
        Data {
            total: history.operations.len(),
            events: history.events_count,
            first: drawn.start,
            columns,
            faults: &history.faults,
            scenes: found.iter().map(|(index, it)| (*index, texts.scene(it))).collect(),
            scenes_max: SCENES_MAX,
            violation: violation.map(|violation| ViolationData {
                position: violation.position,
                summary: &violation.summary,
                prefix: &violation.prefix,
                minimal: violation.minimal.as_ref().map_or(&[], |part| &part.operations),
                candidates: violation
                    .candidates
                    .iter()
                    .map(|it| (it.operation, it.needs.as_str()))
                    .collect(),
            }),
            texts: texts.texts,
        }
    }
}

/// As many of `count` things as there may be, with one of them in the middle.
fn around(focus: usize, count: usize, max: usize) -> std::ops::Range<usize> {
    let start = focus.saturating_sub(max / 2).min(count.saturating_sub(max));
    start..count.min(start + max)
}

impl Columns {
    fn push(&mut self, it: &Operation, value_bytes_max: usize, texts: &mut Texts) {
        let mut value = |value: &Value| texts.number(shorten(value, value_bytes_max));
        self.line.push(it.line);
        self.process.push(it.process);
        self.key.push(it.key.as_ref().map(&mut value));
        self.input.push(value(&it.input));
        self.outcome.push(it.outcome.kind());
        self.result.push(match &it.outcome {
            Outcome::Ok(result) | Outcome::Fail(result) => Some(value(result)),
            Outcome::Unknown => None,
        });
        self.function.push(texts.number(it.function.clone()));
        self.invoked.push(it.invoked);
        self.completed.push(it.completed);
        self.invoked_ns.push(it.invoked_time_ns);
        self.completed_ns.push(it.completed_time_ns);
        self.revision.push(it.revision);
        self.node.push(it.node);
        self.request.push(it.request.map(|it| format!("{}/{}", it.client, it.sequence)));
    }
}

/// Texts, each once.
#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Texts {
    fn number(&mut self, text: String) -> usize {
        *self.numbers.entry(text).or_insert_with_key(|text| {
            self.texts.push(text.clone());
            self.texts.len() - 1
        })
    }

    fn scene(&mut self, scene: &Scene) -> SceneData {
        let mut lines =
            |lines: &[String]| lines.iter().map(|line| self.number(line.clone())).collect();
        SceneData {
            before: lines(&scene.before),
            after: lines(&scene.after),
            maybe: scene.is_one_of_many,
            misfit: scene.is_misfit,
        }
    }
}
