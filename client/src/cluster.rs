//! What single nodes say of themselves. Not retried: the caller asks one node, and its
//! silence is the answer.

use std::time::Duration;

use metad_proto::v1::{
    StateHashReply, StateHashRequest, StatusReply, StatusRequest, cluster_client::ClusterClient,
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

    fn cluster(
        &self,
        address: &str,
    ) -> Result<ClusterClient<metad_proto::transport::Channel>, Error> {
        let target = self.endpoints(|endpoints| endpoints.at(address));
        let target = target.map_err(|error| Error::Invalid(error.to_string()))?;
        Ok(ClusterClient::new(target.channel))
    }

    async fn once<T>(
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
        Err(match failure {
            Failure::Rejected { info, message } => Error::Rejected { info, message },
            Failure::Unavailable { message, .. } => Error::Unavailable { message },
            Failure::Foreign { message } => Error::Fault { node: 0, message },
        })
    }
}
