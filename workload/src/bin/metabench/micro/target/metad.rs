//! metad through its client library: each client has a session of its own, and a directory.

use anyhow::Context as _;
use metad_client::{Client, Level, Options, steps};
use metad_proto::v1::{Content, Step};

use super::super::phase::{Call, Kind};

/// See the module.
pub struct Metad {
    /// One of each connection, without a session.
    connections: Vec<Client>,
    clients: Vec<Client>,
    ns: u64,
}

impl Metad {
    /// Over so many connections.
    pub fn new(options: &Options, connections: usize, level: Level) -> anyhow::Result<Metad> {
        let connect = |_| Ok(Client::new(options.clone())?.reading(level));
        let connections = (0..connections).map(connect).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Metad { connections, clients: Vec::new(), ns: 0 })
    }

    /// A new namespace, with a directory for each client.
    pub async fn prepare(&mut self, clients: usize) -> anyhow::Result<()> {
        let client = &self.connections[0];
        let taken = client.list_namespaces().await?.value.len();
        self.ns = client.create_namespace(&format!("micro-{taken}")).await?.value.id;
        for number in self.clients.len()..clients {
            let connection = &self.connections[number % self.connections.len()];
            self.clients.push(connection.another(number as u64));
        }
        for number in 0..clients {
            client.mkdir(self.ns, &directory(number)).await?;
        }
        Ok(())
    }

    /// Does one operation.
    pub async fn call(&self, client: usize, call: Call) -> anyhow::Result<()> {
        let at = |name: &str| steps::at(format!("{}/{name}", directory(client)));
        let step = match &call {
            Call::Create(Kind::Dir, name) => steps::mkdir(at(name)),
            Call::Create(_, name) => steps::create(at(name), content()),
            Call::Rename(from, to) => steps::rename(at(from), at(to)),
            Call::Remove(name) => steps::delete(at(name)),
            Call::Stat(name) => {
                let stat = self.clients[client].stat(self.ns, at(name)).await;
                return stat.map(drop).with_context(|| format!("{call:?}"));
            }
        };
        self.mutate(client, step).await.with_context(|| format!("{call:?}"))
    }

    async fn mutate(&self, client: usize, step: Step) -> anyhow::Result<()> {
        self.clients[client].one_step(self.ns, step).await?;
        Ok(())
    }
}

fn directory(client: usize) -> String {
    format!("/c{client}")
}

fn content() -> Content {
    Content { size: 4_096, hash: [7; 32].as_slice().into(), ..Content::default() }
}
