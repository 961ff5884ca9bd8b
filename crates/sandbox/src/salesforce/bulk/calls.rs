//! Which call about jobs does what.

use wire::{Request, Response};

use crate::door::parameter;
use crate::salesforce::call::Call;
use crate::salesforce::problem::Problem;

/// Jobs in one page of a list.
const PAGE: usize = 1_000;

impl Call<'_> {
    /// `/jobs…`: `rest` is what follows.
    pub(crate) fn jobs(&mut self, request: &Request, rest: &[&str]) -> Result<Response, Problem> {
        match (request.method().as_str(), rest) {
            ("POST", ["ingest"]) => self.create_ingest(request),
            ("GET", ["ingest"]) => Ok(self.list_ingest(request)),
            ("PUT", ["ingest", id, "batches"]) => self.upload(request, id),
            ("PATCH", ["ingest", id]) => self.alter_ingest(request, id),
            ("GET", ["ingest", id]) => self.show_ingest(id),
            ("DELETE", ["ingest", id]) => self.delete_ingest(id),
            ("GET", ["ingest", id, results]) => self.ingest_results(id, results),
            ("POST", ["query"]) => self.create_query(request),
            ("GET", ["query"]) => Ok(self.list_queries(request)),
            ("PATCH", ["query", id]) => self.abort_query(request, id),
            ("GET", ["query", id]) => self.show_query(id),
            ("DELETE", ["query", id]) => self.delete_query(id),
            ("GET", ["query", id, "results"]) => self.query_results(request, id),
            ("GET", ["query", id, "resultPages"]) => self.query_pages(request, id),
            _ => Err(Problem::not_found()),
        }
    }
}

/// A page of a list of jobs: which ones, and where the next page begins.
pub(super) fn page(request: &Request, total: usize) -> (usize, usize, Option<usize>) {
    let locator = parameter(request, "queryLocator").and_then(|locator| locator.parse().ok());
    let begin = total.min(locator.unwrap_or(0));
    let end = total.min(begin.saturating_add(PAGE));
    (begin, end, (end < total).then_some(end))
}

/// A job that is not there, or no longer.
pub(super) fn no_job() -> Problem {
    Problem::not_found()
}

/// A job whose state does not allow a call.
pub(super) fn wrong_state(what: &str, state: &str) -> Problem {
    Problem::bad("INVALIDJOBSTATE", format!("{what} is not possible while the job is {state}"))
}
