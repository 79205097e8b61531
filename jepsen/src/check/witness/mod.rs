//! Decides linearizability by the revisions that the answers claim.
//!
//! If every answer says at which revision it holds, there is next to one order to try: by
//! revision, what made a revision before what only saw it. Observations that claim none, such
//! as reads of the past, go where they fit among the others ([`floating`]). If that order
//! respects real time and the model agrees with every answer, it is a linearization: a
//! certificate, found in one pass. If not, nothing is decided: the claims may be wrong, or an
//! operation of unknown outcome may have had an effect that no claim tells of.
//!
//! Where only operations of unknown outcome are missing, they are put in ([`repair`]). A history
//! need not be there as a whole ([`streamed`]).
//!
//! Where the answers have not told yet which of several states it is, each is followed, as long
//! as there are few.

mod floating;
mod repair;
mod streamed;

use super::certificate::respects_time;
use crate::model::{Claimed, Entry, Model, Step};
use floating::insert_floating;
pub(crate) use repair::repaired;
pub(crate) use streamed::Streamed;

/// States that are followed at once.
const STATES_MAX: usize = 64;

/// Why the claims are no certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoWitness {
    /// An answer claims no revision.
    Unclaimed,
    /// The model disagrees with an answer of this revision.
    Refused(u64),
    /// An observation that claims no revision fits nowhere.
    Unfit,
    /// The order is not that of time.
    OutOfTime,
}

impl std::fmt::Display for NoWitness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoWitness::Unclaimed => write!(f, "an answer claims no revision"),
            NoWitness::Refused(revision) => {
                write!(f, "the order that the answers claim does not fit at revision {revision}")
            }
            NoWitness::Unfit => write!(f, "an observation that claims no revision fits nowhere"),
            NoWitness::OutOfTime => {
                write!(f, "the order that the answers claim is not that of time")
            }
        }
    }
}

/// The order of entries that the claims give, if it is a linearization.
pub(crate) fn witness<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
) -> Result<Vec<usize>, NoWitness> {
    let claims = order_by_claims(entries)?;
    let mut order = Vec::with_capacity(claims.len());
    let mut states = vec![model.initial()];
    for group in claims.chunk_by(|left, right| left.revision == right.revision) {
        let revision = group[0].revision;
        states = replay_group(model, entries, &states, group, &mut order)
            .ok_or(NoWitness::Refused(revision))?;
    }
    let order = insert_floating(model, entries, order)?;
    match respects_time(entries, &order) {
        true => Ok(order),
        false => Err(NoWitness::OutOfTime),
    }
}

/// A claim in the order that the witness tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    revision: u64,
    claimed: Claimed,
    invoked: u32,
    entry: usize,
}

/// Operations of unknown outcome take part if they have a claim: the journal told it.
fn order_by_claims<O>(entries: &[Entry<O>]) -> Result<Vec<Claim>, NoWitness> {
    let mut claims = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        match (entry.claim, entry.completed) {
            (Some(revision), _) => claims.push(Claim {
                revision,
                claimed: entry.claimed,
                invoked: entry.invoked,
                entry: index,
            }),
            (None, None) => {}
            (None, Some(_)) if entry.observes => {}
            (None, Some(_)) => return Err(NoWitness::Unclaimed),
        }
    }
    claims.sort_unstable();
    Ok(claims)
}

/// Replays what claims one revision. One of them made it; where the answers do not tell
/// which, each that may have is tried.
fn replay_group<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    states: &[M::State],
    group: &[Claim],
    order: &mut Vec<usize>,
) -> Option<Vec<M::State>> {
    let possible = group.iter().filter(|claim| claim.claimed == Claimed::PossibleEffect).count();
    let mut by_time: Vec<&Claim> = group.iter().collect();
    by_time.sort_unstable_by_key(|claim| claim.invoked);
    let leads: Vec<&Claim> = match group[0].claimed {
        // Or none of them has.
        Claimed::PossibleEffect => group.iter().take(possible).chain([by_time[0]]).collect(),
        Claimed::Effect | Claimed::NoEffect => vec![&group[0]],
    };
    let start = order.len();
    for lead in leads {
        order.truncate(start);
        order.push(lead.entry);
        order.extend(by_time.iter().map(|claim| claim.entry).filter(|entry| *entry != lead.entry));
        // Of two that may have made it, time may tell which.
        if !respects_time(entries, &order[start..]) {
            continue;
        }
        let replayed = replay(model, entries, states.to_vec(), &order[start..]);
        if replayed.is_some() {
            return replayed;
        }
    }
    None
}

fn replay<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    mut states: Vec<M::State>,
    order: &[usize],
) -> Option<Vec<M::State>> {
    for index in order {
        states = step_all(model, states, &entries[*index].operation)?;
    }
    Some(states)
}

/// The states afterwards; none if the answer fits nowhere, or there are too many to follow:
/// to guess on is the search's business.
fn step_all<M: Model>(
    model: &M,
    states: Vec<M::State>,
    operation: &M::Operation,
) -> Option<Vec<M::State>> {
    let mut next = Vec::with_capacity(states.len());
    for state in states {
        match model.step(&state, operation) {
            Step::No => {}
            Step::Same => next.push(state),
            Step::To(state) => next.push(state),
            Step::OneOf(states) => next.extend(states),
        }
    }
    (1..=STATES_MAX).contains(&next.len()).then_some(next)
}
