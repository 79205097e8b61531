//! The machines: nodes of the cluster, which crash and come back, and those of the clients,
//! which do not.
//!
//! Invariants: a node is in the hands of one fault at a time, see [`Taken`]; a spare node is
//! down and has empty disks until an operator adds it, and again once it is removed.

use std::{
    cell::{Cell, RefCell},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use madsim::{
    runtime::{Handle, NodeHandle},
    task::NodeId,
    time::{Instant, sleep},
};
use metad::{
    kv::View,
    raft::runtime::set_clock_rate,
    records::identity::{FORMAT, FORMAT_BEFORE},
};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{
    disk::Disks,
    faulty::Failing,
    network::Network,
    node::{self, Clock},
    watcher::Watcher,
};
use crate::{oracle::Node, plan::Plan, report::Violation};

mod hands;

pub use hands::{Claim, Taken};

/// Machines with clients: two, so that a partition can part them.
const CLIENT_MACHINES: u8 = 2;
const PORT: u16 = 7100;
/// Between two looks at servers that stop.
const STOP_LOOK: Duration = Duration::from_millis(50);
/// Nodes that an operator may add.
const SPARES: u64 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Up,
    Down,
    Paused,
}

struct Machine {
    id: NodeId,
    disks: Arc<Disks>,
    live: node::Live,
    status: Cell<Status>,
    is_taken: Cell<bool>,
    clock: Clock,
    format: Arc<AtomicU32>,
}

/// All machines.
pub struct Cluster {
    handle: Handle,
    /// Those that are in service.
    nodes: RefCell<Vec<Node>>,
    machines: Vec<Machine>,
    clients: Vec<NodeHandle>,
    /// The links between them.
    pub network: Network,
    /// What the oracles know.
    pub watcher: Watcher,
    /// A node is losing its memory, or members are coming or going.
    is_claimed: Cell<bool>,
    /// What an operator is changing, if anything.
    change: RefCell<Option<Change>>,
}

/// Members that come and go.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Who is to vote.
    pub voters: Vec<Node>,
    /// Who is taken out of service then; None: that is not known yet.
    pub gone: Option<Node>,
}

fn node_address(node: Node) -> SocketAddr {
    let last = u8::try_from(node).expect("a cluster is small");
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), PORT)
}

impl Cluster {
    /// Starts all machines, with empty disks. Real files, if any, go into the working folder.
    pub fn start(plan: &Plan, watcher: Watcher) -> Cluster {
        let handle = Handle::current();
        let network = Network::install(plan.latency_us.clone(), &watcher);
        let nodes: Vec<Node> = (1..=plan.nodes).collect();
        let peers: Vec<(Node, SocketAddr)> =
            nodes.iter().map(|node| (*node, node_address(*node))).collect();
        let rng = &mut ChaCha8Rng::seed_from_u64(plan.seed ^ 0x636c_6f63_6b73);
        let mut machines = Vec::new();
        for node in &(1..=plan.nodes + SPARES).collect::<Vec<Node>>() {
            let is_spare = *node > plan.nodes;
            let folder = PathBuf::from(node.to_string());
            let disks = Arc::new(Disks::new(plan.engine, &folder, plan.sync_us.clone(), &watcher));
            let address = node_address(*node);
            let live = node::Live::default();
            let clock = Clock::new(draw_clock_rate(rng, plan.skew_percent));
            let old = if plan.upgrades { FORMAT_BEFORE } else { FORMAT };
            let format = Arc::new(AtomicU32::new(old));
            let mut peers = peers.clone();
            if is_spare {
                peers.push((*node, address));
            }
            let server = node::Server {
                node: *node,
                peers,
                raft: plan.raft.clone(),
                retention: plan.retention,
                folder,
                disks: disks.clone(),
                clock: clock.clone(),
                format: format.clone(),
                watcher: watcher.clone(),
                live: live.clone(),
            };
            let machine = handle
                .create_node()
                .name(format!("n{node}"))
                .ip(address.ip())
                .init(move || server.clone().run())
                .build();
            set_clock_rate(machine.id(), clock.usual_rate);
            network.add(address.ip(), machine.id());
            if is_spare {
                // Before it has done anything.
                handle.kill(machine.id());
            }
            machines.push(Machine {
                id: machine.id(),
                disks,
                live,
                status: Cell::new(if is_spare { Status::Down } else { Status::Up }),
                is_taken: Cell::new(false),
                clock,
                format,
            });
        }
        let clients = (1..=CLIENT_MACHINES)
            .map(|number| {
                let address = IpAddr::V4(Ipv4Addr::new(10, 0, 1, number));
                let machine = handle.create_node().name(format!("c{number}")).ip(address).build();
                network.add(address, machine.id());
                machine
            })
            .collect();
        let nodes = RefCell::new(nodes);
        let change = RefCell::new(None);
        let is_claimed = Cell::new(false);
        Cluster { handle, nodes, machines, clients, network, watcher, is_claimed, change }
    }

    /// The numbers of the nodes in service.
    pub fn nodes(&self) -> Vec<Node> {
        self.nodes.borrow().clone()
    }

    /// A node that is not in service.
    pub fn spare(&self) -> Option<Node> {
        let nodes = self.nodes.borrow();
        (1..=self.machines.len() as Node).find(|node| !nodes.contains(node))
    }

    /// A node is in service from now on, or no longer.
    pub fn set_in_service(&self, node: Node, is_in_service: bool) {
        let mut nodes = self.nodes.borrow_mut();
        nodes.retain(|other| *other != node);
        if is_in_service {
            nodes.push(node);
            nodes.sort_unstable();
        }
    }

