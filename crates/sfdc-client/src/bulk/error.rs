//! What can go wrong with a bulk job as a whole.

use std::time::Duration;

use crate::bulk::{JobId, JobState, LedgerError};
use crate::{ErrorClass, SfdcError};

/// A bulk job did not go as it should.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    /// A call failed.
    #[error("a call of a bulk job failed")]
    Call(#[from] SfdcError),
    /// The ledger failed; nothing was uploaded.
    #[error("a bulk job was given up")]
    Ledger(#[from] LedgerError),
    /// The org ended the job as failed. Rows may have been written before.
    #[error("bulk job {job} failed: {message}")]
    Failed {
        /// The job.
        job: JobId,
        /// The org's words.
        message: String,
        /// What they mean.
        class: ErrorClass,
    },
    /// Somebody aborted the job. Rows may have been written before.
    #[error("bulk job {job} was aborted by somebody else")]
    Aborted {
        /// The job.
        job: JobId,
    },
    /// The job had not got all of its rows: it was aborted, and the org touched none of them.
    #[error("bulk job {job} was left open; it was aborted")]
    LeftOpen {
        /// The job.
        job: JobId,
    },
    /// The job did not end in time.
    #[error("bulk job {job} was {state:?} for {}: it was told to stop", span(.waited))]
    Stuck {
        /// The job.
        job: JobId,
        /// Where it stood last.
        state: JobState,
        /// How long it was waited for.
        waited: Duration,
    },
    /// What the org tells about the rows does not fit together.
    #[error("the results of bulk job {job} do not fit together: {what}")]
    Disagreement {
        /// The job.
        job: JobId,
        /// How.
        what: Disagreement,
    },
}

/// How results do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Disagreement {
    /// The file is no CSV of the expected columns.
    #[error("{file}: {detail}")]
    Unreadable {
        /// Which file.
        file: &'static str,
        /// What is wrong, and where.
        detail: String,
    },
    /// A row has a key that was never sent.
    #[error("{file} has the row {key:?}, which was not sent")]
    Foreign {
        /// Which file.
        file: &'static str,
        /// Its key.
        key: String,
    },
    /// A row has two outcomes.
    #[error("{file} has the row {key:?}, which has an outcome already")]
    Twice {
        /// Which file.
        file: &'static str,
        /// Its key.
        key: String,
    },
    /// Rows have no outcome.
    #[error("{missing} of {sent} rows are in none of the results")]
    Missing {
        /// How many rows.
        missing: usize,
        /// Of how many.
        sent: usize,
    },
    /// The job's counts are others than the results'.
    #[error("the job tells of {told:?} {count}, the results have {read}")]
    Counts {
        /// Which count.
        count: &'static str,
        /// The job's.
        told: Option<u64>,
        /// The results'.
        read: u64,
    },
    /// The pages of a query do not follow each other.
    #[error("page {page}: {detail}")]
    Pages {
        /// Its number, from 1.
        page: usize,
        /// What is wrong.
        detail: String,
    },
}

impl BulkError {
    pub(crate) fn disagreement(job: &JobId, what: Disagreement) -> Self {
        Self::Disagreement { job: job.clone(), what }
    }
}

fn span(waited: &Duration) -> String {
    format!("{} s", waited.as_secs())
}
