//! Sources, sinks, state, and the flow that joins them.
//!
//! Data flows one way: a [`Source`] reports changes, a mapper makes drafts of them, the [`Sink`] is
//! asked what it has, the plan decides, the sink applies, and only then the cursor moves.

pub mod conflict;
pub mod conformance;
pub mod describe;
pub mod error;
pub mod fault;
pub mod flow;
pub mod ledger;
pub mod link;
pub mod plan_item;
pub mod probe;
pub mod report;
pub mod sink;
pub mod source;
pub mod state;

mod again;
mod book;
mod brake;
mod careful;
mod clashes;
mod cycle;
mod decide;
mod decisions;
mod deliver;
mod doubts;
mod halt;
mod images;
mod merged;
mod orphans;
mod preview;
mod read_back;
mod removal;
mod session;
mod settle;
mod stage;
mod sweep_end;
mod systems;
mod trail;
mod transform;
mod unnamed;
mod verdict;
mod weigh;

pub use conflict::{Claim, Conflict, ConflictQuery, ConflictState};
pub use describe::{Describe, DescribeError};
pub use error::FlowError;
pub use fault::{Fault, FaultClass};
pub use flow::{Brakes, Deletes, Evidence, Flow, FlowParts, FlowSettings, Limit, Missing, Mode, Pair};
pub use ledger::{Ledger, Pending};
pub use link::{Gone, Link, Seen, Trace};
pub use plan_item::{Carried, Explanation, Moved, Planned, Preview};
pub use probe::{Finding, Health, Probe};
pub use report::{Report, Unwatched, Watch};
pub use sink::{Lookup, Outcome, Receipt, Sink, SinkError};
pub use source::{Cursor, Observation, Page, Source, SourceError, Unreadable};
pub use state::{
    Annotation, Attempt, Commit, Desk, Fence, FlowStatus, Intent, Parked, ParkedClass, ParkedQuery,
    StateError, StateStore, Taken,
};
