//! Nodes of metad, with the configuration that they have when nothing is said.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::Context as _;
use metad_client::{Client, Options};
use tokio::time::{Instant, sleep};

use super::{Member, Place, Servers};

/// How long a cluster may take to form.
const FORM_MAX: Duration = Duration::from_secs(30);

impl Servers {
    /// Starts them and waits until they serve.
    pub async fn metad(place: &Place) -> anyhow::Result<Servers> {
        let mut servers = Servers::start(place, |member| {
            let mut command = Command::new(&place.program);
            command.arg("serve").arg("--config").arg(configure(member)?);
            Ok(command)
        })?;
        let options =
            Options { deadline: Duration::from_millis(500), ..Options::new(servers.endpoints()) };
        let client = Client::new(options)?;
        let begun = Instant::now();
        while let Err(error) = client.next_request().await {
            if let Some(obituary) = servers.obituary() {
                anyhow::bail!("{obituary}");
            }
            anyhow::ensure!(begun.elapsed() < FORM_MAX, "the servers do not serve: {error}");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(servers)
    }
}

fn configure(member: &Member<'_>) -> anyhow::Result<PathBuf> {
    let Member { place, node, folder } = member;
    let peer = |node| format!("{} = \"{}\"\n", node + 1, place.address(node, 0));
    let peers: String = (0..place.nodes).map(peer).collect();
    let text =
        format!("cluster = \"bench\"\nnode = {node}\ndata_dir = \"{node}\"\n[peers]\n{peers}");
    let path = folder.join(format!("{node}.toml"));
    fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}
