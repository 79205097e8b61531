//! Runs begin as forks of a process that has done nothing yet but get ready: what each run
//! would compute and load anew, some tens of milliseconds, is done once. Nothing of one run
//! can reach another: the forking process takes no part in any.
//!
//! The one end is [`serve`], a single-threaded process that reads a line of JSON for each run
//! and answers with one. The other end is [`Forks`], of which there are as many as runs at a
//! time.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, Write},
    os::fd::{AsRawFd, FromRawFd},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// How often a running process is looked at.
const POLL: Duration = Duration::from_millis(2);

/// A run that is wanted.
#[derive(Serialize, Deserialize)]
pub struct Request {
    /// The command line behind the program's name.
    pub arguments: Vec<String>,
    /// Real milliseconds before it is ended.
    pub limit_ms: u64,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
pub struct Answer {
    /// Its process.
    pub process: u32,
    /// How it ended; None if it had to be ended.
    pub ended: Option<String>,
    /// What it printed.
    pub output: String,
    /// What it complained of.
    pub errors: String,
}

/// A process that forks, ended when this is dropped.
struct Forks {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// Those that have nothing to do. They end with this process.
static IDLE: Mutex<Vec<Forks>> = Mutex::new(Vec::new());

/// Has a run made by a process that forks.
pub fn run(program: &Path, request: &Request) -> anyhow::Result<Answer> {
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let forks = idle().pop();
    let mut forks = forks.map_or_else(|| Forks::start(program), Ok)?;
    let answer = forks.run(request)?;
    idle().push(forks);
    Ok(answer)
}

/// The same by one that starts just for it.
pub fn run_afresh(program: &Path, request: &Request) -> anyhow::Result<Answer> {
    Forks::start(program)?.run(request)
}

impl Forks {
    fn start(program: &Path) -> anyhow::Result<Forks> {
        let mut command = Command::new(program);
        command.arg("forks").stdin(Stdio::piped()).stdout(Stdio::piped());
        // Backtraces take seconds, and the replay gives them.
        command.env("RUST_BACKTRACE", "0");
        let mut process = command.spawn().context("start a process that forks")?;
        let requests = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("stdout is piped"));
        Ok(Forks { process, requests, answers })
    }

    fn run(&mut self, request: &Request) -> anyhow::Result<Answer> {
        let requests = self.requests.as_mut().expect("it is closed when this is dropped");
        writeln!(requests, "{}", serde_json::to_string(request)?).context("ask for a run")?;
        let mut line = String::new();
        self.answers.read_line(&mut line).context("read what came of a run")?;
        serde_json::from_str(&line).context("the process that forks has ended")
    }
}

impl Drop for Forks {
    fn drop(&mut self) {
        // The end of its requests is its own end.
        self.requests = None;
        // There is nothing to be done about one that cannot be waited for.
        let _ = self.process.wait();
    }
}

/// Forks for each request until there are no more. `run` is what the fork does.
pub fn serve(run: impl Fn(Vec<String>) -> i32) -> anyhow::Result<()> {
    get_ready();
    for line in std::io::stdin().lines() {
        let request: Request = serde_json::from_str(&line?).context("read a request")?;
        let answer = fork_for(request, &run)?;
        println!("{}", serde_json::to_string(&answer)?);
    }
    Ok(())
}

/// What a run computes first of all, whatever its seed.
fn get_ready() {
    // openraft's statistics share tables of 50 MB.
    std::hint::black_box(base2histogram::Histogram::<()>::new());
}

fn fork_for(request: Request, run: impl Fn(Vec<String>) -> i32) -> anyhow::Result<Answer> {
    let (mut output, mut errors) = (memory_file()?, memory_file()?);
    std::io::stdout().flush()?;
    // SAFETY: this process has one thread, so the fork may do all that this process may.
    let process = unsafe { libc::fork() };
    match process {
        -1 => bail!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            // SAFETY: all are descriptors of this process. The run ends with its parent.
            unsafe {
                libc::dup2(output.as_raw_fd(), libc::STDOUT_FILENO);
                libc::dup2(errors.as_raw_fd(), libc::STDERR_FILENO);
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            }
            std::process::exit(run(request.arguments));
        }
        process => {
            let ended = wait(process, Duration::from_millis(request.limit_ms))?;
            let process = process.unsigned_abs();
            let (output, errors) = (read(&mut output)?, read(&mut errors)?);
            Ok(Answer { process, ended, output, errors })
        }
    }
}

fn memory_file() -> anyhow::Result<File> {
    // SAFETY: the name ends with a NUL.
    let descriptor = unsafe { libc::memfd_create(c"run".as_ptr(), libc::MFD_CLOEXEC) };
    if descriptor < 0 {
        bail!("make a file in memory: {}", std::io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

fn read(file: &mut File) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes).context("read what a run printed")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn wait(process: libc::pid_t, limit: Duration) -> anyhow::Result<Option<String>> {
    let deadline = Instant::now() + limit;
    let mut status = 0;
    loop {
        // SAFETY: the status outlives the call.
        match unsafe { libc::waitpid(process, &raw mut status, libc::WNOHANG) } {
            0 if Instant::now() < deadline => std::thread::sleep(POLL),
            0 => {
                // SAFETY: the process is a child that nobody else waits for.
                unsafe {
                    libc::kill(process, libc::SIGKILL);
                    libc::waitpid(process, &raw mut status, 0);
                }
                return Ok(None);
            }
            -1 => bail!("wait for a run: {}", std::io::Error::last_os_error()),
            _ => return Ok(Some(describe(status))),
        }
    }
}

fn describe(status: libc::c_int) -> String {
    match libc::WIFSIGNALED(status) {
        true => format!("signal {}", libc::WTERMSIG(status)),
        false => format!("exit code {}", libc::WEXITSTATUS(status)),
    }
}
