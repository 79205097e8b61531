//! The checkers held against one another, against brute force and against a plain server.

mod cells;
mod generator;
mod minimal;
pub(in crate::check) mod script;
mod server;
mod streaming;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::budget::{Budget, Limits};
use super::certificate::is_linearization;
use super::journal::Journals;
use super::search::{self, search};
use super::stale;
use super::witness::{repaired, witness};
use super::{Options, Verdict, check_history};
use crate::history::{self, Format, History, Outcome};
use crate::model::tree::{self, Claims, Compiled, Hints};
use crate::model::{Entry, Model, Step};
use generator::{Random, Shape, corrupt, generate};

fn to_history(lines: &[Value]) -> History {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    history::parse("generated", text.as_bytes(), Some(Format::Metad)).expect("well formed")
}

/// Whether some order of the entries fits, by trying all of them.
fn brute_force<M: Model>(model: &M, entries: &[Entry<M::Operation>]) -> bool {
    fn extend<M: Model>(
        model: &M,
        entries: &[Entry<M::Operation>],
        placed: &mut Vec<bool>,
        state: &M::State,
    ) -> bool {
        let missing = || entries.iter().zip(placed.iter()).filter(|(_, placed)| !**placed);
        let Some(first_return) = missing().filter_map(|(entry, _)| entry.completed).min() else {
            return true;
        };
        for index in 0..entries.len() {
            if placed[index] || entries[index].invoked > first_return {
                continue;
            }
            let states = match model.step(state, &entries[index].operation) {
                Step::No => Vec::new(),
                Step::Same => vec![state.clone()],
                Step::To(next) => vec![next],
                Step::OneOf(states) => states,
            };
            placed[index] = true;
            if states.iter().any(|next| extend(model, entries, placed, next)) {
                return true;
            }
            placed[index] = false;
        }
        false
    }
    extend(model, entries, &mut vec![false; entries.len()], &model.initial())
}

fn decide<M: Model>(model: &M, entries: &[Entry<M::Operation>]) -> Option<bool> {
    let limits = Limits { steps_max: 3_000_000, ..Limits::default() };
    match search(model, entries, &mut Budget::new(&limits)) {
        search::Outcome::Valid { order } => {
            assert!(is_linearization(model, entries, &order), "a valid verdict has an order");
            Some(true)
        }
        search::Outcome::Invalid(_) => Some(false),
        search::Outcome::Unknown(..) => None,
    }
}

#[test]
fn search_agrees_with_brute_force_on_tiny_histories() {
    let (mut valid, mut invalid, mut stale) = (0, 0, 0);
    for seed in 0..4_000 {
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
        let mut random = Random::new(seed);
        if seed % 3 != 0 {
            corrupt(&mut lines, &mut random);
        }
        let history = to_history(&lines);
        let claiming = tree::compile(&history, Claims::Judged, &Hints::new()).expect("known");
        for claims in [Claims::Judged, Claims::Ignored] {
            let Compiled { model, mut entries, .. } =
                tree::compile(&history, claims, &Hints::new()).expect("known");
            let expected = brute_force(&model, &entries);
            if claims == Claims::Ignored {
                for (entry, claiming) in entries.iter_mut().zip(&claiming.entries) {
                    entry.claim = claiming.claim;
                }
                let fits = brute_force(&claiming.model, &claiming.entries);
                let found = decide(&model, &entries);
                assert!(!fits || found == Some(true), "seed {seed}: only the order of claims");
                assert!(expected || found == Some(false), "seed {seed}: the order of claims");
                entries.iter_mut().for_each(|entry| entry.claim = None);
            }
            let found = decide(&model, &entries);
            assert_eq!(found, Some(expected), "seed {seed} {claims:?}: {lines:#?}");
            let is_stale = claims == Claims::Judged && stale::find(&entries).is_some();
            assert!(!(is_stale && expected), "seed {seed}: {lines:#?}");
            stale += u32::from(is_stale);
            *(if expected { &mut valid } else { &mut invalid }) += 1;
        }
    }
    let seen = format!("{valid} valid, {invalid} invalid, {stale} of them stale");
    assert!(valid > 1_000 && invalid > 1_000 && stale > 100, "{seen}");
}

