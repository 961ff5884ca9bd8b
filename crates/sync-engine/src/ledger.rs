//! The seam for what a sink has under way at the target beyond a call: jobs that outlive the process.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::StateError;

/// Something that is under way at a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pending {
    /// The flow whose sink began it.
    pub flow: String,
    /// What the target calls it; unique within the flow.
    pub name: String,
    /// What the sink has to know to take it up again.
    pub note: String,
}

/// Keeps what sinks have under way.
///
/// # Contract
/// - [`enter`](Ledger::enter) and [`strike`](Ledger::strike) return after their change is durable. What is
///   entered again replaces what stood there; striking what is not there is no error.
/// - [`pending`](Ledger::pending) tells what was entered and not struck, of all flows, in the order of
///   flow and name.
#[async_trait]
pub trait Ledger: Debug + Send + Sync + 'static {
    /// Keeps it.
    async fn enter(&self, pending: Pending) -> Result<(), StateError>;
    /// Forgets it: it is over, and what became of it is known.
    async fn strike(&self, flow: &str, name: &str) -> Result<(), StateError>;
    /// Everything that is under way.
    async fn pending(&self) -> Result<Vec<Pending>, StateError>;
}
