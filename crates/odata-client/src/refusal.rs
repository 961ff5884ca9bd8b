//! Reads error answers: OData bodies, OAuth bodies, HTML of proxies, nothing at all.

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use jiff::Timestamp;
use serde_json::{Map, Value};
use wire::{Evidence, Response};

use crate::error::{ErrorDetail, ODataError, StatusError};

const EXCERPT: usize = 300;
const MESSAGE: usize = 1_000;

/// The error that an answer with an error status holds.
pub(crate) fn from_response(response: &Response) -> StatusError {
    let body = String::from_utf8_lossy(response.body());
    let object = if is_json(response.headers(), &body) {
        serde_json::from_str::<Map<String, Value>>(&body).ok()
    } else {
        None
    };
    let mut error = blank(response);
    match object {
        Some(object) if from_object(&mut error, &object) => {}
        _ if body.trim().is_empty() => {}
        _ => error.excerpt = Some(excerpt(&body, EXCERPT)),
    }
    error
}

/// The error that stands as `error` member inside a successful answer.
pub(crate) fn from_member(response: &Response, member: &str) -> StatusError {
    let mut error = blank(response);
    match serde_json::from_str::<Value>(member) {
        Ok(Value::Object(object)) => fill(&mut error, &object),
        _ => error.message = excerpt(member, MESSAGE),
    }
    error
}

/// The error with which a server broke off in the middle of a successful answer: what was begun stays
/// unfinished, and `"error":{…}` is the last whole thing (OData JSON Format, section on in-stream
/// errors).
pub(crate) fn in_stream(operation: &'static str, response: &Response, text: &str) -> Option<ODataError> {
    const NAME: &str = "\"error\"";
    let behind = text.get(text.rfind(NAME)? + NAME.len()..)?;
    let object = behind.trim_start().strip_prefix(':')?.trim_start();
    let mut values = serde_json::Deserializer::from_str(object).into_iter::<Map<String, Value>>();
    let found = values.next()?.ok()?;
    let rest = object.get(values.byte_offset()..)?;
    let ends = rest.chars().all(|c| matches!(c, '}' | ']') || c.is_whitespace());
    if !ends || !(found.contains_key("code") || found.contains_key("message")) {
        return None;
    }
    let mut error = blank(response);
    fill(&mut error, &found);
    Some(ODataError::Status { operation, error: Box::new(error) })
}

/// Whether a body may be read as JSON: it says so, or it says nothing and looks like it.
pub(crate) fn is_json(headers: &HeaderMap, body: &str) -> bool {
    match headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
    {
        Some(kind) => {
            let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
            kind == "application/json" || kind.ends_with("+json")
        }
        None => body.trim_start().starts_with('{'),
    }
}

/// The beginning of `text` in one printable line.
pub(crate) fn excerpt(text: &str, chars: usize) -> String {
    let mut out: String = text.chars().take(chars).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(chars).is_some() {
        out.push('…');
    }
    out
}

/// The server's clock, from the `Date` header.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(http::header::DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}

/// How long the server asks to wait, in either form of the header.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(text)?.as_second();
    let span = until.saturating_sub(date(headers)?.as_second());
    Some(Duration::from_secs(u64::try_from(span).unwrap_or(0)))
}

fn blank(response: &Response) -> StatusError {
    StatusError {
        status: response.status(),
        code: None,
        message: String::new(),
        target: None,
        details: Vec::new(),
        retry_after: retry_after(response.headers()),
        excerpt: None,
        evidence: response.extensions().get::<Evidence>().copied(),
    }
}

/// Whether `object` was an error body that we know.
fn from_object(error: &mut StatusError, object: &Map<String, Value>) -> bool {
    match object.get("error").or_else(|| object.get("odata.error")) {
        Some(Value::Object(inner)) => {
            fill(error, inner);
            true
        }
        // RFC 6749 section 5.2, as identity providers and gateways answer.
        Some(Value::String(code)) => {
            error.code = Some(excerpt(code, EXCERPT));
            error.message = text(object.get("error_description")).unwrap_or_default();
            true
        }
        _ => false,
    }
}

