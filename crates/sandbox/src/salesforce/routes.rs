//! Which request is answered how.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use wire::{Request, Response};

use super::call::Call;
use super::composite::only_reads;
use super::describe::{basic_info, describe, global};
use super::org::{SalesforceSandbox, State};
use super::problem::{Problem, answer, empty, typed_answer};
use super::row_calls::date;
use super::schema::Object;
use super::session::{User, expired, form, user_info};
use crate::door::parameter;
use crate::{CallKind, Endpoint, Refusal, ServerClock};

/// API versions on offer; older ones are retired.
const VERSIONS: std::ops::RangeInclusive<u32> = 31..=66;
/// Most bytes of the request line, and of it together with all headers.
const LINE: usize = 16_384;

impl SalesforceSandbox {
    /// Acts on a request.
    pub(crate) fn route(&self, state: &mut State, request: &Request) -> Response {
        let now = self.clock.elapsed();
        let path = single(request.uri().path());
        match path.trim_end_matches('/') {
            "/services/oauth2/token" => {
                let setup = (&self.settings, &state.switches);
                state.sessions.open(request, setup, (now, self.clock.now()))
            }
            "/services/oauth2/revoke" => revoke(state, request),
            "/services/data" => versions(),
            jobs if jobs.starts_with("/services/async/") => no_older_bulk(),
            soap if soap.starts_with("/services/Soap/") => self.soap(state, request),
            _ => {
                state.calls += 1;
                self.admitted(state, request, path).unwrap_or_else(|problem| problem.response())
            }
        }
    }

