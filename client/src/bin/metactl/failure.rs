//! Turns errors into one line that says what to do, or its JSON, and an exit code.

use std::{io, process::ExitCode};

use metad_client::{Error, errors::Reason, import::ImportError};
use serde_json::{Value, json};

use crate::output::printable;

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// About one path, or another thing that the user named.
    #[error("{subject}: {error}")]
    About { subject: String, error: Error },
    #[error(transparent)]
    Client(#[from] Error),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Backup(#[from] metad_backup::Error),
    #[error("read {path}: {error}")]
    Read { path: String, error: io::Error },
    #[error("{}", no_namespace(name))]
    NoNamespace { name: String, error: Error },
    #[error("no snapshot {name:?}: `metactl snapshot ls` shows those that there are")]
    NoSnapshot { name: String },
    #[error("no mount at {path}: `metactl ls -l` shows those that there are, with an m")]
    NoMount { path: String },
    #[error("{failure}. Delete what was made before you load it again: {}", deletions(made))]
    HalfLoaded { made: Vec<String>, failure: Box<Failure> },
    /// A step of a batch; lines are counted from 1.
    #[error("line {line}: {text}: {error}")]
    Line { line: usize, text: String, error: Error },
    #[error("no leader: more than half of the nodes must be up and reach one another to elect one")]
    NoLeader,
    /// Of the members of the cluster: nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// The command line does not make sense.
    #[error("{0}")]
    Usage(String),
    #[error("start the runtime: {0}")]
    Runtime(io::Error),
    #[error("write the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// Says what an error is about.
    pub fn about(subject: &str) -> impl FnOnce(Error) -> Failure {
        move |error| Failure::About { subject: subject.to_owned(), error }
    }

    /// Tells the user on stderr, or the program as JSON, and gives the exit code.
    pub fn report(&self, as_json: bool) -> ExitCode {
        if let Failure::Output(error) = self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            // The reader has seen enough.
            return ExitCode::SUCCESS;
        }
        match self.hint() {
            hint if as_json => eprintln!("{}", self.to_json(hint)),
            Some(hint) => eprintln!("metactl: {}: {hint}", printable(&self.to_string())),
            None => eprintln!("metactl: {}", printable(&self.to_string())),
        }
        self.exit_code()
    }

    fn to_json(&self, hint: Option<&str>) -> Value {
        let mut error = json!({ "message": self.to_string() });
        if let Some(hint) = hint {
            error["hint"] = json!(hint);
        }
        if let Failure::Line { line, .. } = self {
            error["line"] = json!(line);
        }
        let kind = match self.client_error() {
            Some(Error::Rejected { info, .. }) => {
                error["reason"] = json!(info.reason.to_string());
                error["metadata"] = json!(info.metadata);
                "rejected"
            }
            Some(Error::Unknown { request, .. }) => {
                error["request"] = json!([request.client_id, request.sequence]);
                "unknown"
            }
            Some(Error::Unavailable { .. }) => "unavailable",
            Some(Error::Invalid(_)) => "invalid",
            Some(Error::Fault { .. }) => "fault",
            None => match self {
                Failure::NoLeader => {
                    error["reason"] = json!(Reason::NoLeader.as_str());
                    "unavailable"
                }
                Failure::NoSnapshot { .. } | Failure::NoMount { .. } => {
                    error["reason"] = json!(Reason::NotFound.as_str());
                    "rejected"
                }
                Failure::Usage(_) => "invalid",
                Failure::Refused(_) => "rejected",
                _ => "failed",
            },
        };
        error["kind"] = json!(kind);
        json!({ "error": error })
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Failure::Import(ImportError::Source { error, .. }) => match error.kind() {
                io::ErrorKind::NotADirectory => Some("use `metactl put` for a single file"),
                _ => None,
            },
            // The message says it.
            Failure::NoNamespace { .. } | Failure::NoSnapshot { .. } | Failure::NoMount { .. } => {
                None
            }
            Failure::HalfLoaded { failure, .. } => failure.hint(),
            _ => self.client_error().and_then(hint),
        }
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.client_error() {
            None if matches!(self, Failure::Usage(_)) => 2,
            None if matches!(self, Failure::NoLeader) => 3,
            Some(Error::Invalid(_)) => 2,
            Some(Error::Unavailable { .. }) => 3,
            Some(Error::Unknown { .. }) => 4,
            Some(Error::Rejected { .. } | Error::Fault { .. }) | None => 1,
        })
    }

    fn client_error(&self) -> Option<&Error> {
        match self {
            Failure::About { error, .. }
            | Failure::Line { error, .. }
            | Failure::NoNamespace { error, .. }
            | Failure::Client(error) => Some(error),
            Failure::HalfLoaded { failure, .. } => failure.client_error(),
            Failure::Import(ImportError::Refused { error, .. } | ImportError::Client(error)) => {
                Some(error)
            }
            Failure::Import(ImportError::Source { .. })
            | Failure::NoSnapshot { .. }
            | Failure::NoMount { .. }
            | Failure::Backup(_)
            | Failure::Read { .. }
            | Failure::NoLeader
            | Failure::Refused(_)
            | Failure::Usage(_)
            | Failure::Runtime(_)
            | Failure::Output(_) => None,
        }
    }
}

fn no_namespace(name: &str) -> String {
    match name.starts_with('#') {
        true => format!("no namespace {name}: `metactl ns ls --json` shows their ids"),
        false => format!(
            "no namespace {name:?}: make it with `metactl ns create {name}`, or name another \
             with --ns"
        ),
    }
}

fn deletions(made: &[String]) -> String {
    let commands = made.iter().map(|name| format!("`metactl ns rm -r {name}`"));
    commands.collect::<Vec<_>>().join(", ")
}

fn hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        // Somebody answered: the cluster runs, but not well enough.
        Error::Unavailable { message } if message.contains("LEADER") => {
            "a majority of the nodes must run and have their data: see `metactl status`"
        }
        Error::Unavailable { message } if message.contains("OVERLOADED") => {
            "the nodes have too much to do, or have not come as far as --read asks"
        }
        Error::Unavailable { .. } => {
            "is the cluster running? Start one with `metad dev --nodes 3`, or give --endpoints"
        }
        Error::Unknown { .. } => "it may have been done: look before you repeat it",
        Error::Rejected { info, .. } => match info.reason {
            Reason::NotFound
                if info
                    .metadata
                    .get(metad_proto::errors::WHY)
                    .is_some_and(|why| why == "revision") =>
            {
                "see the latest revision with `metactl cursor`"
            }
            Reason::NotFound => "see what is there with `metactl ls`, or make it with `mkdir -p`",
            Reason::AlreadyExists => "choose another name, or remove what is there first",
            Reason::NotEmpty => "use --recursive to delete all that is under it",
            Reason::Conflict => "somebody changed it: look at its rev with `metactl stat`",
            Reason::LockHeld => "see who holds it with `metactl lock show`, and until when",
            Reason::TokenStale => "the lock was lost: acquire it again, and look before you write",
            Reason::QuotaExceeded => "see what is there with `metactl du`, or change the `quota`",
            Reason::ChangeRefused => "see who answers with `metactl cluster status`",
            Reason::RevisionCompacted => "snapshots keep what would be forgotten",
            _ => return None,
        },
        Error::Invalid(_) | Error::Fault { .. } => return None,
    })
}
