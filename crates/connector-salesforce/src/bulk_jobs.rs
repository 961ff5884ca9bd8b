//! The Bulk jobs of a flow: on record before a row leaves, so that after a crash each of them is found
//! again and what became of its rows is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mapping::{Entity, ExternalId, TargetId};
use serde::{Deserialize, Serialize};
use sfdc_client::SfdcError;
use sfdc_client::bulk::{
    self, Bulk, BulkError, IngestSpec, JobId, JobLedger, JobReport, JobState, LedgerError, Manifest,
    Operation, Ours,
};
use sync_engine::{Fault, FaultClass, Ledger, Outcome, Pending, Receipt, SinkError, StateError};

use crate::faults::{of_call, of_record, plain};
use crate::guarded::applied;
use crate::org::Org;

/// An open job that is older than this and stands in no ledger is nobody's: to fill a job takes minutes.
const STALE: Duration = Duration::from_hours(3);

/// The jobs of one flow.
#[derive(Debug)]
pub(crate) struct Jobs {
    ledger: Arc<dyn Ledger>,
    flow: String,
    /// Whether one of them may still be at work though nobody waits for it.
    unsure: AtomicBool,
    /// Whether stale ones were cleared away.
    swept: AtomicBool,
}

/// What is kept of a job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    entity: Entity,
    object: String,
    columns: Vec<String>,
    key: String,
    case_sensitive: bool,
    keys: Vec<String>,
}

impl Note {
    fn new(entity: &Entity, manifest: &Manifest) -> Self {
        let spec = &manifest.spec;
        Self {
            entity: entity.clone(),
            object: spec.object().to_owned(),
            columns: spec.columns().to_vec(),
            key: spec.key().to_owned(),
            case_sensitive: spec.is_case_sensitive(),
            keys: manifest.keys.to_vec(),
        }
    }

    fn manifest(self) -> Result<Manifest, SfdcError> {
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let spec = IngestSpec::new(Operation::Upsert, &self.object, &columns, &self.key)?;
        let spec = if self.case_sensitive { spec.case_sensitive() } else { spec };
        Ok(Manifest { spec: Arc::new(spec), keys: self.keys.into() })
    }
}

impl Jobs {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, flow: &str) -> Self {
        Self { ledger, flow: flow.to_owned(), unsure: AtomicBool::new(false), swept: AtomicBool::new(false) }
    }

    /// The ledger as jobs for records of one entity need it.
    pub(crate) fn of<'a>(&'a self, entity: &'a Entity) -> Kept<'a> {
        Kept { jobs: self, entity }
    }

    /// A job may be at work that nobody waits for.
    pub(crate) fn note(&self, report: &JobReport) {
        if report.job.is_some() && !is_over(report) {
            self.unsure.store(true, Ordering::Relaxed);
        }
    }
}

/// The ledger, and what the rows of the next job stand for.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    jobs: &'a Jobs,
    entity: &'a Entity,
}

#[async_trait]
impl JobLedger for Kept<'_> {
    async fn opened(&self, job: &JobId, manifest: &Manifest) -> Result<(), LedgerError> {
        let note = serde_json::to_string(&Note::new(self.entity, manifest));
        let note = note.map_err(|error| LedgerError(error.to_string()))?;
        let pending = Pending { flow: self.jobs.flow.clone(), name: job.to_string(), note };
        self.jobs.ledger.enter(pending).await.map_err(failed)
    }

    async fn settled(&self, job: &JobId) -> Result<(), LedgerError> {
        self.jobs.ledger.strike(&self.jobs.flow, job.as_str()).await.map_err(failed)
    }

    /// Of all flows: none of their jobs is stale.
    async fn under_way(&self) -> Result<Vec<JobId>, LedgerError> {
        let pending = self.jobs.ledger.pending().await.map_err(failed)?;
        Ok(pending.into_iter().filter_map(|pending| JobId::try_from(pending.name).ok()).collect())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: StateError) -> LedgerError {
    LedgerError(error.to_string())
}

impl Org {
    pub(crate) fn bulk(&self) -> Bulk {
        Bulk::new(self.client().clone(), self.clock.clone())
    }

