//! A job as the org shows it.

use jiff::Timestamp;
use serde::Deserialize;

use crate::bulk::JobId;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[non_exhaustive]
pub enum JobState {
    /// Made; it waits for its rows, up to a day.
    Open,
    /// Closed: queued.
    UploadComplete,
    /// At work.
    InProgress,
    /// All rows were tried; some may have failed.
    JobComplete,
    /// The job as a whole failed; some rows may have been written before.
    Failed,
    /// Stopped by somebody; rows written before stay written.
    Aborted,
    /// A state that the API had not when this was written: waited for like one at work.
    #[serde(other)]
    Other,
}

impl JobState {
    /// Whether nothing will happen to the job any more.
    pub fn ended(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

/// What the org tells about a job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobInfo {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// The object it works on.
    #[serde(default)]
    pub object: String,
    /// What it does, such as `upsert` or `query`.
    #[serde(default)]
    pub operation: String,
    /// The id of the user who made it.
    #[serde(default)]
    pub created_by_id: String,
    /// When it was made, as the org writes it; see [`created`](Self::created).
    #[serde(default)]
    pub created_date: String,
    /// Rows tried so far, good and bad.
    pub number_records_processed: Option<u64>,
    /// Rows that failed so far.
    pub number_records_failed: Option<u64>,
    /// Why the job failed.
    pub error_message: Option<String>,
    /// Where the rows of an open job go.
    pub content_url: Option<String>,
}

impl JobInfo {
    /// When the job was made.
    pub fn created(&self) -> Option<Timestamp> {
        crate::stamp::read(&self.created_date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_with_what_it_has() {
        let info: JobInfo = serde_json::from_str(
            r#"{"id":"7505e00000AbCdEAAB","operation":"insert","object":"Account","createdById":"0055fEXAMPLEtG4AAM",
                "createdDate":"2026-01-02T17:38:59.000+0000","systemModstamp":"2026-01-02T17:38:59.000+0000",
                "state":"JobComplete","concurrencyMode":"Parallel","contentType":"CSV","apiVersion":64.0,
                "jobType":"V2Ingest","numberRecordsProcessed":7,"numberRecordsFailed":2,"retries":0}"#,
        )
        .expect("a job");
        assert_eq!((info.state, info.number_records_processed), (JobState::JobComplete, Some(7)));
        assert_eq!(info.created(), Some("2026-01-02T17:38:59Z".parse().expect("a stamp")));
        let info: JobInfo =
            serde_json::from_str(r#"{"id":"7505e00000AbCdE","state":"Paused"}"#).expect("a job");
        assert_eq!((info.state, info.state.ended(), info.created()), (JobState::Other, false, None));
        assert!(serde_json::from_str::<JobInfo>(r#"{"id":"../x","state":"Open"}"#).is_err());
    }
}
