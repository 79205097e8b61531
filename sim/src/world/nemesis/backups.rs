//! Backups while all else goes on: whatever came whole must be a state that never breaks its
//! promises, and lead to what another node has later.

use std::{sync::Arc, time::Duration};

use madsim::time::{sleep, timeout};
use metad::{
    fsck::{self, Stores},
    kv::{KvEngine as _, mem::MemDisk},
    records::identity::FORMAT,
    restore::{Founder, Restore},
    types::ServerId,
};
use metad_client::v1::{self, backup_reply::Part, cluster_client::ClusterClient};
use metad_proto::{state_hash::StateHasher, transport};
use serde_json::json;

use super::Strand;
use crate::{oracle::Node, plan::Fault, report::Violation, world::observed::GROUP};

/// How long an operator waits for a backup.
const BACKUP_MAX: Duration = Duration::from_secs(5);
/// What reads something else than what was written, under a checksum that fits.
const UNTRUSTED: [Fault; 3] = [Fault::BitFlip, Fault::StaleBlock, Fault::MisdirectedRead];

/// A backup that came whole.
struct Came {
    begin: v1::BackupBegin,
    records: Vec<v1::BackupRecord>,
}

impl Strand<'_> {
    pub(super) async fn back_up(&mut self, length: Duration) {
        let (node, other) = (self.draw_node(), self.draw_node());
        self.begins(Fault::Backup, json!({ "node": node, "then": other }));
        let Some(base) = self.told(node, v1::BackupRequest::default()).await else { return };
        sleep(length).await;
        let (revision, after_index) = (base.begin.revision, Some(base.begin.applied_index));
        let journal = self.told(other, v1::BackupRequest { revision, after_index }).await;
        self.cluster.watcher.count("backups restored");
        if journal.is_some() {
            self.cluster.watcher.count("backups' journals replayed");
        }
        // A disk that lies is caught when what it said is used, which may be later.
        let is_trusted = !self.plan.faults.weights.iter().any(|on| UNTRUSTED.contains(&on.0));
        if let Err(why) = restore(base, journal).await
            && is_trusted
        {
            let seen = format!("nodes {node} and {other}: {why}");
            self.cluster.watcher.report(Violation::new("backup", seen));
        }
    }

    /// What a node tells; None unless all of it came.
    async fn told(&self, node: Node, request: v1::BackupRequest) -> Option<Came> {
        let address = self.cluster.endpoint(node);
        let channel = transport::connect(&address).expect("a node's address is well-formed");
        let asked = self.cluster.clients()[0].spawn(tell(ClusterClient::new(channel), request));
        let told = timeout(BACKUP_MAX, asked).await.ok()?.ok()?;
        told.inspect_err(|status| tracing::debug!(node, %status, "no backup")).ok()?
    }
}

async fn tell(
    mut client: ClusterClient<transport::Channel>,
    request: v1::BackupRequest,
) -> Result<Option<Came>, tonic::Status> {
    let mut stream = client.backup(request).await?.into_inner();
    let (mut begun, mut records) = (None, Vec::new());
    while let Some(part) = stream.message().await?.and_then(|reply| reply.part) {
        match part {
            Part::Begin(begin) => begun = Some(begin),
            Part::Records(more) => records.extend(more.records),
            Part::End(end) => {
                let mut hasher = StateHasher::default();
                records.iter().for_each(|record| hasher.add(&record.key, &record.value));
                // The network changes nothing: this is for those who copy from here.
                assert_eq!(end.hash, hasher.hash().to_be_bytes().as_slice());
                return Ok(begun.map(|begin| Came { begin, records }));
            }
        }
    }
    Ok(None)
}

/// Makes a cluster of it, and says what is wrong with that.
async fn restore(base: Came, journal: Option<Came>) -> Result<(), String> {
    let said = |fault: metad::kv::StorageFault| fault.to_string();
    let (log, state) = (MemDisk::new(), MemDisk::new());
    let mut restore = Restore::new(Arc::new(state.open()), GROUP);
    for v1::BackupRecord { key, value } in base.records {
        restore.add(key.into(), value.into()).map_err(said)?;
    }
    reached(&mut restore, &base.begin)?;
    if let Some(journal) = journal {
        for v1::BackupRecord { key, value } in &journal.records {
            restore.replay(key, value, None).map_err(said)?;
        }
        reached(&mut restore, &journal.begin)?;
    }
    let (cluster, address) = ("restored".to_owned(), "10.9.9.9:1".to_owned());
    let founder = Founder { cluster, server: ServerId(1), address, format: FORMAT };
    restore.finish(&log.open(), &founder, None).await.map_err(|error| error.to_string())?;
    let (log, state) = (log.open().view().map_err(said)?, state.open().view().map_err(said)?);
    let report = fsck::check(&Stores { log: &*log, state: &*state }, &|_| ());
    match report.findings.is_empty() {
        true => Ok(()),
        false => Err(format!("{report:#?}")),
    }
}

/// Two states with one digest have had the same changes.
fn reached(restore: &mut Restore, begin: &v1::BackupBegin) -> Result<(), String> {
    let digest = restore.digest().map_err(|fault| fault.to_string())?;
    match begin.digest == digest.to_be_bytes().as_slice() {
        true => Ok(()),
        false => Err(format!("the digest is {digest:032x}, not that of {begin:?}")),
    }
}
