//! The processes of a cluster.
//!
//! Owns: the processes. Invariants: none outlives the [`Cluster`]; one that ends without having
//! been told to is remembered.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use super::{
    clock::Clock,
    disk::{self, Disk},
    network,
    place::Place,
    target::Target,
};

/// The first port of nodes in namespaces of their own.
const PORT: u16 = 7_100;
/// How long a server that is told to stop may take.
const STOP_MAX: Duration = Duration::from_secs(30);
/// What a server says that stops because its disk is full; the second is what RocksDB says to who
/// writes after the one that there was no room for.
const NO_ROOM: [&str; 2] = ["No space left on device", "Seen error. Skip writing buffer"];
/// Between two looks at it.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Where a node is.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Its id.
    pub node: u8,
    /// Where clients reach it, and other nodes too if it has one address for both.
    pub address: String,
    /// Where other nodes reach it otherwise.
    pub peer_address: String,
    /// All that is its own.
    pub folder: PathBuf,
    /// Its data, in there.
    pub data: PathBuf,
}

/// One node.
struct Node {
    spot: Spot,
    log: PathBuf,
    process: Option<Child>,
    clock: Option<Clock>,
    disk: Disk,
    is_paused: bool,
    /// Its disk has been full since it was started: it may end by itself for that.
    was_full: bool,
}

/// A running cluster.
pub struct Cluster {
    target: Target,
    place: Place,
    binary: PathBuf,
    nodes: Vec<Node>,
    endings: Endings,
    /// The node that is no member.
    idle: Option<u8>,
    /// A change of the members that is not complete.
    pub change: Option<Change>,
}

/// How nodes ended that were not killed, if that was not as it should be.
#[derive(Default)]
pub struct Endings {
    /// Who, how, and with which last words.
    pub wrong: Vec<String>,
    /// How often that was for want of room on a full disk.
    pub filled_up: u64,
}

/// Who the members are to be, and who is to go.
#[derive(Clone, Debug)]
pub struct Change {
    /// The members.
    pub voters: Vec<u8>,
    /// Who goes.
    pub gone: u8,
}

/// Which nodes a cluster has.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Those that form it.
    pub members: u8,
    /// One more that may join.
    pub has_idle: bool,
    /// The disk of each.
    pub disks: disk::Kind,
    /// Each has a clock of its own.
    pub has_clocks: bool,
}

/// Where things of a cluster go.
pub struct Folders<'a> {
    /// Data.
    pub data: &'a Path,
    /// Logs.
    pub logs: &'a Path,
}

impl Cluster {
    /// A cluster that has `shape`, of which no node runs yet.
    pub fn new(
        target: Target,
        place: Place,
        binary: PathBuf,
        folders: &Folders<'_>,
        shape: Shape,
    ) -> Result<Cluster> {
        let count = shape.members + u8::from(shape.has_idle);
        let ports = free_ports(2 * usize::from(count))?;
        let node = |id: u8| {
            let at = |port: u8| match place {
                Place::Namespaces => {
                    format!("{}:{}", network::address(id), PORT + u16::from(port))
                }
                Place::Loopback => {
                    format!("127.0.0.1:{}", ports[usize::from(2 * (id - 1) + port)])
                }
            };
            let folder = folders.data.join(format!("node-{id}"));
            fs::create_dir(&folder).context("create a node's folder")?;
            let data = folder.join("data");
            let spot = Spot { node: id, address: at(0), peer_address: at(1), data, folder };
            let disk = Disk::new(shape.disks, &spot)?;
            let clock = shape.has_clocks.then(|| Clock::new(spot.folder.join("clock")));
            let clock = clock.transpose()?;
            let log = folders.logs.join(format!("node-{id}.log"));
            File::create(&log).with_context(|| format!("create {}", log.display()))?;
            Ok(Node { spot, log, clock, disk, process: None, is_paused: false, was_full: false })
        };
        let nodes = (1..=count).map(node).collect::<Result<_>>()?;
        let idle = shape.has_idle.then_some(count);
        Ok(Cluster {
            target,
            place,
            binary,
            nodes,
            endings: Endings::default(),
            idle,
            change: None,
        })
    }

