//! `metad inspect`: shows what is in a data folder.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use metad::{
    inspect::{self, Shown, Sum},
    kv::{
        View,
        rocks::{self, Settings},
    },
};
use serde_json::json;

use super::{
    folder,
    serve::{LOG, STATE},
};

pub const EXAMPLES: &str = "\
Examples:
  metad inspect data/1                        who it is, how far it came, what there is
  metad inspect data/1 --kind session         the sessions, one a line
  metad inspect data/1 --kind log-entry --limit 5 --json

Run it on the folder of a stopped node, or on a copy. Nothing is changed; `metad fsck` judges.";

/// What to look at.
#[derive(clap::Args)]
pub struct Options {
    /// A data folder: `data_dir` of a node's configuration.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Shows the records of this kind.
    #[arg(long)]
    kind: Option<String>,
    /// At most so many of them.
    #[arg(long, value_name = "COUNT", default_value_t = 100, requires = "kind")]
    limit: usize,
    /// Prints JSON, an object a line.
    #[arg(long)]
    json: bool,
}

/// Looks and prints.
pub fn inspect(options: &Options) -> anyhow::Result<ExitCode> {
    if let Some(kind) = &options.kind {
        let kinds = inspect::kinds();
        let listed = kinds.join(", ");
        anyhow::ensure!(kinds.contains(kind), "--kind {kind}: there is none; there are {listed}");
    }
    folder::check(&options.folder)?;
    for part in [LOG, STATE] {
        let path = options.folder.join(part);
        let store = rocks::read_only(&path, Settings::default())
            .with_context(|| format!("{}", path.display()))?;
        let shown = match &options.kind {
            Some(kind) => print_records(&store, kind, options),
            None => print_sums(part, &store, options.json),
        };
        match shown {
            // Whoever reads has seen enough.
            Err(error) if is_closed(&error) => break,
            shown => shown?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn is_closed(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn print_sums(part: &str, store: &View, as_json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if !as_json {
        writeln!(
            out,
            "{part:<20} {:>12} {:>14} {:>14} {:>10}",
            "records", "key bytes", "value bytes", "unreadable"
        )?;
    }
    for (kind, sum) in inspect::sums(&**store)? {
        let Sum { records, key_bytes, value_bytes, unreadable, first } = sum;
        // What there is one of is who the node is, and how far it came.
        let says = (records == 1 && unreadable == 0).then_some(first);
        if as_json {
            let line = json!({
                "store": part, "kind": kind, "records": records, "key_bytes": key_bytes,
                "value_bytes": value_bytes, "unreadable": unreadable, "says": says,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(
                out,
                "{kind:<20} {records:>12} {key_bytes:>14} {value_bytes:>14} {unreadable:>10}"
            )?;
            if let Some(says) = says {
                writeln!(out, "    {says}")?;
            }
        }
    }
    Ok(())
}

fn print_records(store: &View, kind: &str, options: &Options) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for record in inspect::records(&**store, kind).take(options.limit) {
        let Shown { key, says } = record?;
        let key = key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match (says, options.json) {
            (Ok(says), true) => writeln!(out, "{}", json!({ "key": key, "says": says }))?,
            (Err(why), true) => writeln!(out, "{}", json!({ "key": key, "unreadable": why }))?,
            (Ok(says), false) => writeln!(out, "{key} {says}")?,
            (Err(why), false) => writeln!(out, "{key} UNREADABLE: {why}")?,
        }
    }
    Ok(())
}
