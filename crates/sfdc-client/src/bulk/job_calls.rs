//! The calls that every job is made of.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Method};
use serde::Serialize;
use url::Url;
use wire::{Call, Effect, Response, origin};

use crate::bulk::tally::ResultFile;
use crate::bulk::{Bulk, IngestSpec, JobData, JobId, JobInfo};
use crate::client::{Ask, json};
use crate::{Client, SfdcError};

const CSV: &str = "text/csv; charset=UTF-8";
const CSV_ONLY: HeaderValue = HeaderValue::from_static("text/csv");

/// Which of the two kinds of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ingest,
    Query,
}

impl Kind {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Ingest => "/jobs/ingest",
            Self::Query => "/jobs/query",
        }
    }

    /// The URL of a job, or of something below it.
    pub(crate) fn url(self, client: &Client, job: &JobId, below: &str) -> Result<Url, SfdcError> {
        client.versioned(&format!("{}/{job}{below}", self.path()))
    }
}

#[derive(Serialize)]
struct NewState {
    state: &'static str,
}

impl Bulk {
    /// Opens a job. A second one would be empty and do nothing, but it would be left over: the call
    /// is not repeated by itself.
    pub(crate) async fn open_job(&self, spec: &IngestSpec) -> Result<JobInfo, SfdcError> {
        const OPERATION: &str = "salesforce.bulk.open";
        let url = self.client.versioned(Kind::Ingest.path())?;
        let body = written(OPERATION, &spec.opening())?;
        let call = Call::new(OPERATION, Effect::Append);
        json(OPERATION, &self.client.send(call, Method::POST, &url, Some(body)).await?)
    }

    /// Uploads the rows: the org takes them once.
    pub(crate) async fn upload(&self, info: &JobInfo, data: JobData) -> Result<(), SfdcError> {
        const OPERATION: &str = "salesforce.bulk.upload";
        let url = match &info.content_url {
            Some(link) => origin::resolve_from(&self.client.services()?, &self.client.url("/")?, link)?,
            None => Kind::Ingest.url(&self.client, &info.id, "/batches")?,
        };
        let call = Call::new(OPERATION, Effect::Append).about(data.manifest.keys);
        let ask = Ask { content: CSV, ..Ask::new(call, Method::PUT, &url, Some(data.csv)) };
        self.accepted(OPERATION, ask).await.map(drop)
    }

    /// Closes a job: the org begins. Once is enough, and twice does no harm.
    pub(crate) async fn close_job(&self, job: &JobId) -> Result<JobInfo, SfdcError> {
        self.change("salesforce.bulk.close", (Kind::Ingest, job), "UploadComplete").await
    }

    /// Stops a job. What it has written stays.
    pub(crate) async fn abort_job(&self, kind: Kind, job: &JobId) -> Result<JobInfo, SfdcError> {
        self.change("salesforce.bulk.abort", (kind, job), "Aborted").await
    }

    async fn change(
        &self,
        operation: &'static str,
        (kind, job): (Kind, &JobId),
        state: &'static str,
    ) -> Result<JobInfo, SfdcError> {
        let url = kind.url(&self.client, job, "")?;
        let body = written(operation, &NewState { state })?;
        let call = Call::new(operation, Effect::Put);
        json(operation, &self.client.send(call, Method::PATCH, &url, Some(body)).await?)
    }

    /// Looks at a job.
    pub(crate) async fn look(&self, kind: Kind, job: &JobId) -> Result<JobInfo, SfdcError> {
        const OPERATION: &str = "salesforce.bulk.look";
        let url = kind.url(&self.client, job, "")?;
        json(OPERATION, &self.client.get(Call::new(OPERATION, Effect::Read), &url).await?)
    }

    /// Deletes a job that has ended, with its data; one that is gone already is fine.
    pub(crate) async fn delete_job(&self, kind: Kind, job: &JobId) -> Result<(), SfdcError> {
        const OPERATION: &str = "salesforce.bulk.delete";
        let url = kind.url(&self.client, job, "")?;
        match self.client.send(Call::new(OPERATION, Effect::Put), Method::DELETE, &url, None).await {
            Err(SfdcError::Api(failure)) if failure.status == 404 => Ok(()),
            other => other.map(drop),
        }
    }

    pub(crate) async fn result_file(&self, job: &JobId, file: ResultFile) -> Result<Response, SfdcError> {
        let url = Kind::Ingest.url(&self.client, job, &format!("/{}", file.name()))?;
        self.csv("salesforce.bulk.results", &url).await
    }

    /// Reads a CSV file.
    pub(crate) async fn csv(&self, operation: &'static str, url: &Url) -> Result<Response, SfdcError> {
        let call = Call::new(operation, Effect::Read);
        let headers = vec![(ACCEPT, CSV_ONLY)];
        self.accepted(operation, Ask { headers, ..Ask::new(call, Method::GET, url, None) }).await
    }

    async fn accepted(&self, operation: &str, ask: Ask<'_>) -> Result<Response, SfdcError> {
        let response = self.client.ask(ask).await?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(self.client.failure(operation, &response))
        }
    }
}

/// A body in JSON.
pub(crate) fn written(operation: &str, body: &impl Serialize) -> Result<Bytes, SfdcError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| SfdcError::Unfit { operation: operation.into(), detail: error.to_string() })
}
