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
    /// etcd, with gets and puts of keys, or one register.
    Etcd,
}

impl Target {
    /// Its workloads, the usual one first.
    pub fn workloads(self) -> &'static [&'static str] {
        match self {
            Target::Metad => &["team", "sync", "lease"],
            Target::Etcd => &["kv", "puts", "register"],
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
            (Target::Etcd, None) => etcd_binary()?,
        };
        ensure!(path.is_file(), "no server at {}: build it, or pass --binary", path.display());
        Ok(path)
    }

    /// The arguments that start the node at `spot`; `others` are the other members. Writes
    /// what it is configured by.
    pub fn arguments(self, spot: &Spot, others: &[&Spot]) -> Result<Vec<OsString>> {
        match self {
            Target::Metad => {
                let config = spot.folder.join("metad.toml");
                fs::write(&config, metad_config(spot, others)).context("write a configuration")?;
                // Nodes in network namespaces listen beyond loopback.
                Ok(vec!["serve".into(), "--config".into(), config.into(), "--insecure".into()])
            }
            Target::Etcd => Ok(etcd_arguments(spot, others)),
        }
    }
}

fn metad_config(spot: &Spot, others: &[&Spot]) -> String {
    let mut text = format!(
        "cluster = \"jepsen\"\nnode = {}\ndata_dir = {:?}\nlisten = {:?}\n\n[peers]\n",
        spot.node, spot.data, spot.address
    );
    for member in others.iter().copied().chain([spot]) {
        text.push_str(&format!("{} = {:?}\n", member.node, member.address));
    }
    text
}

/// Where .ci/etcd puts it, or else where the system has it.
fn etcd_binary() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).map(|folder| folder.join("etcd"));
    let found =
        [PathBuf::from("target/etcd/etcd")].into_iter().chain(folders).find(|it| it.is_file());
    found.context("there is no etcd: run .ci/etcd (3.5.1), or apt-get install etcd-server")
}

fn etcd_arguments(spot: &Spot, others: &[&Spot]) -> Vec<OsString> {
    let url = |address: &str| format!("http://{address}");
    let name = |spot: &Spot| format!("n{}", spot.node);
    let members = others.iter().copied().chain([spot]);
    let members = members.map(|member| format!("{}={}", name(member), url(&member.peer_address)));
    let members = members.collect::<Vec<_>>().join(",");
    let (own, peers) = (url(&spot.address), url(&spot.peer_address));
    let mut arguments = vec![OsString::from("--data-dir"), spot.data.clone().into()];
    for (option, value) in [
        ("--name", name(spot)),
        ("--listen-client-urls", own.clone()),
        ("--advertise-client-urls", own),
        ("--listen-peer-urls", peers.clone()),
        ("--initial-advertise-peer-urls", peers),
        ("--initial-cluster", members),
        ("--log-level", "warn".to_owned()),
    ] {
        arguments.extend([option.into(), value.into()]);
    }
    arguments
}
