//! etcd, with what a file tree on it must do at least: one transaction an operation, which
//! holds if the name is as expected, and sets or removes an entry of a directory, the node that
//! it points to, and a record of the change.

use anyhow::{Context as _, ensure};
use etcd_client::{Client, Compare, CompareOp, KvClient, PutOptions, Txn, TxnOp};

use super::super::phase::{Call, Kind};

/// Bytes of a node, of a change, and of a value of `put`.
const NODE: [u8; 150] = [7; 150];
const CHANGE: [u8; 40] = [7; 40];

/// See the module.
pub struct Etcd {
    connections: Vec<KvClient>,
    /// Names of one preparation are not those of another.
    prepared: u64,
}

impl Etcd {
    /// Over so many connections.
    pub async fn new(endpoints: &[String], connections: usize) -> anyhow::Result<Etcd> {
        let mut all = Vec::new();
        for _ in 0..connections {
            let client = Client::connect(endpoints, None).await.context("connect to etcd")?;
            all.push(client.kv_client());
        }
        Ok(Etcd { connections: all, prepared: 0 })
    }

    /// Another part of the keys.
    pub fn prepare(&mut self) {
        self.prepared += 1;
    }

    /// Does one operation.
    pub async fn call(&self, client: usize, call: Call) -> anyhow::Result<()> {
        let mut kv = self.connections[client % self.connections.len()].clone();
        let key = |table: &str, name: &str| format!("{table}/{}/{client}/{name}", self.prepared);
        let is =
            |name: &str, version| Compare::version(key("entry", name), CompareOp::Equal, version);
        let there = |name: &str| Compare::version(key("entry", name), CompareOp::Greater, 0);
        let put = |table, name: &str, value: &[u8]| {
            TxnOp::put(key(table, name), value, None::<PutOptions>)
        };
        let delete = |table, name: &str| TxnOp::delete(key(table, name), None);
        let txn = match &call {
            Call::Create(Kind::Key, name) => {
                kv.put(key("entry", name), NODE, None).await?;
                return Ok(());
            }
            Call::Stat(name) => {
                let found = kv.get(key("entry", name), None).await?;
                ensure!(found.count() == 1, "{call:?}: it is not there");
                return Ok(());
            }
            Call::Create(_, name) => Txn::new().when([is(name, 0)]).and_then([
                put("entry", name, &CHANGE[..8]),
                put("node", name, &NODE),
                put("change", name, &CHANGE),
            ]),
            Call::Rename(from, to) => Txn::new().when([there(from), is(to, 0)]).and_then([
                delete("entry", from),
                put("entry", to, &CHANGE[..8]),
                put("change", to, &CHANGE),
            ]),
            Call::Remove(name) => Txn::new().when([there(name)]).and_then([
                delete("entry", name),
                delete("node", name),
                put("change", name, &CHANGE),
            ]),
        };
        ensure!(kv.txn(txn).await?.succeeded(), "{call:?}: refused");
        Ok(())
    }
}
