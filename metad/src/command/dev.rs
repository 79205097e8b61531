//! `metad dev`: a cluster in one process, for trying things.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::bail;
use clap::Args;
use metad::{
    config::{Config, default_retention},
    raft,
    types::ServerId,
};
use tokio::sync::{mpsc, watch};

use super::serve;

/// What cluster.
#[derive(Args)]
pub struct Options {
    /// How many nodes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    nodes: u16,
    /// The first node's port; the others take the next ones.
    #[arg(long, default_value_t = 7101, value_parser = clap::value_parser!(u16).range(1..=65_000))]
    port: u16,
    /// Where the data is kept. Without it, it is thrown away at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the cluster until a signal, or until one of its nodes fails.
pub async fn dev(options: Options) -> anyhow::Result<()> {
    let (data, throw_away) = match options.data {
        Some(data) => {
            check_folder(&data)?;
            (data, None)
        }
        None => {
            let folder = tempfile::Builder::new().prefix("metad-dev-").tempdir()?;
            (folder.path().to_owned(), Some(folder))
        }
    };
    let address = |node| SocketAddr::from((Ipv4Addr::LOCALHOST, options.port + node - 1));
    let peers: BTreeMap<_, _> = (1..=options.nodes)
        .map(|node| (ServerId(node.into()), address(node).to_string()))
        .collect();
    let asked = super::asked_to_stop()?;
    let (stop, stopped) = watch::channel(false);
    let (ready, mut is_ready) = mpsc::channel(usize::from(options.nodes));
    let mut nodes = Vec::new();
    for node in 1..=options.nodes {
        let config = Config {
            cluster: "dev".to_owned(),
            server: ServerId(node.into()),
            data_dir: data.join(format!("node{node}")),
            listen: address(node),
            peers: peers.clone(),
            raft: raft::Settings::default(),
            retention: default_retention(),
            auth: None,
            tls: None,
            insecure: false,
        };
        let (ready, mut stopped) = (ready.clone(), stopped.clone());
        let on_ready = Box::new(move |_| {
            let _ = ready.try_send(());
        });
        let until_stopped = async move {
            // An error means that the sender is gone: stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        nodes.push(tokio::spawn(async move {
            let stores = serve::Stores::open(&config.data_dir)?;
            serve::run(config, stores, on_ready, until_stopped).await
        }));
    }
    drop(ready);
    let announce = async {
        for _ in 0..options.nodes {
            if is_ready.recv().await.is_none() {
                break;
            }
        }
        let endpoints = peers.values().cloned().collect::<Vec<_>>().join(",");
        println!("{} nodes: {endpoints}", options.nodes);
        match &throw_away {
            Some(_) => println!("data: {} (thrown away at the end)", data.display()),
            None => println!("data: {}", data.display()),
        }
        println!("try:  metactl --endpoints {endpoints} status");
        println!("stop: Ctrl-C");
        std::future::pending::<()>().await
    };
    let result = {
        let mut any_ended = futures::future::select_all(nodes.iter_mut());
        tokio::select! {
            biased;
            () = asked => Ok(()),
            (ended, _, _) = &mut any_ended => {
                ended.map_err(anyhow::Error::from).and_then(|ended| ended)
            }
            () = announce => unreachable!("it waits for ever"),
        }
    };
    let _ = stop.send(true);
    for node in nodes.into_iter().filter(|node| !node.is_finished()) {
        let _ = node.await;
    }
    result
}

/// A single node's folder is not one of clusters.
fn check_folder(data: &Path) -> anyhow::Result<()> {
    if [serve::LOG, serve::STATE].iter().any(|part| data.join(part).exists()) {
        bail!(
            "--data {}: that is the data folder of a single node: serve it with `metad serve`, \
             or give another folder",
            data.display()
        );
    }
    Ok(())
}
