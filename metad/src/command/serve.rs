//! `metad serve`: one node, from its configuration.

use std::{
    io,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::Args;
use metad::{
    config::{Config, Joining, Setup, Tls},
    kv::{
        KvEngine, StorageFault,
        rocks::{RocksEngine, Settings},
    },
    raft::SystemClock,
    server::{self, Deps, GROUP, Handle},
};
use metad_proto::transport::Listener;

use super::join;

/// The stores in a data folder.
pub const LOG: &str = "log";
pub const STATE: &str = "state";

pub const EXAMPLES: &str = "\
Examples:
  metad serve --config node1.toml        one node of a cluster, see `metad --help`
  metad serve --join 10.0.0.1:7101 --listen 10.0.0.4:7101 --data /var/lib/metad --insecure
                                         a new node, which needs an address of the cluster
  metactl cluster add 10.0.0.4:7101      and has it made a member";

/// Which node.
#[derive(Args)]
pub struct Options {
    /// The node's configuration, a TOML file.
    #[arg(long, value_name = "FILE", required_unless_present = "join")]
    config: Option<PathBuf>,
    /// Addresses of nodes of the cluster to join, instead of a configuration.
    #[arg(
        long,
        value_name = "HOST:PORT,…",
        value_delimiter = ',',
        conflicts_with = "config",
        requires = "listen",
        requires = "data"
    )]
    join: Vec<String>,
    /// Where it listens.
    #[arg(long, value_name = "IP:PORT", requires = "join")]
    listen: Option<String>,
    /// Where the others and the clients reach it, if that is not where it listens.
    #[arg(long, value_name = "HOST:PORT", requires = "join")]
    address: Option<String>,
    /// Where its data is kept.
    #[arg(long, value_name = "DIR", requires = "join")]
    data: Option<PathBuf>,
    /// Its number. One that is free, without it.
    #[arg(long, value_name = "NUMBER", requires = "join")]
    node: Option<u32>,
    /// Listens beyond this machine although there is no TLS.
    #[arg(long)]
    insecure: bool,
}

impl Options {
    fn setup(self) -> anyhow::Result<Setup> {
        if let Some(config) = &self.config {
            return Ok(Setup::read(config)?);
        }
        let data = self.data.unwrap_or_default();
        let data = data.to_str().context("--data: a path that is no text")?;
        let mut table = toml::Table::new();
        table.insert("join".to_owned(), self.join.into());
        table.insert("data_dir".to_owned(), data.into());
        let texts = [("listen", self.listen), ("address", self.address)];
        let texts = texts.into_iter().filter_map(|(key, value)| Some((key, value?.into())));
        let node = self.node.map(|node| ("node", i64::from(node).into()));
        table.extend(texts.chain(node).map(|(key, value)| (key.to_owned(), value)));
        Ok(Setup::parse(&table.to_string())?)
    }
}

/// Serves until a signal.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    let accepted = options.insecure;
    let setup = options.setup()?;
    setup.check_exposure(accepted)?;
    let (Setup::Founding(Config { tls, .. }) | Setup::Joining(Joining { tls, .. })) = &setup;
    tls.as_ref().map_or(Ok(()), Tls::check).context("tls")?;
    let mut stop = pin!(super::asked_to_stop()?);
    let (Setup::Founding(Config { data_dir, .. }) | Setup::Joining(Joining { data_dir, .. })) =
        &setup;
    let stores = Stores::open(data_dir)?;
    let configured = async {
        match setup {
            Setup::Founding(config) => join::check(&config).await.map(|()| config),
            Setup::Joining(joining) => join::join(joining, &stores.known()?).await,
        }
    };
    let config = tokio::select! {
        biased;
        () = &mut stop => return Ok(()),
        config = configured => config?,
    };
    let (server, listen) = (config.server, config.listen);
    let ready = move |_: Handle| eprintln!("metad: node {server} listens on {listen}");
    run(config, stores, Box::new(ready), stop).await
}

/// Runs a node on a real disk and socket.
pub async fn run(
    config: Config,
    stores: Stores,
    on_ready: Box<dyn FnOnce(Handle) + Send>,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let listen = config.listen;
    let listener = Listener::bind(listen).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {listen}: another process does; stop it or choose another port"
        ),
        _ => anyhow::anyhow!("cannot listen on {listen}: {error}"),
    })?;
    let listener = listener.over(config.tls.as_ref().map(|tls| tls.server.clone()));
    let clock = Arc::new(SystemClock);
    let Stores { log, state } = stores;
    let deps = Deps { log, state, clock, listener, on_ready: Some(on_ready) };
    let data_dir = config.data_dir.clone();
    let ran = server::run(config, deps, stop).await;
    ran.with_context(|| format!("data folder {}", data_dir.display()))
}

/// What is in a data folder.
pub struct Stores {
    log: Arc<dyn KvEngine>,
    state: Arc<dyn KvEngine>,
}

impl Stores {
    /// Opens them before anything else: of two processes with one configuration, the second is
    /// told that the first is there.
    pub fn open(data_dir: &Path) -> anyhow::Result<Stores> {
        check_folder(data_dir)?;
        let log = open(data_dir, LOG, Settings::default())?;
        let state = open(data_dir, STATE, Settings::replayed())?;
        Ok(Stores { log, state })
    }

    fn known(&self) -> anyhow::Result<join::Known> {
        Ok(server::known(&*self.log, GROUP)?)
    }
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

fn open(data_dir: &Path, part: &str, settings: Settings) -> anyhow::Result<Arc<dyn KvEngine>> {
    let shown = data_dir.display();
    match RocksEngine::open(&data_dir.join(part), settings) {
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
