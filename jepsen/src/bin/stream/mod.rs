//! Checks histories as they are read, where that is enough.

use metad_jepsen::Report;
use metad_jepsen::check::{Streamable, Survey, check_stream};
use metad_jepsen::history::{Input, Stream};
use metad_jepsen::model::Kind;

use super::{CheckArguments, FormatName, ModelName};

/// The report, unless the history must be read as a whole, or is not in our own format.
pub fn check(arguments: &CheckArguments, input: &Input) -> anyhow::Result<Option<Report>> {
    let is_ours = matches!(arguments.format, None | Some(FormatName::Metad));
    let is_tree = matches!(arguments.model, None | Some(ModelName::FileTree));
    // A page draws the history.
    if !is_ours || !is_tree || arguments.report.is_some() {
        return Ok(None);
    }
    // What is wrong with a header is said by the route that reads all formats.
    let Ok(stream) = Stream::new(input.name(), input.read()?) else { return Ok(None) };
    if stream.header().model.as_deref() != Some(Kind::FileTree.name()) {
        return Ok(None);
    }
    let Some(survey) = Survey::of(input.name(), input.read()?)? else { return Ok(None) };
    Ok(match check_stream(stream, &survey)? {
        Streamable::Certified(report) => Some(*report),
        Streamable::NeedsWhole(_) => None,
    })
}