fn fill(error: &mut StatusError, object: &Map<String, Value>) {
    error.code = text(object.get("code"));
    error.message = text(object.get("message")).unwrap_or_default();
    error.target = text(object.get("target"));
    if let Some(Value::Array(details)) = object.get("details") {
        error.details = details.iter().take(100).filter_map(Value::as_object).map(detail).collect();
    }
}

fn detail(object: &Map<String, Value>) -> ErrorDetail {
    ErrorDetail {
        code: text(object.get("code")),
        message: text(object.get("message")).unwrap_or_default(),
        target: text(object.get("target")),
    }
}

/// Codes come as text, numbers or null; messages of older servers as `{lang, value}`.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(excerpt(text, MESSAGE)),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => object.get("value")?.as_str().map(|text| excerpt(text, MESSAGE)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> StatusError {
        let response = http::Response::builder()
            .status(status)
            .header("content-type", kind)
            .header("date", "Sun, 01 Mar 2026 10:00:00 GMT")
            .header("retry-after", "Sun, 01 Mar 2026 10:00:30 GMT")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        from_response(&response)
    }

    #[test]
    fn odata_bodies_with_every_kind_of_code() {
        let full = r#"{"error":{"code":"ODP_RESOURCE_NOTFOUND","message":"no such set","target":"X",
            "details":[{"code":null,"message":"d","target":"t"}],"@Ns.x":1}}"#;
        let error = answer(404, "application/json; charset=utf-8", full);
        assert_eq!(error.code(), "ODP_RESOURCE_NOTFOUND");
        assert_eq!(error.to_string(), "status 404 Not Found ODP_RESOURCE_NOTFOUND: no such set");
        assert_eq!(error.details[0].target.as_deref(), Some("t"));
        assert_eq!(error.retry_after, Some(Duration::from_secs(30)));
        let null = answer(400, "application/json", r#"{"error":{"code":null,"message":"m"}}"#);
        assert_eq!((null.code, null.message.as_str()), (None, "m"));
        let number = answer(400, "application/json", r#"{"error":{"code":400,"message":"m"}}"#);
        assert_eq!(number.code(), "400");
    }

    #[test]
    fn an_error_that_ends_a_stream_is_found_and_a_field_of_that_name_is_not() {
        let response = Response::new(Bytes::new());
        let error = |text: &str| in_stream("t", &response, text).map(|error| error.to_string());
        for text in [
            r#"{"value":[{"A":1},{"B":{"error":{"code":"X","message":"m"}}"#,
            r#"{"value":[{"A":1},{"error":{"code":"X","message":"m"}"#,
            r#"{"value":[{"A":"half{"error" : {"code":"X","message":"m"}}]}"#,
        ] {
            assert_eq!(error(text).as_deref(), Some("t was refused: status 200 OK X: m"), "{text}");
        }
        for text in [
            r#"{"value":[{"error":{"a":1}},{"A"#,
            r#"{"value":[{"error":{"code":"X"}},{"A":1"#,
            r#"{"value":[{"error":"X"#,
            r#"{"value":[{"error""#,
        ] {
            assert_eq!(error(text), None, "{text}");
        }
    }

    #[test]
    fn oauth_html_and_empty_bodies() {
        let oauth =
            answer(401, "application/json", r#"{"error":"invalid_client","error_description":"bad"}"#);
        assert_eq!((oauth.code(), oauth.message.as_str()), ("invalid_client", "bad"));
        let html = answer(503, "text/html", "<html>{\"error\":{\"code\":\"X\"}}</html>");
        assert_eq!(html.code, None, "HTML is never read as JSON");
        assert!(html.excerpt.unwrap().starts_with("<html>"));
        let json_called_html = answer(503, "text/html", r#"{"error":{"code":"X","message":""}}"#);
        assert_eq!(json_called_html.code, None);
        assert_eq!(answer(500, "text/plain", "").excerpt, None);
    }
}
