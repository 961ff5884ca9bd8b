//! Single rows: by id and by external id.

use http::{StatusCode, header};
use jiff::Timestamp;
use serde_json::json;
use wire::{Request, Response};

use super::desk::Desk;
use super::members::{Members, json_body};
use super::problem::{Problem, answer, empty, json_answer};
use super::record::Account;
use super::rows::write;
use super::schema::{Column, KEY, OBJECT};
use super::settings::SalesforceSwitches;
use super::soql::visible;
use crate::door::parameter;

/// `/sobjects/Account…`: `rest` is what follows.
pub(crate) fn rows(
    desk: &mut Desk<'_>,
    request: &Request,
    version: &str,
    rest: &[&str],
) -> Result<Response, Problem> {
    match (request.method().as_str(), rest) {
        ("POST", []) => {
            let members: Members<'_> = json_body(request)?;
            let id = desk.create(&members)?;
            let mut response =
                answer(StatusCode::CREATED, &json!({ "id": id, "success": true, "errors": [] }));
            let place = format!("/services/data/v{version}/sobjects/{OBJECT}/{id}");
            if let Ok(place) = place.parse() {
                response.headers_mut().insert(header::LOCATION, place);
            }
            Ok(response)
        }
        (_, [field, key]) if field.eq_ignore_ascii_case(KEY) && !desk.switches.hides(KEY) => {
            by_key(desk, request, version, key)
        }
        (_, [field, _]) => Err(Problem::no_external_id(field)),
        (_, [id]) => row(desk, request, version, id),
        _ => Err(Problem::not_found()),
    }
}

fn by_key(desk: &mut Desk<'_>, request: &Request, version: &str, key: &str) -> Result<Response, Problem> {
    let ids: Vec<String> = desk.holders(key).iter().map(|record| record.id.clone()).collect();
    if ids.len() > 1 {
        // Several records: the body is the list of where they are.
        let place = |id: &String| format!("/services/data/v{version}/sobjects/{OBJECT}/{id}");
        return Ok(answer(StatusCode::MULTIPLE_CHOICES, &json!(ids.iter().map(place).collect::<Vec<_>>())));
    }
    if request.method() == "PATCH" {
        let members: Members<'_> = json_body(request)?;
        let only_update =
            parameter(request, "updateOnly").is_some_and(|only| only.eq_ignore_ascii_case("true"));
        let (id, created) = desk.keyed(key, &members, only_update)?;
        let status = if created { StatusCode::CREATED } else { StatusCode::OK };
        return Ok(answer(status, &json!({ "id": id, "success": true, "errors": [], "created": created })));
    }
    let id = ids.into_iter().next().ok_or_else(Problem::not_found)?;
    row(desk, request, version, &id)
}

/// One row by id.
fn row(desk: &mut Desk<'_>, request: &Request, version: &str, id: &str) -> Result<Response, Problem> {
    let method = request.method().as_str();
    if !matches!(method, "GET" | "HEAD" | "PATCH" | "DELETE") {
        let message = format!("HTTP Method '{method}' not allowed. Allowed are HEAD,GET,PATCH,DELETE");
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message));
    }
    let record = desk.deletable(id)?;
    if method == "DELETE" {
        return desk.delete(id).map(|()| empty(StatusCode::NO_CONTENT));
    }
    unmodified(request, &record)?;
    if method == "PATCH" {
        let members: Members<'_> = json_body(request)?;
        if members.has("Id") {
            let message = "The Id field should not be specified in the sobject data.";
            return Err(Problem::bad("INVALID_FIELD", message).about("Id"));
        }
        return desk.change(record, &members).map(|()| empty(StatusCode::NO_CONTENT));
    }
    let columns = match parameter(request, "fields") {
        Some(list) => columns(list.split(','), desk.switches)?,
        None => Column::all().filter(|column| !desk.switches.hides(column.name())).collect(),
    };
    let mut out = Vec::new();
    write(&mut out, &record, &columns, version);
    Ok(json_answer(StatusCode::OK, out.into()))
}

/// Fields by name, as they were asked for.
pub(crate) fn columns<'a>(
    names: impl IntoIterator<Item = &'a str>,
    switches: &SalesforceSwitches,
) -> Result<Vec<Column>, Problem> {
    names.into_iter().map(|name| visible(name.trim(), switches)).collect()
}

/// `If-Unmodified-Since` speaks of whole seconds (REST API Developer Guide, "Conditional Request
/// Headers").
fn unmodified(request: &Request, record: &Account) -> Result<(), Problem> {
    let Some(header) = request.headers().get(header::IF_UNMODIFIED_SINCE) else { return Ok(()) };
    let since = header.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
    let since = since.and_then(|since| Timestamp::try_from(since).ok());
    match since {
        None => Err(Problem::bad("INVALID_HEADER", "invalid value of If-Unmodified-Since")),
        Some(since) if record.modified.as_second() > since.as_second() => {
            let message = "The record was modified after the specified time";
            Err(Problem::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message))
        }
        Some(_) => Ok(()),
    }
}
