//! Options of the commands that read.

use std::time::Duration;

use clap::Args;
use metad_client::v1::Cursor;

use super::{
    examples,
    values::{cursor, positive},
};
use crate::path::NodePath;

#[derive(Args)]
#[command(after_help = examples::LS)]
pub struct Ls {
    /// Directory, or a single file.
    #[arg(default_value = "/")]
    pub path: NodePath,
    /// Also show kind, size, rev and time.
    #[arg(short, long)]
    pub long: bool,
    /// All that is under it, but not what mounts show.
    #[arg(short = 'R', long)]
    pub recursive: bool,
    /// Only what comes after this name; after this path, with --recursive.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub after: String,
    /// So many entries at most.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub past: Past,
}

#[derive(Args)]
#[command(after_help = examples::STAT)]
pub struct Stat {
    /// Their paths: of several, all at one revision.
    #[arg(required = true)]
    pub paths: Vec<NodePath>,
    #[command(flatten)]
    pub past: Past,
}

#[derive(Args)]
#[command(after_help = examples::LOOKUP)]
pub struct Lookup {
    /// The node, such as #17.
    pub path: NodePath,
    #[command(flatten)]
    pub past: Past,
}

#[derive(Args)]
#[command(after_help = examples::LOG)]
pub struct Log {
    /// The node.
    pub path: NodePath,
    #[command(flatten)]
    pub past: Past,
    /// Only versions of an earlier rev than this.
    #[arg(long, value_name = "REV", default_value_t = 0, hide_default_value = true)]
    pub before: u64,
    /// So many versions at most; all, without it.
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true)]
    pub limit: u32,
}

#[derive(Args)]
#[command(after_help = examples::DIFF)]
pub struct Diff {
    /// The earlier revision, or the name of a snapshot.
    pub from: String,
    /// The later one; now, without it.
    pub to: Option<String>,
}

#[derive(Args)]
pub struct Past {
    /// What was there at this revision.
    #[arg(long, value_name = "REVISION", default_value_t = 0, hide_default_value = true)]
    pub at: u64,
}

#[derive(Args)]
#[command(after_help = examples::TREE)]
pub struct Tree {
    /// Where to start.
    #[arg(default_value = "/")]
    pub path: NodePath,
    /// Levels to show; all, without it.
    #[arg(short = 'L', long, value_name = "LEVELS")]
    pub depth: Option<usize>,
    #[command(flatten)]
    pub past: Past,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("position"), after_help = examples::WATCH)]
pub struct Watch {
    /// Start with the first change of all; CURSOR_RESET if that is no longer kept.
    #[arg(long, group = "position")]
    pub from_start: bool,
    /// Start after this cursor, as watch prints them.
    #[arg(long, group = "position", value_name = "REVISION.ORDINAL", value_parser = cursor)]
    pub after: Option<Cursor>,
    /// Stop after so many changes.
    #[arg(long, value_name = "COUNT")]
    pub count: Option<u64>,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("position"), after_help = examples::WAIT)]
pub struct Wait {
    /// Wait for a change after this cursor; after now, without it.
    #[arg(long, group = "position", value_name = "REVISION.ORDINAL", value_parser = cursor)]
    pub cursor: Option<Cursor>,
    /// Wait for the first change of all; CURSOR_RESET if that is no longer kept.
    #[arg(long, group = "position")]
    pub from_start: bool,
}

#[derive(Args)]
#[command(after_help = examples::JOURNAL)]
pub struct Journal {
    /// Start after this cursor; with the first change of all, without it: CURSOR_RESET if that is
    /// no longer kept.
    #[arg(long, value_name = "REVISION.ORDINAL", value_parser = cursor)]
    pub after: Option<Cursor>,
    /// So many changes at most.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
}

#[derive(Args)]
#[command(after_help = examples::TOP)]
pub struct Top {
    /// How long between two looks.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = positive)]
    pub interval: Duration,
    /// How many looks. Until it is interrupted, without it.
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub count: Option<u64>,
}
