//! Housekeeping in small replicated steps: what deleted directories held goes into the
//! past, what is no longer kept of the past is removed, and so are sessions that have
//! expired. Nothing that a client can see changes.

mod dead;
mod forget;
mod journals;
mod locks;
mod namespaces;
mod sessions;

use crate::{
    kv::{KvRead, KvTxn, Result},
    records::system::System,
    types::{Applied, GroupId, NamespaceId, Outcome},
};

/// Frees at most about so many records.
pub(super) fn reclaim(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &mut System,
    records_max: u32,
) -> Result<Applied> {
    let mut budget = records_max as usize;
    // In this order: what a directory held must be in the past before that is forgotten.
    while budget > 0
        && let Some(directory) = dead::next(txn, group)?
    {
        let used = dead::reclaim(txn, group, system, directory, budget)?;
        budget = budget.saturating_sub(used);
    }
    while budget > 0
        && let Some(directory) = forget::next(txn, group)?
    {
        let used = forget::forget(txn, group, directory, budget)?;
        budget = budget.saturating_sub(used);
    }
    while budget > 0 && journals::is_needed(system) {
        if journals::is_at_start(system) {
            budget = free_namespaces(txn, group, system, budget)?;
        }
        if budget > 0 {
            let used = journals::trim(txn, group, system, budget)?;
            budget = budget.saturating_sub(used);
        }
    }
    while budget > 0
        && let Some(end) = locks::next(txn, group, system.time_ms)?
    {
        locks::reclaim(txn, system, end);
        budget -= 1;
    }
    while budget > 0 && sessions::is_due(system, system.time_ms) {
        let used = sessions::reclaim(txn, group, system, budget)?;
        budget = budget.saturating_sub(used);
    }
    let more = is_needed(txn, group, system, system.time_ms)?;
    Ok(Applied { revision: system.revision, outcome: Outcome::Reclaimed { more } })
}

/// Frees deleted namespaces, and says how much of the budget is left. Only a bound that has
/// moved has more of them to free, so they are looked for before each round through the
/// journals, which is not begun before they are all gone.
fn free_namespaces(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &System,
    mut budget: usize,
) -> Result<usize> {
    let mut last = NamespaceId(0);
    while budget > 0
        && let Some(deleted) = namespaces::next(txn, group, system, last)?
    {
        last = deleted.0;
        let used = namespaces::reclaim(txn, group, deleted, budget)?;
        budget = budget.saturating_sub(used);
    }
    Ok(budget)
}

/// Whether there is anything to free at a time.
pub(super) fn is_needed(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    system: &System,
    time_ms: u64,
) -> Result<bool> {
    Ok(dead::next(view, group)?.is_some()
        || forget::next(view, group)?.is_some()
        || journals::is_needed(system)
        || locks::next(view, group, time_ms)?.is_some()
        || sessions::is_due(system, time_ms))
}
