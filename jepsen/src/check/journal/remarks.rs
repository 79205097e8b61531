//! What somebody tells who has seen requests take effect.
//!
//! A journal may have forgotten what became of a request before anybody read it. A simulator
//! sees all that is written, and may remark in the history which requests of unknown outcome
//! took effect, and where: `took_effect` of `{request, revision, names}`. Like the journal's
//! word it is a hint, which the witness tries and the model must agree with.

use serde::Deserialize;

use crate::history::{History, RequestId};
use crate::model::tree::{Hint, Hints};

#[derive(Deserialize)]
struct Remark {
    request: (u64, u64),
    revision: u64,
    /// Of nodes that it made.
    #[serde(default)]
    names: Vec<String>,
}

/// What the remarks of a history tell; what does not read as one is none.
pub(super) fn hints(history: &History) -> Hints {
    let remarks = history.faults.iter().filter(|fault| fault.function == "took_effect");
    let remarks = remarks.filter_map(|fault| Remark::deserialize(&fault.value).ok());
    remarks
        .map(|Remark { request: (client, sequence), revision, names }| {
            (RequestId { client, sequence }, Hint { revision, names })
        })
        .collect()
}
