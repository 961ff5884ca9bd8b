//! Calls about jobs that write records.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Request, Response};

use super::calls::{no_job, page, wrong_state};
use super::ingest::{Delimiter, Ending, Ingest, Operation};
use super::table_text::TableText;
use super::{Job, Phase, parts};
use crate::salesforce::call::Call;
use crate::salesforce::desk::Verb;
use crate::salesforce::members::{from_json, json_body};
use crate::salesforce::problem::{Problem, answer, empty, typed_answer};

/// Largest upload in bytes; the limit of 150 MB holds after encoding.
const LARGEST: usize = 100_000_000;
/// Most characters of a job that is made and filled by one call.
const AT_ONCE: usize = 100_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    object: String,
    operation: Operation,
    external_id_field_name: Option<String>,
    #[serde(default)]
    line_ending: Ending,
    #[serde(default)]
    column_delimiter: Delimiter,
    content_type: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Change {
    pub(super) state: String,
}

impl Call<'_> {
    pub(super) fn create_ingest(&mut self, request: &Request) -> Result<Response, Problem> {
        let parts = parts(request);
        let part = |name: &str| {
            let found = parts.as_ref()?.iter().find(|(part, _)| part == name);
            found.map(|(_, content)| *content)
        };
        let order: Order = match part("job") {
            Some(job) => from_json(job)?,
            None => json_body(request)?,
        };
        let mut ingest = self.ordered(order)?;
        if let Some(content) = part("content") {
            let text = utf8(content)?;
            if text.chars().count() > AT_ONCE {
                let message = format!("a job that is made by one call has at most {AT_ONCE} characters");
                return Err(Problem::bad("INVALIDBATCH", message));
            }
            ingest.text = Some(text);
            ingest.job.uploaded = Some(self.elapsed);
            ingest.job.state = Phase::UploadComplete;
        }
        let shown = ingest.shown(false);
        self.state.jobs.ingest.insert(ingest.job.id.clone(), ingest);
        Ok(answer(StatusCode::OK, &shown))
    }

    fn ordered(&mut self, order: Order) -> Result<Ingest, Problem> {
        let bad = |message: String| Problem::bad("INVALIDJOB", message);
        if order.content_type.is_some_and(|kind| kind != "CSV") {
            return Err(bad("Only CSV is read".to_owned()));
        }
        let place = self.state.store.named(&order.object);
        let table =
            place.filter(|place| self.state.store.object(*place).is_some_and(|object| object.writable));
        let table = table.ok_or_else(|| bad(format!("InvalidEntity: {}", order.object)))?;
        let object = self.state.store.object(table).cloned().ok_or_else(Problem::not_found)?;
        let verb = match (order.operation, &order.external_id_field_name) {
            (Operation::Upsert, None) => {
                return Err(bad("externalIdFieldName is required for an upsert".to_owned()));
            }
            (Operation::Upsert, Some(name)) if name.eq_ignore_ascii_case("Id") => Verb::Upsert(None),
            (Operation::Upsert, Some(name)) => {
                let desk = self.state.desk(self.author(), self.user.bit(), false);
                let place = desk.key_field(&object, name);
                Verb::Upsert(Some(place.map_err(|_| bad(format!("InvalidExternalIdField: {name}")))?))
            }
            (Operation::Insert, _) => Verb::Create,
            _ => Verb::Update,
        };
        Ok(Ingest {
            job: self.new_job(Phase::Open),
            object: object.name.clone(),
            table,
            operation: order.operation,
            verb,
            external: order.external_id_field_name,
            ending: order.line_ending,
            delimiter: order.column_delimiter,
            text: None,
            rows: TableText::default(),
            outcomes: Vec::new(),
        })
    }

    /// A job of this call's user.
    pub(super) fn new_job(&mut self, state: Phase) -> Job {
        Job {
            id: self.state.jobs.next_id(),
            state,
            user: self.user,
            version: self.version.to_owned(),
            created: self.now,
            modified: self.now,
            since: self.elapsed,
            uploaded: (state == Phase::UploadComplete).then_some(self.elapsed),
            message: None,
        }
    }

    fn ingest(&mut self, id: &str) -> Result<&mut Ingest, Problem> {
        let id = crate::salesforce::identifier::full(id).unwrap_or_default();
        self.state.jobs.ingest.get_mut(&id).ok_or_else(no_job)
    }

    pub(super) fn upload(&mut self, request: &Request, id: &str) -> Result<Response, Problem> {
        let text = utf8(request.body())?;
        let ingest = self.ingest(id)?;
        if ingest.job.state != Phase::Open {
            return Err(wrong_state("An upload", ingest.job.state.name()));
        }
        if ingest.text.is_some() {
            return Err(Problem::bad("INVALIDJOBSTATE", "The job's data was uploaded already"));
        }
        if text.len() > LARGEST {
            return Err(Problem::bad("LIMIT_EXCEEDED", "a job has at most 100 MB of data"));
        }
        ingest.text = Some(text);
        Ok(empty(StatusCode::CREATED))
    }

    pub(super) fn alter_ingest(&mut self, request: &Request, id: &str) -> Result<Response, Problem> {
        let change: Change = json_body(request)?;
        let (now, elapsed) = (self.now, self.elapsed);
        let ingest = self.ingest(id)?;
        let state = ingest.job.state;
        match change.state.as_str() {
            "UploadComplete" if state == Phase::Open => {
                ingest.job.uploaded = Some(elapsed);
                ingest.job.to(Phase::UploadComplete, now, elapsed);
            }
            "Aborted" if !state.ended() => {
                // What was sent and not written stays to be fetched.
                let text = ingest.text.take().unwrap_or_default();
                ingest.rows = TableText::read(&text, ingest.delimiter.letter()).unwrap_or_default();
                ingest.job.to(Phase::Aborted, now, elapsed);
            }
            wanted => return Err(wrong_state(&format!("The state {wanted}"), state.name())),
        }
        Ok(answer(StatusCode::OK, &ingest.shown(false)))
    }

    pub(super) fn show_ingest(&mut self, id: &str) -> Result<Response, Problem> {
        let ingest = self.ingest(id)?;
        Ok(answer(StatusCode::OK, &ingest.shown(true)))
    }

    pub(super) fn delete_ingest(&mut self, id: &str) -> Result<Response, Problem> {
        let ingest = self.ingest(id)?;
        if matches!(ingest.job.state, Phase::UploadComplete | Phase::InProgress) {
            return Err(wrong_state("A deletion", ingest.job.state.name()));
        }
        let id = ingest.job.id.clone();
        self.state.jobs.ingest.remove(&id);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn ingest_results(&mut self, id: &str, which: &str) -> Result<Response, Problem> {
        let ingest = self.ingest(id)?;
        let text = match which {
            "successfulResults" => ingest.successes(),
            "failedResults" => ingest.failures(),
            "unprocessedrecords" | "unprocessedRecords" => ingest.unprocessed(),
            _ => return Err(Problem::not_found()),
        };
        if !ingest.job.state.ended() {
            return Err(wrong_state("Fetching results", ingest.job.state.name()));
        }
        Ok(typed_answer(StatusCode::OK, text.into(), "text/csv"))
    }

    pub(super) fn list_ingest(&self, request: &Request) -> Response {
        let jobs = &self.state.jobs.ingest;
        let (begin, end, next) = page(request, jobs.len());
        let shown = |ingest: &Ingest| {
            let mut shown = ingest.shown(false);
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("jobType".to_owned(), json!("V2Ingest"));
            }
            shown
        };
        let records: Vec<Value> = jobs.values().take(end).skip(begin).map(shown).collect();
        let url =
            next.map(|next| format!("/services/data/v{}/jobs/ingest?queryLocator={next}", self.version));
        answer(StatusCode::OK, &json!({ "done": next.is_none(), "nextRecordsUrl": url, "records": records }))
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Problem> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned).map_err(|_| Problem::bad("INVALIDBATCH", "The data is not UTF-8"))
}
