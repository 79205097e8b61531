//! metactl and the client against real servers: what operators do to a cluster.
//! The server is another package's: `cargo test --workspace` builds it, `--package` does not.

mod backups;
mod bucket;
mod members;
mod portable;
mod rolling;
mod servers;
mod tls;
mod tour;
