//! The processes of a cluster.
//!
//! Owns: the processes. Invariants: none outlives the [`Cluster`]; one that ends without having
//! been told to is remembered.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use super::{network, place::Place, target::Target};

/// The port of nodes in namespaces of their own.
const PORT: u16 = 7_100;
/// How long a server that is told to stop may take.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Between two looks at it.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Where a node is.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Its id.
    pub node: u8,
    /// Where it is reached.
    pub address: String,
    /// Its data.
    pub data: PathBuf,
}

/// One node.
struct Node {
    spot: Spot,
    log: PathBuf,
    process: Option<Child>,
    is_paused: bool,
}

/// A running cluster.
pub struct Cluster {
    target: Target,
    place: Place,
    binary: PathBuf,
    nodes: Vec<Node>,
    /// Who ended without having been told to, and what it said.
    ended: Vec<String>,
}

/// Where things of a cluster go.
pub struct Folders<'a> {
    /// Data.
    pub data: &'a Path,
    /// Logs.
    pub logs: &'a Path,
}

impl Cluster {
    /// A cluster of `count` nodes, none of which runs yet.
    pub fn new(
        target: Target,
        place: Place,
        binary: PathBuf,
        folders: &Folders<'_>,
        count: u8,
    ) -> Result<Cluster> {
        let ports = free_ports(count.into())?;
        let node = |id: u8| {
            let address = match place {
                Place::Namespaces => format!("{}:{PORT}", network::address(id)),
                Place::Loopback => format!("127.0.0.1:{}", ports[usize::from(id) - 1]),
            };
            let data = folders.data.join(format!("node-{id}"));
            let spot = Spot { node: id, address, data };
            let log = folders.logs.join(format!("node-{id}.log"));
            File::create(&log).with_context(|| format!("create {}", log.display()))?;
            Ok(Node { spot, log, process: None, is_paused: false })
        };
        let nodes = (1..=count).map(node).collect::<Result<_>>()?;
        Ok(Cluster { target, place, binary, nodes, ended: Vec::new() })
    }

    /// Where clients reach the nodes, in the order of their ids.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.spot.address.clone()).collect()
    }

    /// Where the nodes' data is.
    pub fn data_folders(&self) -> Vec<&Path> {
        self.nodes.iter().map(|node| node.spot.data.as_path()).collect()
    }

    /// The nodes' ids.
    pub fn ids(&self) -> Vec<u8> {
        self.nodes.iter().map(|node| node.spot.node).collect()
    }

    /// Starts a node that does not run, on the data that it has.
    pub fn start(&mut self, id: u8) -> Result<()> {
        let spots: Vec<_> = self.nodes.iter().map(|node| &node.spot).collect();
        let arguments = self.target.arguments(spots[usize::from(id) - 1], &spots)?;
        let mut command = match self.place {
            Place::Namespaces => {
                let mut command = Command::new("nsenter");
                command.arg(format!("--net={}", network::namespace(id))).arg(&self.binary);
                command
            }
            Place::Loopback => {
                // Whatever ends this process ends its servers.
                let mut command = Command::new("setpriv");
                command.args(["--pdeathsig", "KILL"]).arg(&self.binary);
                command
            }
        };
        let node = &mut self.nodes[usize::from(id) - 1];
        let log = File::options().append(true).open(&node.log);
        let log = log.with_context(|| format!("open {}", node.log.display()))?;
        command.args(arguments).stdin(Stdio::null());
        command.stdout(log.try_clone().context("share the log")?).stderr(log);
        let started = command.spawn();
        node.process = Some(started.with_context(|| format!("start node {id}"))?);
        Ok(())
    }

    /// Ends a node with SIGKILL, if it runs.
    pub fn kill(&mut self, id: u8) -> Result<()> {
        self.look_after()?;
        let node = self.node(id);
        node.is_paused = false;
        if let Some(mut process) = node.process.take() {
            process.kill().context("kill a node")?;
            process.wait().context("wait for a killed node")?;
        }
        Ok(())
    }

    /// Asks a node to stop and waits until it has; says what is wrong with how it did.
    pub async fn stop(&mut self, id: u8) -> Result<Option<String>> {
        self.look_after()?;
        let node = self.node(id);
        let Some(mut process) = node.process.take() else { return Ok(None) };
        send(&process, Signal::TERM)?;
        let deadline = Instant::now() + STOP_MAX;
        while Instant::now() < deadline {
            if let Some(status) = process.try_wait().context("wait for a node to stop")? {
                return Ok((!status.success()).then(|| said(node, "ended badly", status)));
            }
            sleep(LOOK_INTERVAL).await;
        }
        process.kill().context("kill a node")?;
        process.wait().context("wait for a killed node")?;
        Ok(Some(format!("node {id} still ran {STOP_MAX:?} after it was told to stop")))
    }

    /// Stops a node in its tracks.
    pub fn pause(&mut self, id: u8) -> Result<()> {
        let node = self.node(id);
        if let Some(process) = &node.process {
            send(process, Signal::STOP)?;
            node.is_paused = true;
        }
        Ok(())
    }

    /// Lets a paused node go on.
    pub fn resume(&mut self, id: u8) -> Result<()> {
        let node = self.node(id);
        if let Some(process) = &node.process
            && node.is_paused
        {
            send(process, Signal::CONT)?;
        }
        node.is_paused = false;
        Ok(())
    }

    /// All nodes run again.
    pub fn heal(&mut self) -> Result<()> {
        self.look_after()?;
        for id in self.ids() {
            self.resume(id)?;
            if self.node(id).process.is_none() {
                self.start(id)?;
            }
        }
        Ok(())
    }

    /// Sees who has ended by itself.
    pub fn look_after(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            let Some(process) = &mut node.process else { continue };
            if let Some(status) = process.try_wait().context("look after a node")? {
                node.process = None;
                self.ended.push(said(node, "ended by itself", status));
            }
        }
        Ok(())
    }

    /// Remembers what was wrong with how a node stopped.
    pub fn complains(&mut self, complaint: Option<String>) {
        self.ended.extend(complaint);
    }

    /// Who has ended by itself, and with which last words.
    pub fn ended(&mut self) -> Result<&[String]> {
        self.look_after()?;
        Ok(&self.ended)
    }

    fn node(&mut self, id: u8) -> &mut Node {
        &mut self.nodes[usize::from(id) - 1]
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut process) = node.process.take() {
                // It may have ended already: nothing is left to do then.
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }
}

fn send(process: &Child, signal: Signal) -> Result<()> {
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    let pid = pid.expect("processes have positive numbers");
    // Our child, which nobody has waited for: the number is still its own.
    kill_process(pid, signal).context("send a signal to a node")
}

/// How a node ended.
fn said(node: &Node, how: &str, status: ExitStatus) -> String {
    let log = fs::read_to_string(&node.log).unwrap_or_default();
    let last = log.lines().last().unwrap_or("its log is empty");
    format!("node {} {how} ({status}): {last}", node.spot.node)
}

/// Ports that were free just now. They are held until all are found, so that they differ.
fn free_ports(count: usize) -> Result<Vec<u16>> {
    let bind = |_| TcpListener::bind("127.0.0.1:0").context("find a free port");
    let listeners = (0..count).map(bind).collect::<Result<Vec<_>>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}
