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
    let now_ms = system.time_ms;
    // In this order: what a directory held must be in the past before that is forgotten.
    work_off(
        txn,
        &mut budget,
        |txn, count| dead::queued(txn, group, count),
        |txn, directory, budget| dead::reclaim(txn, group, system, directory, budget),
    )?;
    work_off(
        txn,
        &mut budget,
        |txn, count| forget::queued(txn, group, count),
        |txn, directory, budget| forget::forget(txn, group, directory, budget),
    )?;
    while budget > 0 && journals::is_needed(system) {
        if journals::is_at_start(system) {
            budget = free_namespaces(txn, group, system, budget)?;
        }
        if budget > 0 {
            let used = journals::trim(txn, group, system, budget)?;
            budget = budget.saturating_sub(used);
        }
    }
    work_off(
        txn,
        &mut budget,
        |txn, count| locks::ended(txn, group, now_ms, count),
        |txn, end, _| Ok(locks::reclaim(txn, system, end)),
    )?;
    while budget > 0 && sessions::is_due(system, system.time_ms) {
        let used = sessions::reclaim(txn, group, system, budget)?;
        budget = budget.saturating_sub(used);
    }
    let more = is_needed(txn, group, system, system.time_ms)?;
    Ok(Applied { revision: system.revision, outcome: Outcome::Reclaimed { more } })
}

/// Works on a queue while there is something in it and in the budget. It is read in long runs:
/// to look for its head again each time would pass over all that was freed before.
fn work_off<T: KvTxn, Q>(
    txn: &mut T,
    budget: &mut usize,
    queued: impl Fn(&T, usize) -> Result<Vec<Q>>,
    mut free: impl FnMut(&mut T, Q, usize) -> Result<usize>,
) -> Result<()> {
    while *budget > 0 {
        let run = queued(txn, *budget)?;
        if run.is_empty() {
            break;
        }
        for item in run {
            if *budget > 0 {
                *budget = budget.saturating_sub(free(txn, item, *budget)?);
            }
        }
    }
    Ok(())
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
    Ok(!dead::queued(view, group, 1)?.is_empty()
        || !forget::queued(view, group, 1)?.is_empty()
        || journals::is_needed(system)
        || !locks::ended(view, group, time_ms, 1)?.is_empty()
        || sessions::is_due(system, time_ms))
}
