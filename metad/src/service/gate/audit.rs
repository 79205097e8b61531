//! The audit log: what operators did, and what was refused. An event each, of the target
//! [`TARGET`], beside the other logs.

use axum::extract::Request;
use metad_proto::errors::{Info, Reason};
use tonic::{Status, transport::server::TcpConnectInfo};

use super::Principal;

/// What its events are told from others by.
const TARGET: &str = "metad::audit";

/// One call.
pub struct Entry {
    principal: &'static str,
    peer: String,
    call: String,
}

impl Entry {
    /// Of a request. What it shows to be known by is left out.
    pub fn of(request: &Request, principal: Option<Principal>) -> Entry {
        Entry {
            principal: principal.map_or("unknown", Principal::name),
            peer: peer(request),
            call: request.uri().path().to_owned(),
        }
    }

    /// It was refused.
    pub fn refused(self, reason: Reason) {
        let Entry { principal, peer, call } = self;
        let outcome = reason.as_str();
        tracing::warn!(target: TARGET, principal, peer, call, outcome, "refused");
    }

    /// It was let through, and answered, or began to be.
    pub fn ended(self, status: Option<&Status>) {
        let Entry { principal, peer, call } = self;
        let outcome = status.map_or("OK".to_owned(), |status| {
            let reason = Info::of(status).map(|info| info.reason.as_str());
            reason.map_or_else(|| format!("{:?}", status.code()), str::to_owned)
        });
        tracing::info!(target: TARGET, principal, peer, call, outcome, "done");
    }
}

/// The address that it came from, as far as the transport tells.
fn peer(request: &Request) -> String {
    let info = request.extensions().get::<TcpConnectInfo>();
    let address = info.and_then(TcpConnectInfo::remote_addr);
    address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
}
