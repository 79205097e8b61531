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

/// The stores in a data folder.
pub const LOG: &str = "log";
pub const STATE: &str = "state";

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
    check_folder(&config.data_dir)?;
    // The data first: of two processes with one configuration, the second is told that the
    // first is there.
    let log = open(&config.data_dir, LOG)?;
    let state = open(&config.data_dir, STATE)?;
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

/// Refuses a folder of something else: a mistyped path must not be filled with data, nor
/// taken for that of a node that has lost its data.
fn check_folder(data_dir: &Path) -> anyhow::Result<()> {
    let shown = data_dir.display();
    let entries = match std::fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            bail!("data folder {shown}: it is not a folder: set another data_dir")
        }
        Err(error) => bail!("data folder {shown}: {error}"),
    };
    for entry in entries {
        let name = entry.with_context(|| format!("data folder {shown}"))?.file_name();
        if ![LOG, STATE, "lost+found"].iter().any(|ours| name == *ours) {
            bail!(
                "data folder {shown}: {} is in it, which is not metad's: set data_dir to an \
                 empty folder, or to one that metad made",
                name.display()
            );
        }
    }
    Ok(())
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
        Err(fault) => bail!(
            "data folder {shown}: {part}: {fault}. If files in it are damaged or missing and \
             cannot be put back, move the whole data folder away and start again: the node \
             then joins its cluster anew"
        ),
    }
}
