//! Calls about jobs that query records.

use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Request, Response};

use super::Phase;
use super::calls::{no_job, page, wrong_state};
use super::ingest::{Delimiter, Ending};
use super::ingest_calls::Change;
use super::query::{Query, planned};
use crate::door::parameter;
use crate::salesforce::call::Call;
use crate::salesforce::identifier::full;
use crate::salesforce::members::json_body;
use crate::salesforce::problem::{Problem, answer, empty, typed_answer};

/// Rows of one result page, if the client does not say.
const ROWS: usize = 50_000;
/// Most links in one answer about result pages.
const LINKS: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    operation: String,
    query: String,
    #[serde(default)]
    line_ending: Ending,
    #[serde(default)]
    column_delimiter: Delimiter,
}

impl Call<'_> {
    pub(super) fn create_query(&mut self, request: &Request) -> Result<Response, Problem> {
        let order: Order = json_body(request)?;
        let all = match order.operation.as_str() {
            "query" => false,
            "queryAll" => true,
            other => {
                return Err(Problem::bad("INVALIDJOB", format!("{other} is no operation of query jobs")));
            }
        };
        let (object, _) = planned(self.view(), &order.query)?;
        let query = Query {
            job: self.new_job(Phase::UploadComplete),
            soql: order.query,
            all,
            object,
            ending: order.line_ending,
            delimiter: order.column_delimiter,
            head: String::new(),
            lines: Vec::new(),
        };
        let shown = query.shown(false);
        self.state.jobs.queries.insert(query.job.id.clone(), query);
        Ok(answer(StatusCode::OK, &shown))
    }

    fn found(&mut self, id: &str) -> Result<&mut Query, Problem> {
        let id = full(id).unwrap_or_default();
        self.state.jobs.queries.get_mut(&id).ok_or_else(no_job)
    }

    pub(super) fn show_query(&mut self, id: &str) -> Result<Response, Problem> {
        Ok(answer(StatusCode::OK, &self.found(id)?.shown(true)))
    }

    pub(super) fn abort_query(&mut self, request: &Request, id: &str) -> Result<Response, Problem> {
        let change: Change = json_body(request)?;
        let (now, elapsed) = (self.now, self.elapsed);
        let query = self.found(id)?;
        if change.state != "Aborted" || query.job.state.ended() {
            return Err(wrong_state(&format!("The state {}", change.state), query.job.state.name()));
        }
        query.job.to(Phase::Aborted, now, elapsed);
        Ok(answer(StatusCode::OK, &query.shown(false)))
    }

    pub(super) fn delete_query(&mut self, id: &str) -> Result<Response, Problem> {
        let query = self.found(id)?;
        if !query.job.state.ended() {
            return Err(wrong_state("A deletion", query.job.state.name()));
        }
        let id = query.job.id.clone();
        self.state.jobs.queries.remove(&id);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// A job whose results may be fetched, with the version that made it.
    fn complete(&mut self, id: &str) -> Result<&mut Query, Problem> {
        let version = self.version.to_owned();
        let query = self.found(id)?;
        if query.job.version != version {
            let message = format!("the job was created with API version {}", query.job.version);
            return Err(Problem::new(StatusCode::CONFLICT, "API_ERROR", message));
        }
        if query.job.state != Phase::JobComplete {
            return Err(wrong_state("Fetching results", query.job.state.name()));
        }
        Ok(query)
    }

    pub(super) fn query_results(&mut self, request: &Request, id: &str) -> Result<Response, Problem> {
        let repeats = self.state.switches.bulk.repeats_locator;
        let query = self.complete(id)?;
        let rows = parameter(request, "maxRecords").and_then(|rows| rows.parse().ok()).unwrap_or(ROWS).max(1);
        let locator = parameter(request, "locator").filter(|locator| locator != "null");
        let begin = match &locator {
            None => 0,
            Some(locator) => place(locator)
                .filter(|place| *place < query.lines.len())
                .ok_or_else(|| Problem::bad("INVALID_QUERY_LOCATOR", "the locator is invalid or expired"))?,
        };
        let end = query.lines.len().min(begin.saturating_add(rows));
        let lines = query.lines.get(begin..end).unwrap_or_default();
        let mut response =
            typed_answer(StatusCode::OK, format!("{}{}", query.head, lines.concat()).into(), "text/csv");
        let next = match locator {
            Some(locator) if repeats => locator,
            _ if end < query.lines.len() => written(end),
            _ => "null".to_owned(),
        };
        let headers = response.headers_mut();
        headers.insert("sforce-numberofrecords", HeaderValue::from(lines.len()));
        if let Ok(next) = HeaderValue::from_str(&next) {
            headers.insert("sforce-locator", next);
        }
        Ok(response)
    }

    /// Links to result pages that can be fetched side by side.
    pub(super) fn query_pages(&mut self, request: &Request, id: &str) -> Result<Response, Problem> {
        let version = self.version.to_owned();
        let query = self.complete(id)?;
        let begin = parameter(request, "nextPage").and_then(|locator| place(&locator)).unwrap_or(0);
        let starts: Vec<usize> = (begin..query.lines.len().max(1)).step_by(ROWS).collect();
        let base = format!("/services/data/v{version}/jobs/query/{}", query.job.id);
        let link = |start: &usize| match start {
            0 => json!({ "resultUrl": format!("{base}/results") }),
            start => json!({ "resultUrl": format!("{base}/results?locator={}", written(*start)) }),
        };
        let links: Vec<Value> = starts.iter().take(LINKS).map(link).collect();
        let next = starts.get(LINKS).map(|start| format!("{base}/resultPages?nextPage={}", written(*start)));
        let body = json!({ "resultPages": links, "nextRecordsUrl": next, "done": next.is_none() });
        Ok(answer(StatusCode::OK, &body))
    }

    pub(super) fn list_queries(&self, request: &Request) -> Response {
        let jobs = &self.state.jobs.queries;
        let (begin, end, next) = page(request, jobs.len());
        let records: Vec<Value> =
            jobs.values().take(end).skip(begin).map(|query| query.shown(false)).collect();
        let url = next.map(|next| format!("/services/data/v{}/jobs/query?queryLocator={next}", self.version));
        answer(StatusCode::OK, &json!({ "done": next.is_none(), "nextRecordsUrl": url, "records": records }))
    }
}

/// A place in the results as clients pass it around; they are not to make one up.
fn written(place: usize) -> String {
    format!("M{place:X}")
}

fn place(locator: &str) -> Option<usize> {
    usize::from_str_radix(locator.strip_prefix('M')?, 16).ok()
}
