//! One run in the simulated world: from a plan to a report.
//!
//! Invariants: one process, one fresh thread and one runtime a run, the runtime made before
//! anything on the thread hashes, since that draws the keys of std's hash maps.

mod answers;
mod blocks;
mod checks;
mod cluster;
mod disk;
mod effects;
mod faulty;
mod nemesis;
mod network;
mod node;
mod observed;
mod rocks;
mod scenario;
mod syncs;
mod trace;
mod watcher;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context;
use tracing_subscriber::prelude::*;

use self::{scenario::History, trace::Trace, watcher::Watcher};
use crate::{
    plan::{Engine, Fixed, Plan},
    report::{Report, Violation},
};

/// Simulated time after which a run counts as one that does not end.
const OVERTIME: Duration = Duration::from_secs(240);

/// What the real files of a run may need.
const REAL_FILES_BYTES: u64 = 1 << 30;

/// What a run leaves beside its report.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Hash every event.
    pub traced: bool,
    /// Also write the events here.
    pub trace: Option<PathBuf>,
    /// Write the history here.
    pub history: Option<PathBuf>,
}

/// Runs one seed. To be called once in a process.
pub fn run(seed: u64, fixed: Fixed, outputs: Outputs) -> anyhow::Result<Report> {
    let plan = Plan::draw(seed, fixed);
    let watcher = Watcher::default();
    let trace = match outputs.traced {
        true => Some(Trace::new(outputs.trace.as_deref())?),
        false => None,
    };
    let history = outputs.history.as_deref().map(create).transpose()?;
    let _folder = match plan.engine {
        Engine::Mem => None,
        Engine::Rocks => Some(enter_folder()?),
    };
    let started = std::time::Instant::now();
    let panics = catch_panics();
    let thread = {
        let (plan, watcher, trace) = (plan.clone(), watcher.clone(), trace.clone());
        std::thread::spawn(move || simulate(&plan, &watcher, trace.as_ref(), History::new(history)))
    };
    let ended = thread.join();
    let simulated = match ended {
        Ok(simulated) => simulated,
        Err(_) => {
            let message = panics.lock().expect("the hook does not panic").take();
            let seen = message.unwrap_or_else(|| "a panic without a message".to_owned());
            watcher.report(Violation::new("panic", seen));
            Duration::ZERO
        }
    };
    let trace = trace.map(|trace| trace.finish()).transpose()?;
    let mut counts = watcher.counts();
    if let Some(trace) = &trace {
        counts.insert("trace events".to_owned(), trace.events);
    }
    Ok(Report {
        seed,
        nodes: plan.nodes,
        engine: plan.engine.to_string(),
        trace: trace.map(|trace| format!("{:016x}", trace.hash)),
        simulated_ms: u64::try_from(simulated.as_millis())?,
        counts,
        faults: watcher.faults(),
        calls: watcher.calls(),
        violation: watcher.violation(),
        replay: String::new(),
        wall_ms: u64::try_from(started.elapsed().as_millis())?,
    })
}

/// The first panic's message. A panic anywhere in the simulated world ends the run.
fn catch_panics() -> Arc<Mutex<Option<String>>> {
    let first = Arc::new(Mutex::new(None));
    let kept = first.clone();
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Ok(mut first) = kept.lock() {
            first.get_or_insert(panic.to_string());
        }
        default(panic);
    }));
    first
}

fn simulate(plan: &Plan, watcher: &Watcher, trace: Option<&Trace>, history: History) -> Duration {
    // First of all: see the module's invariants.
    let mut runtime =
        madsim::runtime::Runtime::with_seed_and_config(plan.seed, madsim::Config::default());
    runtime.set_time_limit(Duration::from_secs(plan.seconds) + OVERTIME);
    let listeners = tracing_subscriber::registry().with(answers::listen(watcher));
    // A place for a trace, were it empty, would cost a quarter of a run: it asks for every span.
    let _listening = match trace {
        Some(trace) => listeners.with(trace.listen(plan.engine)).set_default(),
        None => listeners.set_default(),
    };
    runtime.block_on(async {
        let ended = scenario::run(plan, watcher, &history).await;
        if let Err(violation) = ended {
            watcher.report(violation);
        }
        if let Some(trace) = trace {
            // What no event tells: had the runs drawn differently, this would differ.
            let drawn: u64 = madsim::rand::Rng::r#gen(&mut madsim::rand::thread_rng());
            let packets = madsim::net::NetSim::current().stat().msg_count;
            trace.add(&format!("end: draws {drawn:016x}, {packets} packets\n"));
        }
        madsim::time::TimeHandle::current().elapsed()
    })
}

fn create(path: &Path) -> anyhow::Result<std::fs::File> {
    std::fs::File::create(path).with_context(|| format!("create {}", path.display()))
}

/// Enters a folder for real files, in memory where that can be, removed in the end. They go
/// by relative names: those of two runs of a seed must be equal.
fn enter_folder() -> anyhow::Result<tempfile::TempDir> {
    let prefix = folder_prefix(std::process::id());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(real_files());
    let folder = folder.context("make a folder for RocksDB")?;
    std::env::set_current_dir(folder.path()).context("enter the folder for RocksDB")?;
    Ok(folder)
}

fn folder_prefix(process: u32) -> String {
    format!("metad-sim-{process}-")
}

/// In memory, if there is room: a container may have next to none.
fn real_files() -> PathBuf {
    let shared_memory = Path::new("/dev/shm");
    match free_bytes(c"/dev/shm") {
        Some(free) if free >= REAL_FILES_BYTES => shared_memory.to_owned(),
        _ => std::env::temp_dir(),
    }
}

fn free_bytes(path: &std::ffi::CStr) -> Option<u64> {
    let mut stat = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends with a NUL and the buffer is of the right type.
    let failed = unsafe { libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) } != 0;
    if failed {
        return None;
    }
    // SAFETY: the call has filled it.
    let stat = unsafe { stat.assume_init() };
    Some(stat.f_bavail * stat.f_frsize)
}

/// Removes the real files of a run whose process was ended.
pub fn remove_leftovers(process: u32) {
    let prefix = folder_prefix(process);
    for entry in std::fs::read_dir(real_files()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            // Another attempt would not do better.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
