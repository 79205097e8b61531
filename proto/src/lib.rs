//! metad's wire: the messages of its gRPC services, the limits, error reasons and the hash of a
//! state that clients and servers share, and the transport that carries them.
//!
//! Nothing here knows what the server does with a message; the domain types are metad's.

pub mod auth;
pub mod errors;
pub mod limits;
pub mod planted;
pub mod state_hash;
pub mod transport;

/// Generated from `proto/metad/v1/*.proto`, where each message is documented.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod v1 {
    tonic::include_proto!("metad.v1");
}

/// All services and messages, as the .proto files describe them: for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
