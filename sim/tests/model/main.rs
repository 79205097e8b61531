//! The state machine against the checkers' model, which was written apart from it: random
//! scripts run through apply on both storage engines, and what they answer is judged as a
//! history. Every outcome, listing and journal counts; a script that fails is shrunk.

#![cfg(not(madsim))]

mod ask;
mod judge;
mod machine;
mod script;
mod tell;

use std::sync::atomic::{AtomicU32, Ordering};

use metad::{
    kv::{
        mem::MemDisk,
        rocks::{RocksEngine, Settings},
    },
    types::{Action, GroupId},
};
use proptest::{prelude::*, test_runner::TestError};
use tempfile::TempDir;

use self::{
    ask::Ask,
    judge::History,
    machine::{Machine, Told},
    script::{Line, script},
};

/// Records that one step of housekeeping frees: few, so that it takes several.
const RECORDS_MAX: u32 = 3;

/// What the script asks for and what is told, and then everything that is there.
fn run(machine: &mut Machine, script: &[Line]) -> History {
    let mut history = History::new();
    machine.apply(Action::OpenSession);
    for line in script {
        match line {
            Line::Wait(ms) => machine.wait(*ms),
            Line::Reclaim => drop(machine.apply(Action::Reclaim { records_max: RECORDS_MAX })),
            Line::Ask(ask) => put(machine, &mut history, ask),
        }
    }
    for namespace in machine.namespaces() {
        put(machine, &mut history, &Ask::list_all(namespace));
        put(machine, &mut history, &Ask::Journal(namespace));
    }
    history
}

fn put(machine: &mut Machine, history: &mut History, ask: &Ask) {
    let request = ask.is_mutation().then(|| machine.next_request());
    let Told { value, revision } = machine.ask(ask, request);
    history.add(ask, request, value, revision);
}

/// One store for all cases: each has a group of its own.
struct Engines {
    mem: MemDisk,
    rocks: RocksEngine,
    groups: AtomicU32,
    _folder: TempDir,
}

impl Engines {
    fn new() -> Engines {
        let folder = TempDir::new().expect("a folder");
        let settings =
            Settings { memtable_size: 1 << 20, cache_size: 1 << 20, ..Settings::default() };
        let rocks = RocksEngine::open(folder.path(), settings).expect("open");
        Engines { mem: MemDisk::new(), rocks, groups: AtomicU32::new(1), _folder: folder }
    }

    fn check(&self, script: &[Line]) -> Result<(), TestCaseError> {
        let group = GroupId(self.groups.fetch_add(1, Ordering::Relaxed));
        let one = run(&mut Machine::new(Box::new(self.mem.open()), group), script);
        let other = run(&mut Machine::new(Box::new(self.rocks.clone()), group), script);
        prop_assert_eq!(one.lines(), other.lines(), "the engines differ");
        let wrong = one.judge();
        prop_assert!(wrong.is_none(), "{}\n{}", wrong.unwrap_or_default(), one.lines());
        Ok(())
    }
}

#[test]
fn the_model_agrees_on_random_scripts() {
    let engines = Engines::new();
    #[expect(clippy::disallowed_methods, reason = "more cases, by hand: MODEL_CASES=100000")]
    let cases = std::env::var("MODEL_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases.unwrap_or(300))
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let ran = runner.run(&script(), |script| engines.check(&script));
    // The history says what the script was.
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("aborted: {reason}"),
    }
}
