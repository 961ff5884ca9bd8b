//! Collections: which call does what.

use http::StatusCode;
use serde_json::{Value, json};
use wire::{Request, Response};

use super::call::Call;
use super::collections::Collection;
use super::desk::Verb;
use super::members::json_body;
use super::problem::{Problem, answer, json_answer};
use super::row_calls::columns;
use super::soql::write_record;
use crate::door::parameter;

/// The most records in one call.
const MOST: usize = 200;
/// The most records in one retrieve.
const MOST_READ: usize = 2_000;
/// The most changes of type within one call.
const CHUNKS: usize = 10;

impl Call<'_> {
    /// `/composite/sobjects…`: `rest` is what follows.
    pub(crate) fn collection(&mut self, request: &Request, rest: &[&str]) -> Result<Response, Problem> {
        if self.state.switches.top_level_errors && request.method() != "GET" {
            let problem = Problem::bad("UNKNOWN_EXCEPTION", "An unexpected error occurred");
            return Ok(answer(StatusCode::OK, &json!([problem.item()])));
        }
        match (request.method().as_str(), rest) {
            ("POST", []) => self.write_collection(request, None, Verb::Create),
            ("PATCH", []) => self.write_collection(request, None, Verb::Update),
            ("PATCH", [object, field]) => {
                let desk = self.desk(request);
                let table = desk.writable(object)?;
                let verb = if field.eq_ignore_ascii_case("Id") {
                    Verb::Upsert(None)
                } else {
                    let object = desk.store.object(table).ok_or_else(Problem::not_found)?;
                    Verb::Upsert(Some(desk.key_field(object, field)?))
                };
                self.write_collection(request, Some(table), verb)
            }
            ("DELETE", []) => self.delete_collection(request),
            ("POST" | "GET", [object]) => self.retrieve(request, object),
            _ => Err(Problem::not_found()),
        }
    }

    fn write_collection(
        &mut self,
        request: &Request,
        upserted: Option<usize>,
        verb: Verb,
    ) -> Result<Response, Problem> {
        let collection: Collection<'_> = json_body(request)?;
        at_most(MOST, collection.records.len())?;
        chunks(&collection)?;
        let results = self.desk(request).collection(&collection, upserted, verb);
        Ok(self.results(results))
    }

    fn results(&self, mut results: Vec<Value>) -> Response {
        if self.state.switches.short_answers {
            results.pop();
        }
        if self.state.switches.reordered_answers {
            results.reverse();
        }
        answer(StatusCode::OK, &Value::Array(results))
    }

    fn delete_collection(&mut self, request: &Request) -> Result<Response, Problem> {
        let ids = parameter(request, "ids").unwrap_or_default();
        let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        if ids.is_empty() {
            return Err(Problem::bad("MISSING_ARGUMENT", "the ids parameter is missing"));
        }
        at_most(MOST, ids.len())?;
        let together = parameter(request, "allOrNone").is_some_and(|all| all.eq_ignore_ascii_case("true"));
        let results = self.desk(request).delete_all(&ids, together);
        Ok(self.results(results))
    }

    fn retrieve(&mut self, request: &Request, object: &str) -> Result<Response, Problem> {
        #[derive(serde::Deserialize)]
        struct Wanted {
            ids: Vec<String>,
            fields: Vec<String>,
        }
        let list = |name: &str| -> Vec<String> {
            let list = parameter(request, name).unwrap_or_default();
            list.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let wanted: Wanted = if request.method() == "GET" {
            Wanted { ids: list("ids"), fields: list("fields") }
        } else {
            json_body(request)?
        };
        at_most(MOST_READ, wanted.ids.len())?;
        let view = self.view();
        let table = view.table(object).map_err(|_| Problem::not_found())?;
        let table = view.store.table(table).ok_or_else(Problem::not_found)?;
        let outputs = columns(view, &table.object, wanted.fields.iter().map(String::as_str))?;
        let mut out = vec![b'['];
        for (number, id) in wanted.ids.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            match table.get(id).filter(|record| !record.deleted) {
                Some(record) => write_record(&mut out, view.store, record, &outputs, self.version),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b']');
        Ok(json_answer(StatusCode::OK, out.into()))
    }
}

fn at_most(most: usize, count: usize) -> Result<(), Problem> {
    if count <= most {
        return Ok(());
    }
    let message = format!("record limit reached. cannot submit more than {most} records into this call");
    Err(Problem::bad("EXCEEDED_ID_LIMIT", message))
}

/// Records of different types may be mixed, but not too often.
fn chunks(collection: &Collection<'_>) -> Result<(), Problem> {
    let types: Vec<Option<String>> = collection.records.iter().map(|members| members.object().ok()).collect();
    let changes = types.windows(2).filter(|pair| pair.first() != pair.last()).count();
    if changes < CHUNKS {
        return Ok(());
    }
    let message = format!("Cannot have more than {CHUNKS} chunks in a single operation");
    Err(Problem::bad("LIMIT_EXCEEDED", message))
}
