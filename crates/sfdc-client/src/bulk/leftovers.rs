//! Jobs of ours that nobody waits for any more: found, and cleared away.

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use wire::{Call, Effect, origin};

use crate::bulk::job_calls::Kind;
use crate::bulk::{Bulk, BulkError, JobId, JobInfo, JobLedger, JobState};
use crate::client::json;
use crate::{SfdcError, id};

/// Most pages of the list that are read, 1,000 jobs each; jobs vanish seven days after their end.
const MAX_PAGES: usize = 200;

/// What makes a job ours: nothing of our own can be written into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// The id of the user we log in as.
    pub user: String,
    /// A younger job may belong to another process of ours that still fills it.
    pub older_than: Duration,
}

/// Jobs of ours that are left over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftovers {
    /// Jobs of the ledger, as the org shows them: their outcome is still to be asked for.
    pub under_way: Vec<JobInfo>,
    /// Jobs of the ledger that the org does not know any more.
    pub vanished: Vec<JobId>,
    /// Jobs that were opened by our user, never closed, and are not in the ledger: nothing of them
    /// was ever processed.
    pub abandoned: Vec<JobInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobPage {
    #[serde(default)]
    done: bool,
    #[serde(default)]
    records: Vec<JobInfo>,
    next_records_url: Option<String>,
}

impl Bulk {
    /// Finds ingest jobs of ours that are left over. Nothing is changed.
    pub async fn leftovers(&self, ours: &Ours, ledger: &dyn JobLedger) -> Result<Leftovers, BulkError> {
        let known = ledger.under_way().await?;
        let is_known = |info: &JobInfo| known.iter().any(|job| id::same(job.as_str(), info.id.as_str()));
        let mut found = Leftovers::default();
        for info in self.jobs().await? {
            if is_known(&info) {
                found.under_way.push(info);
            } else if self.is_abandoned(ours, &info) {
                found.abandoned.push(info);
            }
        }
        let listed =
            |job: &JobId| found.under_way.iter().any(|info| id::same(job.as_str(), info.id.as_str()));
        found.vanished = known.iter().filter(|job| !listed(job)).cloned().collect();
        Ok(found)
    }

    /// Aborts and deletes the abandoned jobs. Jobs of the ledger are not touched: they are for
    /// [`settle`](Self::settle). Returns what was left over.
    pub async fn sweep(&self, ours: &Ours, ledger: &dyn JobLedger) -> Result<Leftovers, BulkError> {
        let found = self.leftovers(ours, ledger).await?;
        for info in &found.abandoned {
            self.abort_job(Kind::Ingest, &info.id).await?;
            self.delete_job(Kind::Ingest, &info.id).await?;
        }
        Ok(found)
    }

    /// A job that is closed may be somebody else's who logs in as the same user, and it does
    /// something: it is none of our business.
    fn is_abandoned(&self, ours: &Ours, info: &JobInfo) -> bool {
        let age = info.created().map(|created| self.clock.now().duration_since(created));
        let limit = SignedDuration::try_from(ours.older_than).unwrap_or(SignedDuration::MAX);
        info.state == JobState::Open
            && id::same(&info.created_by_id, &ours.user)
            && age.is_some_and(|age| age > limit)
    }

    /// All ingest jobs of the org.
    async fn jobs(&self) -> Result<Vec<JobInfo>, SfdcError> {
        const OPERATION: &str = "salesforce.bulk.list";
        let mut jobs = Vec::new();
        let mut url = self.client.versioned("/jobs/ingest?jobType=V2Ingest")?;
        let mut seen = Vec::new();
        loop {
            let response = self.client.get(Call::new(OPERATION, Effect::Read), &url).await?;
            let page: JobPage = json(OPERATION, &response)?;
            jobs.extend(page.records);
            let Some(next) = page.next_records_url.filter(|_| !page.done) else { return Ok(jobs) };
            seen.push(url);
            url = origin::resolve(&self.client.services()?, &next)?;
            if seen.contains(&url) || seen.len() >= MAX_PAGES {
                let detail = "the list of jobs goes in a circle or does not end".to_owned();
                return Err(SfdcError::Malformed { operation: OPERATION.into(), detail });
            }
        }
    }
}
