//! What is tested: how one of its nodes is started.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use super::cluster::Spot;

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// metad, with what `metabench team` does.
    Metad,
}

impl Target {
    /// Its workloads, the usual one first.
    pub fn workloads(self) -> &'static [&'static str] {
        match self {
            Target::Metad => &["team", "sync", "lease"],
        }
    }

    /// The workload of this name.
    pub fn workload(self, name: Option<&str>) -> Result<&'static str> {
        let known = self.workloads();
        let Some(name) = name else { return Ok(known[0]) };
        let found = known.iter().find(|known| **known == name).copied();
        found.with_context(|| format!("no workload {name:?}; there are: {}", known.join(", ")))
    }

    /// Its server's program.
    pub fn binary(self, wanted: Option<&Path>) -> Result<PathBuf> {
        let path = match (self, wanted) {
            (_, Some(path)) => path.to_owned(),
            (Target::Metad, None) => std::env::current_exe()?.with_file_name("metad"),
        };
        ensure!(path.is_file(), "no server at {}: build it, or pass --binary", path.display());
        Ok(path)
    }

    /// The arguments that start the node at `spot`; `members` form the cluster with it. Writes
    /// what it is configured by.
    pub fn arguments(self, spot: &Spot, members: &[&Spot]) -> Result<Vec<OsString>> {
        match self {
            Target::Metad => {
                let config = spot.data.with_extension("toml");
                fs::write(&config, metad_config(spot, members)).context("write a configuration")?;
                Ok(vec!["serve".into(), "--config".into(), config.into()])
            }
        }
    }
}

fn metad_config(spot: &Spot, members: &[&Spot]) -> String {
    let mut text = format!(
        "cluster = \"jepsen\"\nnode = {}\ndata_dir = {:?}\nlisten = {:?}\n\n[peers]\n",
        spot.node, spot.data, spot.address
    );
    for member in members {
        text.push_str(&format!("{} = {:?}\n", member.node, member.address));
    }
    text
}
