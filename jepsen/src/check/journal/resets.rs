//! Readers whose cursor is too old are told where to list instead.

use serde_json::Value;

use super::pages::namespace_of;
use crate::history::{History, Outcome};

/// A reset must tell a revision, and one that is there to be listed. Returns how many there
/// were. That nothing is missed after it is seen by replaying the journal from that listing.
pub(super) fn check(history: &History, findings: &mut Vec<String>) -> usize {
    let mut count = 0;
    for operation in &history.operations {
        let Outcome::Ok(value) = &operation.outcome else { continue };
        if value.get("rejected").and_then(Value::as_str) != Some("CURSOR_RESET") {
            continue;
        }
        count += 1;
        let what = format!("line {}: a reader of namespace", operation.line);
        let ns = namespace_of(operation).unwrap_or_default();
        match (value.get("reset_revision").and_then(Value::as_u64), operation.revision) {
            (None | Some(0), _) => {
                findings.push(format!("{what} {ns} is reset, and not told where to list"));
            }
            (Some(reset), Some(revision)) if reset > revision => findings.push(format!(
                "{what} {ns} is told to list at {reset}, which is later than {revision}"
            )),
            _ => {}
        }
    }
    count
}
