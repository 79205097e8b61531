//! What the model held before and after operations, in the order that a check found.

use std::collections::BTreeMap;

use super::journal::Journals;
use super::verdict::Report;
use crate::history::History;
use crate::model::tree::{self, Claims, Hints};
use crate::model::{BadOperation, Entry, Kind, Model, Step, kv, register};

/// What the model held where an operation touched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// A line for each thing, before it took effect.
    pub before: Vec<String>,
    /// The same afterwards.
    pub after: Vec<String>,
    /// The history does not tell which of several states it was; this is one of them.
    pub is_one_of_many: bool,
    /// It was not placed: this is what it was held against in the end, and does not fit.
    pub is_misfit: bool,
}

/// The scenes of operations, by their indices among those of the history. Of what no order was
/// found for there are none.
pub fn scenes(
    history: &History,
    report: &Report,
    wanted: &dyn Fn(usize) -> bool,
) -> Result<BTreeMap<usize, Scene>, BadOperation> {
    let order = report.violation.as_ref().map_or(&report.order, |violation| &violation.prefix);
    let candidates = report.violation.iter().flat_map(|violation| &violation.candidates);
    let misfits: Vec<usize> = candidates.map(|candidate| candidate.operation).collect();
    let replay = Replay { history, order, misfits: &misfits, wanted };
    Ok(match report.model {
        Kind::Register => {
            let (model, entries) = register::compile(history)?;
            replay.run(&model, &entries)
        }
        Kind::Kv => {
            let (model, entries) = kv::compile(history)?;
            replay.run(&model, &entries)
        }
        // A prefix fits the answers, but perhaps not what they claim.
        Kind::FileTree if report.violation.is_some() => {
            let compiled = tree::compile(history, Claims::Ignored, &Hints::new())?;
            replay.run(&compiled.model, &compiled.entries)
        }
        Kind::FileTree => {
            let hints = Journals::read(history)?.hints(history);
            let compiled = tree::compile(history, Claims::Judged, &hints)?;
            replay.run(&compiled.model, &compiled.entries)
        }
    })
}

struct Replay<'a> {
    history: &'a History,
    order: &'a [usize],
    misfits: &'a [usize],
    wanted: &'a dyn Fn(usize) -> bool,
}

impl Replay<'_> {
    fn run<M: Model>(&self, model: &M, entries: &[Entry<M::Operation>]) -> BTreeMap<usize, Scene> {
        let places: BTreeMap<usize, usize> =
            entries.iter().enumerate().map(|(place, entry)| (entry.index, place)).collect();
        let mut states = vec![model.initial()];
        let mut scenes = BTreeMap::new();
        for index in self.order {
            let Some(place) = places.get(index) else { continue };
            let operation = &entries[*place].operation;
            let next: Vec<_> = states
                .iter()
                .enumerate()
                .flat_map(|(from, state)| step(model, state, operation).map(move |to| (from, to)))
                .collect();
            let Some((from, after)) = next.first() else { break };
            if (self.wanted)(*index) {
                let recorded = &self.history.operations[*index];
                let [before, after] = model.near(&states[*from], after, recorded);
                let is_one_of_many = next.len() > 1;
                scenes.insert(*index, Scene { before, after, is_one_of_many, is_misfit: false });
            }
            states = next.into_iter().map(|(_, state)| state).collect();
        }
        for index in self.misfits {
            let [before, after] =
                model.near(&states[0], &states[0], &self.history.operations[*index]);
            let is_one_of_many = states.len() > 1;
            let misfit = Scene { before, after, is_one_of_many, is_misfit: true };
            scenes.entry(*index).or_insert(misfit);
        }
        scenes
    }
}

fn step<M: Model>(
    model: &M,
    state: &M::State,
    operation: &M::Operation,
) -> impl Iterator<Item = M::State> {
    match model.step(state, operation) {
        Step::No => Vec::new(),
        Step::Same => vec![state.clone()],
        Step::To(next) => vec![next],
        Step::OneOf(states) => states,
    }
    .into_iter()
}
