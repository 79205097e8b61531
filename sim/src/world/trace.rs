//! Hashes every tracing event together with the simulated time and the node it came from,
//! and writes it to a file if one is wanted.

use std::{
    cell::RefCell,
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use tracing::{Event, Level, Subscriber, field::Field};
use tracing_subscriber::{EnvFilter, Layer, layer::Context, registry::LookupSpan};
use xxhash_rust::xxh3::Xxh3Default;

use crate::plan::Engine;

/// What is traced: all that this project does, each byte on the wire among it, and what decides
/// the order of events.
const HASHED: &str = "info,metad=trace,metad_proto=trace,metad_client=trace,metad_workload=trace,metad_sim=trace,madsim=debug";
/// But not what is sent, only when and where to, if RocksDB's files may be in it: it stamps them
/// with random identities.
const NO_CONTENTS: &str = "metad_proto::contents=off";
/// What is written for those who read it, and is not in the hash: it takes as long as all the
/// rest of a run.
const WRITTEN_ONLY: &str = "openraft=debug";

/// A trace. Clones are the same trace.
#[derive(Clone)]
pub struct Trace(Arc<Mutex<State>>);

struct State {
    hash: Xxh3Default,
    events: u64,
    file: Option<BufWriter<File>>,
}

/// The end of a trace.
pub struct Finished {
    /// Hash of everything.
    pub hash: u64,
    /// Events.
    pub events: u64,
}

impl Trace {
    /// A trace that is also written to a file, if one is given.
    pub fn new(path: Option<&Path>) -> anyhow::Result<Trace> {
        let create =
            |path: &Path| File::create(path).with_context(|| format!("create {}", path.display()));
        let file = path.map(create).transpose()?.map(BufWriter::new);
        Ok(Trace(Arc::new(Mutex::new(State { hash: Xxh3Default::new(), events: 0, file }))))
    }

    /// Listens to what the engine does not draw from elsewhere.
    pub fn listen<S: Subscriber + for<'a> LookupSpan<'a>>(
        &self,
        engine: Engine,
    ) -> impl Layer<S> + use<S> {
        let is_written = self.0.lock().expect("a panic ends the run").file.is_some();
        let mut directives = vec![HASHED];
        directives.extend(is_written.then_some(WRITTEN_ONLY));
        directives.extend((engine == Engine::Rocks).then_some(NO_CONTENTS));
        self.clone().with_filter(EnvFilter::new(directives.join(",")))
    }

    /// Adds what no event tells, such as the state of the generator at the end.
    pub fn add(&self, line: &str) {
        self.record(line, true);
    }

    fn record(&self, line: &str, is_hashed: bool) {
        let mut state = self.0.lock().expect("a panic ends the run");
        if is_hashed {
            state.hash.update(line.as_bytes());
            state.events += 1;
        }
        if let Some(file) = &mut state.file {
            // A trace that cannot be written is found out at its end.
            let _ = file.write_all(line.as_bytes());
        }
    }

    /// Ends it.
    pub fn finish(&self) -> anyhow::Result<Finished> {
        let mut state = self.0.lock().expect("a panic ends the run");
        if let Some(file) = &mut state.file {
            file.flush().context("write the trace")?;
        }
        Ok(Finished { hash: state.hash.digest(), events: state.events })
    }
}

thread_local!(static LINE: RefCell<String> = const { RefCell::new(String::new()) });

impl<S: Subscriber> Layer<S> for Trace {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = LINE.with_borrow_mut(std::mem::take);
        line.clear();
        let time = madsim::time::TimeHandle::try_current().map(|time| time.elapsed());
        let metadata = event.metadata();
        // Writing to a string does not fail.
        let _ = write!(
            line,
            "{} {} {} {}:{}",
            time.unwrap_or_default().as_nanos(),
            node_name(),
            metadata.level(),
            metadata.target(),
            metadata.line().unwrap_or_default(),
        );
        event.record(&mut Fields(&mut line));
        if let Some(text) = without_checksums(&line) {
            line = text;
        }
        line.push('\n');
        let is_hashed =
            *metadata.level() < Level::DEBUG || !metadata.target().starts_with("openraft");
        self.record(&line, is_hashed);
        LINE.with_borrow_mut(|kept| *kept = line);
    }
}

/// RocksDB's message about a block without the checksums in it, if it is one. They are taken over
/// a number that RocksDB draws for each file, and over the hour.
fn without_checksums(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("block checksum mismatch: ")?;
    let (_, after) = rest.split_once(", type =")?;
    // The message may be there more than once, as the source of an error.
    let after = without_checksums(after).unwrap_or_else(|| after.to_owned());
    Some(format!("{before}block checksum mismatch, type ={after}"))
}

struct Fields<'a>(&'a mut String);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

/// madsim answers gethostname with the name of the node that runs; it is the one question
/// that does not panic outside of a task.
fn node_name() -> String {
    let mut name = [0u8; 64];
    // SAFETY: the buffer is ours and its length is passed along.
    let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) } != 0;
    if failed {
        return "?".to_owned();
    }
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(&name[..end]).into_owned()
}
