//! A cluster of real `metad` processes on loopback.
//!
//! Owns: the processes and their folder. Invariant: no process outlives the [`Cluster`].

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// One node.
struct Node {
    id: u64,
    address: String,
    config: PathBuf,
    log: PathBuf,
    process: Option<Child>,
}

/// A running cluster.
pub struct Cluster {
    metad: PathBuf,
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts `count` nodes with their data under `folder`.
    pub fn start(metad: PathBuf, folder: &Path, count: u64) -> Result<Cluster> {
        ensure!(metad.is_file(), "no metad at {}: build it, or pass --metad", metad.display());
        let ports = free_ports(count)?;
        let address = |port: &u16| format!("127.0.0.1:{port}");
        let addresses = ports.iter().map(address).collect::<Vec<_>>();
        let mut nodes = Vec::new();
        for (id, address) in (1..).zip(&addresses) {
            let config = folder.join(format!("node-{id}.toml"));
            let data = folder.join(format!("node-{id}"));
            fs::write(&config, config_text(id, &data, &addresses)).context("write config")?;
            let log = folder.join(format!("node-{id}.log"));
            nodes.push(Node { id, address: address.clone(), config, log, process: None });
        }
        let mut cluster = Cluster { metad, nodes };
        for id in 1..=count {
            cluster.restart(id)?;
        }
        Ok(cluster)
    }

    /// The nodes' addresses, in the order of their ids.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address.clone()).collect()
    }

    /// Ends a node with SIGKILL.
    pub fn kill(&mut self, id: u64) -> Result<()> {
        let node = self.node(id)?;
        if let Some(mut process) = node.process.take() {
            process.kill().context("kill node")?;
            process.wait().context("wait for killed node")?;
        }
        Ok(())
    }

    /// Starts a node that does not run, on the data that it has.
    pub fn restart(&mut self, id: u64) -> Result<()> {
        let metad = self.metad.clone();
        let node = self.node(id)?;
        let log = File::options().create(true).append(true).open(&node.log);
        let log = log.with_context(|| format!("open {}", node.log.display()))?;
        let mut command = Command::new(metad);
        command.arg("serve").arg("--config").arg(&node.config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        node.process = Some(command.spawn().context("start metad")?);
        Ok(())
    }

    /// Fails if a node that should run has ended by itself, with the end of its log.
    pub fn check_running(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            let Some(process) = &mut node.process else { continue };
            if let Some(status) = process.try_wait().context("look after node")? {
                let log = fs::read_to_string(&node.log).unwrap_or_default();
                let last = log.lines().last().unwrap_or("its log is empty");
                anyhow::bail!("node {} ended by itself ({status}): {last}", node.id);
            }
        }
        Ok(())
    }

    fn node(&mut self, id: u64) -> Result<&mut Node> {
        let node = self.nodes.iter_mut().find(|node| node.id == id);
        node.with_context(|| format!("there is no node {id}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut process) = node.process.take() {
                // It may have ended already: nothing is left to do then.
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }
}

/// Ports that were free just now. They are held until all are found, so that they differ.
fn free_ports(count: u64) -> Result<Vec<u16>> {
    let bind = |_| TcpListener::bind("127.0.0.1:0").context("find a free port");
    let listeners = (0..count).map(bind).collect::<Result<Vec<_>>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

fn config_text(id: u64, data: &Path, addresses: &[String]) -> String {
    let quote = |text: &str| format!("{text:?}");
    let mut text = format!(
        "cluster = \"demo\"\nnode = {id}\ndata_dir = {}\nlisten = {}\n\n[peers]\n",
        quote(&data.to_string_lossy()),
        quote(&addresses[id as usize - 1]),
    );
    for (peer, address) in (1..).zip(addresses) {
        text.push_str(&format!("{peer} = {}\n", quote(address)));
    }
    text
}
