//! Sources, sinks, state, and the flow that joins them.
//!
//! Data flows one way: a [`Source`] reports changes, a mapper makes drafts of them, the [`Sink`] is
//! asked what it has, the plan decides, the sink applies, and only then the cursor moves.

pub mod conformance;
pub mod error;
pub mod fault;
pub mod flow;
pub mod plan_item;
pub mod probe;
pub mod report;
pub mod sink;
pub mod source;
pub mod state;

mod cycle;
mod decide;
mod deliver;
mod preview;
mod session;
mod settle;
mod stage;
mod transform;
mod verdict;

pub use error::FlowError;
pub use fault::{Fault, FaultClass};
pub use flow::{Flow, FlowParts, FlowSettings, Mode};
pub use plan_item::{Carried, Explanation, Moved, Planned, Preview};
pub use probe::{Finding, Health, Probe};
pub use report::{Report, Unwatched, Watch};
pub use sink::{Lookup, Outcome, Receipt, Sink, SinkError};
pub use source::{Cursor, Observation, Page, Source, SourceError, Unreadable};
pub use state::{
    Attempt, Commit, Desk, Fence, FlowStatus, Intent, Link, Parked, ParkedClass, ParkedQuery, StateError,
    StateStore, Taken,
};
