//! Decides linearizability by the revisions that the answers claim.
//!
//! If every answer says at which revision it holds, there is at most one order to try: by
//! revision, what made a revision before what only saw it. If that order respects real time
//! and the model agrees with every answer, it is a linearization: a certificate, found in
//! one pass. If not, nothing is decided: the claims may be wrong, or an operation of unknown
//! outcome may have had an effect that no claim tells of.

use crate::model::{Entry, Model, Step};

/// Why the claims are no certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoWitness {
    /// An answer claims no revision.
    Unclaimed(usize),
    /// The second entry returned before the first was invoked, but claims a later revision.
    OutOfTime(usize, usize),
    /// The model disagrees with this entry.
    Refused(usize),
}

/// The order of entries that the claims give, if it is a linearization.
pub(crate) fn witness<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
) -> Result<Vec<usize>, NoWitness> {
    let order = order_by_claims(entries)?;
    check_time(entries, &order)?;
    let mut state = model.initial();
    for index in &order {
        match model.step(&state, &entries[*index].operation) {
            Step::Same => {}
            Step::To(next) => state = next,
            // To guess is the search's business.
            Step::No | Step::OneOf(_) => return Err(NoWitness::Refused(*index)),
        }
    }
    Ok(order)
}

/// Operations of unknown outcome take part if they have a claim: the journal told it.
fn order_by_claims<O>(entries: &[Entry<O>]) -> Result<Vec<usize>, NoWitness> {
    let mut order = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        match (entry.claim, entry.completed) {
            (Some(claim), _) => order.push((claim, !entry.claims_effect, entry.invoked, index)),
            (None, None) => {}
            (None, Some(_)) => return Err(NoWitness::Unclaimed(index)),
        }
    }
    order.sort_unstable();
    Ok(order.into_iter().map(|(_, _, _, index)| index).collect())
}

/// No operation may come after one that was invoked only once it had returned.
fn check_time<O>(entries: &[Entry<O>], order: &[usize]) -> Result<(), NoWitness> {
    let mut latest: Option<usize> = None;
    for index in order {
        let entry = &entries[*index];
        if let (Some(latest), Some(completed)) = (latest, entry.completed)
            && completed < entries[latest].invoked
        {
            return Err(NoWitness::OutOfTime(*index, latest));
        }
        if latest.is_none_or(|latest| entries[latest].invoked < entry.invoked) {
            latest = Some(*index);
        }
    }
    Ok(())
}
