use super::*;
use crate::check::Limits;
use crate::history::{self, Format, History};
use crate::{Options, Verdict, decide};

fn make(shape: &Shape) -> History {
    let mut text = String::new();
    generate(shape, &mut |line| text.push_str(&format!("{line}\n")));
    history::parse("generated", text.as_bytes(), Some(Format::Metad)).expect("well formed")
}

#[test]
fn verdicts_are_as_planted() {
    let mut open = 0;
    for seed in 0..3 {
        for model in [Kind::Register, Kind::Kv, Kind::FileTree] {
            for defect in [None, Some(Defect::StaleRead)] {
                for told in [Told::Everything, Told::NoRevisions, Told::NamesOnly] {
                    let unknown_per_mille = [0, 10][(seed % 2) as usize];
                    let shape = Shape {
                        model,
                        seed,
                        operations: 120,
                        clients: 4,
                        unknown_per_mille,
                        keys: 5,
                        told,
                        defect,
                    };
                    let limits = Limits { steps_max: 20_000, ..Limits::default() };
                    let options = Options { limits, ..Options::default() };
                    let found = decide(&make(&shape), &options).expect("known operations");
                    let wrong = if defect.is_none() { Verdict::Invalid } else { Verdict::Valid };
                    assert_ne!(found, wrong, "{shape:?}");
                    open += u32::from(found == Verdict::Unknown);
                }
            }
        }
    }
    assert!(open <= 3, "{open} of 54 are left open");
}

/// A write that could not be lost, as there was nothing to overwrite, was asked for ever.
#[test]
fn every_history_comes_to_an_end() {
    for seed in 0..40 {
        let shape = Shape {
            model: Kind::FileTree,
            seed,
            operations: 60,
            clients: 4,
            unknown_per_mille: 0,
            keys: 2,
            told: Told::Everything,
            defect: Some(Defect::LostWrite),
        };
        assert!(make(&shape).operations.len() >= 60);
    }
}
