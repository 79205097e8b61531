//! What a test has to work with, and what is the same in all of them.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use metad_jepsen::check::Check;
use metad_workload::record::Recorder;
use tokio::time::timeout;

use super::{
    checked,
    cli::Args,
    cluster::Cluster,
    leaders::Leaders,
    nemesis::{self, Scene, fault::Fault, members, plan::Step},
    network::Switch,
    progress::Progress,
};

/// How much longer than they work clients and nemesis may take to come to an end. Each call has
/// a deadline of its own: this one only guards against a hang of our own.
const END_MAX: Duration = Duration::from_secs(120);

/// What a test has to work with.
pub struct Stage<'a> {
    /// What was asked for.
    pub args: &'a Args,
    /// What clients do.
    pub workload: &'static str,
    /// The faults that come,
    pub faults: Vec<Fault>,
    /// and when.
    pub plan: Vec<Step>,
    /// The server.
    pub binary: PathBuf,
    /// Its processes.
    pub cluster: Cluster,
    /// Their network, if it is ours.
    pub switch: Option<Switch>,
    /// Where the history goes.
    pub history: PathBuf,
}

impl Stage<'_> {
    /// Clients and nemesis, side by side; afterwards all is whole. Tells how often each fault
    /// came.
    pub async fn work(
        &mut self,
        leaders: &Leaders,
        recorder: &Recorder,
        clients: impl Future<Output = Result<()>>,
    ) -> Result<BTreeMap<&'static str, u64>> {
        let progress = Progress::new(self.args.time);
        let scene = Scene {
            switch: self.switch.as_ref(),
            leaders,
            recorder,
            progress: &progress,
            nodes: self.cluster.count(),
            counts: BTreeMap::new().into(),
        };
        let nemesis = nemesis::run(&self.plan, &mut self.cluster, &scene);
        let both = async { tokio::try_join!(biased; clients, nemesis) };
        tokio::select! {
            biased;
            done = timeout(self.args.time + END_MAX, both) => {
                done.context("clients or nemesis hang")??;
            }
            watched = leaders.watch(recorder) => watched?,
            () = progress.run() => {}
        }
        progress.finish();
        if let Some(switch) = &self.switch {
            switch.rules().heal();
        }
        self.cluster.heal()?;
        tokio::select! {
            biased;
            settled = members::settle(&mut self.cluster, &scene) => settled?,
            watched = leaders.watch(recorder) => watched?,
        }
        Ok(scene.counts.into_inner())
    }

    /// No server ended but those that were told to.
    pub fn servers(&mut self) -> Result<Check> {
        let endings = self.cluster.endings()?;
        let detail = match endings.filled_up {
            0 => "none ended, or failed to, otherwise than told".to_owned(),
            times => format!("none ended otherwise than told, but {times} on full disks"),
        };
        Ok(checked("servers", detail, endings.wrong.clone()))
    }
}
