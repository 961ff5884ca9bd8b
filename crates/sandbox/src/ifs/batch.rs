//! `$batch`: several requests in one, some of them in groups that succeed or fail together.
//!
//! As IFS documents it ("Batch requests"): multipart only, parts one after another, change sets
//! atomic and without reads, `$<Content-ID>` for a row that was created before and for its `ETag`.
//! The first failure ends the batch unless `Prefer: odata.continue-on-error` is said; then fewer
//! answers come back than were asked for.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use jiff::Timestamp;
use wire::{Request, Response};

use super::address::Address;
use super::body::unreadable;
use super::multipart::{Inner, Part, boundary, parts, put};
use super::problem::Problem;
use super::routes::serve;
use super::settings::IfsSettings;
use super::tenant::State;

/// So many requests a batch may have: what tools for IFS keep to.
const MOST: usize = 200;

/// Answers a batch.
pub(super) fn answer(
    state: &mut State,
    settings: &IfsSettings,
    now: Timestamp,
    request: &Request,
    address: &Address,
) -> Result<Response, Problem> {
    if request.method() != Method::POST {
        return Err(Problem::bad("$batch takes POST only"));
    }
    let mark = boundary(request.headers().get(header::CONTENT_TYPE))?;
    let parts = parts(request.body(), &mark)?;
    check(&parts)?;
    state.count("batches");
    let mut batch = Batch { state, settings, now, root: &address.root, known: BTreeMap::new(), sets: 0 };
    let goes_on = continues(request);
    let mark = "batch_sandbox";
    let mut out = Vec::new();
    for part in &parts {
        let fine = batch.part(part, mark, &mut out);
        if !fine && !goes_on {
            break;
        }
    }
    out.extend_from_slice(format!("--{mark}--\r\n").as_bytes());
    let mut response = Response::new(Bytes::from(out));
    let kind = HeaderValue::from_static("multipart/mixed; boundary=batch_sandbox");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
    Ok(response)
}

/// Refuses a batch before any of it is done.
fn check(parts: &[Part]) -> Result<(), Problem> {
    let count: usize = parts.iter().map(|part| if let Part::Set(all) = part { all.len() } else { 1 }).sum();
    if count > MOST {
        return Err(Problem::bad(format!("the batch has {count} requests, and {MOST} are allowed")));
    }
    let reads = parts.iter().any(|part| match part {
        Part::Set(all) => all.iter().any(|inner| inner.method == Method::GET),
        Part::Single(_) => false,
    });
    if reads { Err(unreadable("a change set may not read")) } else { Ok(()) }
}

/// `Prefer: odata.continue-on-error`, also without its prefix, and with `=true`.
fn continues(request: &Request) -> bool {
    let prefer = request.headers().get("prefer").and_then(|value| value.to_str().ok()).unwrap_or_default();
    prefer.split([',', ';']).map(str::trim).any(|one| {
        matches!(one.strip_prefix("odata.").unwrap_or(one), "continue-on-error" | "continue-on-error=true")
    })
}

/// What a request with a content id has made.
struct Made {
    path: String,
    etag: Option<HeaderValue>,
}

struct Batch<'a> {
    state: &'a mut State,
    settings: &'a IfsSettings,
    now: Timestamp,
    root: &'a str,
    known: BTreeMap<String, Made>,
    sets: usize,
}

impl Batch<'_> {
    /// Does a part and writes its answer; says whether it went well.
    fn part(&mut self, part: &Part, mark: &str, out: &mut Vec<u8>) -> bool {
        match part {
            Part::Single(inner) => {
                let response = self.one(inner);
                put(out, mark, inner.id.as_deref(), &response);
                !failed(&response)
            }
            Part::Set(all) => self.set(all, mark, out),
        }
    }

    /// All of a change set, or nothing; a failure answers for the whole set.
    fn set(&mut self, all: &[Inner], mark: &str, out: &mut Vec<u8>) -> bool {
        self.state.db.begin_transaction();
        let mut responses = Vec::new();
        for inner in all {
            let response = self.one(inner);
            if failed(&response) {
                self.state.db.roll_back();
                put(out, mark, inner.id.as_deref(), &response);
                return false;
            }
            responses.push(response);
        }
        self.state.db.end_transaction();
        self.sets += 1;
        let own = format!("changeset_{}", self.sets);
        out.extend_from_slice(
            format!("--{mark}\r\nContent-Type: multipart/mixed; boundary={own}\r\n\r\n").as_bytes(),
        );
        for (inner, response) in all.iter().zip(&responses) {
            put(out, &own, inner.id.as_deref(), response);
        }
        out.extend_from_slice(format!("--{own}--\r\n").as_bytes());
        true
    }

    fn one(&mut self, inner: &Inner) -> Response {
        self.state.count("batch_parts");
        let response = self.request(inner).and_then(|request| {
            if request.uri().path().ends_with("$batch") {
                return Err(Problem::bad("a batch within a batch is not supported"));
            }
            serve(self.state, self.settings, self.now, &request)
        });
        let response = response.unwrap_or_else(|problem| problem.response());
        if let Some(id) = inner.id.clone().filter(|_| !failed(&response)) {
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let path = location.map_or_else(|| self.absolute(&inner.target), str::to_owned);
            self.known.insert(id, Made { path, etag: response.headers().get(header::ETAG).cloned() });
        }
        response
    }

    /// The inner request as if it had come by itself.
    fn request(&self, inner: &Inner) -> Result<Request, Problem> {
        let target = self.absolute(&inner.target);
        if !target.starts_with(self.root) {
            return Err(Problem::bad(format!("{} is not in the service of the batch", inner.target)));
        }
        let mut request = Request::new(inner.body.clone());
        *request.method_mut() = inner.method.clone();
        *request.uri_mut() = target.parse().map_err(|_| Problem::bad(format!("{target} is no address")))?;
        *request.headers_mut() = inner.headers.clone();
        let reference = inner.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
        if let Some(id) = reference.and_then(|reference| reference.strip_prefix('$')) {
            let etag = self.known.get(id).and_then(|made| made.etag.clone());
            let etag =
                etag.ok_or_else(|| Problem::bad(format!("nothing with the Content-ID {id} has an ETag")))?;
            request.headers_mut().insert(header::IF_MATCH, etag);
        }
        Ok(request)
    }

    /// A target as an absolute address: relative to the service, to the host, or to what a request
    /// before has made (`$1/CustomerInfoAddresses`).
    fn absolute(&self, target: &str) -> String {
        if target.starts_with("http://") || target.starts_with("https://") {
            return target.to_owned();
        }
        if target.starts_with('/') {
            let host = self.root.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            return format!("{host}{target}");
        }
        if let Some(rest) = target.strip_prefix('$') {
            let (id, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            if let Some(made) = self.known.get(id) {
                return format!("{}{tail}", made.path);
            }
        }
        format!("{}{target}", self.root)
    }
}

fn failed(response: &Response) -> bool {
    response.status().is_client_error() || response.status().is_server_error()
}
