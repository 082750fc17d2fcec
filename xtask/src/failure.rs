//! Why a task stopped.

use std::fmt;
use std::io;
use std::process::ExitStatus;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a task or a scenario stopped, in the words that the developer reads.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What a scenario demanded did not come true.
    Unmet {
        /// What should have been.
        expected: String,
        /// What was there instead.
        seen: String,
    },
    /// A program ended with an error.
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said, where that was captured.
        output: String,
    },
    /// The system refused something.
    System {
        /// What was being done.
        doing: String,
        /// What the system said.
        error: io::Error,
    },
    /// The station or the machine cannot do what is asked: a scenario is then skipped.
    Unable(String),
    /// The command line or the environment is not as it should be.
    Usage(String),
}

impl Failure {
    /// An expectation that was not met.
    pub(crate) fn unmet(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::Unmet { expected: expected.into(), seen: seen.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmet { expected, seen } => write!(f, "expected: {expected}\n    seen: {seen}"),
            Self::Command { command, status, output } if output.is_empty() => {
                write!(f, "`{command}` failed: {status}")
            }
            Self::Command { command, status, output } => {
                write!(f, "`{command}` failed: {status}\n{}", output.trim_end())
            }
            Self::System { doing, error } => write!(f, "{doing}: {error}"),
            Self::Unable(what) | Self::Usage(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Says what was being done when the system refused.
pub(crate) trait Doing<T> {
    /// Turns an I/O error into a [`Failure`] that names the action.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::System { doing: what(), error })
    }
}
