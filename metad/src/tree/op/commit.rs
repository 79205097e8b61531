//! Makes a file or replaces its content: the heart of sync.

use metad_proto::{limits, planted};

use super::conflicted_copy;
use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place},
        op::unchanged,
        reader::Slot,
    },
    types::{Body, CommitMode, Content, Node, NodeRef, Rejection, StepResult},
};

/// With `autorename`, a conflict becomes a sibling that is named after the client.
pub(super) fn commit(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    content: &Content,
    mode: CommitMode,
    autorename: Option<&str>,
) -> Tried<StepResult> {
    let slot = edit.slot(target)?;
    let Some(name) = &slot.name else { return Err(Rejection::IsADirectory.into()) };
    let refused = match (&slot.taken, mode) {
        (None, CommitMode::Update { .. }) => Rejection::NotFound,
        (None, _) => {
            return edit.create(Place::new(&slot.way, name)?, Body::File(content.clone()));
        }
        (Some(node), mode) => match judge(node, content, mode) {
            Judged::Replace => return edit.update(&slot.way, node.clone(), content.clone()),
            Judged::Unchanged => return Ok(unchanged(node)),
            Judged::Refused(rejection) => rejection,
        },
    };
    match autorename {
        // The file that was changed is gone, or another one is there: neither is lost.
        Some(client) if is_conflict(&refused) => commit_copy(edit, &slot, content, client),
        _ => Err(refused.into()),
    }
}

enum Judged {
    Replace,
    Unchanged,
    Refused(Rejection),
}

fn judge(node: &Node, content: &Content, mode: CommitMode) -> Judged {
    let Some(before) = node.content() else {
        return Judged::Refused(match node.body {
            Body::Directory | Body::Mount(_) if mode != CommitMode::Create => {
                Rejection::IsADirectory
            }
            _ => Rejection::AlreadyExists,
        });
    };
    match mode {
        CommitMode::Create => Judged::Refused(Rejection::AlreadyExists),
        CommitMode::Update { rev } if rev != node.rev && !planted!(UpdateIgnoresRev) => {
            match before.same_bytes(content) {
                true => Judged::Unchanged,
                false => Judged::Refused(Rejection::Conflict { current: node.rev }),
            }
        }
        CommitMode::Update { .. } | CommitMode::Overwrite => Judged::Replace,
    }
}

fn is_conflict(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::Conflict { .. }
            | Rejection::AlreadyExists
            | Rejection::IsADirectory
            | Rejection::NotFound
    )
}

/// Makes a sibling under the first name that is free.
fn commit_copy(
    edit: &mut Edit<impl KvTxn>,
    slot: &Slot,
    content: &Content,
    client: &str,
) -> Tried<StepResult> {
    let original = slot.name.as_ref().expect("commit refuses the root");
    let directory = *slot.way.above.last().expect("a name is in a directory");
    let anonymous = format!("client {}", edit.client());
    let client = if client.is_empty() { anonymous.as_str() } else { client };
    for number in 1..=limits::CONFLICTED_COPIES_MAX {
        let name = conflicted_copy::name(original, client, edit.time_ms(), number);
        let name = slot.way.namespace.policy.name(&name);
        let is_free = edit.reader().child(directory, name.key())?.is_none();
        if is_free || planted!(AutorenameOverwrites) {
            let place = Place::new(&slot.way, &name)?;
            let made = edit.create(place, Body::File(content.clone()))?;
            return Ok(StepResult { renamed: Some(name), ..made });
        }
    }
    let (limit, value) = (limits::CONFLICTED_COPIES, limits::CONFLICTED_COPIES_MAX);
    Err(Rejection::LimitExceeded { limit, value }.into())
}
