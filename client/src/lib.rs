//! The client of metad: finds the leader, retries under one request id until its deadline,
//! and says exactly as much about the outcome as is known.
//!
//! - [`Client`]: mutations, reads, listings, differences, locks, journals, subscriptions, the
//!   state of nodes
//! - [`Level`]: what reads must reflect, and so which nodes answer them
//! - [`backup`]: the records that backups are made of
//! - [`locks`]: leases with fencing tokens
//! - [`steps`]: short ways to write the steps of a mutation
//! - [`Error`]: rejected, unavailable and unknown, never mixed
//!
//! It runs on tokio and in the simulator alike: no threads, no clock but tokio's, all
//! randomness from the seed in [`Options`]. Only [`import`] reads the local file system.

pub mod backup;
mod call;
mod client;
mod cluster;
mod diff;
mod error;
pub mod import;
mod level;
mod list;
pub mod locks;
mod mutate;
mod mutation;
mod namespaces;
mod options;
mod parts;
mod read;
mod session;
mod stamped;
pub mod steps;
mod subscription;

pub use client::Client;
pub use error::{Error, Reply};
pub use level::Level;
pub use metad_proto::{
    auth, errors,
    transport::{ClientFiles, ClientTls, Identity},
    v1,
};
pub use mutation::Mutation;
pub use options::Options;
pub use session::Request;
pub use subscription::{Event, Subscription};
