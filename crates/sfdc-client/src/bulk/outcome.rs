//! What became of each row.

use crate::bulk::{BulkError, JobId, JobState, Manifest};
use crate::{ApiError, ErrorClass};

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The org made a record; this is its id.
    Created(String),
    /// The org changed the record of this id.
    Updated(String),
    /// The org deleted the record of this id.
    Deleted(String),
    /// The org refused the row.
    Failed(RowFailure),
    /// The org did not touch the row: it may be sent again.
    Unprocessed,
    /// Nobody knows: the record has to be looked up before the row is sent again.
    Unknown,
}

/// Why a row was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFailure {
    /// The org's words, with the fields that they name; at least one.
    pub errors: Vec<ApiError>,
    /// What the first one means.
    pub class: ErrorClass,
    /// The record, if the row named one.
    pub id: Option<String>,
}

/// What became of a job: one outcome for every row, whatever went wrong.
#[derive(Debug, Clone)]
pub struct JobReport {
    /// The job, unless it could not be opened.
    pub job: Option<JobId>,
    /// Where it stood last.
    pub state: Option<JobState>,
    /// What it carried.
    pub manifest: Manifest,
    /// What became of each row, in the order of the manifest's keys.
    pub outcomes: Vec<Outcome>,
    /// Audit entries of the answers that the outcomes were read from.
    pub evidence: Vec<u64>,
    /// What went wrong with the job as a whole. Outcomes other than
    /// [`Unknown`](Outcome::Unknown) hold all the same.
    pub trouble: Option<BulkError>,
}

/// How many rows had which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records made.
    pub created: usize,
    /// Records changed.
    pub updated: usize,
    /// Records deleted.
    pub deleted: usize,
    /// Rows refused.
    pub failed: usize,
    /// Rows not touched.
    pub unprocessed: usize,
    /// Rows of which nobody knows.
    pub unknown: usize,
}

impl JobReport {
    /// All rows had the same outcome.
    pub(crate) fn uniform(
        job: Option<JobId>,
        manifest: Manifest,
        outcome: &Outcome,
        trouble: BulkError,
    ) -> Self {
        let outcomes = vec![outcome.clone(); manifest.keys.len()];
        Self { job, state: None, manifest, outcomes, evidence: Vec::new(), trouble: Some(trouble) }
    }

    /// Each row's key and outcome.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Outcome)> {
        self.manifest.keys.iter().map(String::as_str).zip(&self.outcomes)
    }

    /// How many rows had which outcome; the sum is the number of rows.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for outcome in &self.outcomes {
            let count = match outcome {
                Outcome::Created(_) => &mut counts.created,
                Outcome::Updated(_) => &mut counts.updated,
                Outcome::Deleted(_) => &mut counts.deleted,
                Outcome::Failed(_) => &mut counts.failed,
                Outcome::Unprocessed => &mut counts.unprocessed,
                Outcome::Unknown => &mut counts.unknown,
            };
            *count += 1;
        }
        counts
    }
}
