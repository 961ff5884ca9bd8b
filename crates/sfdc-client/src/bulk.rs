//! Bulk API 2.0: thousands of rows a job, as CSV, with one outcome for every row.
//!
//! Worth it from about 2,000 rows on; below, collections are faster (`api_asynch`, "How Requests
//! Are Processed"). The rules of this room come from the Bulk API 2.0 Developer Guide.
//!
//! # Writing
//! A [`JobWriter`] turns rows into [`JobData`], each within the caps of one job, so memory holds
//! one job and not the load. [`Bulk::ingest`] sends one of them and tells what became of every row:
//!
//! 1. the job is opened, and its id is durable in the caller's [`JobLedger`] before any row leaves;
//! 2. the rows are uploaded once, and the job is closed; if an answer is lost, the job is looked at,
//!    and one that was not closed is aborted: the org has then surely not touched a row;
//! 3. the job is waited for; one that does not end in time is aborted;
//! 4. successful, failed and unprocessed rows are read and matched by key with what was sent, and
//!    with the job's own counts.
//!
//! After a crash [`Bulk::settle`] takes up a job of the ledger at whatever point it is, and
//! [`Bulk::sweep`] clears away jobs that were opened and never used.
//!
//! ```
//! use sfdc_client::bulk::{Cell, IngestSpec, JobLimits, JobWriter, Operation};
//! let spec = IngestSpec::new(Operation::Upsert, "Contact", &["Key__c", "LastName", "Phone", "Account.Key__c"], "Key__c")?;
//! let mut writer = JobWriter::new(spec, JobLimits::default());
//! // Rows of one account stand together, so that the org's parallel batches do not lock each other out.
//! writer.push(Some("S2"), &[Cell::Text("C1"), Cell::Text("O'Neil, \"Bob\""), Cell::Unchanged, Cell::Text("S2")])?;
//! writer.push(Some("S1"), &[Cell::Text("C2"), Cell::Text("Li"), Cell::Null, Cell::Text("S1")])?;
//! let job = writer.finish().ok_or("two rows are a job")?;
//! assert_eq!(
//!     job.csv(),
//!     "Key__c,LastName,Phone,Account.Key__c\nC2,Li,#N/A,S1\nC1,\"O'Neil, \"\"Bob\"\"\",,S2\n".as_bytes()
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reading
//! [`Bulk::query`] runs a query as a job; [`QueryJob::pages`] streams its result, a page at a time.

use std::sync::Arc;

use wire::Clock;

use crate::Client;

pub mod cell;
pub mod csv_table;
pub mod error;
pub mod failure_text;
pub mod ingest;
#[cfg(test)]
mod ingest_tests;
pub mod job;
pub mod job_calls;
pub mod job_id;
pub mod job_writer;
pub mod ledger;
pub mod leftovers;
pub mod outcome;
pub mod patience;
pub mod query;
#[cfg(test)]
mod query_tests;
pub mod result_page;
pub mod spec;
pub mod tally;
pub mod walk;

pub use cell::Cell;
pub use error::{BulkError, Disagreement};
pub use job::{JobInfo, JobState};
pub use job_id::JobId;
pub use job_writer::{JobData, JobLimits, JobWriter, Manifest, RowError};
pub use ledger::{JobLedger, LedgerError};
pub use leftovers::{Leftovers, Ours};
pub use outcome::{Counts, JobReport, Outcome, RowFailure};
pub use patience::Patience;
pub use query::{Paging, QueryJob, Scope};
pub use result_page::{ResultPage, ResultRow};
pub use spec::{IngestSpec, Operation};

/// The Bulk API 2.0 of one org.
#[derive(Debug, Clone)]
pub struct Bulk {
    client: Client,
    clock: Arc<dyn Clock>,
    patience: Patience,
}

impl Bulk {
    /// The Bulk API of the org that `client` speaks to, waiting on `clock`.
    pub fn new(client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock, patience: Patience::default() }
    }

    /// Waits for jobs in another way.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }
}
