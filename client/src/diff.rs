//! Differences: all of them, or an error.

use metad_proto::v1::{DiffRequest, Difference};

use crate::{Client, Error, Reply, parts::whole};

impl Client {
    /// What differs in a namespace between two revisions, `to` 0 for now: in the order of
    /// the nodes' ids. The reply's revision is `to`.
    pub async fn diff(&self, ns: u64, from: u64, to: u64) -> Result<Reply<Vec<Difference>>, Error> {
        self.diff_with(DiffRequest { ns, from, to, consistency: None }).await
    }

    /// What differs in a namespace between two revisions, with all options.
    pub async fn diff_with(&self, request: DiffRequest) -> Result<Reply<Vec<Difference>>, Error> {
        Ok(whole!(self, diff, request))
    }
}
