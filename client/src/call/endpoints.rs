//! The nodes that a client knows, the one that it asks first, and whose turn it is when any
//! will do.
//!
//! Invariant: `preferred` and `turn` are positions in `known`, which is never empty and only
//! grows, by redirections up to [`LEARNED_MAX`]. Must not do I/O.

use metad_proto::{
    auth::Token,
    transport::{self, Channel, ClientTls},
};

use super::stream::Slot;
use crate::Error;

/// Beyond so many endpoints, redirections to yet others are not followed.
const LEARNED_MAX: usize = 64;

struct Endpoint {
    address: String,
    channel: Channel,
    stream: Slot,
    /// Its id, once it has told.
    node: Option<u64>,
}

/// Where one attempt goes.
#[derive(Clone)]
pub struct Target {
    pub index: usize,
    pub address: String,
    pub channel: Channel,
    pub stream: Slot,
}

/// A leader as another node named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    pub node: u64,
    pub address: Option<String>,
}

pub struct Endpoints {
    known: Vec<Endpoint>,
    token: Option<Token>,
    tls: Option<ClientTls>,
    preferred: usize,
    turn: usize,
}

impl Endpoints {
    pub fn new(
        addresses: &[String],
        token: Option<Token>,
        tls: Option<ClientTls>,
    ) -> Result<Self, Error> {
        let mut endpoints = Endpoints { known: Vec::new(), token, tls, preferred: 0, turn: 0 };
        for address in addresses.iter().map(|address| address.trim()) {
            endpoints.learn(address).map_err(|error| Error::Invalid(error.to_string()))?;
        }
        if endpoints.known.is_empty() {
            return Err(Error::Invalid("no endpoints: give the address of a node".to_owned()));
        }
        Ok(endpoints)
    }

    pub fn count(&self) -> usize {
        self.known.len()
    }

    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(|endpoint| endpoint.address.as_str())
    }

    pub fn preferred(&self) -> Target {
        self.target(self.preferred)
    }

    /// One after the other: load that any node can take is spread over all.
    pub fn next_in_turn(&mut self) -> Target {
        let target = self.target(self.turn);
        self.turn = (self.turn + 1) % self.known.len();
        target
    }

    /// The endpoint of an address, which need not be a known one.
    pub fn at(&mut self, address: &str) -> Result<Target, transport::InvalidAddress> {
        self.learn(address).map(|index| self.target(index))
    }

    /// Another endpoint than the one that failed. If the preferred one was changed since,
    /// somebody knows better: it stays.
    pub fn leave(&mut self, failed: usize) {
        if self.preferred == failed {
            self.preferred = (failed + 1) % self.known.len();
        }
    }

    /// The endpoint at `index` answered as `node`: it is asked first from now on.
    pub fn settle(&mut self, index: usize, node: u64) {
        self.identify(index, node);
        self.preferred = index;
    }

    pub fn identify(&mut self, index: usize, node: u64) {
        if node != 0 {
            self.known[index].node = Some(node);
        }
    }

    /// `failed` named another leader. Without an address for it the rest are tried in turn:
    /// each says who it is, so that this ends within a round.
    pub fn redirect(&mut self, failed: usize, leader: &Leader) {
        if self.preferred != failed {
            return;
        }
        let by_node = self.known.iter().position(|known| known.node == Some(leader.node));
        let found = match (by_node, &leader.address) {
            (Some(index), _) => Some(index),
            (None, Some(address)) if self.known.len() < LEARNED_MAX => self.learn(address).ok(),
            (None, _) => None,
        };
        match found {
            Some(index) if index != failed => self.preferred = index,
            _ => self.leave(failed),
        }
    }

    fn target(&self, index: usize) -> Target {
        let Endpoint { address, channel, stream, .. } = &self.known[index];
        let (channel, stream) = (channel.clone(), stream.clone());
        Target { index, address: address.clone(), channel, stream }
    }

    fn learn(&mut self, address: &str) -> Result<usize, transport::InvalidAddress> {
        if let Some(index) = self.known.iter().position(|known| known.address == address) {
            return Ok(index);
        }
        let channel = transport::connect_over(address, self.tls.as_ref())?;
        let channel = channel.bearing(self.token.as_ref());
        let (address, stream) = (address.to_owned(), Slot::default());
        self.known.push(Endpoint { address, channel, stream, node: None });
        Ok(self.known.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints() -> Endpoints {
        let addresses = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"].map(str::to_owned);
        Endpoints::new(&addresses, None, None).expect("addresses are well formed")
    }

    fn leader(node: u64, address: Option<&str>) -> Leader {
        Leader { node, address: address.map(str::to_owned) }
    }

    #[tokio::test]
    async fn failures_go_round() {
        let mut endpoints = endpoints();
        for expected in [1, 2, 0] {
            let failed = endpoints.preferred().index;
            endpoints.leave(failed);
            assert_eq!(endpoints.preferred().index, expected);
        }
        endpoints.leave(2);
        assert_eq!(endpoints.preferred().index, 0, "a late failure of another one is ignored");
    }

    #[tokio::test]
    async fn a_redirection_prefers_the_endpoint_that_said_who_it_is() {
        let mut endpoints = endpoints();
        endpoints.identify(2, 30);
        endpoints.redirect(0, &leader(30, Some("10.0.0.9:1")));
        assert_eq!(endpoints.preferred().index, 2);
        endpoints.redirect(2, &leader(40, Some("127.0.0.1:4")));
        assert_eq!(endpoints.preferred().address, "127.0.0.1:4");
        endpoints.redirect(3, &leader(50, None));
        assert_eq!(endpoints.preferred().index, 0);
    }

    #[tokio::test]
    async fn turns_go_round_whoever_leads() {
        let mut endpoints = endpoints();
        endpoints.settle(2, 30);
        let turns: Vec<_> = (0..4).map(|_| endpoints.next_in_turn().index).collect();
        assert_eq!((turns, endpoints.preferred().index), (vec![0, 1, 2, 0], 2));
    }

    #[tokio::test]
    async fn endpoints_are_required_and_checked() {
        assert!(matches!(Endpoints::new(&[], None, None), Err(Error::Invalid(_))));
        assert!(matches!(Endpoints::new(&["x".to_owned()], None, None), Err(Error::Invalid(_))));
    }
}
