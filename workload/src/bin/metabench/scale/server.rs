//! The server under test: a process of its own, so that its memory can be watched.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::Context as _;
use tempfile::TempDir;

use super::Scale;

/// See the module.
pub struct Server {
    child: Child,
    endpoints: Vec<String>,
    /// Removed with it.
    _data: Option<TempDir>,
}

impl Server {
    /// Starts it and waits until it serves.
    pub async fn start(scale: &Scale) -> anyhow::Result<Server> {
        let program = match &scale.metad {
            Some(program) => program.clone(),
            None => beside_this_program("metad")?,
        };
        let (data, folder) = match &scale.data {
            Some(data) => (data.clone(), None),
            None => {
                let folder = TempDir::new().context("make a folder for the data")?;
                (folder.path().join("data"), Some(folder))
            }
        };
        let mut child = Command::new(&program)
            .args(["dev", "--nodes", &scale.nodes.to_string(), "--port", &scale.port.to_string()])
            .arg("--data")
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let out = child.stdout.take().expect("piped");
        let mut first = String::new();
        BufReader::new(out).read_line(&mut first).context("read what the server says")?;
        let endpoints = first.trim().split_once("nodes: ").map(|(_, endpoints)| endpoints);
        let endpoints = endpoints.with_context(|| {
            format!("the server did not start: is something listening on port {}?", scale.port)
        })?;
        let endpoints = endpoints.split(',').map(str::to_owned).collect();
        Ok(Server { child, endpoints, _data: folder })
    }

    /// Of all nodes.
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// What it holds in memory now, MiB.
    pub fn memory_mib(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .context("read the server's memory")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
        Ok(kib.context("the server's memory is not told")? / 1024.0)
    }

    /// Ends it.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().context("stop the server")?;
        self.child.wait().context("wait for the server")?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended, or a run that failed: nothing more can be done about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn beside_this_program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(
        path.try_exists()?,
        "there is no {}: build it with `cargo build --release`, or say where it is with --metad",
        path.display()
    );
    Ok(path)
}
