//! Which request is answered how.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use wire::{Request, Response};

use super::collections::{Collection, Desk, MOST, Verb};
use super::describe::{describe, global};
use super::problem::{Problem, answer, empty, json_answer};
use super::record::{Account, Cell, Effect};
use super::rows::{select, write};
use super::schema::{KEY, OBJECT};
use super::session::{Sessions, expired, user_info};
use super::settings::{SalesforceSettings, SalesforceSwitches};
use super::soql::{Query, parse};
use super::store::Store;
use super::validate::Members;
use crate::door::{parameter, reply};
use crate::{CallKind, Endpoint, Refusal, ServerClock};

/// API versions on offer.
const VERSIONS: std::ops::RangeInclusive<u32> = 58..=66;
/// Most bytes of the request line, and of it together with all headers.
const LINE: usize = 16_384;

/// A Salesforce org.
#[derive(Debug)]
pub struct SalesforceSandbox {
    clock: ServerClock,
    settings: SalesforceSettings,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    store: Store,
    sessions: Sessions,
    switches: SalesforceSwitches,
    calls: u64,
    cursors: BTreeMap<String, (Vec<Arc<Account>>, Vec<String>)>,
}

impl SalesforceSandbox {
    /// An empty org.
    pub fn new(clock: ServerClock, settings: SalesforceSettings) -> Self {
        Self { clock, settings, state: Mutex::default() }
    }

    /// How it is set up.
    pub fn settings(&self) -> &SalesforceSettings {
        &self.settings
    }

