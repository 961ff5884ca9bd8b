//! Sources, sinks, state, and the flow that joins them.
//!
//! Data flows one way: a [`Source`] reports changes, a mapper makes drafts of them, the [`Sink`] is
//! asked what it has, the plan decides, the sink applies, and only then the cursor moves.

pub mod fault;
pub mod probe;
pub mod sink;
pub mod source;
pub mod state;

pub use fault::{Fault, FaultClass};
pub use probe::{Finding, Health, Probe};
pub use sink::{Lookup, Outcome, Receipt, Sink, SinkError};
pub use source::{Cursor, Observation, Page, Source, SourceError, Unreadable};
pub use state::{
    Attempt, Commit, Desk, Fence, FlowStatus, Intent, Link, Parked, ParkedClass, ParkedQuery, StateError,
    StateStore, Taken,
};
