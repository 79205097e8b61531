//! Options of the commands that write.

use std::path::PathBuf;

use clap::Args;

use super::{
    Past, examples,
    values::{Bound, Bounds, bound},
};
use crate::path::NodePath;

#[derive(Args)]
#[command(group = clap::ArgGroup::new("mode"), after_help = examples::PUT)]
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
    /// Its media type; without it, as its name says.
    #[arg(long, value_name = "TYPE")]
    pub media_type: Option<String>,
    /// Where the list of its blocks is kept, instead of the list.
    #[arg(long, value_name = "REFERENCE")]
    pub manifest: Option<String>,
    /// Instead of failing, make a conflicted copy beside what is there.
    #[arg(long)]
    pub autorename: bool,
    /// Whose conflicted copy it is, in its name.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub client: String,
}

#[derive(Args)]
#[command(after_help = examples::IMPORT)]
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
#[command(after_help = examples::ATTR)]
pub struct Attr {
    /// The node.
    pub path: NodePath,
    /// NAME=VALUE to set; none to show them all.
    pub changes: Vec<String>,
    /// Names to remove.
    #[arg(short = 'd', long = "delete", value_name = "NAME")]
    pub remove: Vec<String>,
    /// Values are given in hex, as --json prints them: any bytes.
    #[arg(long)]
    pub hex: bool,
    /// Fail unless the rev of the node is this one.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub rev: u64,
    #[command(flatten)]
    pub past: Past,
}

#[derive(Args)]
#[command(after_help = examples::QUOTA)]
pub struct Quota {
    /// The directory; / for the whole namespace.
    pub path: NodePath,
    /// Nodes at most, or none.
    #[arg(long, value_name = "COUNT|none", value_parser = bound, allow_hyphen_values = true)]
    nodes: Option<Bound>,
    /// Bytes at most, or none.
    #[arg(long, value_name = "BYTES|none", value_parser = bound, allow_hyphen_values = true)]
    bytes: Option<Bound>,
}

impl Quota {
    /// What is to change, if anything is.
    pub fn bounds(&self) -> Option<Bounds> {
        let Quota { nodes, bytes, .. } = *self;
        (nodes.is_some() || bytes.is_some()).then_some(Bounds { nodes, bytes })
    }
}
