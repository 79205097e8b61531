//! The command line: names, help and defaults of everything that metactl takes.

mod examples;
mod groups;
mod read;
mod values;
mod write;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use metad_client::{Level, errors::Reason};

use crate::path::NodePath;
pub use groups::{
    BackupCommand, ClusterCommand, Create, LockCommand, LockName, NamespaceCommand, Policy,
    SnapshotCommand, Update,
};
pub use read::{Diff, Journal, Log, Lookup, Ls, Past, Stat, Top, Tree, Wait, Watch};
pub use values::{Bound, Bounds, Fence, bound};
use values::{fence, level, positive, reason};
pub use write::{Attr, Import, Put, Quota};

/// Works with the file trees of a metad cluster.
#[derive(Parser)]
#[command(name = "metactl", version, after_help = examples::METACTL)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args)]
pub struct Global {
    /// Addresses of the cluster's nodes, some or all.
    #[arg(
        long,
        global = true,
        env = "METAD_ENDPOINTS",
        value_name = "HOST:PORT,…",
        value_delimiter = ',',
        default_value = "127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103"
    )]
    pub endpoints: Vec<String>,
    /// A file with the token to show to nodes that ask who calls; its first line counts.
    #[arg(long, global = true, env = "METAD_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The authorities of the nodes' certificates, as PEM. With it, TLS is spoken.
    #[arg(long, global = true, env = "METAD_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// A certificate to show to nodes that ask for one, as PEM.
    #[arg(long, global = true, env = "METAD_CERT", value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// Its private key, as PEM.
    #[arg(long, global = true, env = "METAD_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Namespace to work in: its name, or its id as #3.
    #[arg(long, global = true, env = "METAD_NS", value_name = "NAME", default_value = "main")]
    pub ns: String,
    /// Print data and errors as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// How long to keep trying; of `wait`, how long to wait.
    #[arg(long, global = true, value_name = "DURATION", default_value = "10s",
        value_parser = positive)]
    pub timeout: Duration,
    /// What reads must reflect: linearizable (the default), lease, any, or a revision, which
    /// they reflect at least. The last two go to any node.
    #[arg(long = "read", global = true, env = "METAD_READ", value_name = "LEVEL",
        value_parser = level)]
    pub level: Option<Level>,
    /// Refuse to write once this lock has been lost, as `metactl lock acquire` gave it;
    /// may be repeated.
    #[arg(long = "fence", global = true, value_name = "PATH=TOKEN", value_parser = fence)]
    pub fences: Vec<Fence>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Lists a directory.
    Ls(Ls),
    /// Shows nodes.
    Stat(Stat),
    /// Prints the path of a node.
    Lookup(Lookup),
    /// Shows a directory and all that is under it.
    Tree(Tree),
    /// Makes directories.
    #[command(after_help = examples::MKDIR)]
    Mkdir {
        /// Their paths.
        #[arg(required = true)]
        paths: Vec<NodePath>,
        /// Make missing ancestors too, and accept a directory that is there.
        #[arg(short, long)]
        parents: bool,
    },
    /// Records a local file: size, hashes, time and media type. The bytes stay where they are.
    Put(Put),
    /// Moves or renames.
    #[command(after_help = examples::MV)]
    Mv {
        /// What to move.
        from: NodePath,
        /// Its new path, or a directory with a slash at the end.
        to: NodePath,
        /// Replace a file by a file, or an empty directory by a directory.
        #[arg(short = 'f', long)]
        replace: bool,
        /// Fail unless the rev of what is moved is this one.
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        rev: u64,
    },
    /// Copies, with all that is under it: up to 10,000 nodes at one revision.
    #[command(after_help = examples::CP)]
    Cp {
        /// What to copy.
        from: NodePath,
        /// The copy's path, or a directory with a slash at the end.
        to: NodePath,
        #[command(flatten)]
        past: Past,
    },
    /// Makes a symbolic link, which the service does not follow.
    #[command(after_help = examples::LN)]
    Ln {
        /// The path that it holds.
        to: String,
        /// Where it will be, or a directory with a slash at the end.
        path: NodePath,
    },
    /// Shows or changes what clients keep with a node.
    Attr(Attr),
    /// Shows how much is under a directory, in one read.
    #[command(after_help = examples::DU)]
    Du {
        /// The directory.
        #[arg(default_value = "/")]
        path: NodePath,
    },
    /// Bounds what may be under a directory, or in the namespace; shows the bounds.
    Quota(Quota),
    /// Shows the versions of a node that are kept, the latest first.
    Log(Log),
    /// Brings back what was at a path: a file's content, or a directory that is gone.
    #[command(after_help = examples::RESTORE)]
    Restore {
        /// The path.
        path: NodePath,
        /// The revision to bring back.
        revision: u64,
    },
    /// Deletes.
    #[command(after_help = examples::RM)]
    Rm {
        /// What to delete.
        #[arg(required = true)]
        paths: Vec<NodePath>,
        /// Directories with all that is under them.
        #[arg(short, long)]
        recursive: bool,
        /// Fail unless the rev of what is deleted is this one.
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        rev: u64,
    },
    /// Shows another namespace at a path, from where its nodes can be reached and moved.
    #[command(after_help = examples::MOUNT)]
    Mount {
        /// Where: a free path.
        path: NodePath,
        /// The name of the namespace.
        namespace: String,
    },
    /// Removes a mount. What it showed stays.
    #[command(after_help = examples::UNMOUNT)]
    Unmount {
        /// The mount.
        path: NodePath,
    },
    /// Carries out up to 1,000 steps, all or none, at one revision.
    #[command(after_help = examples::BATCH)]
    Batch {
        /// Where the steps are, one a line; - for stdin.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Shows what differs in the namespace between two revisions.
    Diff(Diff),
    /// Imports a real directory tree. Symbolic links are left out.
    Import(Import),
    /// Follows the changes of the namespace until it is interrupted.
    Watch(Watch),
    /// Prints the cursor of the journal's end: watch, wait and journal go on after it.
    #[command(after_help = examples::CURSOR)]
    Cursor,
    /// Waits until there is a change after a cursor: prints changed, or else unchanged.
    Wait(Wait),
    /// Prints the changes that the journal has, and does not wait for more.
    Journal(Journal),
    /// Shows each node: role, leader, term and log positions.
    #[command(after_help = examples::STATUS)]
    Status {
        /// Also hash the whole state of each node, which reads all of it.
        #[arg(long)]
        hash: bool,
    },
    /// Prints all namespaces and their trees at one revision, as JSON lines that `load` reads.
    #[command(after_help = examples::DUMP)]
    Dump,
    /// Makes what a dump tells, in a cluster that has no namespaces of these names.
    #[command(after_help = examples::LOAD)]
    Load {
        /// The dump; - for stdin.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Backs the whole cluster up while it is at work; `metad restore` makes a new one of it.
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Shows what each node does, again each second: role, writes a second, how far behind.
    Top(Top),
    /// Adds, promotes, replaces and removes nodes of the cluster, and hands the leadership over.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Works with snapshots: names for revisions, which keep what was there.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Works with locks: leases with tokens that writes can depend on.
    #[command(subcommand)]
    Lock(LockCommand),
    /// Works with namespaces.
    #[command(subcommand)]
    Ns(NamespaceCommand),
    /// Says what an error reason means and what to do; lists them all without one.
    #[command(after_help = examples::EXPLAIN)]
    Explain {
        /// Such as CONFLICT.
        #[arg(value_parser = reason)]
        reason: Option<Reason>,
    },
    /// Prints a completion script: metactl completion bash > …/completions/metactl
    #[command(after_help = examples::COMPLETION)]
    Completion {
        /// The shell to complete for.
        shell: Shell,
    },
}

#[cfg(test)]
mod tests;
