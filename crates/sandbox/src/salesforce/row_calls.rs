//! Single rows: by id and by external id.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;
use wire::{Request, Response};

use super::call::Call;
use super::members::{Members, json_body};
use super::problem::{Problem, answer, empty, json_answer};
use super::record::Record;
use super::schema::{ACCOUNT, Column, Object};
use super::soql::{Output, View, write_record};
use crate::door::parameter;

impl Call<'_> {
    /// `/sobjects/X…`: `rest` is what follows.
    pub(crate) fn rows(
        &mut self,
        request: &Request,
        object: &str,
        rest: &[&str],
    ) -> Result<Response, Problem> {
        let table = self.view().table(object).map_err(|_| Problem::not_found())?;
        match (request.method().as_str(), rest) {
            ("POST", []) => self.create(request, object),
            (_, ["describe" | "listviews" | "quickActions" | "defaultValues", ..]) => {
                Err(Problem::not_found())
            }
            (_, [id] | ["Id" | "id", id]) => self.row(request, table, id),
            (_, [field, "null" | ""]) if request.method() == "GET" => Err(Problem::no_external_id(field)),
            (_, [field, key]) => self.by_key(request, (table, field), key),
            (method, []) => Err(Problem::not_allowed(method, "HEAD,GET,POST")),
            _ => Err(Problem::not_found()),
        }
    }

    fn create(&mut self, request: &Request, object: &str) -> Result<Response, Problem> {
        let version = self.version.to_owned();
        let mut desk = self.desk(request);
        let table = desk.writable(object)?;
        let members: Members<'_> = json_body(request)?;
        let written = desk.apply(table, &members, super::desk::Verb::Create)?;
        let id = &written.id;
        let mut response = answer(StatusCode::CREATED, &json!({ "id": id, "success": true, "errors": [] }));
        let place = format!("/services/data/v{version}/sobjects/{object}/{id}");
        if let Ok(place) = place.parse() {
            response.headers_mut().insert(header::LOCATION, place);
        }
        Ok(response)
    }

    fn by_key(
        &mut self,
        request: &Request,
        (table, field): (usize, &str),
        key: &str,
    ) -> Result<Response, Problem> {
        let version = self.version.to_owned();
        let mut desk = self.desk(request);
        let object = desk.store.object(table).cloned().ok_or_else(Problem::not_found)?;
        let place = desk.key_field(&object, field)?;
        let holders = desk.holders(table, place, key);
        if holders.len() > 1 {
            // Several records: the body is the list of where they are.
            let url = |record: &Arc<Record>| {
                format!("/services/data/v{version}/sobjects/{}/{}", object.name, record.id)
            };
            let urls: Vec<String> = holders.iter().map(url).collect();
            return Ok(answer(StatusCode::MULTIPLE_CHOICES, &json!(urls)));
        }
        if is_patch(request) {
            desk.writable(&object.name)?;
            let members: Members<'_> = json_body(request)?;
            let only_update =
                parameter(request, "updateOnly").is_some_and(|only| only.eq_ignore_ascii_case("true"));
            let written = desk.keyed((table, place, key), &members, only_update)?;
            let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
            let body = json!({ "id": written.id, "success": true, "errors": [], "created": written.created });
            return Ok(answer(status, &body));
        }
        let record = holders.into_iter().next().ok_or_else(Problem::not_found)?;
        self.row(request, table, &record.id)
    }

    /// One row by id.
    fn row(&mut self, request: &Request, table: usize, id: &str) -> Result<Response, Problem> {
        let method = request.method().as_str();
        if !matches!(method, "GET" | "HEAD" | "DELETE") && !is_patch(request) {
            return Err(Problem::not_allowed(method, "HEAD,GET,PATCH,DELETE"));
        }
        let mut desk = self.desk(request);
        let record = desk.living(table, id)?;
        if method == "DELETE" {
            desk.writable(&record.object.name)?;
            desk.store.begin();
            return match desk.delete(&record, false) {
                Ok(()) => {
                    desk.store.keep();
                    Ok(empty(StatusCode::NO_CONTENT))
                }
                Err(problem) => {
                    desk.store.roll_back();
                    Err(problem)
                }
            };
        }
        if let Some(status) = precondition(request, &record)? {
            return Ok(empty(status));
        }
        if is_patch(request) {
            desk.writable(&record.object.name)?;
            let members: Members<'_> = json_body(request)?;
            if members.has("Id") {
                let message = "The Id field should not be specified in the sobject data.";
                return Err(Problem::bad("INVALID_FIELD", message).about("Id"));
            }
            return desk.change(&record, &members).map(|_| empty(StatusCode::NO_CONTENT));
        }
        self.show(request, &record)
    }

    fn show(&self, request: &Request, record: &Record) -> Result<Response, Problem> {
        let view = self.view();
        let object = view.store.object(record.table).ok_or_else(Problem::not_found)?;
        let outputs = if let Some(list) = parameter(request, "fields") {
            columns(view, object, list.split(','))?
        } else {
            Column::all(object).filter(|column| view.sees(object, *column)).map(Output::Column).collect()
        };
        let mut out = Vec::new();
        write_record(&mut out, view.store, record, &outputs, self.version);
        let mut response = json_answer(StatusCode::OK, out.into());
        if record.table == ACCOUNT
            && let Ok(tag) = HeaderValue::from_str(&tag(record))
        {
            response.headers_mut().insert(header::ETAG, tag);
        }
        if let Some(at) = crate::clock::http_date(record.modified) {
            response.headers_mut().insert(header::LAST_MODIFIED, at);
        }
        Ok(response)
    }
}

