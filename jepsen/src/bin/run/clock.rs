//! Wall clocks that are wrong, by libfaketime. Monotonic clocks stay right: those of real
//! machines never jump either.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// Where distributions have it, for programs with threads.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// Where the library is, if it is installed.
pub fn library() -> Option<&'static Path> {
    LIBRARIES.map(Path::new).into_iter().find(|path| path.is_file())
}

/// The clock of one node.
pub struct Clock {
    /// How wrong it is, as libfaketime reads it.
    file: PathBuf,
}

impl Clock {
    /// A clock that is right.
    pub fn new(file: PathBuf) -> Result<Clock> {
        let clock = Clock { file };
        clock.set(0)?;
        Ok(clock)
    }

    /// Has it be wrong by so much. Programs that have it see that within a second.
    pub fn set(&self, ms: i64) -> Result<()> {
        let text = format!("{:+}\n", ms as f64 / 1e3);
        // In one step: nobody must read half of it.
        let new = self.file.with_extension("new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &self.file)).context("set a clock")
    }

    /// Has a program see this clock.
    pub fn give(&self, command: &mut Command) {
        let Some(library) = library() else { return };
        command.env("LD_PRELOAD", library);
        command.env("FAKETIME_TIMESTAMP_FILE", &self.file);
        command.env("FAKETIME_CACHE_DURATION", "1");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command.env("DONT_FAKE_MONOTONIC", "1");
    }
}
