//! Which request is answered how.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use wire::{Request, Response};

use super::collection_calls::collection;
use super::cursors::{Found, page_size};
use super::describe::{basic_info, describe, global};
use super::org::{SalesforceSandbox, State};
use super::problem::{Problem, answer};
use super::row_calls::rows;
use super::rows::select;
use super::schema::OBJECT;
use super::session::{expired, user_info};
use super::soql::parse;
use crate::door::parameter;
use crate::{CallKind, Endpoint, Refusal, ServerClock};

/// API versions on offer.
const VERSIONS: std::ops::RangeInclusive<u32> = 58..=66;
/// Most bytes of the request line, and of it together with all headers.
const LINE: usize = 16_384;

impl SalesforceSandbox {
    /// Acts on a request.
    pub(crate) fn route(&self, state: &mut State, request: &Request) -> Response {
        let now = self.clock.elapsed();
        let path = request.uri().path();
        match path.trim_end_matches('/') {
            "/services/oauth2/token" => {
                let setup = (&self.settings, &state.switches);
                state.sessions.open(request, setup, (now, self.clock.now()))
            }
            "/services/data" => versions(),
            _ => {
                state.calls += 1;
                self.admitted(state, request, path).unwrap_or_else(|problem| problem.response())
            }
        }
    }

    fn admitted(&self, state: &mut State, request: &Request, path: &str) -> Result<Response, Problem> {
        sizes(request)?;
        state.sessions.admit(request, self.clock.elapsed())?;
        let limited = |words: &str| Err(Problem::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", words));
        if state.switches.quota_exhausted || state.calls > self.settings.daily_calls {
            return limited("TotalRequests Limit exceeded.");
        }
        if state.switches.too_concurrent {
            return limited("ConcurrentRequests (Concurrent API Requests) Limit exceeded.");
        }
        if path == "/services/oauth2/userinfo" {
            return Ok(user_info());
        }
        let rest = path.strip_prefix("/services/data/v").ok_or_else(Problem::not_found)?;
        let (version, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let major = version.strip_suffix(".0").and_then(|major| major.parse::<u32>().ok());
        if !major.is_some_and(|major| VERSIONS.contains(&major)) {
            return Err(Problem::not_found());
        }
        let segments: Vec<String> = rest.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        self.resource(state, request, version, &segments)
    }

    fn resource(
        &self,
        state: &mut State,
        request: &Request,
        version: &str,
        segments: &[&str],
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let ok = |body: &Value| Ok(answer(StatusCode::OK, body));
        match (request.method().as_str(), segments) {
            ("GET", []) => ok(&resources(version)),
            ("GET", ["limits"]) => ok(&self.limits(state)),
            ("GET", ["sobjects"]) => ok(&global(version)),
            ("GET", ["query" | "queryAll", locator]) => {
                state.cursors.next(locator, version, self.clock.elapsed())
            }
            ("GET", ["query"]) => self.query(state, request, version, false),
            ("GET", ["queryAll"]) => self.query(state, request, version, true),
            (_, ["sobjects", object, ..] | ["composite", "sobjects", object, ..])
                if !object.eq_ignore_ascii_case(OBJECT) =>
            {
                Err(Problem::not_found())
            }
            ("GET", ["sobjects", _, "describe"]) => ok(&describe(&state.switches)),
            ("GET", ["sobjects", _]) => ok(&basic_info(version)),
            ("POST" | "PATCH" | "DELETE", ["composite", "sobjects", rest @ ..]) => {
                collection(&mut state.desk(now), request, version, rest)
            }
            (_, ["sobjects", _, rest @ ..]) => rows(&mut state.desk(now), request, version, rest),
            _ => Err(Problem::not_found()),
        }
    }

    fn limits(&self, state: &State) -> Value {
        let max = self.settings.daily_calls;
        json!({ "DailyApiRequests": { "Max": max, "Remaining": max.saturating_sub(state.calls) } })
    }

    fn query(
        &self,
        state: &mut State,
        request: &Request,
        version: &str,
        all: bool,
    ) -> Result<Response, Problem> {
        let text = parameter(request, "q")
            .ok_or_else(|| Problem::bad("MALFORMED_QUERY", "unexpected token: '<EOF>'"))?;
        let query = parse(&text, &state.switches)?;
        let found = select(&state.store, &query, all);
        let Some(columns) = query.fields else {
            let body = json!({ "totalSize": found.len(), "done": true, "records": [] });
            return Ok(answer(StatusCode::OK, &body));
        };
        let page = page_size(request, self.settings.query_page);
        let found = Found { records: found.into(), columns: columns.into(), page };
        Ok(state.cursors.first(&found, version, self.clock.elapsed()))
    }
}

/// The limits of the request line and of all headers.
fn sizes(request: &Request) -> Result<(), Problem> {
    let line = request.uri().to_string().len();
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if line > LINE {
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "URI_TOO_LONG", "URI Too Long"));
    }
    if line + headers > LINE {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Problem::new(status, "HEADERS_TOO_LARGE", "Request Header Fields Too Large"));
    }
    Ok(())
}

fn decoded(segment: &str) -> String {
    let pair = format!("x={}", segment.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn versions() -> Response {
    let version = |number: u32| {
        json!({
            "label": format!("Release {number}"), "url": format!("/services/data/v{number}.0"), "version": format!("{number}.0"),
        })
    };
    answer(StatusCode::OK, &Value::Array(VERSIONS.map(version).collect()))
}

fn resources(version: &str) -> Value {
    let names = ["sobjects", "query", "queryAll", "limits", "composite"];
    let resource =
        |name: &&str| ((*name).to_owned(), Value::from(format!("/services/data/v{version}/{name}")));
    names.iter().map(resource).collect::<serde_json::Map<_, _>>().into()
}

impl Endpoint for SalesforceSandbox {
    fn answer(&self, request: &Request) -> Response {
        self.counted(request, self.kind(request).name)
    }

    fn clock(&self) -> &ServerClock {
        &self.clock
    }

    fn kind(&self, request: &Request) -> CallKind {
        let path = request.uri().path();
        let names = [
            ("/oauth2/token", "token"),
            ("/query", "query"),
            ("/describe", "describe"),
            ("/composite/sobjects", "collection"),
            ("/sobjects/", "row"),
        ];
        let name = names.iter().find(|(part, _)| path.contains(part)).map_or("other", |(_, name)| name);
        let retrieves = request.method() == Method::POST && path.contains("/composite/sobjects/");
        CallKind { name, writes: request.method() != Method::GET && name != "token" && !retrieves }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        match refusal {
            Refusal::ExpiredToken => expired().response(),
            Refusal::ServerError => {
                let words = "An unexpected error occurred";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN_EXCEPTION", words).response()
            }
            Refusal::TooManyRequests | Refusal::Unavailable => refusal.plain(),
        }
    }

    fn door(&self, request: &Request) -> Option<Response> {
        self.at_the_door(request)
    }

    fn figures(&self) -> BTreeMap<String, u64> {
        self.stats()
    }
}
