//! Answers to changes: a status, headers and a body, all of them damaged.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use odata_client::{Body, Change, Key, ODataError, Outcome, Precondition, Prefer, Resource, Service};
use wire::{HttpTransport, Request, Response, TransportError};

use super::{Checked, ROOT, at_once, hold};

/// A status, header lines, a blank line and a body.
pub(super) const ANSWERS: &[&str] = &[
    "201\nContent-Type: application/json\nETag: W/\"a\"\nLocation: S('1')\nPreference-Applied: return=representation, odata.maxpagesize=7\n\n{\"@odata.etag\":\"W/\\\"b\\\"\",\"A\":1}",
    "204\nOData-EntityId: https://acme.example/int/S.svc/S('1')\nPreference-Applied: return=minimal\n\n",
    "202\nLocation: https://acme.example/int/S.svc/monitor/1\nRetry-After: 5\nPreference-Applied: respond-async\n\n",
    "412\nContent-Type: application/json\nRetry-After: Sun, 01 Mar 2026 10:00:30 GMT\nDate: Sun, 01 Mar 2026 10:00:00 GMT\n\n{\"error\":{\"code\":\"X\",\"message\":\"m\"}}",
    "503\nContent-Type: text/html\nRetry-After: 120\n\n<html>",
];

pub(super) const ANSWER_WORDS: &[&str] = &[
    "\n",
    "\n\n",
    ": ",
    "ETag: ",
    "Location: //evil.example/",
    "Location: ../..",
    "Preference-Applied: ",
    "return=",
    ";",
    "=",
    ",",
    "\"",
    "W/",
    "*",
    "Retry-After: -1",
    "Retry-After: 99999999999999999999",
    "200",
    "204",
    "304",
    "500",
];

/// Answers everything with the same response.
#[derive(Debug)]
struct Whole {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

#[async_trait]
impl HttpTransport for Whole {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        let mut response = Response::new(self.body.clone());
        *response.status_mut() = http::StatusCode::from_u16(self.status).unwrap_or(http::StatusCode::OK);
        for (name, value) in &self.headers {
            // What cannot be a header does not come through HTTP either.
            let name = http::HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(value.as_bytes())) {
                response.headers_mut().append(name, value);
            }
        }
        Ok(response)
    }
}

impl Whole {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers =
            headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        Self { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
    }
}

/// A change is written, awaited or refused as the status says, and what is told of it was sent.
pub(super) fn answer(bytes: &[u8]) -> Checked {
    let whole = Whole::read(&String::from_utf8_lossy(bytes));
    let success = http::StatusCode::from_u16(whole.status).map_or(true, |status| status.is_success());
    let root = ROOT.parse().map_err(|_| "the root is no address")?;
    let service = Service::new(Arc::new(whole), root);
    let row = Resource::set("S").key(&Key::text("1"));
    let asynchronous = Prefer { respond_async: true, ..Prefer::default() };
    for prefer in [Prefer::default(), asynchronous] {
        let change = Change::update(row.clone(), Body::new().set("A", "x"), Precondition::Any).prefer(prefer);
        match at_once(service.write("fuzz", &change))? {
            Ok(Outcome::Written(written)) => {
                hold(success && written.status.is_success(), "a refusal counts as written")?;
                let etag = written
                    .etag
                    .as_ref()
                    .is_none_or(|etag| !etag.as_str().is_empty() && etag.as_str() != "*");
                hold(etag, "something that is no ETag is taken for one")?;
                let _ = (
                    written.applied.returning(),
                    written.applied.max_page_size(),
                    written.applied.responds_async(),
                );
            }
            Ok(Outcome::Accepted(_)) => hold(success, "a refusal counts as accepted")?,
            // An error inside of a success is one too.
            Err(ODataError::Status { .. }) => {}
            Err(error) => hold(success, &format!("a refusal is told as {error}"))?,
        }
    }
    Ok(())
}
