//! A Salesforce org, and what people do in it with a browser.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use wire::{Request, Response, SeededEntropy};

use super::bulk::Jobs;
use super::changes::Change;
use super::cursors::Cursors;
use super::desk::Desk;
use super::events::Bus;
use super::members::Members;
use super::record::{Account, Effect, Record};
use super::schema::{ACCOUNT, KEY, Users, objects};
use super::seed::plant;
use super::session::{Sessions, User};
use super::settings::SalesforceSettings;
use super::setup::Deployments;
use super::store::{Author, Store, Table};
use super::switches::SalesforceSwitches;
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
    pub(crate) jobs: Jobs,
    pub(crate) deployments: Deployments,
    pub(crate) bus: Bus,
    pub(crate) calls: u64,
    by_kind: BTreeMap<&'static str, u64>,
    entropy: SeededEntropy,
}

impl State {
    /// Everything a write needs.
    pub(crate) fn desk(&mut self, author: Author, user: Users, saves_duplicates: bool) -> Desk<'_> {
        let Self { store, switches, entropy, .. } = self;
        Desk { store, switches, entropy, author, user, saves_duplicates }
    }
}

impl SalesforceSandbox {
    /// An org without business records.
    pub fn new(clock: ServerClock, settings: SalesforceSettings) -> Self {
        let now = clock.now();
        let mut store = Store::new(objects(&settings), now);
        plant(&mut store, &settings, now);
        let state = State {
            store,
            sessions: Sessions::default(),
            switches: SalesforceSwitches::default(),
            cursors: Cursors::default(),
            jobs: Jobs::default(),
            deployments: Deployments::default(),
            bus: Bus::default(),
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

    /// All records of an object by id, deleted ones too; none if there is no such object.
    pub fn records(&self, object: &str) -> Vec<Arc<Record>> {
        let state = self.lock();
        let table = state.store.named(object).and_then(|place| state.store.table(place));
        table.map(|table| table.all().cloned().collect()).unwrap_or_default()
    }

    /// All Accounts by id, deleted ones too.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        self.records("Account")
    }

    /// Living Accounts with exactly this external id.
    pub fn by_key(&self, key: &str) -> Vec<Arc<Account>> {
        self.lock().store.table(ACCOUNT).map(|table| keyed(table, key)).unwrap_or_default()
    }

    /// The living Account with exactly this external id; the first, should there be several.
    pub fn account_by_key(&self, key: &str) -> Option<Arc<Account>> {
        self.by_key(key).into_iter().next()
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

    /// What anybody did to records within the last three days, after the change with this number.
    pub fn changes_after(&self, number: u64) -> Vec<Change> {
        let mut state = self.lock();
        let now = self.clock.now();
        state.store.changes_mut().forget(now);
        state.store.changes().after(number).cloned().collect()
    }

    /// The number of the last change, and of the oldest one that is kept: whoever heard of none
    /// after an older one has missed something.
    pub fn changes_reach(&self) -> (u64, Option<u64>) {
        let mut state = self.lock();
        let now = self.clock.now();
        state.store.changes_mut().forget(now);
        state.store.changes().reach()
    }

    /// Calls by kind (`calls.query`, …), sessions and streams of events opened, living Accounts, and rows that the API
    /// created, updated, left unchanged, deleted.
    pub fn stats(&self) -> BTreeMap<String, u64> {
        let state = self.lock();
        let counts = state.store.counts();
        let figures = [
            ("accounts", state.store.accounts()),
            ("calls", state.calls),
            ("created", counts.created),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("deleted", counts.deleted),
            ("sessions", state.sessions.opened()),
            ("streams", state.bus.opened),
        ];
        let figures = figures.into_iter().map(|(name, figure)| (name.to_owned(), figure));
        figures.chain(state.by_kind.iter().map(|(kind, count)| (format!("calls.{kind}"), *count))).collect()
    }

    /// Somebody changes a record in the browser now; says whether that was possible: the record
    /// lives, the field exists and takes the value.
    pub fn human_edit(&self, id: &str, field: &str, value: Option<&str>) -> bool {
        self.as_human(|desk| {
            let Some(record) = desk.store.living(id).cloned() else { return false };
            let Some(cell) = desk.kept(&record, field, value.unwrap_or_default()) else { return false };
            let mut record = Record::clone(&record);
            let set = record.set(field, cell);
            if set {
                desk.store.write(record, &desk.author);
            }
            set
        })
    }

    /// Somebody makes an Account in the browser now; returns its id. Values that a field does not
    /// take are left out.
    pub fn human_insert(&self, values: &[(&str, &str)]) -> String {
        self.as_human(|desk| {
            let Some(mut record) = desk.store.blank(ACCOUNT, &desk.author) else { return String::new() };
            for (field, value) in values {
                if let Some(cell) = desk.kept(&record, field, value) {
                    record.set(field, cell);
                }
            }
            desk.store.write(record, &desk.author).id.clone()
        })
    }

    /// Somebody makes a record of any object in the browser now, as the object's rules allow;
    /// returns its id.
    ///
    /// # Errors
    /// The org's own words for what stands in the way.
    pub fn human_create(&self, object: &str, values: &[(&str, &str)]) -> Result<String, String> {
        self.as_human(|desk| {
            let members = Members::of_line(values.iter().copied());
            let table = desk.writable(object).map_err(|problem| problem.line())?;
            desk.create(table, &members).map(|written| written.id).map_err(|problem| problem.line())
        })
    }

    /// Somebody deletes a record in the browser now; says whether there was one, and nothing stood
    /// in the way.
    pub fn human_delete(&self, id: &str) -> bool {
        self.as_human(|desk| {
            let record = desk.store.living(id).cloned();
            record.is_some_and(|record| desk.delete(&record, false).is_ok())
        })
    }

    /// Somebody empties a record out of the org for good, past the recycle bin; says whether there
    /// was one. No change event tells of it.
    pub fn human_purge(&self, id: &str) -> bool {
        self.as_human(|desk| {
            let record = desk.store.by_id(id).cloned();
            record.is_some_and(|record| desk.delete(&record, true).is_ok())
        })
    }

    /// Somebody takes a record out of the recycle bin now; says whether that was possible.
    pub fn human_undelete(&self, id: &str) -> bool {
        self.as_human(|desk| {
            let record = desk.store.by_id(id).cloned();
            record.is_some_and(|record| desk.undelete(&record).is_ok())
        })
    }

    /// Somebody merges Accounts or Contacts in the browser now.
    ///
    /// # Errors
    /// The org's own words for what stands in the way.
    pub fn human_merge(&self, winner: &str, losers: &[&str]) -> Result<(), String> {
        self.as_human(|desk| desk.merge(winner, losers).map_err(|problem| problem.line()))
    }

    /// Does something as the administrator with a browser.
    fn as_human<T>(&self, act: impl FnOnce(&mut Desk<'_>) -> T) -> T {
        let mut state = self.lock();
        let user = User::Administrator;
        let origin = "com/salesforce/api/soap/64.0;client=SfdcInternalAPI/";
        let author =
            Author { user: user.id().into(), origin: origin.into(), now: self.clock.now(), api: false };
        state.store.next_commit();
        let mut desk = state.desk(author, user.bit(), true);
        act(&mut desk)
    }

    /// The switches as they are.
    pub fn switches(&self) -> SalesforceSwitches {
        self.lock().switches.clone()
    }

    /// Changes what can be switched.
    pub fn switch(&self, change: impl FnOnce(&mut SalesforceSwitches)) {
        let mut state = self.lock();
        let State { bus, store, switches, .. } = &mut *state;
        // What happened so far is told as it would have been.
        bus.mark(store.changes(), &mut switches.events);
        let before = state.switches.clone();
        change(&mut state.switches);
        if !state.switches.describes_as(&before) {
            let now = self.clock.now();
            state.store.describe_anew(now);
        }
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
        self.work(&mut state);
        state.store.next_commit();
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

/// Living records with exactly this external id.
fn keyed(table: &Table, key: &str) -> Vec<Arc<Record>> {
    let Some(place) = table.object.place(KEY) else { return Vec::new() };
    let found = table.having(place, key);
    found.filter(|record| !record.deleted && record.key() == Some(key)).cloned().collect()
}