    /// All Accounts, deleted ones too.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        self.lock().store.all().cloned().collect()
    }

    /// Living Accounts with this external id.
    pub fn by_key(&self, key: &str) -> Vec<Arc<Account>> {
        self.lock().store.by_key(key, true).into_iter().cloned().collect()
    }

    /// Everything that the API did to records, in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.lock().store.effects().to_vec()
    }

    /// Somebody changes a record in the browser now; says whether there is one.
    pub fn human_edit(&self, id: &str, field: &str, value: Option<&str>) -> bool {
        let mut state = self.lock();
        let Some(record) = state.store.get(id) else { return false };
        let mut record = Account::clone(record);
        record.set(field, value.map_or(Cell::Null, |text| Cell::Text(text.into())));
        record.modified = self.clock.now();
        state.store.put(record);
        true
    }

    /// Somebody makes a record in the browser now; returns its id.
    pub fn human_insert(&self, values: &[(&str, &str)]) -> String {
        let mut state = self.lock();
        let mut record = state.store.blank(self.clock.now());
        for (field, value) in values {
            record.set(field, Cell::Text((*value).into()));
        }
        state.store.put(record).id.clone()
    }

    /// Somebody deletes a record in the browser now; says whether there was one.
    pub fn human_delete(&self, id: &str) -> bool {
        let mut state = self.lock();
        let Some(record) = state.store.get(id) else { return false };
        let mut record = Account::clone(record);
        record.deleted = true;
        record.modified = self.clock.now();
        state.store.put(record);
        true
    }

    /// Changes what can be switched.
    pub fn switch(&self, change: impl FnOnce(&mut SalesforceSwitches)) {
        change(&mut self.lock().switches);
    }

    /// All sessions end now.
    pub fn expire_sessions(&self) {
        self.lock().sessions.end_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, request: &Request) -> Response {
        let mut state = self.lock();
        let state = &mut *state;
        let now = self.clock.elapsed();
        let path = request.uri().path().to_owned();
        match path.trim_end_matches('/') {
            "/services/oauth2/token" => {
                let setup = (&self.settings, &state.switches);
                return state.sessions.open(request, setup, (now, self.clock.now()));
            }
            "/services/data" => return versions(),
            _ => {}
        }
        state.calls += 1;
        let calls = state.calls;
        let mut response = self.admitted(state, request, &path).unwrap_or_else(|problem| problem.response());
        let usage = format!("api-usage={calls}/{}", self.settings.daily_calls);
        if let Ok(usage) = HeaderValue::from_str(&usage) {
            response.headers_mut().insert("sforce-limit-info", usage);
        }
        response
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
        let method = request.method();
        match (method.as_str(), segments) {
            ("GET", []) => Ok(answer(StatusCode::OK, &resources(version))),
            ("GET", ["limits"]) => Ok(answer(StatusCode::OK, &self.limits(state))),
            ("GET", ["sobjects"]) => Ok(answer(StatusCode::OK, &global(version))),
            ("GET", ["query" | "queryAll", locator]) => self.next_page(state, version, locator),
            ("GET", ["query"]) => self.query(state, request, version, false),
            ("GET", ["queryAll"]) => self.query(state, request, version, true),
            (_, ["sobjects", object, ..] | ["composite", "sobjects", object, ..])
                if !object.eq_ignore_ascii_case(OBJECT) =>
            {
                Err(Problem::not_found())
            }
            ("GET", ["sobjects", _, "describe"]) => Ok(answer(StatusCode::OK, &describe(&state.switches))),
            ("POST" | "PATCH" | "DELETE", ["composite", "sobjects", rest @ ..]) => {
                self.collection(state, request, rest)
            }
            (_, ["sobjects", _, rest @ ..]) => self.rows(state, request, version, rest),
            _ => Err(Problem::not_found()),
        }
    }

    fn limits(&self, state: &State) -> Value {
        let max = self.settings.daily_calls;
        json!({
            "DailyApiRequests": { "Max": max, "Remaining": max.saturating_sub(state.calls) },
            "DailyBulkV2QueryJobs": { "Max": 10_000, "Remaining": 10_000 },
        })
    }

    fn query(
        &self,
        state: &mut State,
        request: &Request,
        version: &str,
        all: bool,
    ) -> Result<Response, Problem> {
        let text = parameter(request, "q")
            .ok_or_else(|| Problem::bad("MALFORMED_QUERY", "unexpected end of query"))?;
        let query = parse(&text, &state.switches)?;
        let found = select(&state.store, &query, all, state.switches.case_sensitive);
        let Query { fields, .. } = query;
        let Some(fields) = fields else {
            return Ok(answer(
                StatusCode::OK,
                &json!({ "totalSize": found.len(), "done": true, "records": [] }),
            ));
        };
        Ok(self.page(state, version, (found, fields, None)))
    }

    fn next_page(&self, state: &mut State, version: &str, locator: &str) -> Result<Response, Problem> {
        let (id, offset) = locator.rsplit_once('-').unwrap_or((locator, "0"));
        let offset = offset.parse::<usize>().unwrap_or(usize::MAX);
        let Some((found, fields)) = state.cursors.get(id).filter(|(found, _)| offset <= found.len()) else {
            return Err(Problem::bad("INVALID_QUERY_LOCATOR", "invalid query locator"));
        };
        let (found, fields) = (found.clone(), fields.clone());
        Ok(self.page(state, version, (found, fields, Some((id.to_owned(), offset)))))
    }

    fn page(&self, state: &mut State, version: &str, (found, fields, place): Answered) -> Response {
        let begin = place.as_ref().map_or(0, |(_, offset)| *offset);
        let end = found.len().min(begin + self.settings.query_page);
        let mut out = format!("{{\"totalSize\":{},\"done\":{}", found.len(), end == found.len());
        if end < found.len() {
            let id = place.map_or_else(|| format!("0r8SBX{:012x}", state.calls), |(id, _)| id);
            out.push_str(",\"nextRecordsUrl\":\"/services/data/v");
            out.extend([version, "/query/", &id, "-", &end.to_string(), "\""]);
            state.cursors.insert(id, (found.clone(), fields.clone()));
        }
        out.push_str(",\"records\":[");
        for (number, record) in found.iter().take(end).skip(begin).enumerate() {
            if number > 0 {
                out.push(',');
            }
            write(&mut out, record, &fields, version);
        }
        out.push_str("]}");
        json_answer(StatusCode::OK, out.into())
    }

    fn collection(&self, state: &mut State, request: &Request, rest: &[&str]) -> Result<Response, Problem> {
        let now = self.clock.now();
        let State { store, switches, .. } = state;
        let verb = match (request.method().as_str(), rest) {
            ("POST", []) => Verb::Create,
            ("PATCH", []) => Verb::Update,
            ("PATCH", [_, key]) if key.eq_ignore_ascii_case(KEY) => Verb::Upsert,
            ("PATCH", [_, field]) => {
                return Err(Problem::new(
                    StatusCode::NOT_FOUND,
                    "NOT_FOUND",
                    format!("Provided external ID field does not exist or is not accessible: {field}"),
                ));
            }
            ("DELETE", []) => return Ok(delete_many(&mut Desk { store, switches, now }, request)),
            ("POST", [_]) => return retrieve(store, request),
            _ => return Err(Problem::not_found()),
        };
        let hidden = switches.hidden.as_deref().is_some_and(|hidden| hidden.eq_ignore_ascii_case(KEY));
        if verb == Verb::Upsert && hidden {
            return Err(Problem::no_column(KEY, OBJECT));
        }
        let collection: Collection<'_> = json_body(request)?;
        if collection.records.len() > MOST {
            let message =
                format!("record limit reached. cannot submit more than {MOST} records in this request");
            return Err(Problem::bad("EXCEEDED_ID_LIMIT", message));
        }
        let short = switches.short_answers;
        let mut results = Desk { store, switches, now }.collection(&collection, verb);
        if short {
            results.pop();
        }
        Ok(answer(StatusCode::OK, &Value::Array(results)))
    }

    fn rows(
        &self,
        state: &mut State,
        request: &Request,
        version: &str,
        rest: &[&str],
    ) -> Result<Response, Problem> {
        let State { store, switches, .. } = state;
        let mut desk = Desk { store, switches, now: self.clock.now() };
        match (request.method().as_str(), rest) {
            ("POST", []) => {
                let members: Members<'_> = json_body(request)?;
                let (id, _) = desk.single(&members, Verb::Create)?;
                Ok(answer(StatusCode::CREATED, &json!({ "id": id, "success": true, "errors": [] })))
            }
            ("PATCH", [field, key]) if field.eq_ignore_ascii_case(KEY) => {
                let members: Members<'_> = json_body(request)?;
                let only_update = parameter(request, "updateOnly").as_deref() == Some("true");
                let (id, created) = desk.keyed(key, &members, only_update)?;
                let status = if created { StatusCode::CREATED } else { StatusCode::OK };
                Ok(answer(status, &json!({ "id": id, "success": true, "errors": [], "created": created })))
            }
            (method, [field, key]) if field.eq_ignore_ascii_case(KEY) => {
                let found = desk.store.by_key(key, desk.switches.case_sensitive);
                let id = found.first().map(|record| record.id.clone()).ok_or_else(Problem::not_found)?;
                row(&mut desk, request, version, (method, &id))
            }
            (method, [id]) => row(&mut desk, request, version, (method, id)),
            _ => Err(Problem::not_found()),
        }
    }

    /// Somebody edits a record in the browser.
    fn edit_at_the_door(&self, request: &Request) -> Response {
        let id = parameter(request, "id").unwrap_or_default();
        let field = parameter(request, "field").unwrap_or_default();
        let value = parameter(request, "value");
        let edited = self.human_edit(&id, &field, value.as_deref());
        reply(StatusCode::OK, &json!({ "edited": edited }))
    }

    fn show_all(&self) -> Response {
        let record = |record: &Arc<Account>| {
            let mut fields: BTreeMap<&str, Value> =
                record.fields().into_iter().map(|(name, value)| (name, json!(value))).collect();
            fields.insert("Id", json!(record.id));
            fields.insert("IsDeleted", json!(record.deleted));
            fields
        };
        reply(StatusCode::OK, &self.accounts().iter().map(record).collect::<Vec<_>>())
    }
}

