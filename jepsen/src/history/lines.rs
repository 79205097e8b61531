//! The lines of a history, numbered, one at a time.

use std::io::BufRead;

use super::LineError;
use super::input::reason;

/// Reads lines from the first to the last. Holds one of them.
pub(super) struct Lines<'a> {
    input: Box<dyn BufRead + 'a>,
    line: String,
    number: u32,
    /// The present line is given once more.
    is_held: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(input: impl BufRead + 'a) -> Lines<'a> {
        Lines { input: Box::new(input), line: String::new(), number: 0, is_held: false }
    }

    /// The next line with its number, from 1; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, &str)>, LineError> {
        if !std::mem::take(&mut self.is_held) {
            self.line.clear();
            self.number = self.number.saturating_add(1);
            let read = self.input.read_line(&mut self.line);
            if read.map_err(|error| self.unreadable(&error))? == 0 {
                return Ok(None);
            }
        }
        // An editor's byte order mark is no part of the text.
        let line = match self.number {
            1 => self.line.trim_start_matches('\u{feff}'),
            _ => &self.line,
        };
        Ok(Some((self.number, line)))
    }

    /// Gives the last line again, in the next call.
    pub(super) fn hold(&mut self) {
        self.is_held = true;
    }

    /// All that is left. The lines before it are empty ones, so that lines keep their numbers.
    pub(super) fn rest(mut self) -> Result<String, LineError> {
        let mut text = String::new();
        while let Some((number, line)) = self.next()? {
            if text.is_empty() {
                text.extend((1..number).map(|_| '\n'));
            }
            text.push_str(line);
        }
        Ok(text)
    }

    fn unreadable(&self, error: &std::io::Error) -> LineError {
        match error.kind() {
            std::io::ErrorKind::InvalidData => LineError::new(self.number, "the text is not UTF-8"),
            _ => LineError::new(self.number, format!("cannot read on: {}", reason(error))),
        }
    }
}
