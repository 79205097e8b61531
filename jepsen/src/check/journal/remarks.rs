//! What somebody tells who has seen requests take effect.
//!
//! A journal may have forgotten what became of a request before anybody read it. A simulator
//! sees all that is written, and may remark in the history which requests of unknown outcome
//! took effect, and where: `took_effect` of `{request, revision, names}`. Like the journal's
//! word it is a hint, which the witness tries and the model must agree with.

use serde::Deserialize;

use crate::history::{Fault, RequestId};
use crate::model::tree::{Hint, Hints};

/// What a remark is called.
pub(in crate::check) const TOOK_EFFECT: &str = "took_effect";

#[derive(Deserialize)]
struct Remark {
    request: (u64, u64),
    revision: u64,
    /// Of nodes that it made.
    #[serde(default)]
    names: Vec<String>,
}

/// What the remarks of a history tell; what does not read as one is none.
pub(in crate::check) fn hints<'a>(faults: impl IntoIterator<Item = &'a Fault>) -> Hints {
    let remarks = faults.into_iter().filter(|fault| fault.function == TOOK_EFFECT);
    let remarks = remarks.filter_map(|fault| Remark::deserialize(&fault.value).ok());
    remarks
        .map(|Remark { request: (client, sequence), revision, names }| {
            (RequestId { client, sequence }, Hint { revision, names })
        })
        .collect()
}
