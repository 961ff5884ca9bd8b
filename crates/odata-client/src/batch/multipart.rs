//! Batches as `multipart/mixed` (OData Protocol 11.7.7, RFC 2046).

use std::fmt::Write as _;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use wire::Response;

use super::{Batch, Item, message};
use crate::resource::PartId;
use crate::service::{JSON, PREFER};
use crate::{Change, ODataError, Read};

/// Between the parts. What is sent is made of JSON, which has no line ends of its own, and of
/// addresses and headers, which have none either: so no line of a part can be a boundary.
const BOUNDARY: &str = "batch_odata";

/// The boundary and the body.
pub(super) fn written(operation: &'static str, batch: &Batch) -> Result<(&'static str, String), ODataError> {
    let mut out = String::new();
    for item in &batch.items {
        match item {
            Item::Read(part, read) => {
                push_head(&mut out, BOUNDARY, *part);
                push_read(&mut out, read);
            }
            Item::Change(part, change) => {
                push_head(&mut out, BOUNDARY, *part);
                push_change(operation, &mut out, change)?;
            }
            Item::Group(changes) => {
                let first = changes.first().map_or(0, |(part, _)| part.0);
                let own = format!("changeset_{first}");
                // Writing to a string cannot fail, here and below.
                let _ = write!(out, "--{BOUNDARY}\r\nContent-Type: multipart/mixed; boundary={own}\r\n\r\n");
                for (part, change) in changes {
                    push_head(&mut out, &own, *part);
                    push_change(operation, &mut out, change)?;
                }
                let _ = write!(out, "--{own}--\r\n");
            }
        }
    }
    let _ = write!(out, "--{BOUNDARY}--\r\n");
    Ok((BOUNDARY, out))
}

fn push_head(out: &mut String, boundary: &str, part: PartId) {
    let _ = write!(
        out,
        "--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\
         Content-ID: {}\r\n\r\n",
        part.0
    );
}

fn push_read(out: &mut String, read: &Read) {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(JSON));
    headers.extend(read.prefer.header().map(|value| (PREFER, value)));
    let _ = write!(out, "GET {} HTTP/1.1\r\n", read.encoded());
    push_headers(out, &headers);
    out.push_str("\r\n\r\n");
}

fn push_change(operation: &'static str, out: &mut String, change: &Change) -> Result<(), ODataError> {
    let body = change.bytes(operation)?;
    let _ = write!(out, "{} {} HTTP/1.1\r\n", change.method, change.encoded());
    push_headers(out, &change.part_headers());
    if !body.is_empty() {
        let _ = write!(out, "Content-Length: {}\r\n", body.len());
    }
    out.push_str("\r\n");
    out.push_str(&String::from_utf8_lossy(&body));
    out.push_str("\r\n");
    Ok(())
}

fn push_headers(out: &mut String, headers: &HeaderMap) {
    for (name, value) in headers {
        let _ = write!(out, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
}

/// An answer as it came: to one part, or to a group.
pub(super) enum Piece {
    One(Option<PartId>, Response),
    Several(Vec<(Option<PartId>, Response)>),
    /// Something that is no answer.
    Unreadable,
}

/// What was read of an answer, and whether it ends as it should.
pub(super) struct Pieces {
    pub(super) pieces: Vec<Piece>,
    pub(super) whole: bool,
}

/// The pieces of `body`; `None` if the content type names no boundary.
pub(super) fn read(response: &Response) -> Option<Pieces> {
    let boundary = boundary(response.headers())?;
    let (parts, whole) = split(response.body(), &boundary);
    Some(Pieces { pieces: parts.into_iter().map(piece).collect(), whole })
}

fn piece(text: &[u8]) -> Piece {
    let (head, body) = message::headers(text);
    if let Some(inner) = boundary(&head) {
        let (parts, whole) = split(body, &inner);
        let one = |text: &[u8]| {
            let (head, body) = message::headers(text);
            let response = message::response(body)?;
            Some((content_id(&head, &response), response))
        };
        let answers: Vec<_> = parts.iter().filter_map(|text| one(text)).collect();
        // A group of which a part is missing or unreadable is no group that is known.
        return if whole && answers.len() == parts.len() {
            Piece::Several(answers)
        } else {
            Piece::Unreadable
        };
    }
    match message::response(body) {
        Some(response) => Piece::One(content_id(&head, &response), response),
        None => Piece::Unreadable,
    }
}

/// The id stands before the answer, or among its own headers.
fn content_id(head: &HeaderMap, response: &Response) -> Option<PartId> {
    let value = head.get("content-id").or_else(|| response.headers().get("content-id"))?;
    value.to_str().ok()?.trim().parse().ok().map(PartId)
}

/// The boundary that the content type names, if it is a multipart one.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (media, parameters) = kind.split_once(';')?;
    if !media.trim().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let named = parameters.split(';').filter_map(|one| one.split_once('='));
    let mut named = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"));
    let name = named.next()?.1.trim().trim_matches('"').to_owned();
    (!name.is_empty()).then_some(name)
}

/// What stands between the boundaries, and whether the last of them is there. What follows the last
/// boundary that came is cut off in the middle, and left out.
fn split<'b>(body: &'b [u8], boundary: &str) -> (Vec<&'b [u8]>, bool) {
    let mark = format!("--{boundary}");
    let (mut found, mut begin, mut at) = (Vec::new(), None::<usize>, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        let rest = text.strip_prefix(mark.as_bytes());
        let ends = rest == Some(b"--");
        if ends || rest == Some(b"") {
            if let Some(begin) = begin {
                found.push(without_line_end(body.get(begin..at).unwrap_or_default()));
            }
            if ends {
                return (found, true);
            }
            begin = Some(at + line.len());
        }
        at += line.len();
    }
    (found, false)
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\n").map_or(text, |text| text.strip_suffix(b"\r").unwrap_or(text))
}