/// What a query found, what of it is shown, and how much was shown already under which locator.
type Answered = (Vec<Arc<Account>>, Vec<String>, Option<(String, usize)>);

/// One row by id.
fn row(
    desk: &mut Desk<'_>,
    request: &Request,
    version: &str,
    (method, id): (&str, &str),
) -> Result<Response, Problem> {
    match method {
        "GET" => {
            let record =
                desk.store.get(id).filter(|record| !record.deleted).ok_or_else(Problem::not_found)?;
            let asked = parameter(request, "fields")
                .map(|list| list.split(',').map(|name| name.trim().to_owned()).collect());
            let all = || {
                super::schema::SYSTEM
                    .iter()
                    .map(|(name, _)| *name)
                    .chain(super::schema::FIELDS.iter().map(|field| field.name))
                    .map(str::to_owned)
                    .collect()
            };
            let fields: Vec<String> = asked.unwrap_or_else(all);
            let mut out = String::new();
            write(&mut out, record, &fields, version);
            Ok(json_answer(StatusCode::OK, out.into()))
        }
        "PATCH" => {
            let mut members: Members<'_> = json_body(request)?;
            let quoted = format!("\"{id}\"");
            let raw = serde_json::from_str(&quoted).map_err(|_| Problem::not_found())?;
            if desk.store.get(id).is_none() {
                return Err(Problem::not_found());
            }
            members.insert("Id".to_owned(), raw);
            desk.single(&members, Verb::Update)?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        "DELETE" => desk.delete(id).map(|()| empty(StatusCode::NO_CONTENT)),
        _ => {
            Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "HTTP Method not allowed"))
        }
    }
}

