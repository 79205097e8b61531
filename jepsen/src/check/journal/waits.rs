//! Who waits for a change is told that there is one, or that there was none until a revision.
//!
//! The latter says what an empty page says that ends there, and is read as one. The former is
//! checked here.

use serde::Deserialize;
use serde_json::Value;

use super::Journals;
use super::pages::Cursor;
use crate::history::{History, Operation, Outcome};

#[derive(Deserialize)]
struct RawRequest {
    ns: u64,
    cursor: Option<(u64, u64)>,
}

/// Whether a wait is answered with no change.
pub(super) fn is_in_vain(answer: &Value) -> bool {
    answer.get("changed").and_then(Value::as_bool) == Some(false)
}

/// Whoever is told of a change finds one between the cursor and the revision of the answer.
/// Returns how many were told so.
pub(super) fn check(history: &History, journals: &Journals, findings: &mut Vec<String>) -> usize {
    let mut count = 0;
    for operation in &history.operations {
        let Outcome::Ok(answer) = &operation.outcome else { continue };
        let is_told = answer.get("changed").and_then(Value::as_bool) == Some(true);
        if operation.function == "wait_for_change" && is_told {
            count += 1;
            findings.extend(why_in_vain(operation, journals));
        }
    }
    count
}

fn why_in_vain(wait: &Operation, journals: &Journals) -> Option<String> {
    let request = RawRequest::deserialize(&wait.input).ok()?;
    let after = request.cursor.map_or(Cursor::START, Cursor::read);
    let to = Cursor::end_of(wait.revision?);
    let journal = journals.journals.get(&request.ns)?;
    let is_known = journal.coverage.is_told(after, to);
    let is_there = after < to && journal.changes.range(after..=to).any(|(at, _)| *at > after);
    (is_known && !is_there).then(|| {
        format!(
            "line {}: a change of namespace {} after {after} is told of by {to}, and there is none",
            wait.line, request.ns
        )
    })
}
