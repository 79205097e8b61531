//! Which links are cut, slow or lossy, which machines have no power, and what becomes of
//! single calls.
//!
//! Invariant: what [`Network`] says is cut, madsim drops and the transport treats as a
//! black hole. Faults may overlap: a link is cut for as long as one fault cuts it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    ops::Range,
    rc::Rc,
    time::Duration,
};

use madsim::{net::NetSim, rand::Rng, task::NodeId};
use metad_proto::transport::simulated::{self, Fate};

use super::watcher::Watcher;

/// A directed link.
pub type Link = (NodeId, NodeId);

/// The network. Clones are the same network.
#[derive(Clone, Default)]
pub struct Network(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    addresses: BTreeMap<IpAddr, NodeId>,
    /// How many faults cut each link.
    cuts: BTreeMap<Link, usize>,
    without_power: BTreeSet<NodeId>,
    lags: BTreeMap<Link, Lag>,
    /// By the number of the fault that it comes from.
    turmoils: BTreeMap<u32, Turmoil>,
}

/// How much longer than usual bytes take on a link.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lag {
    /// Always, in microseconds.
    pub more_us: u64,
    /// How often, of 100, something must be sent again.
    pub loss_percent: u32,
}

/// How long TCP waits before it sends again what was lost.
const RETRANSMISSION_US: Range<u64> = 200_000..600_000;

/// What becomes of calls, each in so many of 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turmoil {
    /// They arrive twice.
    pub duplicate: u32,
    /// They are overtaken.
    pub reorder: u32,
    /// They take effect, and the reply is lost.
    pub lose_reply: u32,
    /// Streams break.
    pub cut: u32,
    /// How late things may be, in milliseconds.
    pub late_ms: u64,
}

impl Turmoil {
    /// Several at once.
    pub fn with(self, other: Turmoil) -> Turmoil {
        Turmoil {
            duplicate: self.duplicate + other.duplicate,
            reorder: self.reorder + other.reorder,
            lose_reply: self.lose_reply + other.lose_reply,
            cut: self.cut + other.cut,
            late_ms: self.late_ms.max(other.late_ms),
        }
    }

    fn fate(self, method: &str, watcher: &Watcher) -> Fate {
        let rng = &mut madsim::rand::thread_rng();
        let mut strikes = |percent: u32, what: &str| {
            let strikes = percent > 0 && rng.gen_ratio(percent.min(100), 100);
            if strikes {
                watcher.count(what);
            }
            strikes
        };
        let mut fate = Fate::default();
        let is_stream = STREAMS.iter().any(|stream| method.ends_with(stream));
        if is_stream {
            if strikes(self.cut, "streams cut") {
                fate.cut_after = Some(rng.gen_range(0..CUT_FRAMES_MAX));
            }
            return fate;
        }
        let reordered = strikes(self.reorder, "calls delayed");
        let duplicated = strikes(self.duplicate, "calls duplicated");
        fate.lose_reply = strikes(self.lose_reply, "replies lost");
        let mut late = || Duration::from_millis(rng.gen_range(0..=self.late_ms));
        if reordered {
            fate.delay = late();
        }
        if duplicated {
            fate.duplicate = Some(late());
        }
        fate
    }
}

/// Methods with more than one message in a direction.
const STREAMS: [&str; 7] = [
    "/AppendStream",
    "/InstallSnapshot",
    "/Session",
    "/List",
    "/Subscribe",
    "/Diff",
    "/ListNamespaces",
];
/// Messages that a stream that breaks may have carried.
const CUT_FRAMES_MAX: u32 = 12;

impl Network {
    /// A network that is whole. It is the one that this thread's connections ask.
    pub fn install(latency_us: Range<u64>, watcher: &Watcher) -> Network {
        let network = Network::default();
        network.set_latency(latency_us);
        let asked = network.clone();
        simulated::set_black_hole(move |peer| asked.is_black_hole(madsim::plugin::node(), peer));
        let (asked, told) = (network.clone(), watcher.clone());
        simulated::set_lag(move |peer| asked.lag(madsim::plugin::node(), peer, &told));
        let (asked, told) = (network.clone(), watcher.clone());
        simulated::set_fate(move |_, method| {
            asked.turmoil().map_or(Fate::default(), |turmoil| turmoil.fate(method, &told))
        });
        network
    }

