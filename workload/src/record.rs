//! Writes the history: a header line, then one event a line, in the order of time.
//!
//! Owns: indexes, times and process numbers. Invariants: an invocation is written before
//! anything is sent, a completion after its answer came, so that what overlaps in the
//! history includes all that overlapped in truth; a process has one operation open at a time.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use metad_client::v1::RequestId;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

/// Makes a file for a history, compressed by zstd if its name ends in `.zst`.
///
/// What is compressed is whole once the writer is dropped. A history that was cut off is refused
/// by its readers: its compressed data has no end, and its text no last line.
pub fn create(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    let file = File::create(path)?;
    if path.extension().is_some_and(|extension| extension == "zst") {
        let encoder = zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?;
        return Ok(Box::new(BufWriter::new(encoder.auto_finish())));
    }
    Ok(Box::new(BufWriter::new(file)))
}

/// The first line.
#[derive(Clone, Debug, Serialize)]
pub struct Header {
    history: &'static str,
    /// The name of the profile.
    pub workload: String,
    /// Where all randomness comes from.
    pub seed: u64,
    /// Nodes of the cluster.
    pub nodes: u64,
    model: &'static str,
    /// The kinds of faults that a nemesis makes.
    pub faults: Vec<String>,
    /// The last line says that it is the end, so that one that was cut is noticed.
    ends: bool,
}

impl Header {
    /// The header of a history of file trees.
    pub fn new(workload: &str, seed: u64, nodes: u64, faults: Vec<String>) -> Self {
        let workload = workload.to_owned();
        let (history, model) = ("metad/1", "file-tree");
        Header { history, workload, seed, nodes, model, faults, ends: true }
    }

    /// The same of another model: `register`, `kv`.
    #[must_use]
    pub fn of_model(self, model: &'static str) -> Self {
        Header { model, ..self }
    }
}

/// What happened to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is about to be sent.
    Invoke,
    /// It was answered, if only with a refusal.
    Ok,
    /// It certainly never happened.
    Fail,
    /// It may have happened.
    Info,
}

/// One line; `index` and `time` are filled in when it is written.
#[derive(Debug, Serialize)]
pub struct Event {
    index: u64,
    time: u64,
    process: Value,
    #[serde(rename = "type")]
    kind: Kind,
    f: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<u64>,
}

impl Event {
    /// An event of a process.
    pub fn new(process: u64, kind: Kind, f: &str, value: Value) -> Self {
        Event {
            index: 0,
            time: 0,
            process: process.into(),
            kind,
            f: f.to_owned(),
            key: None,
            value,
            request: None,
            revision: None,
            node: None,
        }
    }

    /// Names the key, of an operation on one of several.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Names the request.
    #[must_use]
    pub fn request(mut self, request: Option<RequestId>) -> Self {
        self.request = request.map(|id| [id.client_id, id.sequence]);
        self
    }

    /// Says what the answer reflects and who gave it.
    #[must_use]
    pub fn answered(mut self, revision: Option<u64>, node: Option<u64>) -> Self {
        (self.revision, self.node) = (revision, node);
        self
    }
}

/// Where events go. Shared by all processes and the nemesis.
pub struct Recorder {
    start: Instant,
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    index: u64,
    last_time: u64,
    next_process: u64,
}

impl Recorder {
    /// Writes the header. Time starts now.
    pub fn new(mut out: Box<dyn Write + Send>, header: &Header) -> io::Result<Self> {
        write_line(&mut out, header)?;
        let state = State { out, index: 0, last_time: 0, next_process: 0 };
        Ok(Recorder { start: Instant::now(), state: Mutex::new(state) })
    }

    /// A process number that was never used.
    pub fn fresh_process(&self) -> u64 {
        let mut state = self.state();
        state.next_process += 1;
        state.next_process - 1
    }

    /// Writes one event.
    pub fn write(&self, mut event: Event) -> io::Result<()> {
        let mut state = self.state();
        // Read under the lock, so that time grows from line to line.
        let time = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        (event.index, event.time) = (state.index, time.max(state.last_time));
        (state.index, state.last_time) = (event.index + 1, event.time);
        write_line(&mut state.out, &event)
    }

    /// Writes what the nemesis did. Checkers skip it, reports show it.
    pub fn write_nemesis(&self, f: &str, value: Value) -> io::Result<()> {
        let event = Event { process: "nemesis".into(), ..Event::new(0, Kind::Info, f, value) };
        self.write(event)
    }

    /// Writes the last line and hands everything to the operating system.
    pub fn end(&self) -> io::Result<()> {
        self.write_nemesis("end", Value::Null)?;
        self.flush()
    }

    /// Hands all that was written to the operating system.
    pub fn flush(&self) -> io::Result<()> {
        self.state().out.flush()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line).map_err(io::Error::other)?;
    bytes.push(b'\n');
    out.write_all(&bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use expect_test::expect;
    use serde_json::json;

    use super::*;

    /// A history kept in memory.
    #[derive(Clone, Default)]
    pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Buffer {
        pub(crate) fn text(&self) -> String {
            let bytes = self.0.lock().expect("no writer panicked").clone();
            String::from_utf8(bytes).expect("JSON is UTF-8")
        }
    }

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_read_as_the_history_format_says() {
        let buffer = Buffer::default();
        let header = Header::new("team", 7, 3, vec!["kill".to_owned()]);
        let recorder = Recorder::new(Box::new(buffer.clone()), &header).expect("memory holds it");
        let request = Some(RequestId { client_id: 7, sequence: 41 });
        let invoke = Event::new(3, Kind::Invoke, "move", json!({"from": "/a"})).request(request);
        recorder.write(invoke).expect("memory holds it");
        recorder.write_nemesis("kill", json!({"node": 2})).expect("memory holds it");
        let done = Event::new(3, Kind::Ok, "move", json!({"id": 17})).answered(Some(9), Some(2));
        recorder.write(done).expect("memory holds it");
        let timeless: String = buffer.text().lines().map(without_time).collect();
        expect![[r#"
            {"history":"metad/1","workload":"team","seed":7,"nodes":3,"model":"file-tree","faults":["kill"],"ends":true}
            {"index":0,"time":_,"process":3,"type":"invoke","f":"move","value":{"from":"/a"},"request":[7,41]}
            {"index":1,"time":_,"process":"nemesis","type":"info","f":"kill","value":{"node":2}}
            {"index":2,"time":_,"process":3,"type":"ok","f":"move","value":{"id":17},"revision":9,"node":2}
        "#]]
        .assert_eq(&timeless);
    }

    fn without_time(line: &str) -> String {
        match line.split_once("\"time\":") {
            Some((before, after)) => {
                let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
                format!("{before}\"time\":_{rest}\n")
            }
            None => format!("{line}\n"),
        }
    }
}
