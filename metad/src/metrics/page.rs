//! The page of metrics, made when somebody asks for it.

use std::fmt;

use metad_proto::{
    limits::SUBSCRIBERS_MAX,
    transport::{Reloads, Tls},
};
use openraft::{AsyncRuntime, Instant as _};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{Backups, Calls, Kind, Metric};
use crate::{
    metrics as names,
    raft::{Replica, runtime::Runtime, types::Metrics},
};

/// What a node shows, in the OpenMetrics text format.
pub async fn page(
    replica: Replica,
    role: &'static str,
    (calls, backups, tls): (Calls, Backups, Option<Tls>),
) -> String {
    let mut registry = Registry::default();
    let has_leader = replica.hears_a_leader().await;
    registry.register_collector(Box::new(Shown { replica, role, has_leader, calls, backups, tls }));
    let mut page = String::new();
    text::encode(&mut page, &registry).expect("text takes all");
    page
}

struct Shown {
    replica: Replica,
    role: &'static str,
    has_leader: bool,
    calls: Calls,
    backups: Backups,
    tls: Option<Tls>,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

type Labels = Vec<(&'static str, String)>;

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(&mut encoder);
        let metrics = self.replica.metrics();
        let member = self.replica.member();
        page.gauges(
            names::NODE_INFO,
            [(
                vec![
                    ("cluster", member.cluster.clone()),
                    ("node", member.server.to_string()),
                    ("version", env!("CARGO_PKG_VERSION").to_owned()),
                ],
                1.0,
            )],
        )?;
        page.gauges(names::RAFT_ROLE, [(vec![("role", self.role.to_owned())], 1.0)])?;
        page.gauge(names::RAFT_HAS_LEADER, self.has_leader.into())?;
        page.raft(&metrics)?;
        let (waiting, waiting_max) = self.replica.queued_bytes();
        page.gauge(names::RAFT_QUEUE, waiting)?;
        page.gauge(names::RAFT_QUEUE_MAX, waiting_max)?;
        page.gauge(names::STATE_COMPARED, self.replica.compared().index())?;
        page.gauge(names::STATE_DIFFERING, self.replica.compared().differing())?;
        page.gauge(names::DISK_FREE, self.replica.room().free())?;
        page.gauge(names::DISK_FULL, self.replica.room().is_tight().into())?;
        page.gauge(names::TREE_REVISION, self.replica.state().progress().revision.0)?;
        page.calls(&self.calls)?;
        page.gauge(names::SERVICE_SUBSCRIBERS, self.calls.subscribers() as u64)?;
        page.gauge(names::SERVICE_SUBSCRIBERS_MAX, SUBSCRIBERS_MAX as u64)?;
        page.gauge(names::SERVICE_BACKUPS, self.backups.count() as u64)?;
        page.gauge(names::SERVICE_BACKUP_TIME, self.backups.last_seconds())?;
        page.tls(self.tls.as_ref())
    }
}

struct Page<'page, 'registry>(&'page mut DescriptorEncoder<'registry>);