fn delete_many(desk: &mut Desk<'_>, request: &Request) -> Response {
    let ids = parameter(request, "ids").unwrap_or_default();
    let one = |id: &str| match desk.delete(id) {
        Ok(()) => json!({ "id": id, "success": true, "errors": [] }),
        Err(problem) => problem.result(),
    };
    answer(StatusCode::OK, &Value::Array(ids.split(',').map(one).collect()))
}

fn retrieve(store: &Store, request: &Request) -> Result<Response, Problem> {
    #[derive(serde::Deserialize)]
    struct Wanted {
        ids: Vec<String>,
        fields: Vec<String>,
    }
    let wanted: Wanted = json_body(request)?;
    let mut out = String::from("[");
    for (number, id) in wanted.ids.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        match store.get(id).filter(|record| !record.deleted) {
            Some(record) => write(&mut out, record, &wanted.fields, "64.0"),
            None => out.push_str("null"),
        }
    }
    out.push(']');
    Ok(json_answer(StatusCode::OK, out.into()))
}

fn json_body<'a, T: serde::Deserialize<'a>>(request: &'a Request) -> Result<T, Problem> {
    serde_json::from_slice(request.body())
        .map_err(|error| Problem::bad("JSON_PARSER_ERROR", error.to_string()))
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
    let pair = format!("x={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
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
    names
        .iter()
        .map(|name| ((*name).to_owned(), Value::from(format!("/services/data/v{version}/{name}"))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

impl Endpoint for SalesforceSandbox {
    fn answer(&self, request: &Request) -> Response {
        self.route(request)
    }

    fn clock(&self) -> &ServerClock {
        &self.clock
    }

    fn kind(&self, request: &Request) -> CallKind {
        let path = request.uri().path();
        let read = request.method() == Method::GET;
        let name = if path.ends_with("/token") {
            "token"
        } else if path.contains("/query") {
            "query"
        } else if path.ends_with("/describe") {
            "describe"
        } else if path.contains("/composite/sobjects") {
            "collection"
        } else if path.contains("/sobjects/") {
            "row"
        } else {
            "other"
        };
        CallKind { name, writes: !read && name != "token" }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        match refusal {
            Refusal::ExpiredToken => expired().response(),
            Refusal::ServerError => Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "UNKNOWN_EXCEPTION",
                "An unexpected error occurred",
            )
            .response(),
            Refusal::TooManyRequests | Refusal::Unavailable => refusal.plain(),
        }
    }

    fn door(&self, request: &Request) -> Option<Response> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/sandbox/edit") => Some(self.edit_at_the_door(request)),
            (&Method::GET, "/sandbox/accounts") => Some(self.show_all()),
            _ => None,
        }
    }

    fn figures(&self) -> BTreeMap<String, u64> {
        let state = self.lock();
        let effects = state.store.effects();
        let count =
            |wanted: &dyn Fn(&Effect) -> bool| effects.iter().filter(|effect| wanted(effect)).count() as u64;
        BTreeMap::from([
            ("accounts".to_owned(), state.store.len() as u64),
            ("created".to_owned(), count(&|effect| effect.created)),
            ("updated".to_owned(), count(&|effect| !effect.created && effect.changed)),
            ("unchanged".to_owned(), count(&|effect| !effect.created && !effect.changed)),
            ("sessions".to_owned(), state.sessions.opened()),
        ])
    }
}
