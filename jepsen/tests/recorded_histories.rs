//! Recorded histories of other systems, with the verdicts that others reached.
//!
//! They are not part of the project: the test looks for them where `METAD_HISTORIES` says,
//! or in `../shared/histories` beside the checkout, and is skipped where they are not.

use std::path::{Path, PathBuf};

use metad_jepsen::history::{Format, History, parse, read_file, write};
use metad_jepsen::model::Kind;
use metad_jepsen::{Options, Verdict, check_history};

fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories");
    let folder = std::env::var_os("METAD_HISTORIES").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        println!("skipped: no recorded histories in {}", folder.display());
        return None;
    }
    Some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}

fn expect_verdict(file: &Path, valid: bool) {
    let history = read_file(file, None).unwrap_or_else(|error| panic!("{error}"));
    let expected = if valid { Verdict::Valid } else { Verdict::Invalid };
    expect_verdict_of(&history, expected, file);
    for to in [Format::Metad, Format::Edn, Format::Porcupine] {
        expect_verdict_of(&converted(&history, to), expected, file);
    }
}

fn expect_verdict_of(history: &History, expected: Verdict, file: &Path) {
    for whole in [false, true] {
        if whole && history.operations.len() > 100 {
            continue; // What the split by keys is for.
        }
        let options = Options { whole, ..Options::default() };
        let report = check_history(history, &options).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(report.verdict, expected, "{}: {:?}", file.display(), report.checks);
    }
}

/// The history as it reads after it was written in another form.
fn converted(history: &History, to: Format) -> History {
    let model = Kind::infer(history).unwrap_or_else(|error| panic!("{error}"));
    let mut text = Vec::new();
    write(history, model.name(), to, &mut text).expect("memory takes it");
    parse(to.name(), &text, None).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn etcd_register() {
    let Some(folder) = folder() else { return };
    let folder = folder.join("etcd-register");
    let verdicts = std::fs::read_to_string(folder.join("verdicts.tsv")).unwrap_or_default();
    for line in verdicts.lines().skip(1) {
        let (file, valid) = line.split_once('\t').expect("two columns");
        expect_verdict(&folder.join(file), valid == "true");
    }
}

#[test]
fn knossos() {
    let Some(folder) = folder() else { return };
    for (name, valid) in [("good", true), ("bad", false)] {
        for file in files(&folder.join("knossos").join(name)) {
            expect_verdict(&file, valid);
        }
    }
}

#[test]
fn key_value() {
    let Some(folder) = folder() else { return };
    for file in files(&folder.join("kv")) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match (name.ends_with("-ok"), name.ends_with("-bad")) {
            (true, _) => expect_verdict(&file, true),
            (_, true) => expect_verdict(&file, false),
            _ => {}
        }
    }
}
