//! Checks histories as they are read, where that is enough.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context;
use metad_jepsen::Report;
use metad_jepsen::check::{Streamable, Survey, check_stream};
use metad_jepsen::history::Stream;
use metad_jepsen::model::Kind;

use super::{CheckArguments, FormatName, ModelName};

const BUFFER_BYTES: usize = 1 << 20;

/// The report, unless the history must be read as a whole, or is not in our own format.
pub fn check(arguments: &CheckArguments, file: &Path) -> anyhow::Result<Option<Report>> {
    let is_ours = matches!(arguments.format, None | Some(FormatName::Metad));
    let is_tree = matches!(arguments.model, None | Some(ModelName::FileTree));
    // A page draws the history.
    if !is_ours || !is_tree || arguments.report.is_some() {
        return Ok(None);
    }
    let source = file.display().to_string();
    let open = || -> anyhow::Result<BufReader<File>> {
        let opened = File::open(file).with_context(|| format!("open {source}"))?;
        Ok(BufReader::with_capacity(BUFFER_BYTES, opened))
    };
    // What is wrong with a file is said by the route that reads all formats.
    let Ok(lines) = open() else { return Ok(None) };
    let Ok(stream) = Stream::new(&source, lines) else { return Ok(None) };
    if stream.header().model.as_deref() != Some(Kind::FileTree.name()) {
        return Ok(None);
    }
    let Some(survey) = Survey::of(&source, open()?)? else { return Ok(None) };
    Ok(match check_stream(stream, &survey)? {
        Streamable::Certified(report) => Some(*report),
        Streamable::NeedsWhole(_) => None,
    })
}