/// PATCH, also as POST for clients that cannot send it.
fn is_patch(request: &Request) -> bool {
    request.method() == "PATCH"
        || request.method() == "POST"
            && parameter(request, "_HttpMethod").is_some_and(|method| method.eq_ignore_ascii_case("PATCH"))
}

/// Fields by name, as they were asked for.
pub(crate) fn columns<'a>(
    view: View<'_>,
    object: &Object,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Output>, Problem> {
    names.into_iter().map(|name| view.column(object, name.trim()).map(Output::Column)).collect()
}

/// The tag of a version of an Account.
fn tag(record: &Record) -> String {
    format!("\"{}-{}--gzip\"", record.id, record.modified.as_millisecond())
}

/// Conditional requests (REST API Developer Guide, "Conditional Requests"): dates are of whole
/// seconds, tags are for Accounts only, and DELETE is never conditional. Answers the status if the
/// call ends here.
fn precondition(request: &Request, record: &Record) -> Result<Option<StatusCode>, Problem> {
    let text = |name: header::HeaderName| {
        request.headers().get(&name).map(|value| value.to_str().unwrap_or_default().to_owned())
    };
    let failed = || {
        let message = "The record was modified after the specified time";
        Problem::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message)
    };
    if record.table == ACCOUNT {
        let has = |tags: &str| tags.trim() == "*" || tags.split(',').any(|one| same_tag(one, &tag(record)));
        if text(header::IF_MATCH).is_some_and(|tags| !has(&tags)) {
            return Err(failed());
        }
        if text(header::IF_NONE_MATCH).is_some_and(|tags| has(&tags)) {
            return if is_patch(request) { Err(failed()) } else { Ok(Some(StatusCode::NOT_MODIFIED)) };
        }
    }
    let modified = record.modified.as_second();
    if let Some(since) = date(text(header::IF_UNMODIFIED_SINCE), "If-Unmodified-Since")?
        && modified > since
    {
        return Err(failed());
    }
    if let Some(since) = date(text(header::IF_MODIFIED_SINCE), "If-Modified-Since")?
        && modified <= since
    {
        return if is_patch(request) { Err(failed()) } else { Ok(Some(StatusCode::NOT_MODIFIED)) };
    }
    Ok(None)
}

/// Whether two tags are the same but for the mark that a compressed answer gets.
fn same_tag(a: &str, b: &str) -> bool {
    let plain = |tag: &str| {
        tag.trim().trim_start_matches("W/").trim_matches('"').trim_end_matches("--gzip").to_owned()
    };
    plain(a) == plain(b)
}

/// The second that a header names.
pub(crate) fn date(text: Option<String>, name: &str) -> Result<Option<i64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let at = httpdate::parse_http_date(&text).ok().and_then(|at| Timestamp::try_from(at).ok());
    match at {
        Some(at) => Ok(Some(at.as_second())),
        None => Err(Problem::bad("INVALID_HEADER", format!("invalid value of {name}"))),
    }
}
