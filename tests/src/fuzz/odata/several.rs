//! Answers with many parts: batches, changes since a delta link, rows within rows.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderValue;
use odata_client::{
    Batch, BatchAnswer, BatchFormat, Body, Change, Changes, Entry, Key, ODataError, PartId, Precondition,
    Query, Read, Resource, Service, Verdict,
};
use wire::{HttpTransport, Request, Response, TransportError};

use super::{Checked, ROOT, at_once, hold};

/// Answers of a server to the batch of [`asked`]: a read, a group of two, a change alone.
pub(super) const MULTIPARTS: &[&str] = &[
    "--b\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"value\":[{\"A\":1}]}\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: 2\r\n\r\nHTTP/1.1 201 Created\r\nETag: W/\"1\"\r\nContent-Type: application/json\r\n\r\n{\"A\":1}\r\n--c\r\nContent-Type: application/http\r\nContent-ID: 3\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n--c--\r\n--b\r\nContent-Type: application/http\r\nContent-ID: 4\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n--b--\r\n",
    "--b\nContent-Type: application/http\n\nHTTP/1.1 404 Not Found\nContent-Type: application/json\n\n{\"error\":{\"code\":\"X\",\"message\":\"m\"}}\n--b\nContent-Type: application/http\n\nHTTP/1.1 412\n\n\n--b\nContent-Type: application/http\n\nHTTP/1.1 204\n\n\n--b--",
];

pub(super) const MULTIPART_WORDS: &[&str] = &[
    "--b\r\n",
    "--b--\r\n",
    "--c\r\n",
    "--c--\r\n",
    "\r\n\r\n",
    "Content-ID: 3\r\n",
    "Content-ID: 9\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: multipart/mixed; boundary=\"\"\r\n",
    "Content-Type: application/http\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 500 Oops\r\n",
    "HTTP/1.1 999\r\n",
    "{\"A\":1}",
];

pub(super) const JSON_BATCHES: &[&str] = &[
    r#"{"responses":[{"id":"1","status":200,"headers":{"content-type":"application/json"},"body":{"value":[{"A":1}]}},{"id":"2","status":201,"body":{"A":1}},{"id":"3","status":204},{"id":"4","status":204,"headers":{"etag":"W/\"1\""}}]}"#,
    r#"{"responses":[{"id":"4","status":"412","body":{"error":{"code":null,"message":"m"}}},{"id":"1","status":200,"headers":{"content-type":"text/plain"},"body":"12"},{"id":"3","atomicityGroup":"g2","status":424}]}"#,
    r#"{"error":{"code":"X","message":"m"}}"#,
];

pub(super) const BATCH_WORDS: &[&str] = &[
    "{\"id\":\"2\",\"status\":500},",
    "{\"id\":\"3\",\"status\":200},",
    "\"status\":204",
    "\"status\":99999",
    "\"id\":\"1\"",
    "\"id\":4",
    "\"headers\":{\"content-type\":\"application/octet-stream\"}",
    "\"body\":\"YQ\"",
    "\"body\":null",
    "\"responses\":[",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
];

pub(super) const DELTAS: &[&str] = &[
    r##"{"@context":"$metadata#S/$delta","value":[{"A":1},{"@removed":{"reason":"deleted"},"@id":"S('B')"},{"@odata.context":"#S/$deletedEntity","id":"S('C')","reason":"changed"},{"@odata.context":"#S/$link","source":"S('A')","relationship":"L","target":"L(1)"}],"@deltaLink":"S?$deltatoken=2"}"##,
    r#"{"value":[{"@odata.removed":{}},{"L@delta":[{"@removed":null}]}],"@odata.nextLink":"S?$deltatoken=3"}"#,
];

pub(super) const DELTA_WORDS: &[&str] = &[
    "\"@removed\":{\"reason\":\"changed\"},",
    "\"@odata.removed\":7,",
    "\"@odata.context\":\"#S/$deletedEntity\",",
    "\"@context\":\"#S/$deletedLink\",",
    "\"id\":\"x\",",
    "\"@id\":null,",
    "\"@nextLink\":\"n\",",
    "\"@deltaLink\":\"//evil.example/\",",
    "$delta",
    "{",
    "}",
    ",",
    "\"",
];

pub(super) const NESTED: &[&str] = &[
    r#"{"L":[{"A":1},{"A":2}],"L@odata.count":"2","L@odata.nextLink":"S('1')/L?$skiptoken=1","M":null,"M@nextLink":"x"}"#,
    r#"{"L@nextLink":"S('1')/L","X":{"L":[1]}}"#,
];

/// Answers everything with one body of one type.
#[derive(Debug)]
struct Typed(&'static str, Bytes);

#[async_trait]
impl HttpTransport for Typed {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        let mut response = Response::new(self.1.clone());
        response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(self.0));
        Ok(response)
    }
}

