//! A Salesforce org, and what people do in it with a browser.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use wire::{Request, Response, SeededEntropy};

use super::cursors::Cursors;
use super::desk::Desk;
use super::record::{Account, Effect};
use super::session::Sessions;
use super::settings::{SalesforceSettings, SalesforceSwitches};
use super::store::Store;
use super::validate::keep;
use crate::ServerClock;

/// A Salesforce org.
#[derive(Debug)]
pub struct SalesforceSandbox {
    pub(crate) clock: ServerClock,
    pub(crate) settings: SalesforceSettings,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) switches: SalesforceSwitches,
    pub(crate) cursors: Cursors,
    pub(crate) calls: u64,
    by_kind: BTreeMap<&'static str, u64>,
    entropy: SeededEntropy,
}

impl State {
    /// Everything a write needs.
    pub(crate) fn desk(&mut self, now: jiff::Timestamp) -> Desk<'_> {
        let Self { store, switches, entropy, .. } = self;
        Desk { store, switches, entropy, now }
    }
}

impl SalesforceSandbox {
    /// An empty org.
    pub fn new(clock: ServerClock, settings: SalesforceSettings) -> Self {
        let state = State {
            store: Store::default(),
            sessions: Sessions::default(),
            switches: SalesforceSwitches::default(),
            cursors: Cursors::default(),
            calls: 0,
            by_kind: BTreeMap::new(),
            entropy: SeededEntropy::new(settings.seed),
        };
        Self { clock, settings, state: Mutex::new(state) }
    }

    /// How it is set up.
    pub fn settings(&self) -> &SalesforceSettings {
        &self.settings
    }

    /// All Accounts by id, deleted ones too.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        self.lock().store.all().cloned().collect()
    }

    /// Living Accounts with exactly this external id.
    pub fn by_key(&self, key: &str) -> Vec<Arc<Account>> {
        self.lock().store.by_key(key, true).into_iter().cloned().collect()
    }

    /// The living Account with exactly this external id; the first, should there be several.
    pub fn account_by_key(&self, key: &str) -> Option<Arc<Account>> {
        self.lock().store.by_key(key, true).into_iter().next().cloned()
    }

    /// Everything that the API did to records, in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.lock().store.effects().to_vec()
    }

    /// What the API did to records from the effect with this number on: cheap to ask often.
    pub fn effects_from(&self, number: u64) -> Vec<Effect> {
        let skipped = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        self.lock().store.effects().iter().skip(skipped).cloned().collect()
    }

    /// Calls by kind (`calls.query`, …), sessions opened, living Accounts, and rows that the API
    /// created, updated, left unchanged, deleted.
    pub fn stats(&self) -> BTreeMap<String, u64> {
        let state = self.lock();
        let counts = state.store.counts();
        let figures = [
            ("accounts", counts.living),
            ("calls", state.calls),
            ("created", counts.created),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("deleted", counts.deleted),
            ("sessions", state.sessions.opened()),
        ];
        let figures = figures.into_iter().map(|(name, figure)| (name.to_owned(), figure));
        figures.chain(state.by_kind.iter().map(|(kind, count)| (format!("calls.{kind}"), *count))).collect()
    }

    /// Somebody changes a record in the browser now; says whether that was possible: the record
    /// lives, the field exists and takes the value.
    pub fn human_edit(&self, id: &str, field: &str, value: Option<&str>) -> bool {
        let mut state = self.lock();
        let cell = keep(field, value.unwrap_or_default(), &state.switches);
        let Some(record) = state.store.get(id).filter(|record| !record.deleted) else { return false };
        let mut record = Account::clone(record);
        let set = cell.is_ok_and(|cell| record.set(field, cell));
        if set {
            record.modified = self.clock.now();
            state.store.put(record);
        }
        set
    }

    /// Somebody makes a record in the browser now; returns its id. Values that a field does not
    /// take are left out.
    pub fn human_insert(&self, values: &[(&str, &str)]) -> String {
        let mut state = self.lock();
        let mut record = state.store.blank(self.clock.now());
        for (field, value) in values {
            if let Ok(cell) = keep(field, value, &state.switches) {
                record.set(field, cell);
            }
        }
        state.store.put(record).id.clone()
    }

    /// Somebody deletes a record in the browser now; says whether there was one.
    pub fn human_delete(&self, id: &str) -> bool {
        self.set_deleted(id, true)
    }

    /// Somebody takes a record out of the recycle bin now; says whether it was there.
    pub fn human_undelete(&self, id: &str) -> bool {
        self.set_deleted(id, false)
    }

    fn set_deleted(&self, id: &str, deleted: bool) -> bool {
        let mut state = self.lock();
        let found = state.store.get(id).filter(|record| record.deleted != deleted);
        let Some(mut record) = found.map(|record| Account::clone(record)) else { return false };
        record.deleted = deleted;
        record.modified = self.clock.now();
        state.store.put(record);
        true
    }

    /// The switches as they are.
    pub fn switches(&self) -> SalesforceSwitches {
        self.lock().switches.clone()
    }

    /// Changes what can be switched.
    pub fn switch(&self, change: impl FnOnce(&mut SalesforceSwitches)) {
        change(&mut self.lock().switches);
    }

    /// All sessions end now.
    pub fn expire_sessions(&self) {
        self.lock().sessions.end_all();
    }

    /// All query locators become invalid now.
    pub fn expire_cursors(&self) {
        self.lock().cursors.clear();
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Acts on a request, counts it, and says how much of the day's calls is used.
    pub(crate) fn counted(&self, request: &Request, kind: &'static str) -> Response {
        let mut state = self.lock();
        *state.by_kind.entry(kind).or_default() += 1;
        let calls = state.calls;
        let mut response = self.route(&mut state, request);
        if state.calls > calls {
            let usage = format!("api-usage={}/{}", state.calls, self.settings.daily_calls);
            if let Ok(usage) = HeaderValue::from_str(&usage) {
                response.headers_mut().insert("sforce-limit-info", usage);
            }
        }
        response
    }
}
