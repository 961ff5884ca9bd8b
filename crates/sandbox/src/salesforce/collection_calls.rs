//! Collections: which call does what.

use http::StatusCode;
use serde_json::Value;
use wire::{Request, Response};

use super::collections::{Collection, MOST};
use super::desk::{Desk, Verb};
use super::members::json_body;
use super::problem::{Problem, answer, json_answer};
use super::row_calls::columns;
use super::rows::write;
use super::schema::KEY;
use crate::door::parameter;

/// The most records in one retrieve.
const MOST_READ: usize = 2_000;

/// `/composite/sobjects…`: `rest` is what follows.
pub(crate) fn collection(
    desk: &mut Desk<'_>,
    request: &Request,
    version: &str,
    rest: &[&str],
) -> Result<Response, Problem> {
    let verb = match (request.method().as_str(), rest) {
        ("POST", []) => Verb::Create,
        ("PATCH", []) => Verb::Update,
        ("PATCH", [_, key]) if key.eq_ignore_ascii_case(KEY) && !desk.switches.hides(KEY) => Verb::Upsert,
        ("PATCH", [_, field]) => return Err(Problem::no_external_id(field)),
        ("DELETE", []) => return delete(desk, request),
        ("POST", [_]) => return retrieve(desk, request, version),
        _ => return Err(Problem::not_found()),
    };
    let collection: Collection<'_> = json_body(request)?;
    at_most(MOST, collection.records.len())?;
    let mut results = desk.collection(&collection, verb);
    if desk.switches.short_answers {
        results.pop();
    }
    Ok(answer(StatusCode::OK, &Value::Array(results)))
}

fn at_most(most: usize, count: usize) -> Result<(), Problem> {
    if count <= most {
        return Ok(());
    }
    let message = format!("record limit reached. cannot submit more than {most} records into this call");
    Err(Problem::bad("EXCEEDED_ID_LIMIT", message))
}

fn delete(desk: &mut Desk<'_>, request: &Request) -> Result<Response, Problem> {
    let ids = parameter(request, "ids").unwrap_or_default();
    let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() {
        return Err(Problem::bad("MISSING_ARGUMENT", "the ids parameter is missing"));
    }
    at_most(MOST, ids.len())?;
    let together = parameter(request, "allOrNone").is_some_and(|all| all.eq_ignore_ascii_case("true"));
    Ok(answer(StatusCode::OK, &Value::Array(desk.delete_all(&ids, together))))
}

fn retrieve(desk: &Desk<'_>, request: &Request, version: &str) -> Result<Response, Problem> {
    #[derive(serde::Deserialize)]
    struct Wanted {
        ids: Vec<String>,
        fields: Vec<String>,
    }
    let wanted: Wanted = json_body(request)?;
    at_most(MOST_READ, wanted.ids.len())?;
    let columns = columns(wanted.fields.iter().map(String::as_str), desk.switches)?;
    let mut out = vec![b'['];
    for (number, id) in wanted.ids.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        match desk.store.get(id).filter(|record| !record.deleted) {
            Some(record) => write(&mut out, record, &columns, version),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
    Ok(json_answer(StatusCode::OK, out.into()))
}
