//! Every history of testdata/corpus, against the verdict that is known of it.

use std::collections::BTreeSet;
use std::path::Path;

use metad_jepsen::history::read_file;
use metad_jepsen::{Options, Verdict, check_history};

#[test]
fn every_history_has_its_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus");
    let verdicts = std::fs::read_to_string(folder.join("verdicts.tsv")).expect("verdicts");
    let mut listed = BTreeSet::new();
    for line in verdicts.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, verdict, what] = columns[..] else { panic!("three columns: {line}") };
        let history = read_file(&folder.join(file), None).unwrap_or_else(|error| panic!("{error}"));
        let report = check_history(&history, &Options::default()).expect("known operations");
        let failed: Vec<&str> = report
            .checks
            .iter()
            .filter(|check| check.verdict != Verdict::Valid)
            .map(|check| check.name)
            .collect();
        let expected: Vec<&str> = match verdict {
            "valid" => Vec::new(),
            _ => what.split_once(": ").map(|(check, _)| check).into_iter().collect(),
        };
        assert_eq!((report.verdict.name(), failed), (verdict, expected), "{file}: {what}");
        listed.insert(file.to_string());
    }
    let files = std::fs::read_dir(&folder).expect("the folder is there");
    let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let histories: BTreeSet<String> = names.filter(|name| name.ends_with(".jsonl")).collect();
    assert_eq!(histories, listed, "verdicts.tsv lists every history");
}
