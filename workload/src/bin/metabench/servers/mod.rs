//! The servers under test: processes of their own, so that what they take can be watched, and
//! all gone in the end.

mod etcd;
mod metad;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::Context as _;
use tempfile::TempDir;

/// Ports that a node may have.
const PORTS_A_NODE: u16 = 2;

/// Where and what to start.
#[derive(Clone, Debug)]
pub struct Place {
    /// The servers' program.
    pub program: PathBuf,
    /// Nodes of the cluster.
    pub nodes: u16,
    /// The first of two ports a node.
    pub port: u16,
    /// Where the data is; thrown away at the end without it.
    pub data: Option<PathBuf>,
}

/// See the module.
pub struct Servers {
    commands: Vec<Command>,
    nodes: Vec<Child>,
    endpoints: Vec<String>,
    folder: PathBuf,
    /// Removed with it.
    _data: Option<TempDir>,
}

impl Servers {
    /// Starts one process a node, as the command says that it is given.
    fn start(
        place: &Place,
        command: impl Fn(&Member<'_>) -> anyhow::Result<Command>,
    ) -> anyhow::Result<Servers> {
        let (folder, data) = match &place.data {
            Some(data) => (data.clone(), None),
            None => {
                let folder = TempDir::new().context("make a folder for the data")?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let addresses: Vec<_> = (0..place.nodes).map(|node| place.address(node, 0)).collect();
        let mut servers = Servers {
            commands: Vec::new(),
            nodes: Vec::new(),
            endpoints: addresses,
            folder,
            _data: data,
        };
        for node in 1..=place.nodes {
            let member = Member { place, node, folder: &servers.folder };
            let log = File::create(servers.folder.join(format!("{node}.log")))
                .context("make a node's log file")?;
            let mut command = command(&member)?;
            let out = log.try_clone().context("share a node's log file")?;
            command.stdin(Stdio::null()).stdout(out).stderr(log);
            servers.commands.push(command);
        }
        servers.start_again()?;
        Ok(servers)
    }

    /// Starts them with the data that they have.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        for command in &mut self.commands {
            let program = command.get_program().display().to_string();
            let node = command.spawn().with_context(|| format!("start {program}"))?;
            self.nodes.push(node);
        }
        Ok(())
    }

    /// Ends them at once, as a crash would.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        for mut node in self.nodes.drain(..) {
            node.kill().context("kill a server")?;
            node.wait().context("wait for a server")?;
        }
        Ok(())
    }

    /// Where their data is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What they have had written to disks since they were started.
    pub fn written_bytes(&self) -> anyhow::Result<u64> {
        self.nodes.iter().map(|node| written_bytes(node.id())).sum()
    }

    /// Where clients reach them.
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// What the largest of them holds in memory now, MiB.
    pub fn memory_mib(&self) -> anyhow::Result<f64> {
        let each = self.nodes.iter().map(|node| memory_mib(node.id()));
        Ok(each.collect::<anyhow::Result<Vec<_>>>()?.into_iter().fold(0.0, f64::max))
    }

    /// What a node that stopped said last, if one did.
    fn obituary(&mut self) -> Option<String> {
        let stopped = |(index, node): (usize, &mut Child)| {
            let status = node.try_wait().ok().flatten()?;
            let log = fs::read_to_string(self.folder.join(format!("{}.log", index + 1)));
            let log = log.unwrap_or_default();
            let last = log.lines().last().unwrap_or("nothing");
            Some(format!("node {} ended with {status}; it said: {last}", index + 1))
        };
        self.nodes.iter_mut().enumerate().find_map(stopped)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // They have ended already, or do now: nothing more can be done about it.
        let _ = self.kill();
    }
}

/// One node to be started.
struct Member<'a> {
    place: &'a Place,
    /// From 1.
    node: u16,
    folder: &'a Path,
}

impl Place {
    /// One of the ports of a node, counted from 0.
    fn address(&self, node: u16, port: u16) -> String {
        format!("127.0.0.1:{}", self.port + node * PORTS_A_NODE + port)
    }
}

/// The program of this name in the folder of this program.
pub fn beside_this_program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(
        path.try_exists()?,
        "there is no {}: build it with `cargo build --release`, or say where it is with --program",
        path.display()
    );
    Ok(path)
}

fn written_bytes(process: u32) -> anyhow::Result<u64> {
    let io = fs::read_to_string(format!("/proc/{process}/io")).context("read what is written")?;
    let bytes = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    bytes.and_then(|bytes| bytes.parse().ok()).context("what is written is not told")
}

fn memory_mib(process: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))
        .context("read the server's memory")?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
    Ok(kib.context("the server's memory is not told")? / 1024.0)
}