#[test]
fn the_generator_draws_every_operation() {
    draws(
        false,
        &[
            "symlink ok",
            "symlink ALREADY_EXISTS",
            "copy ok",
            "copy CYCLE",
            "copy ALREADY_EXISTS",
            "set_attributes ok",
            "set_attributes CONFLICT",
            "check ok",
            "check PRECONDITION_FAILED",
            "commit renamed",
            "batch ok",
            "batch PRECONDITION_FAILED",
        ],
    );
    draws(
        true,
        &[
            "mount ok",
            "mount CYCLE",
            "unmount ok",
            "copy REVISION_COMPACTED",
            "restore ok",
            "restore ALREADY_EXISTS",
            "batch_stat ok",
            "list_revisions ok",
            "diff ok",
            "diff NAME_INVALID",
            "list REVISION_COMPACTED",
            "set_quota ok",
            "set_quota QUOTA_EXCEEDED",
            "commit QUOTA_EXCEEDED",
            "get_namespace ok",
        ],
    );
}

fn draws(wide: bool, all_wanted: &[&str]) {
    let shape = Shape {
        seed: 1,
        operations: 30_000,
        clients: 4,
        lost_one_in: 0,
        names: 3,
        journal: false,
        wide,
    };
    let history = to_history(&generate(shape));
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for operation in &history.operations {
        let Outcome::Ok(value) = &operation.outcome else { continue };
        let end = match value["renamed"].is_string() {
            true => "renamed",
            false => value["rejected"].as_str().unwrap_or("ok"),
        };
        *counts.entry(format!("{} {end}", operation.function)).or_default() += 1;
    }
    for wanted in all_wanted {
        let count = counts.get(*wanted).copied().unwrap_or_default();
        assert!(count >= 3, "{wanted}: {counts:#?}");
    }
}

#[test]
fn whatever_the_plain_server_does_is_valid() {
    for seed in 0..300 {
        let shape = Shape {
            seed,
            operations: 200,
            clients: 6,
            lost_one_in: [0, 20, 60][(seed % 3) as usize],
            names: 3,
            journal: true,
            wide: seed % 2 == 1,
        };
        let lines = generate(shape);
        let history = to_history(&lines);
        let report = check_history(&history, &Options::default()).expect("known operations");
        if report.verdict != Verdict::Valid {
            let style = crate::report::Style::Plain;
            let text = crate::report::details(&report, &history, style).join("\n");
            panic!("seed {seed}: {text}");
        }
        let hints = Journals::read(&history).expect("pages").hints(&history);
        let Compiled { model, entries, .. } =
            tree::compile(&history, Claims::Judged, &hints).expect("known");
        if shape.lost_one_in == 0 {
            let by_claims = witness(&model, &entries);
            assert!(by_claims.is_ok(), "seed {seed}: the claims are enough: {by_claims:?}");
        }
        for claims in [Claims::Judged, Claims::Ignored] {
            let Compiled { model, entries, .. } =
                tree::compile(&history, claims, &Hints::new()).expect("known");
            assert_ne!(decide(&model, &entries), Some(false), "seed {seed} {claims:?}");
        }
    }
}

/// Long enough for the past to be forgotten many times.
#[test]
fn a_long_history_is_certified_by_its_claims() {
    let shape = Shape {
        seed: 5,
        operations: 6_000,
        clients: 8,
        lost_one_in: 0,
        names: 3,
        journal: true,
        wide: true,
    };
    let report = check_history(&to_history(&generate(shape)), &Options::default()).expect("known");
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.checks);
    assert!(report.checks[0].detail.ends_with("in the order of their revisions"));
}

#[test]
fn witness_and_search_never_disagree() {
    let (mut certified, mut refuted, mut open) = (0, 0, 0);
    for seed in 0..1_500 {
        let shape = Shape {
            seed,
            operations: 40,
            clients: 4,
            lost_one_in: [0, 15][(seed % 2) as usize],
            names: 3,
            journal: seed % 4 == 0,
            wide: seed % 3 == 0,
        };
        let mut lines = generate(shape);
        corrupt(&mut lines, &mut Random::new(seed));
        let history = to_history(&lines);
        let hints = Journals::read(&history).expect("pages").hints(&history);
        let Compiled { model, entries, .. } =
            tree::compile(&history, Claims::Judged, &hints).expect("known");
        let by_witness = witness(&model, &entries);
        let Compiled { model, entries, .. } =
            tree::compile(&history, Claims::Judged, &Hints::new()).expect("known");
        match (by_witness, decide(&model, &entries)) {
            (Ok(_), Some(true)) => certified += 1,
            (Ok(_), other) => panic!("seed {seed}: a certificate, but the search says {other:?}"),
            (Err(_), Some(false)) => refuted += 1,
            (Err(_), _) => open += 1,
        }
    }
    assert!(
        certified > 50 && refuted > 500,
        "{certified} certified, {refuted} refuted, {open} open"
    );
}

