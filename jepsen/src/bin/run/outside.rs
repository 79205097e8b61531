//! The outer half of a run: chooses the place, starts the inner half there, and cleans up after
//! it.
//!
//! Owns: the run's folder. The inner half ends when its standard input does, so it ends with this
//! process, whatever that dies of; where there are namespaces, all that was started in them ends
//! with the inner half.

use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::Path,
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    process::{Child, ChildStdin},
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use super::{cli::Args, place::Place};

/// What the names of runs' folders begin with.
const PREFIX: &str = "metad-jepsen-";
/// Held by whoever uses a folder.
const LOCK: &str = "lock";
/// How long the inner half may take to end.
const END_MAX: Duration = Duration::from_secs(10);

/// Runs the inner half.
pub fn run(args: &Args) -> Result<ExitCode> {
    remove_leavings()?;
    let (place, obstacle) = Place::choose(args.place)?;
    if let Some(why) = obstacle {
        eprintln!("on loopback, where no network can be disturbed: {why}");
    }
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
    let lock = hold(folder.path(), &args.out)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        let mut command = place.enter(&std::env::current_exe()?);
        command.args(std::env::args_os().skip(1)).arg("--inside").arg(folder.path());
        command.args(["--place", place.name()]);
        let mut command = tokio::process::Command::from(command);
        // A group of its own: what is typed is for this process, which tells it.
        command.stdin(Stdio::piped()).process_group(0).kill_on_drop(true);
        wait(command.spawn().context("start the inner half: is there unshare?")?).await
    });
    drop(lock);
    code
}

/// Waits for the inner half, which is told to end by a signal.
async fn wait(mut child: Child) -> Result<ExitCode> {
    let input = child.stdin.take();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let status = tokio::select! {
        biased;
        status = child.wait() => status,
        _ = interrupt.recv() => end(&mut child, input).await,
        _ = terminate.recv() => end(&mut child, input).await,
        _ = hangup.recv() => end(&mut child, input).await,
    };
    let code = status.context("wait for the inner half")?.code();
    Ok(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(2)))
}

async fn end(
    child: &mut Child,
    input: Option<ChildStdin>,
) -> std::io::Result<std::process::ExitStatus> {
    drop(input);
    if timeout(END_MAX, child.wait()).await.is_err() {
        child.start_kill()?;
    }
    child.wait().await
}

fn hold(folder: &Path, out: &Path) -> Result<File> {
    let mut lock = File::create(folder.join(LOCK)).context("create the run's lock")?;
    lock.lock().context("lock the run's folder")?;
    writeln!(lock, "{}", out.display()).context("say whose folder it is")?;
    Ok(lock)
}

/// Removes the folders of runs both halves of which were killed.
fn remove_leavings() -> Result<()> {
    for entry in fs::read_dir(std::env::temp_dir())?.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // One without a lock is just being made, or somebody else's.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        match lock.try_lock() {
            Ok(()) => {
                eprintln!("removing what a killed run left: {}", entry.path().display());
                let _ = fs::remove_dir_all(entry.path());
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
    Ok(())
}
