//! A client of one member of etcd. It never asks another one, and never asks twice: what one
//! member answers is what is tested.

use std::time::Duration;

use http::uri::PathAndQuery;
use tokio::time::timeout;
use tonic::{
    Request, Status,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::wire;

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_millis(500);
/// How long a call may take.
const CALL_MAX: Duration = Duration::from_secs(3);

/// A connection.
#[derive(Clone)]
pub struct Client(Channel);

impl Client {
    /// Connects. If that fails, nothing was sent.
    pub async fn connect(address: &str) -> Option<Client> {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).ok()?;
        let endpoint = endpoint.connect_timeout(CONNECT_MAX);
        let connecting = endpoint.connect();
        Some(Client(timeout(CONNECT_MAX, connecting).await.ok()?.ok()?))
    }

    /// The value of a key; none is as an empty one.
    pub async fn get(&self, key: &str) -> Result<String, Status> {
        let request = wire::RangeRequest { key: key.into() };
        let reply: wire::RangeReply = self.call("/etcdserverpb.KV/Range", request).await?;
        let value = reply.pairs.into_iter().next().map(|pair| pair.value).unwrap_or_default();
        String::from_utf8(value).map_err(|error| Status::data_loss(error.to_string()))
    }

    /// Sets a key.
    pub async fn put(&self, key: &str, value: &str) -> Result<(), Status> {
        let request = wire::PutRequest { key: key.into(), value: value.into() };
        let wire::PutReply {} = self.call("/etcdserverpb.KV/Put", request).await?;
        Ok(())
    }

    /// Sets a key if it has a value, and says whether it had.
    pub async fn compare_and_set(&self, key: &str, old: &str, new: &str) -> Result<bool, Status> {
        let value = Some(old.into());
        let compare = wire::Compare { target: wire::VALUE, key: key.into(), value };
        let put = wire::PutRequest { key: key.into(), value: new.into() };
        let success = vec![wire::Operation { put: Some(put) }];
        let request = wire::TxnRequest { compare: vec![compare], success };
        let reply: wire::TxnReply = self.call("/etcdserverpb.KV/Txn", request).await?;
        Ok(reply.succeeded)
    }

    /// How the member is.
    pub async fn status(&self) -> Result<wire::StatusReply, Status> {
        self.call("/etcdserverpb.Maintenance/Status", wire::StatusRequest {}).await
    }

    /// What the member holds: its revision and the hash of everything.
    pub async fn hash(&self) -> Result<(i64, u32), Status> {
        let request = wire::HashRequest {};
        let reply: wire::HashReply = self.call("/etcdserverpb.Maintenance/HashKV", request).await?;
        let header = reply.header.ok_or_else(|| Status::data_loss("an answer without a header"))?;
        Ok((header.revision, reply.hash))
    }

    async fn call<Q, R>(&self, path: &'static str, request: Q) -> Result<R, Status>
    where
        Q: prost::Message + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.0.clone());
        let calling = async {
            grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let path = PathAndQuery::from_static(path);
            grpc.unary(Request::new(request), path, ProstCodec::<Q, R>::default()).await
        };
        let late = |_| Status::deadline_exceeded(format!("no answer within {CALL_MAX:?}"));
        Ok(timeout(CALL_MAX, calling).await.map_err(late)??.into_inner())
    }
}