    /// Where clients reach the nodes, in the order of their ids, an idle one included.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.spot.address.clone()).collect()
    }

    /// How many nodes there are, an idle one included.
    pub fn count(&self) -> u8 {
        u8::try_from(self.nodes.len()).expect("nodes are numbered by bytes")
    }

    /// Where clients reach a node.
    pub fn address(&self, id: u8) -> String {
        self.nodes[usize::from(id) - 1].spot.address.clone()
    }

    /// Where clients reach the members.
    pub fn member_addresses(&self) -> Vec<String> {
        self.members().map(|spot| spot.address.clone()).collect()
    }

    /// Where the members' data is.
    pub fn data_folders(&self) -> Vec<&Path> {
        self.members().map(|spot| spot.data.as_path()).collect()
    }

    /// The members' ids.
    pub fn ids(&self) -> Vec<u8> {
        self.members().map(|spot| spot.node).collect()
    }

    /// The id of the node that is no member, if there is one.
    pub fn idle(&self) -> Option<u8> {
        self.idle
    }

    fn members(&self) -> impl Iterator<Item = &Spot> {
        let spots = self.nodes.iter().map(|node| &node.spot);
        spots.filter(|spot| Some(spot.node) != self.idle)
    }

    /// Starts a node that does not run, on the data that it has.
    pub fn start(&mut self, id: u8) -> Result<()> {
        let spot = &self.nodes[usize::from(id) - 1].spot;
        let members: Vec<_> = self.members().filter(|member| member.node != id).collect();
        let arguments = self.target.arguments(spot, &members)?;
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
        node.was_full = false;
        let log = File::options().append(true).open(&node.log);
        let log = log.with_context(|| format!("open {}", node.log.display()))?;
        if let Some(clock) = &node.clock {
            clock.give(&mut command);
        }
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

    /// Ends a node as if its power failed: what it did not sync is gone, if its disk forgets. Tells
    /// how many changes of files that were.
    pub fn cut_power(&mut self, id: u8) -> Result<usize> {
        self.kill(id)?;
        self.node(id).disk.lose_unsynced()
    }

    /// Asks a node to stop and waits until it has.
    pub async fn stop(&mut self, id: u8) -> Result<()> {
        self.look_after()?;
        let node = &mut self.nodes[usize::from(id) - 1];
        let Some(mut process) = node.process.take() else { return Ok(()) };
        send(&process, Signal::TERM)?;
        let deadline = Instant::now() + STOP_MAX;
        while Instant::now() < deadline {
            if let Some(status) = process.try_wait().context("wait for a node to stop")? {
                // etcd dies of the signal in the end.
                if !status.success() && status.signal() != Some(Signal::TERM.as_raw()) {
                    self.endings.note(node, &format!("ended badly ({status})"));
                }
                return Ok(());
            }
            sleep(LOOK_INTERVAL).await;
        }
        process.kill().context("kill a node")?;
        process.wait().context("wait for a killed node")?;
        self.endings.note(node, &format!("still ran {STOP_MAX:?} after it was told to stop"));
        Ok(())
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

    /// Starts the members that do not run.
    pub fn start_fallen(&mut self) -> Result<()> {
        self.look_after()?;
        for id in self.ids() {
            if self.node(id).process.is_none() {
                self.start(id)?;
            }
        }
        Ok(())
    }

    /// All members run again, with room on their disks and the right time.
    pub fn heal(&mut self) -> Result<()> {
        for id in self.ids() {
            self.resume(id)?;
            self.set_clock(id, 0)?;
            self.clear_disk(id)?;
        }
        self.start_fallen()
    }

    /// Has a node's clock be wrong by so much, if it has one of its own.
    pub fn set_clock(&mut self, id: u8, ms: i64) -> Result<()> {
        self.node(id).clock.as_ref().map_or(Ok(()), |clock| clock.set(ms))
    }

    /// Leaves no room on a node's disk.
    pub fn fill_disk(&mut self, id: u8) -> Result<()> {
        let node = self.node(id);
        node.was_full = true;
        node.disk.fill(&node.spot)
    }

    /// Makes room again.
    pub fn clear_disk(&mut self, id: u8) -> Result<()> {
        match self.node(id) {
            node if node.was_full => node.disk.clear(&node.spot),
            _ => Ok(()),
        }
    }

    /// Removes the data of a node that does not run, which is idle from now on.
    pub fn wipe(&mut self, id: u8) -> Result<()> {
        let node = self.node(id);
        node.disk.wipe(&node.spot.data)?;
        self.idle = Some(id);
        Ok(())
    }

    /// Sees who has ended by itself.
    pub fn look_after(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            let Some(process) = &mut node.process else { continue };
            if let Some(status) = process.try_wait().context("look after a node")? {
                node.process = None;
                self.endings.note(node, &format!("ended by itself ({status})"));
            }
        }
        Ok(())
    }

    /// Who has ended otherwise than told.
    pub fn endings(&mut self) -> Result<&Endings> {
        self.look_after()?;
        Ok(&self.endings)
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
            // It is gone with the namespace, if not now.
            let _ = node.disk.unmount(&node.spot);
        }
    }
}

fn send(process: &Child, signal: Signal) -> Result<()> {
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    let pid = pid.expect("processes have positive numbers");
    // Our child, which nobody has waited for: the number is still its own.
    kill_process(pid, signal).context("send a signal to a node")
}

impl Endings {
    fn note(&mut self, node: &Node, how: &str) {
        let log = fs::read_to_string(&node.log).unwrap_or_default();
        let last = log.lines().last().unwrap_or("its log is empty");
        match node.was_full && NO_ROOM.iter().any(|it| last.contains(it)) {
            true => self.filled_up += 1,
            false => self.wrong.push(format!("node {} {how}: {last}", node.spot.node)),
        }
    }
}

/// Ports that were free just now. They are held until all are found, so that they differ.
fn free_ports(count: usize) -> Result<Vec<u16>> {
    let bind = |_| TcpListener::bind("127.0.0.1:0").context("find a free port");
    let listeners = (0..count).map(bind).collect::<Result<Vec<_>>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}