fn service(kind: &'static str, bytes: &[u8]) -> Service {
    let typed = Typed(kind, Bytes::copy_from_slice(bytes));
    Service::new(Arc::new(typed), ROOT.parse().expect("it is an address"))
}

/// The batch, with its parts: a read, two of a group, one alone.
fn asked(format: BatchFormat) -> (Batch, [PartId; 4]) {
    let mut batch = Batch::new().format(format);
    let read = batch.read(Read::set("S"));
    let row = || Resource::set("S").key(&Key::text("1"));
    let (one, two) = batch.group(|group| {
        let one = group.change(Change::create(Resource::set("S"), Body::new().set("A", 1)));
        (one, group.change(Change::delete(one.resource(), Precondition::AsPart(one))))
    });
    let alone = batch.change(Change::delete(row(), Precondition::Any));
    (batch, [read, one, two, alone])
}

pub(super) fn multipart(bytes: &[u8]) -> Checked {
    batch("multipart/mixed; boundary=b", BatchFormat::Multipart, bytes)
}

pub(super) fn json_batch(bytes: &[u8]) -> Checked {
    batch("application/json", BatchFormat::Json, bytes)
}

/// Every part has one verdict, and that of a group is one: all of it is made, or nothing of it.
fn batch(kind: &'static str, format: BatchFormat, bytes: &[u8]) -> Checked {
    let (batch, parts) = asked(format);
    let service = service(kind, bytes);
    let answer = match at_once(service.batch("fuzz", &batch))? {
        Ok(answer) => answer,
        Err(ODataError::Malformed { .. } | ODataError::Status { .. }) => return Ok(()),
        Err(error) => return Err(format!("damage is told as {error}")),
    };
    hold(answer.verdicts().count() == parts.len(), "a part has no verdict")?;
    let [read, one, two, alone] = parts;
    let made = |part: PartId| matches!(answer.verdict(part), Verdict::Written(_));
    hold(made(one) == made(two), "a group is made in half")?;
    let unknown = |part: PartId| matches!(answer.verdict(part), Verdict::Unknown { .. });
    hold(unknown(one) == unknown(two), "half of a group is unknown")?;
    hold(!matches!(answer.verdict(read), Verdict::Written(_)), "a read has written")?;
    hold(!matches!(answer.verdict(alone), Verdict::RolledBack { .. }), "what is alone is in a group")?;
    if parts.iter().any(|part| answer.verdict(*part).is_success()) {
        hold(says_success(bytes), "a success that nobody told")?;
    }
    replies(&answer, read)
}

/// Whether there is anything in the answer that a success could be read from.
fn says_success(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("HTTP/") || text.contains("responses")
}

/// Whatever a reply holds can be read as everything without harm.
fn replies(answer: &BatchAnswer, read: PartId) -> Checked {
    if let Verdict::Answered(reply) = answer.verdict(read) {
        hold(reply.status().is_success(), "a refusal is an answer")?;
        let _ = (reply.page().is_ok(), reply.entity().is_ok(), reply.value().is_ok(), reply.count().is_ok());
        let _ = (reply.media(), reply.written().is_ok());
    }
    Ok(())
}

/// Each entry of a delta is what its row says, and the link stays in the service.
pub(super) fn delta(bytes: &[u8]) -> Checked {
    let service = service("application/json", bytes);
    let Ok(changes) = at_once(service.changes("fuzz", "S?$deltatoken=1"))? else { return Ok(()) };
    let Changes::Page(page) = changes else { return Err("a success asks for a resync".to_owned()) };
    hold(
        page.link().starts_with(ROOT) || page.link().starts_with(ROOT.trim_end_matches('/')),
        "a link leads away",
    )?;
    for (entry, row) in page.entries().zip(page.page().rows()) {
        match entry {
            Ok(Entry::Row(text)) => {
                let plain = !text.contains("removed") || text.contains("null") || text.contains("delta");
                hold(text == row && (plain || !has_removed(row)), "a row that is gone is a row")?;
            }
            Ok(Entry::Removed(removed)) => hold(removed.row == row, "an entry is of another row")?,
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn has_removed(row: &str) -> bool {
    let tree = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(row).unwrap_or_default();
    ["@removed", "@odata.removed"].iter().any(|name| tree.get(*name).is_some_and(|value| !value.is_null()))
}

/// Rows within a row are those that a tree of it has.
pub(super) fn nested(bytes: &[u8]) -> Checked {
    let text = String::from_utf8_lossy(bytes);
    let body = format!("{{\"value\":[{text}]}}");
    let service = service("application/json", body.as_bytes());
    let Ok(page) = at_once(service.page("fuzz", "S", &Query::default()))? else { return Ok(()) };
    let Some(row) = page.row(0) else { return Ok(()) };
    let tree = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(row);
    if let (Ok(Some(inner)), Ok(tree)) = (page.inner(0, "L"), tree) {
        let there = tree.get("L").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
        hold(inner.len() == there, "rows within a row are lost or made up")?;
    }
    Ok(())
}