    /// Where a node serves.
    pub fn endpoint(&self, node: Node) -> String {
        node_address(node).to_string()
    }

    /// The clock of a node.
    pub fn clock(&self, node: Node) -> &Clock {
        &self.of(node).clock
    }

    /// How fast a node's clock runs from now on; None for as usual.
    pub fn set_clock_rate(&self, node: Node, rate: Option<f64>) {
        let machine = self.of(node);
        set_clock_rate(machine.id, rate.unwrap_or(machine.clock.usual_rate));
    }

    /// What goes wrong on a node's disks.
    pub fn failing(&self, node: Node) -> &Failing {
        &self.of(node).disks.failing
    }

    /// The nodes in service but one.
    pub fn nodes_without(&self, without: Option<Node>) -> Vec<Node> {
        self.nodes().into_iter().filter(|node| Some(*node) != without).collect()
    }

    /// What an operator is changing, if anything.
    pub fn change(&self) -> Option<Change> {
        self.change.borrow().clone()
    }

    /// What an operator is changing from now on.
    pub fn set_change(&self, change: Option<Change>) {
        *self.change.borrow_mut() = change;
    }

    /// The right to have a node lose its memory, or members come or go: one at a time, and
    /// only while all nodes know what they have promised.
    pub fn claim(&self) -> Option<Claim<'_>> {
        let is_free = !self.is_claimed.get() && self.change.borrow().is_none();
        if !is_free || !self.all_are_members() {
            return None;
        }
        self.is_claimed.set(true);
        Some(Claim(self))
    }

    /// Stops all servers as a signal would. Gives the nodes that still run afterwards, and the
    /// tasks that are left on any machine of a node.
    pub async fn stop(&self, patience: Duration) -> (Vec<Node>, Vec<String>) {
        let nodes = self.nodes();
        nodes.iter().for_each(|node| self.of(*node).live.stop());
        let end = Instant::now() + patience;
        let running = || nodes.iter().copied().filter(|node| self.of(*node).live.is_up()).collect();
        while Instant::now() < end && !Vec::is_empty(&running()) {
            sleep(STOP_LOOK).await;
        }
        // What was woken by the end of the server ends now.
        sleep(STOP_LOOK).await;
        let tasks = self.handle.metrics().num_tasks_by_node();
        let names: Vec<String> = nodes.iter().map(|node| format!("n{node}")).collect();
        let left = tasks.into_iter().filter(|(name, count)| *count > 0 && names.contains(name));
        (running(), left.map(|(name, count)| format!("{name}: {count}")).collect())
    }

    /// The calls that clients made so far.
    pub fn calls_made(&self) -> Vec<(u64, u64)> {
        self.watcher.history().map_or(Vec::new(), |run| run.made())
    }

    /// Where the nodes serve.
    pub fn endpoints(&self) -> Vec<String> {
        self.nodes.borrow().iter().map(|node| node_address(*node).to_string()).collect()
    }

    /// The machines of clients.
    pub fn clients(&self) -> &[NodeHandle] {
        &self.clients
    }

    /// The machine of a node.
    pub fn machine(&self, node: Node) -> NodeId {
        self.of(node).id
    }

    /// The replicated state as it is on a node.
    pub fn state_view(&self, node: Node) -> Result<View, Violation> {
        let view = self.of(node).live.state_view();
        view.ok_or_else(|| Violation::new("server", format!("node {node} has no state to read")))
    }

    /// The machines of nodes in service and of clients.
    pub fn all_machines(&self) -> Vec<NodeId> {
        let nodes = self.nodes().into_iter().map(|node| self.machine(node));
        nodes.chain(self.clients.iter().map(NodeHandle::id)).collect()
    }

    fn of(&self, node: Node) -> &Machine {
        let index = usize::try_from(node - 1).expect("a cluster is small");
        &self.machines[index]
    }

    /// Tells the history and the trace what the nemesis does.
    pub fn note(&self, what: &str, value: serde_json::Value) {
        tracing::info!(what, %value, "nemesis");
        self.watcher.record(what, value);
    }

    /// How long the syncs of a node take, in microseconds.
    pub fn set_sync_time(&self, node: Node, range_us: std::ops::Range<u64>) {
        self.of(node).disks.sync_time.set(range_us);
    }

    /// All nodes run and know all that they have promised.
    pub fn all_are_members(&self) -> bool {
        self.nodes().into_iter().all(|node| self.of(node).live.is_member())
    }

    /// Takes a node that runs into one's hands, unless another fault has it.
    pub fn take(&self, node: Node) -> Option<Taken<'_>> {
        self.take_if(node, Status::Up)
    }

    /// The same of a spare node, which is down.
    pub fn take_spare(&self, node: Node) -> Option<Taken<'_>> {
        self.take_if(node, Status::Down)
    }

    fn take_if(&self, node: Node, status: Status) -> Option<Taken<'_>> {
        let machine = self.of(node);
        if machine.status.get() != status || machine.is_taken.replace(true) {
            return None;
        }
        Some(Taken { cluster: self, node, machine })
    }

    /// All nodes run and all links carry.
    pub fn is_whole(&self) -> bool {
        let is_up = |node| self.of(node).status.get() == Status::Up;
        let all_run = self.nodes().into_iter().all(is_up);
        all_run && self.network.is_whole()
    }
}

fn draw_clock_rate(rng: &mut ChaCha8Rng, skew_percent: u32) -> f64 {
    let skew = f64::from(skew_percent) / 100.0;
    1.0 + rng.random_range(-1.0..=1.0) * skew
}
