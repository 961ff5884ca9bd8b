//! Why a command failed: what happened, what that means for the exit code, and what to do.

use std::path::PathBuf;

use audit::AuditError;
use sync_engine::{FaultClass, FlowError, StateError};

use crate::config::ConfigError;
use crate::exit::Exit;

/// A command failed. What was finished before is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// What was asked for makes no sense.
    #[error("{what}")]
    Usage {
        /// What is wrong with it.
        what: String,
        /// What to do instead.
        hint: String,
    },
    /// The configuration, a mapping or a secret reference is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A flow stopped.
    #[error("flow {flow} stopped")]
    Flow {
        /// The flow.
        flow: String,
        /// Why.
        #[source]
        error: Box<FlowError>,
    },
    /// The state could not be read or written.
    #[error("keeping the state")]
    State(#[from] StateError),
    /// The audit log could not be read or written.
    #[error("keeping the audit log")]
    Audit(#[from] AuditError),
    /// A file of ours could not be read or written.
    #[error("{path}: {detail}", path = path.display())]
    Storage {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// Another process uses the data folder.
    #[error("the data folder {folder} is in use by another process{holder}", folder = folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Who, as far as known; begins with a blank or is empty.
        holder: String,
    },
    /// The audit log is not what was written.
    #[error("the audit log is damaged from entry {number} on: {detail}")]
    Damaged {
        /// The first wrong entry.
        number: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// A saved plan no longer holds.
    #[error("{what}")]
    Moved {
        /// What has moved.
        what: String,
    },
    /// A system did not do what was needed.
    #[error("{system}: {what}")]
    System {
        /// Which one.
        system: &'static str,
        /// What it refused or failed to do.
        what: String,
        /// How the command ends.
        exit: Exit,
        /// What to do.
        hint: String,
    },
    /// What was named does not exist.
    #[error("{what}")]
    Missing {
        /// What.
        what: String,
        /// Where to look.
        hint: String,
    },
    /// The reader of our output has gone away; nobody is left to be told.
    #[error("nobody reads the output any more")]
    Unread,
    /// Stopped by Ctrl-C.
    #[error("stopped on request")]
    Interrupted,
    /// Something that was not foreseen.
    #[error("{what}")]
    Internal {
        /// What.
        what: String,
    },
}

impl Failure {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            Self::Config(_) => Exit::Config,
            Self::Flow { error, .. } => flow_exit(error),
            Self::State(error) => state_exit(error),
            Self::Audit(error) => audit_exit(error),
            Self::Storage { .. } => Exit::Storage,
            Self::InUse { .. } => Exit::InUse,
            Self::Damaged { .. } => Exit::Damaged,
            Self::Moved { .. } => Exit::Moved,
            Self::System { exit, .. } => *exit,
            Self::Missing { .. } => Exit::Missing,
            Self::Unread => Exit::Ok,
            Self::Interrupted => Exit::Interrupted,
            Self::Internal { .. } => Exit::Internal,
        }
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> String {
        let own = match self {
            Self::Usage { hint, .. } | Self::Missing { hint, .. } | Self::System { hint, .. } => {
                Some(hint.clone())
            }
            Self::Config(error) => error.hint.clone(),
            Self::Flow { error, .. } => error.hint().map(str::to_owned),
            _ => None,
        };
        own.unwrap_or_else(|| self.exit().way_out().to_owned())
    }

    /// The message and everything that led to it, outermost first.
    pub fn chain(&self) -> Vec<String> {
        let mut chain = vec![self.to_string()];
        let mut next = std::error::Error::source(self);
        while let Some(error) = next {
            chain.push(error.to_string());
            next = error.source();
        }
        chain
    }

    /// A failure to read or write `path`.
    pub(crate) fn storage(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        Self::Storage { path: path.into(), detail: error.to_string() }
    }
}

fn flow_exit(error: &FlowError) -> Exit {
    match error {
        FlowError::State(error) => state_exit(error),
        FlowError::Audit(error) => audit_exit(error),
        FlowError::Braked { .. } => Exit::Waiting,
        FlowError::OtherSystems { .. } => Exit::Config,
        _ => error.class().map_or(Exit::Internal, class_exit),
    }
}

fn state_exit(error: &StateError) -> Exit {
    match error {
        StateError::Fenced { .. } => Exit::InUse,
        _ => Exit::Storage,
    }
}

fn audit_exit(error: &AuditError) -> Exit {
    match error {
        AuditError::Damaged { .. } => Exit::Damaged,
        _ => Exit::Storage,
    }
}

/// How a command ends that a refusal of this class stopped.
pub(crate) fn class_exit(class: FaultClass) -> Exit {
    match class {
        FaultClass::Transient | FaultClass::Throttle | FaultClass::Quota => Exit::Unreachable,
        FaultClass::Auth | FaultClass::Access => Exit::Refused,
        _ => Exit::Answer,
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::{Fault, SinkError, SourceError};

    use super::*;

    fn fault(class: FaultClass) -> Fault {
        Fault { class, code: "X".into(), message: "words".into(), fields: vec![], hint: Some("do y".into()) }
    }

    fn stopped(error: FlowError) -> Failure {
        Failure::Flow { flow: "suppliers".into(), error: Box::new(error) }
    }

    #[test]
    fn refusals_end_by_their_class() {
        let read = |class| {
            let error = SourceError::Failed { operation: "ifs.page".into(), fault: fault(class) };
            stopped(error.into()).exit()
        };
        assert_eq!(read(FaultClass::Transient), Exit::Unreachable);
        assert_eq!(read(FaultClass::Quota), Exit::Unreachable);
        assert_eq!(read(FaultClass::Auth), Exit::Refused);
        assert_eq!(read(FaultClass::Access), Exit::Refused);
        assert_eq!(read(FaultClass::Protocol), Exit::Answer);
    }

    #[test]
    fn storage_ends_by_what_it_means() {
        let full = || AuditError::Unavailable { detail: "disk full".into() };
        assert_eq!(stopped(full().into()).exit(), Exit::Storage);
        let damaged = AuditError::Damaged { number: 3, detail: "hash".into() };
        assert_eq!(Failure::from(damaged).exit(), Exit::Damaged);
        let fenced = StateError::Fenced { flow: "f".into(), fence: sync_engine::Fence(2) };
        assert_eq!(stopped(fenced.into()).exit(), Exit::InUse);
        let gone = StateError::Unavailable { detail: "disk full".into() };
        assert_eq!(Failure::from(gone).exit(), Exit::Storage);
    }

    #[test]
    fn the_chain_ends_with_the_words_of_the_system_and_the_hint_is_the_nearest_one() {
        let error = SinkError { operation: "salesforce.upsert".into(), fault: fault(FaultClass::Access) };
        let failure = stopped(error.into());
        assert_eq!(
            failure.chain(),
            ["flow suppliers stopped", "using the target", "salesforce.upsert: X: words"]
        );
        assert_eq!(failure.hint(), "do y");
        assert_eq!(Failure::Interrupted.hint(), Exit::Interrupted.way_out());
    }
}
