//! The part that an explanation names: it fails by itself, and nothing of it is too much. Both
//! are shown by brute force, from the recorded entries.

use super::cells::Cell;
use super::generator::{Random, Shape, corrupt, generate};
use super::{brute_force, to_history};
use crate::check::budget::{Budget, Limits};
use crate::check::minimise::{Found, From, minimise_after};
use crate::check::search::{Outcome, search};
use crate::model::tree::{self, Claims, Compiled, Hints};
use crate::model::{Entry, Model, kv, register};

#[derive(Debug, Default)]
struct Seen {
    invalid: u32,
    minimal: u32,
    /// Of those, begun after some operations.
    later: u32,
    operations: u32,
    kept: u32,
    changes_left_out: u32,
}

/// Whether the kept operations fit, after what the part begins after.
fn fits<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    before: &[usize],
    found: &Found<M::State, M::Operation>,
    kept: &[usize],
) -> bool
where
    M::Operation: Clone,
{
    let start = From { model, state: Some(found.state.clone()) };
    let left = (0..entries.len()).filter(|index| !before.contains(index));
    let asked = left.filter_map(|index| match kept.contains(&index) {
        true => Some(entries[index].clone()),
        false if entries[index].completed.is_none() => Some(entries[index].clone()),
        false => model.unasked(&entries[index]),
    });
    brute_force(&start, &asked.collect::<Vec<_>>())
}

fn agree<M: Model>(name: &str, model: &M, entries: &[Entry<M::Operation>], seen: &mut Seen)
where
    M::Operation: Clone,
{
    let budget = || Budget::new(&Limits::default());
    let Outcome::Invalid(stuck) = search(model, entries, &mut budget()) else { return };
    for after in [0, stuck.order.len() / 2, stuck.order.len()] {
        let found = minimise_after(model, entries, &stuck, None, after, &mut budget());
        // Foresight gives up before anything is in the way.
        let Some(found) = found else { continue };
        let before = &stuck.order[..after];
        let kept = &found.kept;
        assert!(!fits(model, entries, before, &found, kept), "{name}, {after}: {kept:?} fits");
        assert!(found.is_minimal, "{name}: so little is searched in no time");
        for index in kept {
            let others: Vec<usize> = kept.iter().copied().filter(|it| it != index).collect();
            let without = fits(model, entries, before, &found, &others);
            assert!(without, "{name}, {after}: {index} of {kept:?} is not needed");
        }
        seen.minimal += 1;
        seen.later += u32::from(after > 0);
        seen.operations += (entries.len() - after) as u32;
        seen.kept += kept.len() as u32;
        let is_left_out =
            |(index, entry): &(usize, &Entry<_>)| !entry.observes && !kept.contains(index);
        seen.changes_left_out += entries.iter().enumerate().filter(is_left_out).count() as u32;
    }
    seen.invalid += 1;
}

#[test]
fn a_part_of_a_cell_fails_and_is_minimal() {
    let mut seen = Seen::default();
    for seed in 0..6_000 {
        let is_register = seed % 2 == 0;
        let lines = Cell::new(seed / 2, is_register).run(4 + (seed % 5) as usize, true);
        let history = to_history(&lines);
        let name = format!("seed {seed}");
        if is_register {
            let (model, entries) = register::compile(&history).expect("known");
            agree(&name, &model, &entries, &mut seen);
        } else {
            let (model, entries) = kv::compile(&history).expect("known");
            agree(&name, &model, &entries, &mut seen);
        }
    }
    assert!(seen.minimal > 1_500 && seen.later > 500 && seen.changes_left_out > 1_000, "{seen:?}");
    assert!(seen.minimal > 2 * seen.invalid, "hardly a part is not found: {seen:?}");
    assert!(seen.kept * 2 < seen.operations, "most is left out: {seen:?}");
}

#[test]
fn a_part_of_a_tree_fails_and_is_minimal() {
    let mut seen = Seen::default();
    for seed in 0..1_500 {
        let shape = Shape {
            seed,
            operations: 3 + (seed % 5) as usize,
            clients: 4,
            lost_one_in: [0, 3][(seed % 2) as usize],
            names: 2,
            journal: false,
            wide: seed % 7 == 0,
        };
        let mut lines = generate(shape);
        corrupt(&mut lines, &mut Random::new(seed));
        for claims in [Claims::Judged, Claims::Ignored] {
            let Compiled { model, entries, .. } =
                tree::compile(&to_history(&lines), claims, &Hints::new()).expect("known");
            agree(&format!("seed {seed} {claims:?}"), &model, &entries, &mut seen);
        }
    }
    assert!(seen.minimal > 1_500 && seen.later > 500 && seen.changes_left_out > 1_000, "{seen:?}");
    assert!(seen.minimal > 2 * seen.invalid, "hardly a part is not found: {seen:?}");
    assert!(seen.kept * 2 < seen.operations, "most is left out: {seen:?}");
}
