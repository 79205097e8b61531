//! The metad server. Bottom to top; a line may import only from lines above it:
//!
//! - [`types`]: plain domain structs and validated newtypes
//! - [`kv`]: the storage engines behind one interface
//! - [`records`]: what is stored: key and value codecs
//! - [`tree`]: the deterministic state machine and its queries
//! - [`raft`]: consensus: log store, state store, network, read barrier
//! - [`fsck`]: checking data folders
//! - [`inspect`]: looking into data folders
//! - [`restore`]: making the data of a new cluster of a backup
//! - [`journal`]: tailing the journal for subscribers
//! - [`metrics`]: what is counted and shown to whoever monitors
//! - [`service`]: gRPC; the only place that knows both wire and domain types
//! - [`server`]: puts them together; the simulator calls the same function
//!
//! `types`, `records` and `tree` never touch tokio, tonic, openraft, rocksdb, a clock,
//! randomness or the environment. A test (`tidy`) holds these rules.

mod coalesce;
pub mod config;
pub mod fsck;
pub mod inspect;
pub mod journal;
pub mod kv;
pub mod metrics;
pub mod raft;
pub mod records;
pub mod restore;
pub mod server;
pub mod service;
pub mod tree;
pub mod types;
