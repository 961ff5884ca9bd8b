//! Several requests in one: composite, graph, batch and tree (REST API Developer Guide, "Composite
//! Resources").

mod batch;
mod graph;
mod reference;
mod tree;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use wire::{Request, Response};

use super::call::Call;
use super::members::json_body;
use super::problem::{Problem, json_answer};
use super::routes::segments;
use reference::resolve;

/// Most requests in a composite.
const MOST: usize = 25;
/// Most of them that are queries or collections.
const MOST_HEAVY: usize = 5;
/// Headers of the whole call that its parts do not have of their own.
const OUTER_ONLY: [&str; 3] = ["accept", "authorization", "content-type"];
/// Headers of the whole call that hold for its parts.
const INHERITED: [&str; 2] = ["sforce-call-options", "sforce-duplicate-rule-header"];

/// One part of a composite or a graph.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    method: String,
    url: String,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    reference_id: String,
    #[serde(default)]
    http_headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite<'a> {
    #[serde(default)]
    all_or_none: bool,
    #[serde(borrow)]
    composite_request: Vec<Part<'a>>,
}

/// The answer to a part; its body as it was written, so that no number loses digits.
struct Answered {
    status: StatusCode,
    body: Box<RawValue>,
    location: Option<String>,
}

/// How the answer to a part stands among the others.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    body: &'a RawValue,
    http_headers: BTreeMap<&'static str, &'a str>,
    http_status_code: u16,
    reference_id: &'a str,
}

/// The answers to all parts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompositeAnswer<'a> {
    composite_response: Vec<Shown<'a>>,
}

impl Answered {
    fn problem(problem: &Problem) -> Self {
        Self { status: problem.status, body: raw(&[problem.item()]), location: None }
    }

    fn failed(&self) -> bool {
        self.status.as_u16() >= 300
    }

    fn shown<'a>(&'a self, reference: &'a str) -> Shown<'a> {
        Shown {
            body: &self.body,
            http_headers: self.location.iter().map(|location| ("Location", location.as_str())).collect(),
            http_status_code: self.status.as_u16(),
            reference_id: reference,
        }
    }
}

impl<'a> CompositeAnswer<'a> {
    fn of(parts: &'a [Part<'_>], answers: &'a Answers) -> Self {
        let shown = |part: &'a Part<'_>| {
            answers.get(&part.reference_id).map(|answered| answered.shown(&part.reference_id))
        };
        Self { composite_response: parts.iter().filter_map(shown).collect() }
    }
}

/// The answers so far, by reference.
type Answers = BTreeMap<String, Answered>;

/// Whether a composite call asks and changes nothing, such as one of queries.
pub(super) fn only_reads(request: &Request) -> bool {
    let composite: Result<Composite<'_>, _> = serde_json::from_slice(request.body());
    composite.is_ok_and(|composite| composite.composite_request.iter().all(|part| part.method == "GET"))
}

