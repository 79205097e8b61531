//! Reads a `metad/1` history operation by operation, however long it is.
//!
//! Owns the operations that are open and nothing else of the history: memory does not grow
//! with its length. What it gives is what [`super::read_file`] gives, in the order of the ends.

use std::collections::VecDeque;
use std::io::BufRead;

use super::lines::Lines;
use super::pairing::{Event, Paired, Pairer};
use super::{Fault, Header, HistoryError, LineError, Operation, metad};

/// A history that is being read.
pub struct Stream<'a> {
    source: String,
    lines: Lines<'a>,
    reader: metad::Reader,
    pairer: Pairer,
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
            lines: Lines::new(lines),
            reader: metad::Reader::default(),
            pairer: Pairer::new(false),
            unended: None,
        };
        stream.read_header().map_err(|error| stream.bad(error))?;
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
            let event = self.read_event().map_err(|error| self.bad(error))?;
            let Some(event) = event else {
                self.reader.check_end().map_err(|error| self.bad(error))?;
                self.unended = Some(std::mem::take(&mut self.pairer).finish().collect());
                continue;
            };
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

    fn read_header(&mut self) -> Result<(), LineError> {
        while self.reader.header().is_none() {
            let missing = || LineError::new(1, "the history has no header line");
            let (number, line) = self.lines.next()?.ok_or_else(missing)?;
            self.reader.take(line, number)?;
        }
        Ok(())
    }

    /// None at the end of the file.
    fn read_event(&mut self) -> Result<Option<Event>, LineError> {
        while let Some((number, line)) = self.lines.next()? {
            if let Some(event) = self.reader.take(line, number)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn bad(&self, error: LineError) -> HistoryError {
        HistoryError::Malformed {
            source_name: self.source.clone(),
            line: error.line,
            reason: error.reason,
        }
    }
}
