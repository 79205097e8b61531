//! Options of the commands that read.

use clap::Args;

use super::{examples, values::cursor};
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
#[command(after_help = examples::DIFF)]
pub struct Diff {
    /// The namespace.
    pub namespace: String,
    /// The earlier revision.
    pub from: u64,
    /// The later revision; now, without it.
    #[arg(default_value_t = 0, hide_default_value = true)]
    pub to: u64,
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
    /// Levels to show.
    #[arg(short = 'L', long, value_name = "LEVELS", default_value_t = 256)]
    pub depth: usize,
    #[command(flatten)]
    pub past: Past,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("position"), after_help = examples::WATCH)]
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
