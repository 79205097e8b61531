//! `metad serve`: one node, from its configuration.

use std::{io, path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use metad::{
    config::Config,
    kv::{
        KvEngine, StorageFault,
        rocks::{RocksEngine, Settings},
    },
    raft::SystemClock,
    server::{self, Deps, Handle},
};
use metad_proto::transport::Listener;

/// Serves until a signal.
pub async fn serve(path: &Path) -> anyhow::Result<()> {
    let config = Config::read(path)?;
    let ready = {
        let (server, listen) = (config.server, config.listen);
        move |_: Handle| eprintln!("metad: node {server} listens on {listen}")
    };
    let stop = super::asked_to_stop()?;
    run(config, Box::new(ready), stop).await
}

/// Runs a node on a real disk and socket.
pub async fn run(
    config: Config,
    on_ready: Box<dyn FnOnce(Handle) + Send>,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    // The data first: of two processes with one configuration, the second is told that the
    // first is there.
    let log = open(&config.data_dir, "log")?;
    let state = open(&config.data_dir, "state")?;
    let listen = config.listen;
    let listener = Listener::bind(listen).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {listen}: another process does; stop it or choose another port"
        ),
        _ => anyhow::anyhow!("cannot listen on {listen}: {error}"),
    })?;
    let clock = Arc::new(SystemClock);
    let deps = Deps { log, state, clock, listener, on_ready: Some(on_ready) };
    let data_dir = config.data_dir.clone();
    let ran = server::run(config, deps, stop).await;
    ran.with_context(|| format!("data folder {}", data_dir.display()))
}

fn open(data_dir: &Path, part: &str) -> anyhow::Result<Arc<dyn KvEngine>> {
    let shown = data_dir.display();
    match RocksEngine::open(&data_dir.join(part), Settings::default()) {
        Ok(engine) => Ok(Arc::new(engine)),
        Err(StorageFault::Io { source, .. }) if source.kind() == io::ErrorKind::ResourceBusy => {
            bail!(
                "data folder {shown} is in use by another process: stop it, or set another data_dir"
            )
        }
        Err(fault) => bail!("data folder {shown}: {part}: {fault}"),
    }
}
