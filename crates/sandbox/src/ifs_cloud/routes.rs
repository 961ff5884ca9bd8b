//! Which request is answered how.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;
use wire::{Entropy, Request, Response, SeededEntropy};

use super::cell::SUPPLIER;
use super::metadata::csdl;
use super::options::{Options, decode};
use super::page::{Writer, choose};
use super::problem::{Problem, json_response};
use super::settings::{IfsSettings, IfsSwitches};
use super::table::{Row, Table};
use super::token::Tokens;
use crate::door::{parameter, reply};
use crate::{CallKind, Endpoint, Refusal, ServerClock};

/// The projection that is served.
const PROJECTION: &str = "SupplierHandling";
const NAMESPACE: &str = "IfsApp.SupplierHandling";
/// The mission's name and the one tenants really have.
const SETS: [&str; 2] = ["SupplierSet", "SupplierInfoGeneralSet"];
const MINUTE: Duration = Duration::from_mins(1);

/// An IFS Cloud tenant.
#[derive(Debug)]
pub struct IfsSandbox {
    clock: ServerClock,
    settings: IfsSettings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    table: Table,
    tokens: Tokens,
    switches: IfsSwitches,
    recent: VecDeque<Duration>,
    edits: SeededEntropy,
}

impl IfsSandbox {
    /// A tenant with seeded suppliers.
    pub fn new(clock: ServerClock, settings: IfsSettings) -> Self {
        let state = State {
            table: Table::seeded(settings.seed, settings.suppliers),
            tokens: Tokens::default(),
            switches: IfsSwitches::default(),
            recent: VecDeque::new(),
            edits: SeededEntropy::new(settings.seed),
        };
        Self { clock, settings, state: Mutex::new(state) }
    }

    /// How it is set up.
    pub fn settings(&self) -> &IfsSettings {
        &self.settings
    }

    /// All rows as they are, by key.
    pub fn rows(&self) -> Vec<Arc<Row>> {
        self.lock().table.all().cloned().collect()
    }

    /// One row as it is.
    pub fn row(&self, key: &str) -> Option<Arc<Row>> {
        self.lock().table.get(key).cloned()
    }

    /// Somebody changes a supplier now; says whether there is one.
    pub fn edit(&self, key: &str, changes: &[(&str, Option<&str>)]) -> bool {
        let stamp = self.clock.now();
        self.lock().table.edit(key, &owned(changes), stamp)
    }

    /// Somebody enters a supplier now.
    pub fn insert(&self, key: &str, values: &[(&str, Option<&str>)]) {
        let stamp = self.clock.now();
        self.lock().table.insert(key, &owned(values), stamp);
    }

    /// Somebody deletes a supplier now; says whether there was one.
    pub fn remove(&self, key: &str) -> bool {
        self.lock().table.remove(key)
    }

    /// Somebody changes a supplier; the stamp is taken now, the commit comes later.
    pub fn begin_edit(&self, key: &str, changes: &[(&str, Option<&str>)]) {
        let stamp = self.clock.now();
        self.lock().table.begin(key, owned(changes), stamp);
    }

    /// All open edits commit; returns how many.
    pub fn commit_open(&self) -> usize {
        self.lock().table.commit_open()
    }

    /// Somebody changes something about some supplier, by chance; returns its key.
    pub fn random_edit(&self, entropy: &dyn Entropy) -> Option<String> {
        let stamp = self.clock.now();
        let mut state = self.lock();
        let count = state.table.len() as u64;
        let place = usize::try_from(entropy.next_u64().checked_rem(count)?).ok()?;
        let key = state.table.all().nth(place)?.key();
        let (name, value) = random_change(entropy);
        state.table.edit(&key, &[(name.to_owned(), Some(value))], stamp);
        Some(key.to_string())
    }

    /// Changes what can be switched.
    pub fn switch(&self, change: impl FnOnce(&mut IfsSwitches)) {
        change(&mut self.lock().switches);
    }

