//! Options of the commands that write.

use std::path::PathBuf;

use clap::Args;

use super::examples;
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
