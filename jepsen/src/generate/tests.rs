use super::*;
use crate::history::{self, Format, History};
use crate::{Options, Verdict, check_history};

fn make(shape: &Shape) -> History {
    let mut text = String::new();
    generate(shape, &mut |line| text.push_str(&format!("{line}\n")));
    history::parse("generated", text.as_bytes(), Some(Format::Metad)).expect("well formed")
}

#[test]
fn verdicts_are_as_planted() {
    let mut wrong = Vec::new();
    for seed in 0..4 {
        for model in [Kind::Register, Kind::Kv, Kind::FileTree] {
            for defect in [None, Some(Defect::StaleRead), Some(Defect::LostWrite)] {
                for told in [Told::Everything, Told::NoRevisions, Told::NamesOnly] {
                    let shape = Shape {
                        model,
                        seed,
                        operations: 150,
                        clients: 4 + seed % 5,
                        unknown_per_mille: [0, 10][(seed % 2) as usize],
                        keys: 5,
                        told,
                        defect,
                    };
                    let history = make(&shape);
                    let report = check_history(&history, &Options::default()).expect("known");
                    // A lost write may be hidden by a concurrent one, a stale read may not.
                    let fits = match defect {
                        None => report.verdict == Verdict::Valid,
                        Some(Defect::StaleRead) => report.verdict == Verdict::Invalid,
                        Some(Defect::LostWrite) => report.verdict != Verdict::Unknown,
                    };
                    if !fits {
                        wrong.push((shape, report.checks));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
