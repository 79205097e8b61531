//! Reading single nodes.

use metad_proto::v1;
use tonic::Status;

use super::{decode, encode, files::Files, status};
use crate::{
    tree::query::{self, Source},
    types::{NamespaceId, Rejection, Stat},
};

impl Files {
    pub(super) async fn stat_one(&self, request: v1::StatRequest) -> Result<v1::StatReply, Status> {
        let v1::StatRequest { ns, target, at_revision, consistency } = request;
        let target = self.decoded(decode::node_ref(target))?;
        let stat = |source: Source| query::stat(source, NamespaceId(ns), &target);
        let reading = self.read(consistency).await?;
        let (stat, revision) = reading.ask(decode::revision(at_revision), stat)?;
        Ok(v1::StatReply {
            revision: revision.0,
            node: self.server().0,
            ns: stat.namespace.0,
            stat: Some(encode::stat(stat)),
            staleness_ms: reading.staleness_ms,
        })
    }

    pub(super) async fn stat_many(
        &self,
        request: v1::BatchStatRequest,
    ) -> Result<v1::BatchStatReply, Status> {
        let v1::BatchStatRequest { ns, targets, at_revision, consistency } = request;
        let targets = self.decoded(decode::targets(targets))?;
        let stats = move |source: Source| query::stats(source, NamespaceId(ns), &targets);
        let reading = self.read(consistency).await?;
        let (reading, stats, revision) =
            reading.ask_apart(decode::revision(at_revision), stats).await?;
        let reply = v1::BatchStatReply {
            revision: revision.0,
            node: self.server().0,
            results: stats.into_iter().map(stat_result).collect(),
            staleness_ms: reading.staleness_ms,
        };
        self.decoded(encode::fitting(reply))
    }

    pub(super) async fn look_up(
        &self,
        request: v1::LookupRequest,
    ) -> Result<v1::LookupReply, Status> {
        let v1::LookupRequest { ns, target, at_revision, consistency } = request;
        let target = self.decoded(decode::node_ref(target))?;
        let lookup = |source: Source| query::lookup(source, NamespaceId(ns), &target);
        let reading = self.read(consistency).await?;
        let ((node, namespace, path), revision) =
            reading.ask(decode::revision(at_revision), lookup)?;
        Ok(v1::LookupReply {
            revision: revision.0,
            node: self.server().0,
            id: node.id.0,
            kind: encode::kind(node.kind()).into(),
            path: path.to_string(),
            staleness_ms: reading.staleness_ms,
            ns: namespace.0,
        })
    }

    pub(super) async fn revisions(
        &self,
        request: v1::ListRevisionsRequest,
    ) -> Result<v1::ListRevisionsReply, Status> {
        let target = self.decoded(decode::node_ref(request.target))?;
        let limit = self.decoded(decode::page_limit(request.limit))?;
        let before = decode::revision(request.before);
        let reading = self.read(request.consistency).await?;
        let list = |source: Source| {
            query::versions(source, NamespaceId(request.ns), &target, before, limit + 1)
        };
        let (mut kept, _) = reading.ask(decode::revision(request.at_revision), list)?;
        let count = kept.len();
        kept.truncate(limit);
        // What does not fit into a message is asked for with `before`.
        let (versions, _) = encode::fill(kept, encode::entry);
        let done = versions.len() == count;
        Ok(v1::ListRevisionsReply {
            revision: reading.revision.0,
            node: self.server().0,
            versions,
            staleness_ms: reading.staleness_ms,
            done,
        })
    }
}

fn stat_result(result: Result<Stat, Rejection>) -> v1::StatResult {
    match result {
        Ok(stat) => {
            let ns = stat.namespace.0;
            v1::StatResult { ns, stat: Some(encode::stat(stat)), rejected: String::new() }
        }
        Err(rejection) => {
            let rejected = status::info(&rejection).reason.to_string();
            v1::StatResult { ns: 0, stat: None, rejected }
        }
    }
}
