//! Which links are cut and which machines have no power.
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

use madsim::{net::NetSim, task::NodeId};
use metad_proto::transport::simulated;

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
}

impl Network {
    /// A network that is whole. It is the one that this thread's connections ask.
    pub fn install(latency_us: Range<u64>) -> Network {
        let network = Network::default();
        network.set_latency(latency_us);
        let asked = network.clone();
        simulated::set_black_hole(move |peer| asked.is_black_hole(madsim::plugin::node(), peer));
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

    /// Nothing is cut.
    pub fn is_whole(&self) -> bool {
        self.0.borrow().cuts.is_empty()
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
