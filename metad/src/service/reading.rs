//! A read that is under way: a pinned view, and what it reflects.

use tonic::Status;

use super::status;
use crate::{
    kv::{self, View},
    raft::{self, Replica},
    tree::{
        Answer,
        query::{self, Source},
    },
    types::{Consistency, Revision, ServerId},
};

/// See the module.
pub struct Reading {
    view: View,
    replica: Replica,
    /// What the view reflects.
    pub revision: Revision,
    /// How old it may be, where anything is good enough.
    pub staleness_ms: u64,
}

impl Reading {
    /// Pins a view that reflects what it must.
    pub async fn begin(replica: &Replica, consistency: Consistency) -> Result<Reading, Status> {
        let server = replica.member().server;
        let unavailable = |unavailable| status::unavailable(&unavailable, server);
        let staleness_ms = match consistency {
            // Asked before the view is pinned, so that it is not told too young.
            Consistency::Any => replica.staleness_ms().await.map_err(unavailable)?,
            _ => 0,
        };
        let view = replica.view(consistency).await.map_err(unavailable)?;
        let revision = query::revision(&*view, replica.member().group);
        let revision = revision.map_err(|fault| status::fault(&fault, replica))?;
        Ok(Reading { view, replica: replica.clone(), revision, staleness_ms })
    }

    /// Goes on with a later view: for a planted bug alone.
    pub(super) async fn refresh(&mut self) {
        raft::time::sleep(std::time::Duration::from_millis(1)).await;
        if let Ok(view) = self.replica.state().view() {
            self.view = view;
        }
    }

    /// Who reads.
    pub fn server(&self) -> ServerId {
        self.replica.member().server
    }

    /// The answer of a query to what is there, or to what was there at a revision; and the
    /// revision that it reflects.
    pub fn ask<T>(
        &self,
        at: Option<Revision>,
        query: impl FnOnce(Source) -> Answer<T>,
    ) -> Result<(T, Revision), Status> {
        let group = self.replica.member().group;
        match query(Source { view: &*self.view, group, at }) {
            Ok(Ok(value)) => Ok((value, at.unwrap_or(self.revision))),
            Ok(Err(rejection)) => {
                Err(status::rejected(&rejection, Some(self.revision), self.server()))
            }
            Err(fault) => Err(status::fault(&fault, &self.replica)),
        }
    }

    /// Like [`Reading::ask`], for questions that go through much: other tasks go on meanwhile.
    pub async fn ask_apart<T: Send + 'static>(
        self,
        at: Option<Revision>,
        query: impl FnOnce(Source) -> Answer<T> + Send + 'static,
    ) -> Result<(Reading, T, Revision), Status> {
        let ask = move || self.ask(at, query).map(|(value, revision)| (self, value, revision));
        kv::blocking(ask).await
    }
}