    /// All tokens end now.
    pub fn revoke_tokens(&self) {
        self.lock().tokens.revoke();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let mut state = self.lock();
        let now = self.clock.elapsed();
        if path == format!("/auth/realms/{}/protocol/openid-connect/token", self.settings.realm) {
            return state.tokens.grant(request, &self.settings, now);
        }
        if !state.admits_another(now, self.settings.requests_a_minute) {
            return too_many();
        }
        if !state.tokens.admit(request, now) {
            return unauthorized();
        }
        if state.switches.stale_cache > 0 {
            state.switches.stale_cache -= 1;
            return Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "MI_MODIFIED_ERROR",
                "The projection was modified",
            )
            .response();
        }
        self.resource(&state, request, path).unwrap_or_else(|problem| problem.response())
    }

    fn resource(&self, state: &State, request: &Request, path: &str) -> Result<Response, Problem> {
        let service = ["/int/", "/main/"]
            .iter()
            .find_map(|prefix| path.strip_prefix(prefix))
            .and_then(|rest| rest.strip_prefix("ifsapplications/projection/v1/"))
            .and_then(|rest| rest.strip_prefix(PROJECTION))
            .and_then(|rest| rest.strip_prefix(".svc"))
            .ok_or_else(|| Problem::missing(format!("there is no projection at {path}")))?;
        let root = root(request, path, service);
        if request.method() != Method::GET {
            let words = "this sandbox is read only";
            return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "ODP_METHOD_NOT_ALLOWED", words));
        }
        let sets: &[&str] = if state.switches.no_sets { &[] } else { &SETS };
        match service.trim_start_matches('/') {
            "" => Ok(service_document(&root, sets)),
            "$metadata" => Ok(xml(csdl(NAMESPACE, sets, &state.switches))),
            rest => self.collection(state, request, &root, (rest, sets)),
        }
    }

    fn collection(
        &self,
        state: &State,
        request: &Request,
        root: &str,
        (rest, sets): (&str, &[&str]),
    ) -> Result<Response, Problem> {
        let hidden = state.switches.hidden.as_deref();
        let options = Options::parse(request.uri().query().unwrap_or_default(), NAMESPACE, hidden)?;
        let (name, tail) = rest.split_at(rest.find(['(', '/']).unwrap_or(rest.len()));
        let set = sets.iter().find(|set| **set == name).ok_or_else(|| {
            Problem::missing(format!("the entity set {name} is not part of the projection"))
        })?;
        let accept =
            request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let exact = accept.to_ascii_lowercase().contains("ieee754compatible=true");
        let select = options.select.as_deref();
        let writer = Writer { root, set, select, switches: &state.switches, exact };
        if tail.is_empty() {
            let chosen = choose(&state.table, &options, self.settings.page_cap)?;
            let next = chosen.next.map(|token| next_link(root, (set, &options.raw), token, &state.switches));
            return Ok(json_response(StatusCode::OK, writer.page(&chosen, next.as_deref())));
        }
        if tail == "/$count" {
            let all =
                choose(&state.table, &Options { count: true, ..options.clone() }, self.settings.page_cap)?;
            let mut response = Response::new(all.count.unwrap_or(0).to_string().into());
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            return Ok(response);
        }
        let key = key_of(tail)?;
        let row =
            state.table.get(&key).ok_or_else(|| Problem::missing(format!("there is no supplier {key}")))?;
        let mut response = json_response(StatusCode::OK, writer.entity(row));
        if let Ok(etag) = HeaderValue::from_str(&row.etag()) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        Ok(response)
    }

    /// So many people edit suppliers now.
    fn edit_many(&self, request: &Request) -> Response {
        let count = parameter(request, "count").and_then(|count| count.parse::<u64>().ok()).unwrap_or(1);
        let seed = self.lock().edits.next_u64();
        let entropy = SeededEntropy::new(seed);
        let edited: Vec<String> =
            (0..count.min(100_000)).filter_map(|_| self.random_edit(&entropy)).collect();
        reply(StatusCode::OK, &json!({ "edited": edited }))
    }

    fn show_all(&self) -> Response {
        let row = |row: &Arc<Row>| {
            let values: BTreeMap<&str, Option<String>> =
                SUPPLIER.iter().zip(&row.cells).map(|(column, cell)| (column.name, cell.text())).collect();
            values
        };
        reply(StatusCode::OK, &self.rows().iter().map(row).collect::<Vec<_>>())
    }
}

impl State {
    /// Counts a request; whether it is within the rate.
    fn admits_another(&mut self, now: Duration, limit: usize) -> bool {
        while self.recent.front().is_some_and(|first| *first + MINUTE <= now) {
            self.recent.pop_front();
        }
        if self.recent.len() >= limit {
            return false;
        }
        self.recent.push_back(now);
        true
    }
}

