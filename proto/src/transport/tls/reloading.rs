//! What was made of files, made again when they have changed.
//!
//! They are looked at when somebody asks, which each handshake does: no task, no clock.
//! Invariant: once something was loaded there always is something, and the same change of the
//! files is tried once.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crate::transport::{Reloads, TlsError};

/// Files, and how they are read.
pub trait Load<T> {
    /// All of them.
    fn paths(&self) -> Vec<&Path>;
    /// Reads them.
    fn load(&self) -> Result<T, TlsError>;
}

/// See the module.
pub struct Reloading<F, T> {
    files: F,
    state: Mutex<State<T>>,
}

struct State<T> {
    loaded: Option<Arc<T>>,
    /// What the files were like when they were last read.
    stamps: Vec<Stamp>,
    reloads: Reloads,
}

/// Tells two states of a file apart: device, number, size, and when it changed. None: it cannot
/// be looked at.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

impl<F: Load<T>, T> Reloading<F, T> {
    pub fn new(files: F) -> Reloading<F, T> {
        let state = State { loaded: None, stamps: Vec::new(), reloads: Reloads::default() };
        Reloading { files, state: Mutex::new(state) }
    }

    pub fn files(&self) -> &F {
        &self.files
    }

    /// What the files say now; what they said last, if they are of no use.
    pub fn current(&self) -> Result<Arc<T>, TlsError> {
        // Before they are read: if one changes meanwhile, the next look sees that.
        let stamps: Vec<_> = self.files.paths().into_iter().map(stamp).collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(old) = state.loaded.clone() else {
            let first = Arc::new(self.files.load()?);
            (state.loaded, state.stamps) = (Some(first.clone()), stamps);
            return Ok(first);
        };
        if state.stamps == stamps {
            return Ok(old);
        }
        state.stamps = stamps;
        match self.files.load() {
            Ok(new) => {
                let new = Arc::new(new);
                state.loaded = Some(new.clone());
                state.reloads.done += 1;
                tracing::info!("read changed TLS files");
                Ok(new)
            }
            Err(error) => {
                state.reloads.failed += 1;
                tracing::error!(%error, "TLS files have changed and are of no use: kept the old");
                Ok(old)
            }
        }
    }

    pub fn reloads(&self) -> Reloads {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).reloads
    }
}

fn stamp(path: &Path) -> Stamp {
    let seen = fs::metadata(path).ok()?;
    Some((seen.dev(), seen.ino(), seen.size(), seen.ctime(), seen.ctime_nsec()))
}
