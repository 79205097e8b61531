//! Commands that come in groups: snapshots, namespaces and locks.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::values::positive;
use crate::path::NodePath;

const NAMESPACE_EXAMPLES: &str = "\
Examples:
  metactl ns create photos --policy casefold --quota-bytes 1000000000
  metactl ns show photos
  metactl ns rename photos pictures
  metactl ns rm -r pictures";

const LOCK_EXAMPLES: &str = "\
A lock stops nobody by itself: writes that must not happen once it is lost carry its token.

Examples:
  token=$(metactl lock acquire /build --ttl 5m)
  metactl put out.tar /build/out.tar --fence /build=$token
  metactl lock renew /build $token --ttl 5m
  metactl lock release /build $token
  metactl lock ls --json";

#[derive(Subcommand)]
pub enum SnapshotCommand {
    /// Lists the snapshots of the namespace.
    #[command(alias = "ls")]
    List,
    /// Makes a snapshot of what is there now.
    Create {
        /// Its name.
        name: String,
    },
    /// Deletes a snapshot.
    #[command(alias = "rm")]
    Delete {
        /// Its name.
        name: String,
    },
}

#[derive(Subcommand)]
#[command(after_help = NAMESPACE_EXAMPLES)]
pub enum NamespaceCommand {
    /// Lists all namespaces.
    #[command(alias = "ls")]
    List,
    /// Makes a namespace.
    Create(Create),
    /// Gives a namespace another name.
    Rename {
        /// Its name.
        name: String,
        /// Its new name.
        to: String,
    },
    /// Deletes a namespace with its journal, its past and its snapshots.
    #[command(alias = "delete")]
    Rm {
        /// Its name.
        name: String,
        /// Also if there are nodes in it.
        #[arg(short, long)]
        recursive: bool,
    },
    /// Shows a namespace: its name policy, its quota, and how much is in it.
    Show {
        /// Its name; that of --ns, without it.
        name: Option<String>,
    },
}

#[derive(Args)]
pub struct Create {
    /// Its name.
    pub name: String,
    /// Which names are the same, for good.
    #[arg(long, value_enum, default_value_t = Policy::Exact)]
    pub policy: Policy,
    /// Nodes in it at most.
    #[arg(long, value_name = "COUNT")]
    pub quota_nodes: Option<u64>,
    /// Bytes in it at most.
    #[arg(long, value_name = "BYTES")]
    pub quota_bytes: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Policy {
    /// Those of the same bytes.
    Exact,
    /// Those that differ only in case or Unicode form, too.
    Casefold,
}

#[derive(Subcommand)]
#[command(after_help = LOCK_EXAMPLES)]
pub enum LockCommand {
    /// Acquires a lock, and prints its token.
    Acquire {
        #[command(flatten)]
        lock: LockName,
        /// How long it is held unless it is renewed: 1s to 1h.
        #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = positive)]
        ttl: Duration,
    },
    /// Holds on to a lock.
    Renew {
        #[command(flatten)]
        lock: LockName,
        /// As acquire printed it.
        token: u64,
        /// How long from now: 1s to 1h.
        #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = positive)]
        ttl: Duration,
    },
    /// Lets others have a lock.
    Release {
        #[command(flatten)]
        lock: LockName,
        /// As acquire printed it.
        token: u64,
    },
    /// Shows who holds a lock.
    Show {
        #[command(flatten)]
        lock: LockName,
    },
    /// Lists the locks of the namespace that are held.
    #[command(alias = "list")]
    Ls,
}

#[derive(Args)]
pub struct LockName {
    /// The path that is locked, whether there is a node or not.
    pub path: NodePath,
    /// Which of the locks on that path.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub name: String,
}