impl Call<'_> {
    /// `/composite…` but for collections.
    pub(crate) fn composite(&mut self, request: &Request, rest: &[&str]) -> Result<Response, Problem> {
        match (request.method().as_str(), rest) {
            ("POST", []) => self.run_composite(request),
            ("POST", ["graph"]) => self.run_graphs(request),
            ("POST", ["batch"]) => self.run_batch(request),
            ("POST", ["tree", object]) => self.run_tree(request, object),
            (method, [] | ["graph" | "batch"]) => Err(Problem::not_allowed(method, "POST")),
            _ => Err(Problem::not_found()),
        }
    }

    fn run_composite(&mut self, request: &Request) -> Result<Response, Problem> {
        let composite: Composite<'_> = json_body(request)?;
        let parts = &composite.composite_request;
        check(parts, MOST)?;
        let heavy = parts.iter().filter(|part| part.is_heavy()).count();
        if heavy > MOST_HEAVY {
            return Err(too_many("queries and sObject collections", MOST_HEAVY));
        }
        self.state.store.begin();
        let mut answers = Answers::new();
        for part in parts {
            let halted = composite.all_or_none && answers.values().any(Answered::failed);
            let answered = if halted { halt() } else { self.part(request, part, &answers) };
            answers.insert(part.reference_id.clone(), answered);
        }
        self.close(composite.all_or_none, &mut answers);
        Ok(whole(&CompositeAnswer::of(parts, &answers)))
    }

    /// Keeps the transaction, or takes it back if all or none count and one failed; says whether it
    /// was kept.
    fn close(&mut self, all_or_none: bool, answers: &mut Answers) -> bool {
        if !all_or_none || !answers.values().any(Answered::failed) {
            self.state.store.keep();
            return true;
        }
        self.state.store.roll_back();
        for answered in answers.values_mut().filter(|answered| !answered.failed()) {
            *answered = halt();
        }
        false
    }

    /// Answers a part, with what it refers to put in.
    fn part(&mut self, outer: &Request, part: &Part<'_>, answers: &Answers) -> Answered {
        self.state.store.next_commit();
        let body = part.body.map_or("", RawValue::get);
        let resolved = resolve(&part.url, answers, false)
            .and_then(|url| Ok((url, resolve(body, answers, true)?)))
            .and_then(|(url, body)| self.inner(outer, (&part.method, &url), &part.http_headers, body));
        match resolved {
            Err(problem) => Answered::problem(&problem),
            Ok(response) => {
                let location = response.headers().get(http::header::LOCATION);
                let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
                let body = raw_body(&response);
                Answered { status: response.status(), body, location }
            }
        }
    }

    /// Answers a request within a request.
    fn inner(
        &mut self,
        outer: &Request,
        (method, url): (&str, &str),
        headers: &BTreeMap<String, String>,
        body: String,
    ) -> Result<Response, Problem> {
        let bad =
            |what: &str| Problem::bad("INVALID_INPUT", format!("{what} of a subrequest is invalid: {url}"));
        let mut request = http::Request::builder().method(method).uri(url.replace(' ', "%20"));
        for (name, value) in headers {
            if OUTER_ONLY.iter().any(|outer| name.eq_ignore_ascii_case(outer)) {
                return Err(bad(&format!("The header {name}")));
            }
            request = request.header(name, value);
        }
        for name in INHERITED {
            if let Some(value) = outer.headers().get(name) {
                request = request.header(name, value.clone());
            }
        }
        let request = request.body(Bytes::from(body)).map_err(|_| bad("The method, address or a header"))?;
        let path = request.uri().path().strip_prefix("/services/data/v").ok_or_else(|| bad("The url"))?;
        let (version, rest) = path.split_once('/').unwrap_or((path, ""));
        if version != self.version {
            return Err(bad("The API version"));
        }
        let parts = segments(rest);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if matches!(parts.as_slice(), ["composite", inner, ..] if *inner != "sobjects")
            || parts == ["composite"]
        {
            return Err(bad("The url"));
        }
        Ok(self.resource(&request, &parts).unwrap_or_else(|problem| problem.response()))
    }
}

impl Part<'_> {
    fn is_heavy(&self) -> bool {
        self.url.contains("/query") || self.url.contains("/composite/sobjects")
    }
}

/// References are unique names, and there are not too many parts.
fn check(parts: &[Part<'_>], most: usize) -> Result<(), Problem> {
    if parts.is_empty() || parts.len() > most {
        return Err(too_many("subrequests", most));
    }
    let mut seen = std::collections::BTreeSet::new();
    for part in parts {
        let name = &part.reference_id;
        let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if name.is_empty() || !name.chars().all(letters) || name.starts_with('_') {
            let message = format!("Provided referenceId ('{name}') must be alphanumeric");
            return Err(Problem::bad("INVALID_INPUT", message));
        }
        if !seen.insert(name) {
            let message = format!("Provided referenceId ('{name}') is not unique");
            return Err(Problem::bad("INVALID_INPUT", message));
        }
    }
    Ok(())
}

/// The JSON of a value.
fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The body of the answer to a part; `null` where there is none.
fn raw_body(response: &Response) -> Box<RawValue> {
    serde_json::from_slice(response.body()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The answer to the call itself.
fn whole(value: &impl Serialize) -> Response {
    json_answer(StatusCode::OK, raw(value).get().to_owned().into())
}

fn too_many(what: &str, most: usize) -> Problem {
    Problem::bad("LIMIT_EXCEEDED", format!("a call has between 1 and {most} {what}"))
}

/// What a part says that did not run, or was taken back.
fn halt() -> Answered {
    let message = "The transaction was rolled back since another operation in the same transaction failed.";
    Answered::problem(&Problem::bad("PROCESSING_HALTED", message))
}
