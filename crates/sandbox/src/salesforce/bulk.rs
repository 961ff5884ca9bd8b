//! Bulk API 2.0: jobs that write or query many records, with their states over time (Bulk API 2.0
//! Developer Guide).

mod calls;
mod csv;
mod ingest;
mod ingest_calls;
mod multipart;
mod query;
mod query_calls;
mod run;
mod table_text;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::identifier::id_of;
use super::org::{SalesforceSandbox, State};
use super::record::stamp;
use super::session::User;
use super::switches::BulkSwitches;
use ingest::Ingest;
pub(crate) use multipart::parts;
use query::Query;

/// How long a job may stay open.
const OPEN: Duration = Duration::from_hours(24);
/// How long a job that ended is kept.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// What is the same of all jobs.
#[derive(Debug, Clone)]
struct Job {
    id: String,
    state: Phase,
    user: User,
    /// Such as `64.0`.
    version: String,
    created: Timestamp,
    modified: Timestamp,
    /// When it was made, or ended, by the clock that only runs forward.
    since: Duration,
    /// When its upload was complete.
    uploaded: Option<Duration>,
    /// Why it failed.
    message: Option<String>,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }

    fn ended(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

impl Job {
    /// Where it should be by now, if it has not ended.
    fn due(&self, now: Duration, switches: &BulkSwitches) -> Phase {
        let Some(uploaded) = self.uploaded else { return self.state };
        let begins = uploaded.saturating_add(Duration::from_millis(switches.queued_ms));
        let ends = begins.saturating_add(Duration::from_millis(switches.running_ms));
        match () {
            () if now < begins => Phase::UploadComplete,
            () if now < ends => Phase::InProgress,
            () => Phase::JobComplete,
        }
    }

    fn stale(&self, now: Duration) -> bool {
        let age = now.saturating_sub(self.since);
        if self.state.ended() { age >= KEPT } else { self.state == Phase::Open && age >= OPEN }
    }

    fn to(&mut self, state: Phase, now: Timestamp, elapsed: Duration) {
        self.state = state;
        self.modified = now;
        if state.ended() {
            self.since = elapsed;
        }
    }

    /// What every answer about a job says.
    fn shown(&self, operation: &str, object: &str) -> serde_json::Map<String, Value> {
        let version: f64 = self.version.parse().unwrap_or(0.0);
        let members = json!({
            "id": self.id, "operation": operation, "object": object, "createdById": self.user.id(),
            "createdDate": stamp(self.created), "systemModstamp": stamp(self.modified), "state": self.state.name(),
            "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": version,
        });
        let mut members = members.as_object().cloned().unwrap_or_default();
        if let Some(message) = &self.message {
            members.insert("errorMessage".to_owned(), json!(message));
        }
        members
    }
}

/// All jobs of the org.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    ingest: BTreeMap<String, Ingest>,
    queries: BTreeMap<String, Query>,
    numbers: u64,
}

impl Jobs {
    fn next_id(&mut self) -> String {
        self.numbers += 1;
        id_of("750", self.numbers)
    }
}

impl SalesforceSandbox {
    /// Lets jobs do what is due by now.
    pub(crate) fn work(&self, state: &mut State) {
        let (elapsed, now) = (self.clock.elapsed(), self.clock.now());
        state.jobs.ingest.retain(|_, job| !job.job.stale(elapsed));
        state.jobs.queries.retain(|_, job| !job.job.stale(elapsed));
        let ids: Vec<String> = state.jobs.ingest.keys().cloned().collect();
        for id in ids {
            run::advance(state, &id, now, elapsed);
        }
        let ids: Vec<String> = state.jobs.queries.keys().cloned().collect();
        for id in ids {
            query::advance(state, &id, now, elapsed);
        }
    }
}
