//! What a node with many nodes takes, and how soon it serves again after it was killed.

use std::{fs, io, path::Path};

use metad_client::steps;
use tokio::time::Instant;

use super::{Bench, figures::Figures};

/// How often the server is killed.
const RESTARTS: usize = 3;

impl Bench {
    /// Memory, bytes on disk and bytes written, for so many nodes.
    pub fn measure_footprint(&self, nodes: u64, figures: &mut Figures) -> anyhow::Result<()> {
        figures.memory_mib("server with all of it", self.servers.memory_mib()?);
        let stored = size(self.servers.folder())?;
        let written = self.servers.written_bytes()?;
        figures.bytes("on disk, for each node", stored as f64 / nodes as f64);
        figures.bytes("written, for each node", written as f64 / nodes as f64);
        Ok(())
    }

    /// From the start of the process to the first linearizable answer.
    pub async fn measure_restarts(&mut self, ns: u64, figures: &mut Figures) -> anyhow::Result<()> {
        let mut samples = Vec::new();
        for _ in 0..RESTARTS {
            self.servers.kill()?;
            let started = Instant::now();
            self.servers.start_again()?;
            self.client.stat(ns, steps::at("/")).await?;
            samples.push(started.elapsed());
        }
        figures.latency("serves again after a kill", &samples);
        figures.memory_mib("server after that", self.servers.memory_mib()?);
        Ok(())
    }
}

/// Bytes of all files under a folder. Files that go meanwhile do not count.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path())?,
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
    }
    Ok(bytes)
}
