//! Finds a small part of a history that does not fit by itself.
//!
//! Only observations are left out: without a mutation, a history may fail just because
//! nobody wrote what was read, and that would explain nothing. What was invoked after the
//! answer that no order gets past cannot matter and goes first.

use super::budget::Budget;
use super::search::{Outcome, Stuck, search};
use crate::model::{Entry, Model};

/// Searches that a minimisation may make.
const ATTEMPTS_MAX: usize = 200;

/// Indices of the history's operations that together have no linearization. `late` was asked
/// after an answer that no order gets past, and claims to come before it.
pub(super) fn minimise<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    stuck: &Stuck<M::State>,
    late: Option<usize>,
    budget: &mut Budget,
) -> Vec<usize>
where
    M::Operation: Clone,
{
    let matters = |entry: &&Entry<M::Operation>| {
        let returns_late = entry.completed.is_none_or(|completed| completed > stuck.blocked_at);
        let in_time = entry.invoked < stuck.blocked_at && !(entry.observes && returns_late);
        in_time || late == Some(entry.index)
    };
    let mut kept: Vec<Entry<M::Operation>> = entries.iter().filter(matters).cloned().collect();
    if !fails(model, &kept, budget) {
        return Vec::new();
    }
    let mut attempts = 0;
    let mut chunk = kept.len().div_ceil(2);
    while chunk > 0 && attempts < ATTEMPTS_MAX {
        let mut start = 0;
        while start < kept.len() && attempts < ATTEMPTS_MAX {
            let end = (start + chunk).min(kept.len());
            let without = without_observations(&kept, start, end);
            attempts += 1;
            if without.len() < kept.len() && fails(model, &without, budget) {
                start += without.len() + (end - start) - kept.len();
                kept = without;
            } else {
                start = end;
            }
        }
        chunk /= 2;
    }
    kept.iter().map(|entry| entry.index).collect()
}

fn without_observations<O: Clone>(entries: &[Entry<O>], start: usize, end: usize) -> Vec<Entry<O>> {
    let kept = entries.iter().enumerate();
    let kept = kept.filter(|(slot, entry)| !(start..end).contains(slot) || !entry.observes);
    kept.map(|(_, entry)| entry.clone()).collect()
}

fn fails<M: Model>(model: &M, entries: &[Entry<M::Operation>], budget: &mut Budget) -> bool {
    matches!(search(model, entries, budget), Outcome::Invalid(_))
}
