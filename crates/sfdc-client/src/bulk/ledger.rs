//! Where the caller keeps the ids of jobs that are under way.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::bulk::{JobId, Manifest};

/// The ledger could not be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger of bulk jobs failed: {0}")]
pub struct LedgerError(
    /// What went wrong.
    pub String,
);

/// Keeps the ids of jobs that are under way, so that a crash leaves no job whose outcome nobody
/// asks for.
///
/// # Contract
/// - [`opened`](Self::opened) returns when the id is durable: no row has left before, and none
///   leaves if it fails.
/// - [`settled`](Self::settled) is called when the outcome of every row was read. It may be called
///   again for the same job.
/// - After a restart, each job of [`under_way`](Self::under_way) is given to
///   [`Bulk::settle`](crate::bulk::Bulk::settle) with its manifest before its rows are sent again.
#[async_trait]
pub trait JobLedger: Debug + Send + Sync {
    /// The job was opened for these rows.
    async fn opened(&self, job: &JobId, manifest: &Manifest) -> Result<(), LedgerError>;
    /// What became of the job's rows is known.
    async fn settled(&self, job: &JobId) -> Result<(), LedgerError>;
    /// The jobs that were opened and not settled.
    async fn under_way(&self) -> Result<Vec<JobId>, LedgerError>;
}