/// What is found with guesses is as good as any order.
#[test]
fn repaired_orders_and_the_search_never_disagree() {
    let (mut found, mut of_unknown, mut refuted) = (0, 0, 0);
    for seed in 0..1_000 {
        let shape = Shape {
            seed,
            operations: 40,
            clients: 4,
            lost_one_in: 8,
            names: 3,
            journal: false,
            wide: false,
        };
        let mut lines = generate(shape);
        if seed % 2 == 0 {
            corrupt(&mut lines, &mut Random::new(seed));
        }
        let Compiled { model, entries, .. } =
            tree::compile(&to_history(&lines), Claims::Judged, &Hints::new()).expect("known");
        let mut guessed = entries.clone();
        tree::assume_sightings(&mut guessed);
        let order = repaired(&model, &guessed, &mut Budget::new(&Limits::default()));
        let order = order.ok().filter(|order| is_linearization(&model, &entries, order));
        match (order, decide(&model, &entries)) {
            (Some(order), Some(true)) => {
                found += 1;
                let is_unknown = |index: &usize| entries[*index].completed.is_none();
                of_unknown += u32::from(order.iter().any(is_unknown));
            }
            (Some(_), other) => panic!("seed {seed}: an order, but the search says {other:?}"),
            (None, Some(false)) => refuted += 1,
            (None, _) => {}
        }
    }
    let seen = format!("{found} found, {of_unknown} with what was missing, {refuted} refuted");
    assert!(found > 300 && of_unknown > 100 && refuted > 100, "{seen}");
}

/// One listing misses two deletions that were never answered: neither alone explains it.
#[test]
fn two_operations_are_put_in_at_once() {
    for at in [[5, 6], [5, 7]] {
        let between = match at {
            [5, 7] => "0 mkdir {\"path\":\"/e\"} → {\"id\":5,\"rev\":6} @6",
            _ => "",
        };
        let history = script::scripted(&format!(
            r#"
            0 mkdir {{"path":"/d"}} → {{"id":2,"rev":2}} @2
            0 mkdir {{"path":"/d/a"}} → {{"id":3,"rev":3}} @3
            0 mkdir {{"path":"/d/b"}} → {{"id":4,"rev":4}} @4
            1 delete {{"path":"/d/a","recursive":false}} → ?
            2 delete {{"path":"/d/b","recursive":false}} → ?
            {between}
            0 list {{"path":"/d"}} → {{"entries":[]}} @{}
            "#,
            at[1]
        ));
        let Compiled { model, mut entries, .. } =
            tree::compile(&history, Claims::Judged, &Hints::new()).expect("known");
        tree::assume_sightings(&mut entries);
        let order = repaired(&model, &entries, &mut Budget::new(&Limits::default()));
        let order = order.unwrap_or_else(|why| panic!("{at:?}: {why:?}"));
        assert!(is_linearization(&model, &entries, &order), "{at:?}: {order:?}");
    }
}

#[test]
fn witness_and_search_agree_on_the_corpus() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus");
    let verdicts = std::fs::read_to_string(folder.join("verdicts.tsv")).expect("verdicts");
    for line in verdicts.lines().skip(1) {
        let file = line.split('\t').next().expect("a line has columns");
        let history = history::read_file(&folder.join(file), None).expect("well formed");
        let Compiled { model, entries, .. } =
            tree::compile(&history, Claims::Judged, &Hints::new()).expect("known");
        let is_invalid = line.contains("\tinvalid\tlinearizable: ");
        assert_ne!(decide(&model, &entries), Some(is_invalid), "{line}");
        assert!(!is_invalid || witness(&model, &entries).is_err(), "{line}");
    }
}

/// Writes of unknown outcome that change nothing for what is wrong: every set of them, in
/// every order, would be too many to try.
#[test]
fn writes_without_an_answer_do_not_hide_a_read_of_nothing() {
    let mut text = String::new();
    for process in 0..40 {
        writeln!(text, "{{:process {process} :type :invoke :f :write :value {process}}}")
            .expect("text");
    }
    text += "{:process 90 :type :invoke :f :read :value nil}\n";
    text += "{:process 90 :type :ok :f :read :value 99}\n";
    let history = history::parse("written", text.as_bytes(), None).expect("well formed");
    let limits = Limits { steps_max: 100_000, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let report = check_history(&history, &options).expect("known operations");
    assert_eq!(report.verdict, Verdict::Invalid);
}