    /// Takes up every job that stands in the ledger: one that never got its rows is aborted, one at work
    /// is waited for, and of one that has ended the results are read. They are forgotten afterwards.
    pub(crate) async fn take_up(&self) -> Result<Vec<(Entity, Receipt)>, SinkError> {
        let Some(jobs) = &self.jobs else { return Ok(Vec::new()) };
        let unreadable = |error: &dyn std::error::Error| SinkError {
            operation: "reading which bulk jobs are under way".into(),
            fault: plain(FaultClass::Protocol, "LEDGER", &error.to_string()),
        };
        let mut told = Vec::new();
        let all = jobs.ledger.pending().await.map_err(|error| unreadable(&error))?;
        for pending in all.into_iter().filter(|pending| pending.flow == jobs.flow) {
            let job = JobId::try_from(pending.name).map_err(|error| unreadable(&error))?;
            let note: Note = serde_json::from_str(&pending.note).map_err(|error| unreadable(&error))?;
            let entity = note.entity.clone();
            let manifest = note.manifest().map_err(|error| unreadable(&error))?;
            let kept = jobs.of(&entity);
            let report = self.bulk().settle(&job, &manifest, &kept).await;
            if !is_over(&report) {
                let operation = format!("taking up bulk job {job}, which may still be at work");
                return Err(SinkError { operation, fault: of_bulk(report.trouble.as_ref()) });
            }
            kept.settled(&job).await.map_err(|error| unreadable(&error))?;
            tracing::info!(%job, rows = manifest.keys.len(), state = ?report.state, "took up a bulk job");
            told.extend(receipts(&report).map(|receipt| (entity.clone(), receipt)));
        }
        jobs.unsure.store(false, Ordering::Relaxed);
        Ok(told)
    }

    /// Nothing is written while a job may be at work that nobody waits for: an old value of its rows must
    /// not land on a newer one.
    pub(crate) async fn come_to_rest(&self) -> Result<(), SinkError> {
        match &self.jobs {
            Some(jobs) if jobs.unsure.load(Ordering::Relaxed) => self.take_up().await.map(drop),
            _ => Ok(()),
        }
    }

    /// Aborts and deletes jobs that a process of ours opened and did not live to keep: once a process,
    /// and a load does not depend on it.
    pub(crate) async fn clear_away(&self, jobs: &Jobs, kept: &Kept<'_>) {
        if jobs.swept.swap(true, Ordering::Relaxed) {
            return;
        }
        let swept = async {
            let user = self.which.identity(self.client()).await?.user;
            let ours = Ours { user: user.as_str().to_owned(), older_than: STALE };
            self.bulk().sweep(&ours, kept).await
        };
        match swept.await {
            Ok(found) if found.abandoned.is_empty() => {}
            Ok(found) => tracing::info!(jobs = found.abandoned.len(), "cleared away bulk jobs left open"),
            Err(error) => tracing::warn!(%error, "could not look for bulk jobs left open"),
        }
    }
}

/// Whether nothing of the job can land any more: it has ended, or the org does not know it.
fn is_over(report: &JobReport) -> bool {
    let gone =
        matches!(&report.trouble, Some(BulkError::Call(SfdcError::Api(failure))) if failure.status == 404);
    report.state.map_or(gone, JobState::ended)
}

fn of_bulk(trouble: Option<&BulkError>) -> Fault {
    match trouble {
        Some(BulkError::Call(error)) => of_call(error),
        Some(other) => plain(FaultClass::Transient, "BULK_JOB", &other.to_string()),
        None => plain(FaultClass::Transient, "BULK_JOB", "it has not ended"),
    }
}

/// The receipts of the rows that the job tells something of.
fn receipts(report: &JobReport) -> impl Iterator<Item = Receipt> {
    report.rows().filter_map(|(key, row)| {
        let untouched = || plain(FaultClass::Transient, "UNPROCESSED", "the bulk job ended before the row");
        let outcome = match row {
            bulk::Outcome::Unprocessed => Outcome::Rejected(untouched()),
            row => outcome(row)?,
        };
        Some(Receipt { id: ExternalId::from(key), outcome })
    })
}

/// What became of a row; none if nobody knows, or it was not touched.
pub(crate) fn outcome(row: &bulk::Outcome) -> Option<Outcome> {
    match row {
        bulk::Outcome::Created(id) => Some(applied(TargetId::from(id.as_str()), true)),
        bulk::Outcome::Updated(id) | bulk::Outcome::Deleted(id) => {
            Some(applied(TargetId::from(id.as_str()), false))
        }
        bulk::Outcome::Failed(failure) => Some(Outcome::Rejected(of_record(&failure.errors))),
        _ => None,
    }
}