    /// A machine and its address.
    pub fn add(&self, address: IpAddr, node: NodeId) {
        self.0.borrow_mut().addresses.insert(address, node);
    }

    /// How long packets take from now on.
    pub fn set_latency(&self, latency_us: Range<u64>) {
        let latency =
            Duration::from_micros(latency_us.start)..Duration::from_micros(latency_us.end);
        NetSim::current().update_config(|config| config.send_latency = latency);
    }

    /// Drops all packets on these links.
    pub fn cut(&self, links: &[Link]) {
        let mut state = self.0.borrow_mut();
        for link in links {
            let cuts = state.cuts.entry(*link).or_default();
            *cuts += 1;
            if *cuts == 1 {
                NetSim::current().clog_link(link.0, link.1);
            }
        }
    }

    /// Undoes one [`Network::cut`].
    pub fn mend(&self, links: &[Link]) {
        let mut state = self.0.borrow_mut();
        for link in links {
            let cuts = state.cuts.get_mut(link).expect("only cut links are mended");
            *cuts -= 1;
            if *cuts == 0 {
                state.cuts.remove(link);
                NetSim::current().unclog_link(link.0, link.1);
            }
        }
    }

    /// A machine without power sends nothing, not even the end of its connections.
    pub fn set_power(&self, node: NodeId, is_on: bool) {
        let without_power = &mut self.0.borrow_mut().without_power;
        if is_on {
            without_power.remove(&node);
        } else {
            without_power.insert(node);
        }
    }

    /// Something happens to calls from now on, because of a fault.
    pub fn add_turmoil(&self, fault: u32, turmoil: Turmoil) {
        self.0.borrow_mut().turmoils.insert(fault, turmoil);
    }

    /// The fault has passed.
    pub fn end_turmoil(&self, fault: u32) {
        self.0.borrow_mut().turmoils.remove(&fault);
    }

    fn turmoil(&self) -> Option<Turmoil> {
        self.0.borrow().turmoils.values().copied().reduce(Turmoil::with)
    }

    /// Makes links slow or lossy, or as they were.
    pub fn set_lag(&self, links: &[Link], lag: Option<Lag>) {
        let lags = &mut self.0.borrow_mut().lags;
        for link in links {
            match lag {
                Some(lag) => lags.insert(*link, lag),
                None => lags.remove(link),
            };
        }
    }

    fn lag(&self, to: NodeId, peer: SocketAddr, watcher: &Watcher) -> Duration {
        let state = self.0.borrow();
        if state.lags.is_empty() {
            return Duration::ZERO;
        }
        let from = state.addresses.get(&peer.ip());
        let Some(lag) = from.and_then(|from| state.lags.get(&(*from, to))) else {
            return Duration::ZERO;
        };
        let rng = &mut madsim::rand::thread_rng();
        let mut us = lag.more_us;
        if rng.gen_ratio(lag.loss_percent, 100) {
            watcher.count("packets sent again");
            us += rng.gen_range(RETRANSMISSION_US);
        }
        Duration::from_micros(us)
    }

    /// Nothing is cut, and nothing happens to calls.
    pub fn is_whole(&self) -> bool {
        let state = self.0.borrow();
        state.cuts.is_empty() && state.turmoils.is_empty() && state.lags.is_empty()
    }

    fn is_black_hole(&self, from: NodeId, peer: SocketAddr) -> bool {
        let state = self.0.borrow();
        let Some(to) = state.addresses.get(&peer.ip()) else { return false };
        // Without the packets of one direction, TCP gets nothing through in the other.
        state.without_power.contains(to)
            || state.cuts.contains_key(&(from, *to))
            || state.cuts.contains_key(&(*to, from))
    }
}
