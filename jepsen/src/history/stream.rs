//! Reads a `metad/1` history operation by operation, however long it is.
//!
//! Owns the operations that are open and nothing else of the history: memory does not grow
//! with its length. What it gives is what [`super::read_file`] gives, in the order of the ends.

use std::collections::VecDeque;
use std::io::BufRead;

use super::pairing::{Paired, Pairer};
use super::{Fault, Header, HistoryError, LineError, Operation, metad};

/// A history that is being read.
pub struct Stream<'a> {
    source: String,
    lines: Box<dyn BufRead + 'a>,
    reader: metad::Reader,
    pairer: Pairer,
    line: String,
    line_number: u32,
    /// What never ended, once the last line is read.
    unended: Option<VecDeque<(usize, Operation)>>,
}

/// What comes next in a history.
#[derive(Debug)]
pub enum Item {
    /// The operation of this index, in the order of invocation, begins.
    Opened(usize),
    /// It ends, or nobody will know its outcome.
    Closed(usize, Operation),
    /// The nemesis did or remarked something.
    Fault(Fault),
}

impl<'a> Stream<'a> {
    /// Reads up to the header. `source` is what errors and reports call the history.
    pub fn new(source: &str, lines: impl BufRead + 'a) -> Result<Stream<'a>, HistoryError> {
        let mut stream = Stream {
            source: source.to_string(),
            lines: Box::new(lines),
            reader: metad::Reader::default(),
            pairer: Pairer::new(false),
            line: String::new(),
            line_number: 0,
            unended: None,
        };
        while stream.reader.header().is_none() {
            if !stream.read_line()? {
                return Err(stream.bad(LineError::new(1, "the history has no header line")));
            }
            let line = stream.line.trim_start_matches('\u{feff}');
            let taken = stream.reader.take(line, stream.line_number);
            taken.map_err(|error| stream.bad(error))?;
        }
        Ok(stream)
    }

    /// What errors and reports call it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the history says of itself.
    pub fn header(&self) -> &Header {
        self.reader.header().expect("read before anything else")
    }

    /// None at its end, where all that is open has been closed.
    pub fn advance(&mut self) -> Result<Option<Item>, HistoryError> {
        loop {
            if let Some(unended) = &mut self.unended {
                let last = unended.pop_front();
                return Ok(last.map(|(index, operation)| Item::Closed(index, operation)));
            }
            if !self.read_line()? {
                self.reader.check_end().map_err(|error| self.bad(error))?;
                self.unended = Some(std::mem::take(&mut self.pairer).finish().collect());
                continue;
            }
            let event = self.reader.take(&self.line, self.line_number);
            let Some(event) = event.map_err(|error| self.bad(error))? else { continue };
            match self.pairer.pair(event).map_err(|error| self.bad(error))? {
                Paired::Opened(index) => return Ok(Some(Item::Opened(index))),
                Paired::Closed(index, operation) => {
                    return Ok(Some(Item::Closed(index, operation)));
                }
                Paired::Fault(fault) => return Ok(Some(Item::Fault(fault))),
                Paired::Nothing => {}
            }
        }
    }

    /// False at the end of the file.
    fn read_line(&mut self) -> Result<bool, HistoryError> {
        self.line.clear();
        self.line_number += 1;
        match self.lines.read_line(&mut self.line) {
            Ok(size) => Ok(size > 0),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Err(self.bad(LineError::new(self.line_number, "the text is not UTF-8")))
            }
            Err(error) => Err(HistoryError::Unreadable {
                path: self.source.clone().into(),
                reason: error.to_string(),
            }),
        }
    }

    fn bad(&self, error: LineError) -> HistoryError {
        HistoryError::Malformed {
            source_name: self.source.clone(),
            line: error.line,
            reason: error.reason,
        }
    }
}
