//! What the load is put on: metad, or etcd with the transactions that do the same.

mod etcd;
mod metad;

pub use self::{etcd::Etcd, metad::Metad};
use super::phase::{Call, Phase};

/// See the module. Clients are numbered from 0.
pub enum Target {
    Metad(Metad),
    Etcd(Etcd),
}

impl Target {
    /// Whether it knows such operations.
    pub fn knows(&self, phase: Phase) -> bool {
        matches!(self, Target::Etcd(_)) || !matches!(phase, Phase::Put | Phase::Range)
    }

    /// Makes a place for so many clients, in which nothing is.
    pub async fn prepare(&mut self, clients: usize) -> anyhow::Result<()> {
        match self {
            Target::Metad(metad) => metad.prepare(clients).await,
            Target::Etcd(etcd) => {
                etcd.prepare();
                Ok(())
            }
        }
    }

    /// Does one operation. What is refused is a failure: nobody is in another's way.
    pub async fn call(&self, client: usize, call: Call) -> anyhow::Result<()> {
        match self {
            Target::Metad(metad) => metad.call(client, call).await,
            Target::Etcd(etcd) => etcd.call(client, call).await,
        }
    }
}