impl Endpoint for IfsSandbox {
    fn answer(&self, request: &Request) -> Response {
        self.route(request)
    }

    fn clock(&self) -> &ServerClock {
        &self.clock
    }

    fn kind(&self, request: &Request) -> CallKind {
        let path = request.uri().path();
        let name = if path.ends_with("/token") {
            "token"
        } else if path.ends_with("/$metadata") {
            "metadata"
        } else if path.trim_end_matches('/').ends_with(&format!("/{PROJECTION}.svc")) {
            "service_document"
        } else if path.ends_with(')') {
            "entity"
        } else {
            "page"
        };
        CallKind { name, writes: name != "token" && request.method() != Method::GET }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        match refusal {
            Refusal::TooManyRequests => too_many(),
            Refusal::ExpiredToken => unauthorized(),
            Refusal::ServerError => {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "ODP_INTERNAL_ERROR", "An unexpected error")
                    .response()
            }
            Refusal::Unavailable => refusal.plain(),
        }
    }

    fn door(&self, request: &Request) -> Option<Response> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/sandbox/edit") => Some(self.edit_many(request)),
            (&Method::GET, "/sandbox/suppliers") => Some(self.show_all()),
            _ => None,
        }
    }

    fn figures(&self) -> BTreeMap<String, u64> {
        let state = self.lock();
        BTreeMap::from([
            ("suppliers".to_owned(), state.table.len() as u64),
            ("tokens".to_owned(), state.tokens.issued()),
        ])
    }
}

fn owned(changes: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    changes.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
}

/// What people change: things that both sides show.
fn random_change(entropy: &dyn Entropy) -> (&'static str, String) {
    let number = entropy.next_u64();
    match number % 6 {
        0 => ("Name", format!("Renamed Ωmega №{} 株式会社", number % 10_000)),
        1 => ("City", format!("Neustadt {}", number % 1_000)),
        2 => ("Phone", format!("+49 40 {}", number % 10_000_000)),
        3 => ("CreditLimit", format!("{}.{:02}", number % 1_000_000, number % 100)),
        4 => (
            "PayTermId",
            ["10", "30", "60EOM"]
                .get(usize::try_from(number / 6 % 3).unwrap_or(0))
                .copied()
                .unwrap_or("30")
                .to_owned(),
        ),
        _ => (
            "Objstate",
            ["Active", "Blocked", "Expired"]
                .get(usize::try_from(number / 6 % 3).unwrap_or(0))
                .copied()
                .unwrap_or("Active")
                .to_owned(),
        ),
    }
}

/// The service root as the client sees it.
fn root(request: &Request, path: &str, service: &str) -> String {
    let base = path.strip_suffix(service).unwrap_or(path);
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let uri = request.uri();
    let authority = uri.authority().map(ToString::to_string).or(host).unwrap_or_else(|| "localhost".into());
    format!("{}://{authority}{base}/", uri.scheme_str().unwrap_or("http"))
}

fn next_link(root: &str, (set, raw): (&str, &str), token: usize, switches: &IfsSwitches) -> String {
    let query = if raw.is_empty() { String::new() } else { format!("{raw}&") };
    let relative = format!("{set}?{query}$skiptoken={token}");
    match (&switches.foreign_next_link, switches.relative_next_link) {
        (Some(elsewhere), _) => format!("{elsewhere}{relative}"),
        (None, true) => relative,
        (None, false) => format!("{root}{relative}"),
    }
}

/// `('S1')` or `(SupplierId='S1')`.
fn key_of(tail: &str) -> Result<String, Problem> {
    let bad = || Problem::bad(format!("{tail} is no key"));
    let inner = decode(tail)?;
    let inner = inner.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).ok_or_else(bad)?;
    let quoted = inner.strip_prefix("SupplierId=").unwrap_or(inner);
    let text = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).ok_or_else(bad)?;
    Ok(text.replace("''", "'"))
}

fn service_document(root: &str, sets: &[&str]) -> Response {
    let sets: Vec<_> =
        sets.iter().map(|set| json!({ "name": set, "kind": "EntitySet", "url": set })).collect();
    let body = json!({ "@odata.context": format!("{root}$metadata"), "value": sets });
    json_response(StatusCode::OK, body.to_string().into())
}

fn xml(text: String) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

fn too_many() -> Response {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests").response()
}

fn unauthorized() -> Response {
    let mut response =
        Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Token is missing or expired").response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
