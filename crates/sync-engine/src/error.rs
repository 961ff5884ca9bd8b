//! Why a run stopped.

use audit::AuditError;

use crate::{FaultClass, SinkError, SourceError, StateError};

/// A run stopped. Whatever was finished before is kept; the next run goes on from there.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// The source could not be read.
    #[error("reading the source")]
    Source(#[from] SourceError),
    /// The target could not be read or written.
    #[error("using the target")]
    Sink(#[from] SinkError),
    /// The state could not be kept.
    #[error("keeping the state")]
    State(#[from] StateError),
    /// The audit log could not be kept, so nothing may be done.
    #[error("keeping the audit log")]
    Audit(#[from] AuditError),
    /// A component broke its contract; nothing was acted upon.
    #[error("{component} broke its contract: {detail}")]
    Contract {
        /// Which one.
        component: &'static str,
        /// How.
        detail: String,
    },
}

impl FlowError {
    /// The class of the failure, if a system refused.
    pub fn class(&self) -> Option<FaultClass> {
        match self {
            Self::Source(error) => Some(error.class()),
            Self::Sink(error) => Some(error.class()),
            Self::State(_) | Self::Audit(_) | Self::Contract { .. } => None,
        }
    }

    /// What the reader can do about it, if we know.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Source(SourceError::Failed { fault, .. }) | Self::Sink(SinkError { fault, .. }) => {
                fault.hint.as_deref()
            }
            Self::Audit(_) | Self::State(StateError::Unavailable { .. }) => {
                Some("look at the free space and the rights of the data folder, then run again")
            }
            _ => None,
        }
    }
}
