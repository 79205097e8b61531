//! The standard health service: whether this node runs, and whether it can serve.

use std::time::Duration;

use futures::stream::BoxStream;
use metad_proto::v1::files_server::FilesServer;
use tonic::{Request, Response, Status, server::NamedService};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus, health_server,
};

use super::{closing::Closing, files::Files};
use crate::raft::{self, Replica};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Of a replica. Asked for no service in particular: it runs. Asked for `metad.v1.Files`: it
/// hears a leader, so that what is asked of it is answered, here or there.
#[derive(Clone)]
pub struct Health {
    /// Whose health.
    pub replica: Replica,
    /// Ends the watching.
    pub closing: Closing,
}

impl Health {
    async fn status(&self, service: &str) -> Result<ServingStatus, Status> {
        match service {
            "" => Ok(ServingStatus::Serving),
            FilesServer::<Files>::NAME => match self.replica.hears_a_leader().await {
                true => Ok(ServingStatus::Serving),
                false => Ok(ServingStatus::NotServing),
            },
            _ => Err(Status::not_found(format!("no service {service:?}"))),
        }
    }
}

fn reply(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl health_server::Health for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let status = self.status(&request.into_inner().service).await;
        status.map(reply).map(Response::new)
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    /// Looks again and again, until the server closes.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (health, service) = (self.clone(), request.into_inner().service);
        let mut closed = Box::pin(self.closing.clone().wait());
        let mut last = None;
        let told = async_stream::stream! {
            loop {
                let status = health.status(&service).await;
                let status = status.unwrap_or(ServingStatus::ServiceUnknown);
                if last.replace(status) != Some(status) {
                    yield Ok(reply(status));
                }
                tokio::select! {
                    biased;
                    () = &mut closed => return,
                    () = raft::time::sleep(PAUSE) => {}
                }
            }
        };
        Ok(Response::new(Box::pin(told)))
    }
}