impl Page<'_, '_> {
    fn describe(
        &mut self,
        metric: Metric,
        type_of: &impl EncodeMetric,
    ) -> Result<MetricEncoder<'_>, fmt::Error> {
        // The format adds what a counter's name ends with, and the full stop of a help.
        let name = metric.name.strip_suffix("_total").unwrap_or(metric.name);
        debug_assert_eq!(name != metric.name, metric.kind == Kind::Counter);
        let help = metric.help.strip_suffix('.').unwrap_or(metric.help);
        self.0.encode_descriptor(name, help, None, type_of.metric_type())
    }

    fn gauge(&mut self, metric: Metric, value: u64) -> fmt::Result {
        let value = ConstGauge::new(value as f64);
        value.encode(self.describe(metric, &value)?)
    }

    fn gauges(
        &mut self,
        metric: Metric,
        values: impl IntoIterator<Item = (Labels, f64)>,
    ) -> fmt::Result {
        let mut encoder = self.describe(metric, &ConstGauge::new(0.0_f64))?;
        for (labels, value) in values {
            debug_assert!(labels.iter().map(|label| label.0).eq(metric.labels.iter().copied()));
            ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn raft(&mut self, metrics: &Metrics) -> fmt::Result {
        let members = metrics.membership_config.membership();
        let voters = members.voter_ids().count() as u64;
        self.gauge(names::RAFT_TERM, metrics.current_term)?;
        self.gauge(names::RAFT_VOTERS, voters)?;
        self.gauge(names::RAFT_LEARNERS, members.nodes().count() as u64 - voters)?;
        self.gauge(names::RAFT_CHANGING, (members.get_joint_config().len() > 1).into())?;
        let last = metrics.last_log_index.unwrap_or(0);
        self.gauge(names::RAFT_LAST_LOG_INDEX, last)?;
        for (metric, id) in [
            (names::RAFT_COMMITTED_INDEX, metrics.local_committed),
            (names::RAFT_APPLIED_INDEX, metrics.last_applied),
            (names::RAFT_SNAPSHOT_INDEX, metrics.snapshot),
            (names::RAFT_PURGED_INDEX, metrics.purged),
        ] {
            self.gauge(metric, id.map_or(0, |id| id.index))?;
        }
        let peer = |id: &u64| vec![("peer", id.to_string())];
        let is_other = |id: &u64| *id != metrics.id;
        let replication = metrics.replication.iter().flatten().filter(|(id, _)| is_other(id));
        let lag = replication.map(|(id, matched)| {
            (peer(id), last.saturating_sub(matched.map_or(0, |matched| matched.index)) as f64)
        });
        self.gauges(names::RAFT_PEER_LAG, lag)?;
        let now = <Runtime as AsyncRuntime>::Instant::now();
        let heard = metrics.heartbeat.iter().flatten().filter(|(id, _)| is_other(id));
        let silence = heard
            .filter_map(|(id, heard)| Some((peer(id), (now - **heard.as_ref()?).as_secs_f64())));
        self.gauges(names::RAFT_PEER_SILENCE, silence)
    }

    fn calls(&mut self, calls: &Calls) -> fmt::Result {
        let mut encoder = self.describe(names::SERVICE_CALLS, &ConstCounter::new(0_u64))?;
        for (call, outcome, count) in calls.counts() {
            let labels = vec![("call", call.to_owned()), ("outcome", outcome.label().to_owned())];
            ConstCounter::new(count).encode(encoder.encode_family(&labels)?)?;
        }
        let mut encoder = self.describe(names::SERVICE_REFUSED, &ConstCounter::new(0_u64))?;
        for (reason, count) in calls.refusals() {
            let labels = vec![("reason", reason.to_string())];
            ConstCounter::new(count).encode(encoder.encode_family(&labels)?)?;
        }
        let mutations = calls.mutations();
        mutations.encode(self.describe(names::SERVICE_MUTATIONS, mutations)?)
    }

    fn tls(&mut self, tls: Option<&Tls>) -> fmt::Result {
        // So that what is shown holds, also where nobody has connected for long. A file that is of
        // no use now is logged and counted there.
        drop(tls.map(Tls::check));
        let refused = ConstCounter::new(tls.map_or(0, |tls| tls.server.refused()));
        refused.encode(self.describe(names::TLS_REFUSED, &refused)?)?;
        let mut encoder = self.describe(names::TLS_RELOADS, &ConstCounter::new(0_u64))?;
        let server = tls.map(|tls| tls.server.reloads()).unwrap_or_default();
        let peers = tls.map(|tls| tls.peers.reloads()).unwrap_or_default();
        for (side, Reloads { done, failed }) in [("server", server), ("peers", peers)] {
            for (outcome, count) in [("done", done), ("failed", failed)] {
                let labels = vec![("side", side.to_owned()), ("outcome", outcome.to_owned())];
                ConstCounter::new(count).encode(encoder.encode_family(&labels)?)?;
            }
        }
        self.gauge(names::TLS_EXPIRES, tls.map_or(0, |tls| tls.server.expires_seconds()))
    }
}
