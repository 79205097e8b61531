//! `jepsen check`: judges recorded histories.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use metad_jepsen::check::Limits;
use metad_jepsen::{Options, check_history, history};

fn main() {
    let started = Instant::now();
    for path in std::env::args().skip(1) {
        let start = Instant::now();
        let history = history::read_file(&PathBuf::from(path), None).expect("readable");
        let limits = Limits {
            time_max: Some((Arc::new(move || started.elapsed()), Duration::from_secs(60))),
            ..Limits::default()
        };
        let report =
            check_history(&history, &Options { limits, ..Options::default() }).expect("good");
        println!(
            "{} {} {:?} {}",
            report.source,
            report.verdict.name(),
            start.elapsed(),
            report.checks[0].detail
        );
    }
}
