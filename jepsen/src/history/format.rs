//! The formats of histories: which one a text is in, and how to read it.
//!
//! Never panics, whatever the bytes: bad input is an error with its line.

use std::path::Path;

use serde::Serialize;

use super::pairing::Pairing;
use super::{Header, History, HistoryError, LineError, edn, jepsen_log, metad};

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
}

impl Format {
    /// The name that `--format` takes.
    pub fn name(self) -> &'static str {
        match self {
            Format::Metad => "metad",
            Format::JepsenLog => "jepsen-log",
            Format::Edn => "edn",
        }
    }

    /// Guesses the format from the first line that is neither blank nor a comment.
    fn detect(text: &str) -> Option<Format> {
        let line = text
            .lines()
            .map(str::trim_start)
            .find(|line| !line.is_empty() && !line.starts_with(';'))
            .or_else(|| text.trim_start().starts_with(';').then_some(";"))?;
        if let Some(rest) = line.strip_prefix('{') {
            let json = rest.trim_start().starts_with('"') || rest.trim() == "}";
            return Some(if json { Format::Metad } else { Format::Edn });
        }
        if line.starts_with(['[', '(', '#', ';']) {
            return Some(Format::Edn);
        }
        jepsen_log::looks_like(line).then_some(Format::JepsenLog)
    }
}

/// Reads a history from a file. Without a format, guesses it from the text.
pub fn read_file(path: &Path, format: Option<Format>) -> Result<History, HistoryError> {
    let source = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| HistoryError::Unreadable {
        path: path.to_path_buf(),
        reason: match error.kind() {
            std::io::ErrorKind::NotFound => "no such file".to_string(),
            std::io::ErrorKind::IsADirectory => "it is a directory, name its files".to_string(),
            _ => error.to_string(),
        },
    })?;
    parse(&source, &bytes, format)
}

/// Reads a history from bytes; `source` is what errors and reports call it.
pub fn parse(source: &str, bytes: &[u8], format: Option<Format>) -> Result<History, HistoryError> {
    parse_lines(source, bytes, format).map_err(|error| HistoryError::Malformed {
        source_name: source.to_string(),
        line: error.line,
        reason: error.reason,
    })
}

fn parse_lines(source: &str, bytes: &[u8], format: Option<Format>) -> Result<History, LineError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        LineError::new(line_count(before), "the text is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(LineError::new(1, "the file is empty"));
    }
    let format = format.or_else(|| Format::detect(text)).ok_or_else(|| {
        LineError::new(1, "unknown format: give --format metad, jepsen-log or edn")
    })?;
    let mut pairing = Pairing::new(format != Format::Metad);
    let mut header = Header::default();
    match format {
        Format::Metad => header = metad::read(text, &mut pairing)?,
        Format::JepsenLog => jepsen_log::read(text, &mut pairing)?,
        Format::Edn => edn::read(text, &mut pairing)?,
    }
    let (operations, faults, events_count) = pairing.finish();
    Ok(History { source: source.to_string(), format, header, operations, faults, events_count })
}

/// The number of the line that follows these bytes, from 1.
fn line_count(bytes: &[u8]) -> u32 {
    let newlines = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(newlines).unwrap_or(u32::MAX - 1) + 1
}
