//! Server processes on loopback, which end with the test.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub struct Servers {
    folder: TempDir,
    addresses: Vec<String>,
    running: Vec<Option<Server>>,
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server, if it was built.
pub fn binary() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_metactl")).with_file_name("metad");
    if !path.is_file() {
        eprintln!("SKIPPED: there is no {}: cargo build -p metad", path.display());
    }
    path.is_file().then_some(path)
}

/// A command of the server, which logs nothing.
pub fn metad() -> Command {
    let mut command = Command::new(binary().expect("it is there"));
    command.env("RUST_LOG", "off").stdin(Stdio::null());
    command
}

fn free_address() -> String {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("its address").to_string()
}

impl Servers {
    /// Starts so many, which form a cluster. None if there is no server to start.
    pub fn start(count: usize) -> Option<Servers> {
        binary()?;
        let mut servers = Servers::prepare(count, "test");
        for node in 1..=count {
            servers.start_node(node);
        }
        Some(servers)
    }

    /// Configures so many, of a cluster of this name, and starts none.
    pub fn prepare(count: usize, cluster: &str) -> Servers {
        let folder = TempDir::new().expect("a folder");
        let addresses: Vec<_> = (0..count).map(|_| free_address()).collect();
        let running = (0..count).map(|_| None).collect();
        let servers = Servers { folder, addresses, running };
        for node in 1..=count {
            servers.configure(node, cluster);
        }
        servers
    }

    fn configure(&self, node: usize, cluster: &str) {
        let mut text =
            format!("cluster = {cluster:?}\nnode = {node}\ndata_dir = \"{node}\"\n[peers]\n");
        for (index, address) in self.addresses.iter().enumerate() {
            writeln!(text, "{} = \"{address}\"", index + 1).expect("text takes all");
        }
        std::fs::write(self.config(node), text).expect("write");
    }

    /// Adds to the configuration of one of those that form the cluster.
    pub fn add(&self, node: usize, text: &str) {
        let path = self.config(node);
        let before = std::fs::read_to_string(&path).expect("read");
        std::fs::write(&path, before + text).expect("write");
    }

    /// The configuration of one of those that form the cluster.
    pub fn config(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("{node}.toml"))
    }

    /// Starts one of those that formed the cluster.
    pub fn start_node(&mut self, node: usize) {
        let config = self.config(node);
        let arguments = ["serve".as_ref(), "--config".as_ref(), config.as_os_str()];
        self.running[node - 1] = Some(spawn(&arguments).expect("it starts"));
    }

    /// Starts a new one that joins by the address of the first, in a folder of this name.
    pub fn join(&mut self, folder: &str) -> Result<String, String> {
        let address = free_address();
        self.join_at(folder, &address)?;
        Ok(address)
    }

    /// The same, at an address.
    pub fn join_at(&mut self, folder: &str, address: &str) -> Result<(), String> {
        let data = self.folder.path().join(folder);
        let arguments = ["serve", "--join", &self.addresses[0], "--listen", address, "--data"]
            .map(AsRef::as_ref);
        let server = spawn(&[&arguments[..], &[data.as_os_str()]].concat())?;
        self.running.push(Some(server));
        Ok(())
    }

    /// Kills the one that was started as the nth.
    pub fn kill(&mut self, nth: usize) {
        self.running[nth - 1] = None;
    }

    /// Tells it to stop, and waits until it has; gives how long that took.
    pub fn stop(&mut self, nth: usize) -> Duration {
        let began = now();
        let mut server = self.running[nth - 1].take().expect("it runs");
        let pid = server.0.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().expect("kill").success());
        assert!(server.0.wait().expect("wait").success());
        began.elapsed()
    }

    /// A folder for what a test writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Addresses of those that formed the cluster.
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// Runs metactl with JSON.
    pub fn metactl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_metactl"));
        command.args(["--endpoints", &self.addresses.join(","), "--json"]).args(arguments);
        command.output().expect("metactl runs")
    }

    /// What it prints, once it succeeds.
    pub fn told(&self, arguments: &[&str]) -> Value {
        let output = self.metactl(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The error that it tells.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.metactl(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        let error: Value = serde_json::from_slice(&output.stderr).expect("JSON");
        error["error"]["message"].as_str().expect("a message").to_owned()
    }

    /// Waits for a condition on `metactl cluster status`.
    pub fn until(&self, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let began = now();
        loop {
            let output = self.metactl(&["cluster", "status"]);
            if let Ok(status) = serde_json::from_slice(&output.stdout)
                && condition(&status)
            {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "no {what} in time: {output:?}");
        }
    }
}

/// Starts a server and waits until it listens; or gives what it says as it ends.
fn spawn(arguments: &[&std::ffi::OsStr]) -> Result<Server, String> {
    let mut command = metad();
    command.args(arguments).stderr(Stdio::piped());
    let mut server = Server(command.spawn().expect("it starts"));
    let mut stderr = BufReader::new(server.0.stderr.take().expect("piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("read");
    if line.contains("listens") {
        return Ok(server);
    }
    stderr.read_to_string(&mut line).expect("read");
    Err(line)
}

/// A test of real processes has real time alone.
#[expect(clippy::disallowed_methods, reason = "real processes are waited for")]
pub fn now() -> Instant {
    Instant::now()
}