    fn admitted(&self, state: &mut State, request: &Request, path: &str) -> Result<Response, Problem> {
        sizes(request, state.switches.largest_body)?;
        let user = state.sessions.admit(request, self.clock.elapsed())?;
        let limited = |words: &str| Err(Problem::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", words));
        if state.switches.quota_exhausted || state.calls > self.settings.daily_calls {
            return limited("TotalRequests Limit exceeded.");
        }
        if state.switches.too_concurrent {
            return limited("ConcurrentRequests (Concurrent API Requests) Limit exceeded.");
        }
        if path == "/services/oauth2/userinfo" || path.starts_with("/id/") {
            return Ok(user_info(request, user));
        }
        if path.starts_with("/services/apexrest") {
            let words = "Could not find a match for URL";
            return Err(Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", words));
        }
        let rest = path.strip_prefix("/services/data/v").ok_or_else(Problem::not_found)?;
        let (version, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let major = version.strip_suffix(".0").and_then(|major| major.parse::<u32>().ok());
        if !major.is_some_and(|major| VERSIONS.contains(&major)) {
            return Err(Problem::not_found());
        }
        let segments = segments(rest);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let mut call = Call {
            state,
            settings: &self.settings,
            user,
            version,
            now: self.clock.now(),
            elapsed: self.clock.elapsed(),
            tooling: false,
        };
        call.resource(request, &segments)
    }
}

impl Call<'_> {
    /// Answers a resource below the versioned root.
    pub(crate) fn resource(&mut self, request: &Request, segments: &[&str]) -> Result<Response, Problem> {
        let ok = |body: &Value| Ok(answer(StatusCode::OK, body));
        let text = || {
            parameter(request, "q")
                .ok_or_else(|| Problem::bad("MALFORMED_QUERY", "unexpected token: '<EOF>'"))
        };
        match (request.method().as_str(), segments) {
            ("GET", []) => ok(&resources(request, self.version, self.user)),
            ("GET", ["limits"]) => ok(&self.limits()),
            ("GET", ["limits", "recordCount"]) => ok(&self.record_counts(request)),
            ("GET", ["recent"]) => ok(&self.recent(request)),
            ("GET", ["search"]) => self.search(&text()?),
            ("GET" | "HEAD", ["sobjects"]) => {
                self.described(request, |call| global(call.view(), call.version))
            }
            ("GET", ["query" | "queryAll", locator]) => {
                self.state.cursors.next(locator, &self.state.store, self.version, self.elapsed)
            }
            ("GET", ["query"]) if parameter(request, "explain").is_some() => self.explain(request),
            ("GET", ["query"]) => self.query(request, &text()?, false),
            ("GET", ["queryAll"]) => self.query(request, &text()?, true),
            ("GET", ["sobjects", object, "describe"]) => {
                let object = self.object(object)?;
                self.described(request, |call| describe(call.view(), &object, call.version))
            }
            ("GET", ["sobjects", object]) => ok(&basic_info(&*self.object(object)?, self.version)),
            (_, ["tooling", rest @ ..]) if !self.tooling => self.tooling(request, rest),
            (_, ["metadata", rest @ ..]) => self.metadata(request, rest),
            (_, ["jobs", rest @ ..]) => self.jobs(request, rest),
            (_, ["composite", "sobjects", rest @ ..]) => self.collection(request, rest),
            (_, ["composite", rest @ ..]) => self.composite(request, rest),
            ("GET", ["sobjects", object, "updated"]) => self.updated(request, object),
            ("GET", ["sobjects", object, "deleted"]) => self.deleted(request, object),
            (_, ["sobjects", object, rest @ ..]) => self.rows(request, object, rest),
            _ => Err(Problem::not_found()),
        }
    }

    /// An object that the user sees.
    fn object(&self, name: &str) -> Result<std::sync::Arc<Object>, Problem> {
        let view = self.view();
        let place = view.table(name).map_err(|_| Problem::not_found())?;
        view.store.object(place).cloned().ok_or_else(Problem::not_found)
    }

    /// A description, unless the client has it already.
    fn described(
        &self,
        request: &Request,
        describe: impl FnOnce(&Self) -> Value,
    ) -> Result<Response, Problem> {
        let header = request.headers().get(http::header::IF_MODIFIED_SINCE);
        let header = header.map(|value| value.to_str().unwrap_or_default().to_owned());
        let changed = self.state.store.described();
        let since = date(header, "If-Modified-Since")?;
        let mut response = if since.is_some_and(|since| changed.as_second() <= since) {
            empty(StatusCode::NOT_MODIFIED)
        } else {
            answer(StatusCode::OK, &describe(self))
        };
        if let Some(at) = crate::clock::http_date(changed) {
            response.headers_mut().insert(http::header::LAST_MODIFIED, at);
        }
        Ok(response)
    }

    fn limits(&mut self) -> Value {
        let max = self.settings.daily_calls;
        let told = self.settings.daily_events;
        let events =
            json!({ "Max": told, "Remaining": told.saturating_sub(self.state.bus.delivered(self.now)) });
        let left = |max: u64| json!({ "Max": max, "Remaining": max });
        json!({
            "DailyApiRequests": { "Max": max, "Remaining": max.saturating_sub(self.state.calls) },
            "DailyBulkApiBatches": left(15_000), "DailyBulkV2QueryJobs": left(10_000),
            "DailyBulkV2QueryFileStorageMB": left(1_000_000), "DailyDeliveredPlatformEvents": events,
            "HourlyPublishedPlatformEvents": left(50_000), "DataStorageMB": left(5_120),
        })
    }
}

/// The Bulk API before 2.0 is switched off here, as it can be in an org.
fn no_older_bulk() -> Response {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><error xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\">\
                <exceptionCode>FeatureNotEnabled</exceptionCode><exceptionMessage>Async API not enabled, use Bulk API 2.0\
                </exceptionMessage></error>";
    typed_answer(StatusCode::BAD_REQUEST, body.into(), "application/xml")
}

fn revoke(state: &mut State, request: &Request) -> Response {
    let token = form(request).remove("token").or_else(|| parameter(request, "token")).unwrap_or_default();
    if state.sessions.end(&token) {
        return empty(StatusCode::OK);
    }
    let body =
        json!({ "error": "unsupported_token_type", "error_description": "this token type is not supported" });
    answer(StatusCode::BAD_REQUEST, &body)
}

/// The limits of the request line, of all headers, and of what the edge lets through.
fn sizes(request: &Request, largest: Option<usize>) -> Result<(), Problem> {
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
    if largest.is_some_and(|largest| request.body().len() > largest) {
        let words = "Maximum size of request reached";
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "REQUEST_SIZE_EXCEEDED", words));
    }
    Ok(())
}

/// A path that begins with one slash: clients put a path behind an address that ends with one.
pub(super) fn single(path: &str) -> &str {
    let slashes = path.len() - path.trim_start_matches('/').len();
    path.get(slashes.saturating_sub(1)..).unwrap_or(path)
}

/// The parts of a path, decoded.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
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

fn resources(request: &Request, version: &str, user: User) -> Value {
    let names = [
        "sobjects",
        "query",
        "queryAll",
        "search",
        "recent",
        "limits",
        "composite",
        "jobs",
        "tooling",
        "metadata",
    ];
    let resource =
        |name: &&str| ((*name).to_owned(), Value::from(format!("/services/data/v{version}/{name}")));
    let mut all: serde_json::Map<_, _> = names.iter().map(resource).collect();
    all.insert("identity".to_owned(), json!(user.identity(request)));
    all.into()
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
            ("/services/Soap/", "token"),
            ("/jobs/", "job"),
            ("/query", "query"),
            ("/describe", "describe"),
            ("/composite/sobjects", "collection"),
            ("/composite", "composite"),
            ("/sobjects/", "row"),
        ];
        let name = names.iter().find(|(part, _)| path.contains(part)).map_or("other", |(_, name)| name);
        let retrieves = request.method() == Method::POST && path.contains("/composite/sobjects/");
        let asks = name == "token" || retrieves || (name == "composite" && only_reads(request));
        CallKind { name, writes: request.method() != Method::GET && !asks }
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
