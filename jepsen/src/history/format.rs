//! The formats of histories: which one a text is in, and how to read it.
//!
//! Never panics, whatever the bytes: bad input is an error with its line.

use std::path::Path;

use serde::Serialize;

use super::input::Input;
use super::lines::Lines;
use super::pairing::Pairing;
use super::{History, HistoryError, LineError, edn, jepsen_log, metad, porcupine};

/// How a history is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// JSON lines, as docs/HISTORY.md says.
    Metad,
    /// Lines of `jepsen.util`, as the etcd-register histories have them.
    JepsenLog,
    /// EDN maps, in one vector (Knossos) or one a line (Porcupine).
    Edn,
    /// Porcupine's events as JSON, one a line.
    Porcupine,
}

impl Format {
    /// The name that `--format` takes.
    pub fn name(self) -> &'static str {
        match self {
            Format::Metad => "metad",
            Format::JepsenLog => "jepsen-log",
            Format::Edn => "edn",
            Format::Porcupine => "porcupine",
        }
    }

    /// Guesses the format from a line that is neither blank nor a comment.
    fn of_line(line: &str) -> Option<Format> {
        let line = line.trim_start();
        if let Some(rest) = line.strip_prefix('{') {
            let rest = rest.trim();
            return Some(match rest {
                _ if porcupine::looks_like(line) => Format::Porcupine,
                "}" => Format::Metad,
                _ if rest.starts_with('"') => Format::Metad,
                _ => Format::Edn,
            });
        }
        if line.starts_with(['[', '(', '#']) {
            return Some(Format::Edn);
        }
        jepsen_log::looks_like(line).then_some(Format::JepsenLog)
    }

    /// Guesses the format, and leaves the reader where the first line that counts begins.
    fn detect(lines: &mut Lines<'_>) -> Result<Format, LineError> {
        let mut has_comment = false;
        while let Some((_, line)) = lines.next()? {
            match line.trim_start() {
                "" => {}
                line if line.starts_with(';') => has_comment = true,
                line => {
                    let format = Format::of_line(line);
                    lines.hold();
                    return format.ok_or_else(|| LineError::new(1, UNKNOWN_FORMAT));
                }
            }
        }
        match has_comment {
            true => Ok(Format::Edn),
            false => Err(LineError::new(1, "the file is empty")),
        }
    }
}

const UNKNOWN_FORMAT: &str = "unknown format: give --format metad, jepsen-log, edn or porcupine";

/// Reads a history from a file, or from standard input if the path is `-`. Without a format,
/// guesses it from the text.
pub fn read_file(path: &Path, format: Option<Format>) -> Result<History, HistoryError> {
    read_input(&Input::open(path)?, format)
}

/// Reads a whole history.
pub fn read_input(input: &Input, format: Option<Format>) -> Result<History, HistoryError> {
    read(input.name(), Lines::new(input.read()?), format)
}

/// Reads a history from bytes; `source` is what errors and reports call it.
pub fn parse(source: &str, bytes: &[u8], format: Option<Format>) -> Result<History, HistoryError> {
    read(source, Lines::new(bytes), format)
}

fn read(source: &str, lines: Lines<'_>, format: Option<Format>) -> Result<History, HistoryError> {
    read_lines(source, lines, format).map_err(|error| HistoryError::Malformed {
        source_name: source.to_string(),
        line: error.line,
        reason: error.reason,
    })
}

fn read_lines(
    source: &str,
    mut lines: Lines<'_>,
    format: Option<Format>,
) -> Result<History, LineError> {
    let detected = Format::detect(&mut lines);
    let format = match (format, detected) {
        (Some(format), Ok(_)) => format,
        (Some(format), Err(error)) if error.reason == UNKNOWN_FORMAT => format,
        (_, detected) => detected?,
    };
    let mut pairing = Pairing::new(format != Format::Metad);
    let header = match format {
        Format::Metad => Some(metad::read(lines, &mut pairing)?),
        Format::JepsenLog => jepsen_log::read(lines, &mut pairing).map(|()| None)?,
        Format::Edn => edn::read(&lines.rest()?, &mut pairing)?,
        Format::Porcupine => Some(porcupine::read(lines, &mut pairing)?),
    };
    let (operations, faults, events_count) = pairing.finish();
    // What begins with a header of ours means what ours mean, however it is written.
    let format = if header.is_some() { Format::Metad } else { format };
    let header = header.unwrap_or_default();
    Ok(History { source: source.to_string(), format, header, operations, faults, events_count })
}
