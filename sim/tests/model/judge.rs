//! The history of a script, and the checkers' verdict on it.

use std::fmt::Write as _;

use metad::types::{Request, Revision};
use metad_jepsen::{
    Options, Verdict, check_history,
    history::{Format, parse},
};
use serde_json::{Value, json};

use crate::ask::Ask;

/// Lines of a history, in which one operation follows the other.
pub struct History {
    lines: String,
    count: u64,
}

impl History {
    pub fn new() -> History {
        let header = json!({"history": "metad/1", "model": "file-tree"});
        History { lines: format!("{header}\n"), count: 0 }
    }

    /// Adds an operation with its answer.
    pub fn add(&mut self, ask: &Ask, request: Option<Request>, value: Value, revision: Revision) {
        let mut invoke = self.event(ask, "invoke", ask.value());
        if let Some(request) = request {
            invoke["request"] = json!([request.client.0, request.sequence]);
        }
        self.put(&invoke);
        let mut answer = self.event(ask, "ok", value);
        answer["revision"] = json!(revision.0);
        answer["node"] = json!(1);
        self.put(&answer);
    }

    fn event(&self, ask: &Ask, what: &str, value: Value) -> Value {
        let index = self.count;
        json!({"index": index, "time": index, "process": 0, "type": what, "f": ask.f(), "value": value})
    }

    fn put(&mut self, event: &Value) {
        self.count += 1;
        writeln!(self.lines, "{event}").expect("text grows");
    }

    pub fn lines(&self) -> &str {
        &self.lines
    }

    /// What is wrong with it, if anything is.
    pub fn judge(&self) -> Option<String> {
        let history = match parse("script", self.lines.as_bytes(), Some(Format::Metad)) {
            Ok(history) => history,
            Err(error) => return Some(format!("bad history: {error}")),
        };
        match check_history(&history, &Options::default()) {
            Ok(report) if report.verdict == Verdict::Valid => None,
            Ok(report) => Some(format!("{:#?}\n{:#?}", report.checks, report.violation)),
            Err(error) => Some(format!("bad operation: {error:?}")),
        }
    }
}
