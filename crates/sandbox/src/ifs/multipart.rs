//! Multipart bodies of `$batch` (OData Protocol, section 11.7.7; RFC 2046; RFC 9112 messages within).

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use wire::Response;

use super::body::unreadable;
use super::problem::Problem;

/// A part of a batch.
#[derive(Debug)]
pub(crate) enum Part {
    /// A request of its own.
    Single(Inner),
    /// Requests that succeed or fail together.
    Set(Vec<Inner>),
}

/// A request within a batch.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) id: Option<String>,
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The boundary that a content type names.
pub(crate) fn boundary(kind: Option<&HeaderValue>) -> Result<String, Problem> {
    let text = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (media, parameters) = text.split_once(';').unwrap_or((text, ""));
    if !media.trim().eq_ignore_ascii_case("multipart/mixed") {
        return Err(unreadable("$batch takes multipart/mixed only"));
    }
    let named = parameters.split(';').find_map(|one| one.trim().strip_prefix("boundary="));
    let name = named.map(|name| name.trim_matches('"').to_owned()).filter(|name| !name.is_empty());
    name.ok_or_else(|| unreadable("the content type names no boundary"))
}

/// The parts of a batch.
pub(crate) fn parts(body: &[u8], boundary: &str) -> Result<Vec<Part>, Problem> {
    pieces(body, boundary)?.into_iter().map(part).collect()
}

fn part(piece: &[u8]) -> Result<Part, Problem> {
    let (headers, body) = message(piece)?;
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/")) {
        let inner = pieces(body, &boundary(kind)?)?;
        let members =
            inner.into_iter().map(|piece| message(piece).and_then(|(head, body)| request(&head, body)));
        return Ok(Part::Set(members.collect::<Result<_, _>>()?));
    }
    request(&headers, body).map(Part::Single)
}

/// What stands between the boundaries.
fn pieces<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, Problem> {
    let mark = format!("--{boundary}");
    let (mut found, mut begin, mut at) = (Vec::new(), None::<usize>, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        let ends = text == format!("{mark}--").as_bytes();
        if ends || text == mark.as_bytes() {
            if let Some(begin) = begin {
                found.push(body.get(begin..at).unwrap_or_default());
            }
            if ends {
                return Ok(found);
            }
            begin = Some(at + line.len());
        }
        at += line.len();
    }
    Err(unreadable("the batch does not end with its boundary"))
}

/// Headers, and what comes behind the empty line.
fn message(text: &[u8]) -> Result<(HeaderMap, &[u8]), Problem> {
    let mut headers = HeaderMap::new();
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok((headers, text.get(at..).unwrap_or_default()));
        }
        let line = std::str::from_utf8(line).map_err(|_| unreadable("a header is not UTF-8"))?;
        let (name, value) = line.split_once(':').ok_or_else(|| unreadable("a line is no header"))?;
        let name = HeaderName::try_from(name.trim()).map_err(|error| unreadable(&error.to_string()))?;
        let value = HeaderValue::try_from(value.trim()).map_err(|error| unreadable(&error.to_string()))?;
        headers.append(name, value);
    }
    Ok((headers, &[]))
}

/// `PATCH CustomerSet('C1') HTTP/1.1`, headers, body.
fn request(head: &HeaderMap, text: &[u8]) -> Result<Inner, Problem> {
    let kind = head.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !kind.starts_with(b"application/http") {
        return Err(unreadable("a part is not application/http"));
    }
    let end =
        text.iter().position(|byte| *byte == b'\n').ok_or_else(|| unreadable("a part has no request"))?;
    let (line, rest) = text.split_at(end + 1);
    let line = std::str::from_utf8(line).map_err(|_| unreadable("a request line is not UTF-8"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let [method, target, "HTTP/1.1"] = words[..] else {
        return Err(unreadable("a request line is not whole"));
    };
    let (headers, body) = message(rest)?;
    // The line break before the boundary belongs to the boundary.
    let body = body.strip_suffix(b"\n").map_or(body, |body| body.strip_suffix(b"\r").unwrap_or(body));
    let id = head.get("content-id").or_else(|| headers.get("content-id"));
    Ok(Inner {
        id: id.and_then(|id| id.to_str().ok()).map(str::to_owned),
        method: Method::try_from(method).map_err(|error| unreadable(&error.to_string()))?,
        target: target.to_owned(),
        headers,
        body: Bytes::copy_from_slice(body),
    })
}

/// Writes one answer as a part.
pub(crate) fn put(out: &mut Vec<u8>, boundary: &str, id: Option<&str>, response: &Response) {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head =
        format!("--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n");
    // Writing to a String cannot fail.
    let _ = id.map_or(Ok(()), |id| write!(head, "Content-ID: {id}\r\n"));
    let _ = write!(head, "\r\nHTTP/1.1 {} {reason}\r\n", status.as_u16());
    for (name, value) in response.headers() {
        let _ = write!(head, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    let _ = write!(head, "content-length: {}\r\n\r\n", response.body().len());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(response.body());
    out.extend_from_slice(b"\r\n");
}
