//! Commands that come in groups: snapshots, namespaces, locks, and the cluster.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::{
    examples,
    values::{Bound, bound, positive},
};
use crate::path::NodePath;

#[derive(Subcommand)]
#[command(after_help = examples::SNAPSHOT)]
pub enum SnapshotCommand {
    /// Lists the snapshots of the namespace.
    #[command(name = "ls", visible_alias = "list", after_help = examples::SNAPSHOT_LIST)]
    List,
    /// Makes a snapshot of what is there now.
    #[command(after_help = examples::SNAPSHOT_CREATE)]
    Create {
        /// Its name.
        name: String,
    },
    /// Deletes a snapshot.
    #[command(name = "rm", visible_alias = "delete", after_help = examples::SNAPSHOT_DELETE)]
    Delete {
        /// Its name.
        name: String,
    },
}

#[derive(Subcommand)]
#[command(after_help = examples::NS)]
pub enum NamespaceCommand {
    /// Lists all namespaces.
    #[command(name = "ls", visible_alias = "list", after_help = examples::NS_LIST)]
    List,
    /// Makes a namespace.
    #[command(after_help = examples::NS_CREATE)]
    Create(Create),
    /// Gives a namespace another name or quota, at one revision.
    #[command(after_help = examples::NS_UPDATE)]
    Update(Update),
    /// Gives a namespace another name.
    #[command(after_help = examples::NS_RENAME)]
    Rename {
        /// Its name.
        name: String,
        /// Its new name.
        to: String,
    },
    /// Deletes a namespace with its journal, its past and its snapshots.
    #[command(visible_alias = "delete", after_help = examples::NS_RM)]
    Rm {
        /// Its name.
        name: String,
        /// Also if there are nodes in it.
        #[arg(short, long)]
        recursive: bool,
    },
    /// Shows a namespace: its name policy, its quota, and how much is in it.
    #[command(after_help = examples::NS_SHOW)]
    Show {
        /// Its name, or its id as #3; that of --ns, without it.
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

#[derive(Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub struct Update {
    /// Its name.
    pub name: String,
    /// Its new name.
    #[arg(long, group = "change", value_name = "NAME")]
    pub to: Option<String>,
    /// Nodes in it at most, or none.
    #[arg(long, group = "change", value_name = "COUNT|none", value_parser = bound)]
    pub quota_nodes: Option<Bound>,
    /// Bytes in it at most, or none.
    #[arg(long, group = "change", value_name = "BYTES|none", value_parser = bound)]
    pub quota_bytes: Option<Bound>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Policy {
    /// Those of the same bytes.
    Exact,
    /// Those that differ only in case or Unicode form, too.
    Casefold,
}

#[derive(Subcommand)]
#[command(after_help = examples::LOCK)]
pub enum LockCommand {
    /// Acquires a lock, and prints its token.
    #[command(after_help = examples::LOCK_ACQUIRE)]
    Acquire {
        #[command(flatten)]
        lock: LockName,
        /// How long it is held unless it is renewed: 1s to 1h.
        #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = positive)]
        ttl: Duration,
    },
    /// Holds on to a lock.
    #[command(after_help = examples::LOCK_RENEW)]
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
    #[command(after_help = examples::LOCK_RELEASE)]
    Release {
        #[command(flatten)]
        lock: LockName,
        /// As acquire printed it.
        token: u64,
    },
    /// Shows who holds a lock.
    #[command(after_help = examples::LOCK_SHOW)]
    Show {
        #[command(flatten)]
        lock: LockName,
    },
    /// Lists the locks of the namespace that are held.
    #[command(visible_alias = "list", after_help = examples::LOCK_LS)]
    Ls,
}

#[derive(Args)]
pub struct LockName {
    /// The path that is locked, whether there is a node or not; or a node, as #17.
    pub path: NodePath,
    /// Which of the locks on that path.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub name: String,
}

#[derive(Subcommand)]
#[command(after_help = examples::BACKUP)]
pub enum BackupCommand {
    /// Makes a backup of all that was acknowledged so far; writes only what is new there.
    #[command(after_help = examples::BACKUP_CREATE)]
    Create {
        /// Where: a folder, or s3://BUCKET/FOLDER.
        place: String,
        /// The node that tells its state; one that follows, without it.
        #[arg(long, value_name = "HOST:PORT")]
        node: Option<String>,
        /// Only what came since the latest backup there, change by change: any revision between
        /// the two can be restored.
        #[arg(long)]
        journal: bool,
    },
    /// Lists the backups that are complete, the latest last.
    #[command(visible_alias = "ls", after_help = examples::BACKUP_LIST)]
    List {
        /// Where they are.
        place: String,
    },
    /// Reads a backup, and checks the hash of each chunk and of the whole state.
    #[command(after_help = examples::BACKUP_VERIFY)]
    Verify {
        /// Where it is.
        place: String,
        /// Its name; that of the latest, without it.
        #[arg(long, value_name = "NAME")]
        backup: Option<String>,
    },
}

#[derive(Subcommand)]
#[command(after_help = examples::CLUSTER)]
pub enum ClusterCommand {
    /// Shows the members: who leads, who votes, who answers, and how many may be lost.
    #[command(after_help = examples::CLUSTER_STATUS)]
    Status,
    /// Adds a node as a learner, which follows and does not vote, and waits for it to catch up.
    #[command(after_help = examples::CLUSTER_ADD)]
    Add {
        /// Where the new node serves, started with `metad serve --join`.
        #[arg(value_name = "HOST:PORT")]
        address: String,
    },
    /// Makes a learner a voter.
    #[command(after_help = examples::CLUSTER_PROMOTE)]
    Promote {
        /// The learner's number.
        node: u64,
    },
    /// Removes a node, a voter or a learner. Stop it afterwards.
    #[command(after_help = examples::CLUSTER_REMOVE)]
    Remove {
        /// Its number.
        node: u64,
    },
    /// Puts a new node in the place of another one, which may be dead.
    #[command(after_help = examples::CLUSTER_REPLACE)]
    Replace {
        /// The number of the node that goes.
        node: u64,
        /// Where the new node serves, started with `metad serve --join`.
        #[arg(value_name = "HOST:PORT")]
        address: String,
    },
    /// Hands the leadership over to another voter.
    #[command(after_help = examples::CLUSTER_TRANSFER)]
    TransferLeader {
        /// Its number; the one that can follow soonest, without it.
        node: Option<u64>,
    },
}
