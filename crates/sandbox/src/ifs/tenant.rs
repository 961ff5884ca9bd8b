//! The tenant: its data, its switches, and how it takes part in a server.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wire::{Entropy as _, Request, Response, SeededEntropy};

use super::database::Database;
use super::levers;
use super::people::{entity, exact};
use super::problem::{broken, too_many, unauthorized};
use super::routes::route;
use super::row::Row;
use super::schema::SUPPLIER_INFO;
use super::settings::{IfsSettings, IfsSwitches};
use super::table::Table;
use super::token::Tokens;
use crate::{CallKind, Endpoint, Refusal, ServerClock};

const MINUTE: Duration = Duration::from_mins(1);

/// An IFS Cloud tenant.
#[derive(Debug)]
pub struct IfsSandbox {
    pub(super) clock: ServerClock,
    settings: IfsSettings,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) db: Database,
    pub(super) tokens: Tokens,
    pub(super) switches: IfsSwitches,
    counts: BTreeMap<&'static str, u64>,
    recent: VecDeque<Duration>,
    edits: SeededEntropy,
}

impl IfsSandbox {
    /// A tenant with seeded data.
    pub fn new(clock: ServerClock, settings: IfsSettings) -> Self {
        let state = State {
            db: Database::new(&settings),
            tokens: Tokens::default(),
            switches: IfsSwitches::default(),
            counts: BTreeMap::new(),
            recent: VecDeque::new(),
            edits: SeededEntropy::new(settings.seed),
        };
        Self { clock, settings, state: Mutex::new(state) }
    }

    /// How it is set up.
    pub fn settings(&self) -> &IfsSettings {
        &self.settings
    }

    /// All suppliers as they are, by key.
    pub fn rows(&self) -> Vec<Arc<Row>> {
        self.rows_of(SUPPLIER_INFO.lu)
    }

    /// All rows of a logical unit (`CustomerInfo`, `PurchaseOrderLine` …) as they are, by key; none
    /// if there is no such unit.
    pub fn rows_of(&self, unit: &str) -> Vec<Arc<Row>> {
        let state = self.lock();
        let table = entity(unit).and_then(|entity| state.db.table(entity));
        table.map(|table| table.all().cloned().collect()).unwrap_or_default()
    }

    /// One supplier as it is.
    pub fn row(&self, key: &str) -> Option<Arc<Row>> {
        self.row_of(SUPPLIER_INFO.lu, &[key])
    }

    /// One row of a logical unit as it is; the parts of its key in order.
    pub fn row_of(&self, unit: &str, key: &[&str]) -> Option<Arc<Row>> {
        let entity = entity(unit)?;
        self.lock().db.row(entity, &exact(entity, key)).cloned()
    }

    /// What can be switched, as it is.
    pub fn switches(&self) -> IfsSwitches {
        self.lock().switches.clone()
    }

    /// Changes what can be switched.
    pub fn switch(&self, change: impl FnOnce(&mut IfsSwitches)) {
        let state = &mut *self.lock();
        change(&mut state.switches);
        state.tokens.lifetime =
            state.switches.token_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    }

    /// All tokens end now.
    pub fn revoke_tokens(&self) {
        self.lock().tokens.revoke();
    }

    /// Chance of this tenant's own, for edits that come through the door.
    pub(super) fn chance(&self) -> SeededEntropy {
        SeededEntropy::new(self.lock().edits.next_u64())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// One more of something.
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Counts a request; whether it is within the rate.
    pub(super) fn admits_another(&mut self, now: Duration, limit: usize) -> bool {
        while self.recent.front().is_some_and(|first| first.saturating_add(MINUTE) <= now) {
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
        route(&mut self.lock(), &self.settings, &self.clock, request)
    }

    fn clock(&self) -> &ServerClock {
        &self.clock
    }

    fn kind(&self, request: &Request) -> CallKind {
        let path = request.uri().path().trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap_or_default();
        let name = match (request.method(), last) {
            (_, "token") => "token",
            (_, "$batch" | "%24batch") => "batch",
            (&http::Method::POST, last) if is_operation(path, last) => "action",
            (&http::Method::POST, _) => "create",
            (&http::Method::PATCH, _) => "update",
            (&http::Method::DELETE, _) => "delete",
            (_, "$metadata" | "%24metadata") => "metadata",
            (_, "$count" | "%24count") => "count",
            (_, last) if last.strip_suffix(".svc").is_some() => "service_document",
            (_, last) if last.ends_with(')') => "entity",
            _ => "page",
        };
        CallKind { name, writes: name != "token" && request.method() != http::Method::GET }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        match refusal {
            Refusal::TooManyRequests => too_many(),
            Refusal::ExpiredToken => unauthorized(),
            Refusal::ServerError => broken("ODP_INTERNAL_ERROR", "An unexpected error"),
            Refusal::Unavailable => refusal.plain(),
        }
    }

    fn door(&self, request: &Request) -> Option<Response> {
        levers::pull(self, request)
    }

    fn figures(&self) -> BTreeMap<String, u64> {
        let state = self.lock();
        let suppliers = state.db.table(&SUPPLIER_INFO).map_or(0, Table::len);
        let mut figures = BTreeMap::from([
            ("suppliers".to_owned(), suppliers as u64),
            ("tokens".to_owned(), state.tokens.issued()),
        ]);
        figures.extend(state.counts.iter().map(|(what, count)| ((*what).to_owned(), *count)));
        figures.extend(state.db.sizes().map(|(unit, rows)| (format!("rows_{unit}"), rows as u64)));
        figures
    }
}

/// Whether `last`, with which `path` ends, is called rather than added to.
fn is_operation(path: &str, last: &str) -> bool {
    let within = path.split_once(".svc/").map_or("", |(_, within)| within);
    last.contains("IfsApp.") || (within == last && !last.ends_with("Set"))
}
