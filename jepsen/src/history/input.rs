//! Where the bytes of a history come from: a file, a pipe or standard input, plain or compressed.
//!
//! A history may be read more than once, first to look it over and then to check it. What
//! cannot be read twice is copied to a temporary file, compressed as it came.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::HistoryError;

const BUFFER_BYTES: usize = 1 << 20;
/// What a file that zstd wrote begins with.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The bytes of one history.
pub struct Input {
    name: String,
    path: PathBuf,
    /// Removed when nobody reads any more.
    _copy: Option<TempPath>,
}

impl Input {
    /// Opens a file, or standard input if the path is `-`.
    pub fn open(path: &Path) -> Result<Input, HistoryError> {
        if path == Path::new("-") {
            return Input::copy("standard input", &mut std::io::stdin().lock());
        }
        let name = path.display().to_string();
        let about = path.metadata().map_err(|error| unreadable(&name, &error))?;
        if about.is_file() {
            return Ok(Input { name, path: path.to_path_buf(), _copy: None });
        }
        let mut pipe = File::open(path).map_err(|error| unreadable(&name, &error))?;
        Input::copy(&name, &mut pipe)
    }

    fn copy(name: &str, from: &mut dyn Read) -> Result<Input, HistoryError> {
        let mut copied = || {
            let mut file = tempfile::NamedTempFile::new()?;
            std::io::copy(from, &mut file)?;
            Ok(file.into_temp_path())
        };
        let copy = copied().map_err(|error| unreadable(name, &error))?;
        Ok(Input { name: name.to_string(), path: copy.to_path_buf(), _copy: Some(copy) })
    }

    /// What errors and reports call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text from its beginning, decompressed where it needs to be.
    pub fn read(&self) -> Result<Box<dyn BufRead>, HistoryError> {
        let opened = || {
            let mut bytes = BufReader::with_capacity(BUFFER_BYTES, File::open(&self.path)?);
            Ok(match bytes.fill_buf()?.starts_with(&ZSTD_MAGIC) {
                true => {
                    let text = zstd::Decoder::with_buffer(bytes)?;
                    Box::new(BufReader::with_capacity(BUFFER_BYTES, text)) as Box<dyn BufRead>
                }
                false => Box::new(bytes),
            })
        };
        opened().map_err(|error| unreadable(&self.name, &error))
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> HistoryError {
    HistoryError::Unreadable { path: name.into(), reason: reason(error) }
}

/// What went wrong while reading, in words.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        std::io::ErrorKind::IsADirectory => "it is a directory, name its files".to_string(),
        std::io::ErrorKind::UnexpectedEof => "the compressed data is cut off".to_string(),
        _ => error.to_string(),
    }
}
