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
    /// The run would change more than it may without being asked to; nothing of this page was written.
    #[error("the run was stopped: so far it would make {planned} {what}, and {limit} are allowed")]
    Braked {
        /// Changes or removals.
        what: &'static str,
        /// How many there would be so far; what comes behind was not looked at.
        planned: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The flow was made for other systems.
    #[error("the flow has joined {known} so far, and would join {found} now; nothing was done")]
    OtherSystems {
        /// The systems of its state.
        known: String,
        /// The systems it reaches now.
        found: String,
    },
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
            Self::State(_)
            | Self::Audit(_)
            | Self::Contract { .. }
            | Self::Braked { .. }
            | Self::OtherSystems { .. } => None,
        }
    }

    /// What the reader can do about it, if we know.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Source(SourceError::Failed { fault, .. }) | Self::Sink(SinkError { fault, .. }) => {
                fault.hint.as_deref()
            }
            Self::Braked { .. } => Some(
                "look at `ml-connector plan`; if that is what you want: `ml-connector run --confirm`, or raise \
                 the limit in the flow's [brakes]",
            ),
            Self::OtherSystems { .. } => Some(
                "check the addresses and credentials in link.toml; for other systems make another link with \
                 `ml-connector init`",
            ),
            Self::Audit(_) | Self::State(StateError::Unavailable { .. }) => {
                Some("look at the free space and the rights of the data folder, then run again")
            }
            _ => None,
        }
    }
}
