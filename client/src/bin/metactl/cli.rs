//! The command line: names, help and defaults of everything that metactl takes.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use metad_client::errors::Reason;

use crate::path::NodePath;

const EXAMPLES: &str = "\
Examples:
  metactl ns create main                 make the namespace that commands use by default
  metactl import /usr/share/doc /doc     import a real directory tree
  metactl ls -l /doc                     list it
  metactl put notes.txt /notes.txt       record one file's metadata
  metactl watch --json                   follow all changes from now on
  metactl status                         see who leads

Exit codes:
  0 done   1 refused or failed   2 wrong usage   3 unavailable   4 unknown outcome";

/// Works with the file trees of a metad cluster.
#[derive(Parser)]
#[command(name = "metactl", version, after_help = EXAMPLES)]
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
    /// Namespace to work in.
    #[arg(long, global = true, env = "METAD_NS", value_name = "NAME", default_value = "main")]
    pub ns: String,
    /// Print data as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// How long to keep trying.
    #[arg(long, global = true, value_name = "DURATION", default_value = "10s",
        value_parser = positive)]
    pub timeout: Duration,
}

#[derive(Subcommand)]
pub enum Command {
    /// Lists a directory.
    Ls(Ls),
    /// Shows one node.
    Stat {
        /// Its path.
        path: NodePath,
        #[command(flatten)]
        past: Past,
    },
    /// Shows a directory and all that is under it.
    Tree(Tree),
    /// Makes directories.
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
    Mv {
        /// What to move.
        from: NodePath,
        /// Its new path, or a directory with a slash at the end.
        to: NodePath,
        /// Replace a file by a file, or an empty directory by a directory.
        #[arg(short = 'f', long)]
        replace: bool,
    },
    /// Copies, with all that is under it: up to 10,000 nodes at one revision.
    Cp {
        /// What to copy.
        from: NodePath,
        /// The copy's path, or a directory with a slash at the end.
        to: NodePath,
        #[command(flatten)]
        past: Past,
    },
    /// Makes a symbolic link, which the service does not follow.
    Ln {
        /// The path that it holds.
        to: String,
        /// Where it will be, or a directory with a slash at the end.
        path: NodePath,
    },
    /// Shows or changes what clients keep with a node.
    Attr {
        /// The node.
        path: NodePath,
        /// NAME=VALUE to set; none to show them all.
        changes: Vec<String>,
        /// Names to remove.
        #[arg(short = 'd', long = "delete", value_name = "NAME")]
        remove: Vec<String>,
    },
    /// Shows how much is under a directory, in one read.
    Du {
        /// The directory.
        #[arg(default_value = "/")]
        path: NodePath,
    },
    /// Bounds what may be under a directory, or in the namespace; without bounds, there are none.
    Quota {
        /// The directory; / for the whole namespace.
        path: NodePath,
        /// Nodes at most.
        #[arg(long)]
        nodes: Option<u64>,
        /// Bytes at most.
        #[arg(long)]
        bytes: Option<u64>,
    },
    /// Shows the versions of a node that are kept, the latest first.
    Log {
        /// The node.
        path: NodePath,
        #[command(flatten)]
        past: Past,
    },
    /// Brings back what was at a path: a file's content, or a directory that is gone.
    Restore {
        /// The path.
        path: NodePath,
        /// The revision to bring back.
        revision: u64,
    },
    /// Deletes.
    Rm {
        /// What to delete.
        #[arg(required = true)]
        paths: Vec<NodePath>,
        /// Directories with all that is under them.
        #[arg(short, long)]
        recursive: bool,
    },
    /// Imports a real directory tree. Symbolic links are left out.
    Import(Import),
    /// Follows the changes of the namespace until it is interrupted.
    Watch(Watch),
    /// Shows each node: role, leader, term and log positions.
    Status,
    /// Works with snapshots: names for revisions, which keep what was there.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Works with namespaces.
    #[command(subcommand)]
    Ns(NamespaceCommand),
    /// Says what an error reason means and what to do; lists them all without one.
    Explain {
        /// Such as CONFLICT.
        #[arg(value_parser = reason)]
        reason: Option<Reason>,
    },
    /// Prints a completion script: metactl completion bash > …/completions/metactl
    Completion {
        /// The shell to complete for.
        shell: Shell,
    },
}

#[derive(Args)]
pub struct Ls {
    /// Directory, or a single file.
    #[arg(default_value = "/")]
    pub path: NodePath,
    /// Also show kind, size, rev and time.
    #[arg(short, long)]
    pub long: bool,
    #[command(flatten)]
    pub past: Past,
}

#[derive(Args)]
pub struct Past {
    /// What was there at this revision.
    #[arg(long, value_name = "REVISION", default_value_t = 0, hide_default_value = true)]
    pub at: u64,
}

#[derive(Args)]
pub struct Tree {
    /// Where to start.
    #[arg(default_value = "/")]
    pub path: NodePath,
    /// Levels to show.
    #[arg(short = 'L', long, value_name = "LEVELS", default_value_t = 256)]
    pub depth: usize,
    #[command(flatten)]
    pub past: Past,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("mode"))]
pub struct Put {
    /// The file to describe.
    pub local: PathBuf,
    /// The path to record it at, or a directory with a slash at the end.
    pub remote: NodePath,
    /// Fail if there is something.
    #[arg(long, group = "mode")]
    pub create: bool,
    /// Fail unless the rev of what is there is this one.
    #[arg(long, group = "mode", value_name = "REV")]
    pub update: Option<u64>,
    /// Instead of failing, make a conflicted copy beside what is there.
    #[arg(long)]
    pub autorename: bool,
    /// Whose conflicted copy it is, in its name.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub client: String,
}

#[derive(Args)]
pub struct Import {
    /// The directory to read.
    pub source: PathBuf,
    /// The directory to import into; it is made if it is missing.
    #[arg(default_value = "/")]
    pub target: NodePath,
    /// Batches under way at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub in_flight: u16,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("position"))]
pub struct Watch {
    /// Start with the first change that the journal has.
    #[arg(long, group = "position")]
    pub from_start: bool,
    /// Start after this cursor, as watch prints them.
    #[arg(long, group = "position", value_name = "REVISION.ORDINAL", value_parser = cursor)]
    pub after: Option<(u64, u32)>,
    /// Stop after so many changes.
    #[arg(long, value_name = "COUNT")]
    pub count: Option<u64>,
}

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
pub enum NamespaceCommand {
    /// Lists all namespaces.
    #[command(alias = "ls")]
    List,
    /// Makes a namespace.
    Create {
        /// Its name.
        name: String,
    },
}

fn positive(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("expected more than nothing".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}, such as 10s or 500ms")),
    }
}

fn reason(text: &str) -> Result<Reason, String> {
    let known = || Reason::ALL.iter().map(Reason::to_string).collect::<Vec<_>>().join(" ");
    text.to_uppercase().parse().map_err(|_| format!("expected one of {}", known()))
}

fn cursor(text: &str) -> Result<(u64, u32), String> {
    let parsed = text
        .split_once('.')
        .and_then(|(revision, ordinal)| Some((revision.parse().ok()?, ordinal.parse().ok()?)));
    parsed.ok_or_else(|| "expected REVISION.ORDINAL, such as 17.0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        assert_eq!(cursor("17.2"), Ok((17, 2)));
        assert!(cursor("17").is_err());
    }
}
