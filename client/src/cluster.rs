//! What single nodes say of themselves, and changes of the members that the leader is asked for.
//! The former is not retried: the caller asks one node, and its silence is the answer. The
//! latter may be repeated: what is so already is not changed.

use std::time::Duration;

use metad_proto::{
    transport::Channel,
    v1::{
        AddLearnerRequest, HandOverRequest, RemoveLearnerRequest, SetVotersRequest, StateHashReply,
        StateHashRequest, StatusReply, StatusRequest, cluster_client::ClusterClient,
    },
};
use tokio::time::timeout;
use tonic::{Request, Status};

use crate::{
    Client, Error,
    call::failure::{self, Failure},
};

impl Client {
    /// What the node at an address knows of itself and its cluster.
    pub async fn status(&self, address: &str) -> Result<StatusReply, Error> {
        let allowed = self.shared.options.attempt_timeout;
        let mut cluster = self.cluster(address)?;
        let mut request = Request::new(StatusRequest {});
        request.set_timeout(allowed);
        let asked = async move { Ok(cluster.status(request).await?.into_inner()) };
        self.once(address, allowed, asked).await
    }

    /// The hash of the whole replicated state of the node at an address, which reads all of
    /// it: the whole deadline is allowed.
    pub async fn state_hash(&self, address: &str) -> Result<StateHashReply, Error> {
        let allowed = self.shared.options.deadline;
        let mut cluster = self.cluster(address)?;
        let mut request = Request::new(StateHashRequest {});
        request.set_timeout(allowed);
        let asked = async move { Ok(cluster.state_hash(request).await?.into_inner()) };
        self.once(address, allowed, asked).await
    }

    /// Has the leader replicate to a new member that does not vote; answers once that has caught
    /// up. The whole deadline is allowed.
    pub async fn add_learner(&self, node: u64, address: &str) -> Result<(), Error> {
        self.ask_leader(async |mut cluster| {
            let address = address.to_owned();
            cluster.add_learner(AddLearnerRequest { node, address }).await.map(drop)
        })
        .await
    }

    /// Sets who votes: learners are promoted, voters that are left out are removed.
    pub async fn set_voters(&self, voters: &[u64]) -> Result<(), Error> {
        self.ask_leader(async |mut cluster| {
            cluster.set_voters(SetVotersRequest { voters: voters.to_vec() }).await.map(drop)
        })
        .await
    }

    /// Removes a member that does not vote.
    pub async fn remove_learner(&self, node: u64) -> Result<(), Error> {
        self.ask_leader(async |mut cluster| {
            cluster.remove_learner(RemoveLearnerRequest { node }).await.map(drop)
        })
        .await
    }

    /// Has the leader hand its leadership over to a voter, or to the one that can follow
    /// soonest. Whether it succeeds, the status tells.
    pub async fn hand_over(&self, to: Option<u64>) -> Result<(), Error> {
        let to = to.unwrap_or(0);
        self.ask_leader(async |mut cluster| {
            cluster.hand_over(HandOverRequest { to }).await.map(drop)
        })
        .await
    }

    /// Asks one node after another for what only the leader does, until it is done, refused, or
    /// the deadline has passed.
    async fn ask_leader(
        &self,
        ask: impl AsyncFn(ClusterClient<Channel>) -> Result<(), Status>,
    ) -> Result<(), Error> {
        let deadline = self.deadline();
        let mut failures = 0;
        let mut last = "the deadline passed before the first attempt".to_owned();
        while let Some(remaining) = deadline.remaining() {
            let target = self.endpoints(|endpoints| endpoints.preferred());
            let asked = timeout(remaining, ask(ClusterClient::new(target.channel.clone())));
            let failure = match asked.await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(status)) => failure::of_status(&status),
                Err(_) => failure::of_timeout(&target.address),
            };
            match failure {
                Failure::Unavailable { next, node, message, .. } => {
                    last = message;
                    self.turn_to(&target, node, &next);
                }
                ended => return Err(error(ended)),
            }
            self.wait_after(failures, deadline).await;
            failures += 1;
        }
        Err(Error::Unavailable { message: self.in_vain(&last) })
    }

    pub(crate) fn cluster(&self, address: &str) -> Result<ClusterClient<Channel>, Error> {
        let target = self.endpoints(|endpoints| endpoints.at(address));
        let target = target.map_err(|error| Error::Invalid(error.to_string()))?;
        Ok(ClusterClient::new(target.channel))
    }

    pub(crate) async fn once<T>(
        &self,
        address: &str,
        allowed: Duration,
        asked: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Error> {
        let failure = match timeout(allowed, asked).await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(status)) => failure::of_status(&status),
            Err(_) => failure::of_timeout(address),
        };
        Err(error(failure))
    }
}

fn error(failure: Failure) -> Error {
    match failure {
        Failure::Rejected { info, message } => Error::Rejected { info, message },
        Failure::Unavailable { message, .. } => Error::Unavailable { message },
        Failure::Foreign { message } => Error::Fault { node: 0, message },
    }
}
