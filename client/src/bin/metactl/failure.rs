//! Turns errors into one line that says what to do, and an exit code.

use std::{io, process::ExitCode};

use metad_client::{Error, errors::Reason, import::ImportError};

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
    #[error("read {path}: {error}")]
    Read { path: String, error: io::Error },
    #[error("no namespace {0:?}: make it with `metactl ns create {0}`, or name another with --ns")]
    NoNamespace(String),
    #[error("write the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// Says what an error is about.
    pub fn about(subject: &str) -> impl FnOnce(Error) -> Failure {
        move |error| Failure::About { subject: subject.to_owned(), error }
    }

    /// Tells the user, and the exit code to tell the shell.
    pub fn report(&self) -> ExitCode {
        if let Failure::Output(error) = self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            // The reader has seen enough.
            return ExitCode::SUCCESS;
        }
        match self.hint() {
            Some(hint) => eprintln!("metactl: {self}: {hint}"),
            None => eprintln!("metactl: {self}"),
        }
        self.exit_code()
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Failure::Import(ImportError::Source { error, .. }) => match error.kind() {
                io::ErrorKind::NotADirectory => Some("use `metactl put` for a single file"),
                _ => None,
            },
            _ => self.client_error().and_then(hint),
        }
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.client_error() {
            Some(Error::Invalid(_)) => 2,
            Some(Error::Unavailable { .. }) => 3,
            Some(Error::Unknown { .. }) => 4,
            Some(Error::Rejected { .. } | Error::Fault { .. }) | None => 1,
        })
    }

    fn client_error(&self) -> Option<&Error> {
        match self {
            Failure::About { error, .. } | Failure::Client(error) => Some(error),
            Failure::Import(ImportError::Refused { error, .. } | ImportError::Client(error)) => {
                Some(error)
            }
            Failure::Import(ImportError::Source { .. })
            | Failure::Read { .. }
            | Failure::NoNamespace(_)
            | Failure::Output(_) => None,
        }
    }
}

fn hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Unavailable { .. } => {
            "is the cluster running? Start one with `metad dev --nodes 3`, or give --endpoints"
        }
        Error::Unknown { .. } => "it may have been done: look before you repeat it",
        Error::Rejected { info, .. } => match info.reason {
            Reason::NotFound => "see what is there with `metactl ls`, or make it with `mkdir -p`",
            Reason::AlreadyExists => "choose another name, or remove what is there first",
            Reason::NotEmpty => "use --recursive to delete all that is under it",
            Reason::Cycle => "a directory cannot be moved under itself",
            Reason::Conflict => "somebody changed it: look at its rev with `metactl stat`",
            _ => return None,
        },
        Error::Invalid(_) | Error::Fault { .. } => return None,
    })
}
