//! Both systems, what outlives a crash, and the people who edit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use audit::MemoryLog;
use jiff::SignedDuration;
use sandbox::ifs::{IfsSandbox, IfsSettings};
use sandbox::salesforce::{SalesforceSandbox, SalesforceSettings};
use sandbox::{Endpoint, Gate, NoFaults, SeededRates, ServerClock};
use store::MemoryStore;
use wire::{Clock, HttpTransport, Request, Response, Timestamp, TransportError, VirtualClock};

use super::fuse::Fuse;
use super::journal::{By, Journal, System, Watched};
use super::mission::people;
use super::options::{Dice, Options};

/// When every world begins, in Unix seconds.
pub const BEGIN: i64 = 1_780_000_000;

/// An open edit must be committed before the product's overlap (15 minutes) is over.
const OPEN: Duration = Duration::from_mins(8);

/// A simulated world.
#[derive(Debug)]
pub struct World {
    /// How it was made.
    pub options: Options,
    /// Virtual time.
    pub clock: Arc<dyn Clock>,
    /// IFS.
    pub ifs: Arc<IfsSandbox>,
    /// Salesforce.
    pub salesforce: Arc<SalesforceSandbox>,
    /// What stands before IFS.
    pub ifs_gate: Arc<Gate>,
    /// What stands before Salesforce.
    pub salesforce_gate: Arc<Gate>,
    /// State, which outlives a crash.
    pub store: MemoryStore,
    /// The log, which outlives a crash.
    pub log: Arc<MemoryLog>,
    /// Ends a process.
    pub fuse: Arc<Fuse>,
    /// Chance for events.
    pub dice: Dice,
    /// Every change of both systems, where the whole mission runs.
    pub journal: Arc<Journal>,
    watched: [Watched; 2],
    open_since: Mutex<Option<Duration>>,
    calm: Mutex<bool>,
}

/// The number and the hash of a log's last entry, which tell everything before it.
pub fn log_digest(log: &MemoryLog) -> String {
    log.last().map(|last| format!("{}:{:02x?}", last.number, last.hash)).unwrap_or_default()
}

impl World {
    /// The world of some options; needs a runtime with paused time.
    pub fn new(options: Options) -> Arc<Self> {
        let base = Timestamp::from_second(BEGIN).unwrap_or(Timestamp::UNIX_EPOCH);
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(base));
        let seed = options.seed;
        let ifs = Arc::new(IfsSandbox::new(server_clock(&clock, &options, 0), ifs_settings(&options)));
        let settings = SalesforceSettings { daily_calls: 10_000_000, ..SalesforceSettings::default() };
        let salesforce = Arc::new(SalesforceSandbox::new(server_clock(&clock, &options, 1), settings));
        let journal = Arc::new(Journal::default());
        let watched = [
            Watched::ifs(ifs.clone(), journal.clone()),
            Watched::salesforce(salesforce.clone(), journal.clone()),
        ];
        let faults = |offset: u64, rates: &[_]| SeededRates::new(seed ^ offset, rates.to_vec());
        let endpoints: [Arc<dyn Endpoint>; 2] = if options.mission.is_some() {
            journal.begin(&ifs, &salesforce);
            watched.clone().map(|watched| Arc::new(watched) as Arc<dyn Endpoint>)
        } else {
            [ifs.clone(), salesforce.clone()]
        };
        let [ifs_way, salesforce_way] = endpoints;
        let ifs_gate = Gate::new(ifs_way).with_faults(faults(1, &options.ifs_faults));
        let salesforce_gate = Gate::new(salesforce_way).with_faults(faults(2, &options.salesforce_faults));
        Arc::new(Self {
            clock,
            ifs,
            salesforce,
            ifs_gate: Arc::new(ifs_gate),
            salesforce_gate: Arc::new(salesforce_gate),
            store: MemoryStore::new(),
            log: Arc::new(MemoryLog::new()),
            fuse: Arc::new(Fuse::default()),
            dice: Dice::new(seed ^ 0xD1CE),
            journal,
            watched,
            open_since: Mutex::default(),
            calm: Mutex::new(false),
            options,
        })
    }

    /// People go on editing, sometimes in open transactions, sometimes twice within a second.
    pub fn people_edit(&self) {
        if self.options.mission.is_some() {
            return people::act(self, self.dice.below(self.options.edits + 1));
        }
        for _ in 0..self.dice.below(self.options.edits + 1) {
            match self.dice.below(8) {
                0 => self.open_edit(),
                1 => self.enter(),
                2 => self.edit_account(),
                _ => drop(self.ifs.random_edit(self.dice.entropy())),
            }
        }
    }

    fn open_edit(&self) {
        let Some(row) = self.some_row() else { return };
        let city = format!("Late {}", self.dice.below(1_000));
        self.ifs.begin_edit(&row, &[("City", Some(&city))]);
        self.leave_open();
    }

    fn enter(&self) {
        let key = format!("N{}", self.dice.below(1_000_000));
        self.ifs.insert(
            &key,
            &[("Name", Some("New entry")), ("Country", Some("SE")), ("Objstate", Some("Active"))],
        );
    }

    fn edit_account(&self) {
        let accounts = self.salesforce.accounts();
        let place = usize::try_from(self.dice.below(accounts.len() as u64)).unwrap_or(0);
        let Some(account) = accounts.get(place) else { return };
        self.salesforce.human_edit(&account.id, "Description", Some("a note of a colleague"));
        if self.options.owned_edits {
            self.salesforce.human_edit(&account.id, "BillingCity", Some("Elsewhere"));
        }
    }

    /// People do something in one of the systems; what was due there before happens before.
    pub fn by_people<T>(&self, system: System, act: impl FnOnce() -> T) -> T {
        let (gate, watched) = match (system, &self.watched) {
            (System::Ifs, [ifs, _]) => (&self.ifs_gate, ifs),
            (System::Salesforce, [_, salesforce]) => (&self.salesforce_gate, salesforce),
        };
        gate.settle_due();
        let done = act();
        if self.options.mission.is_some() {
            watched.note(By::People);
        }
        done
    }

    /// Somebody's transaction stays open from now on.
    pub fn leave_open(&self) {
        lock(&self.open_since).get_or_insert(self.clock.elapsed());
    }

    fn some_row(&self) -> Option<String> {
        let rows = self.ifs.rows();
        let place = usize::try_from(self.dice.below(rows.len() as u64)).unwrap_or(0);
        rows.get(place).map(|row| row.key().to_string())
    }

    /// Open transactions commit.
    pub fn commit_open(&self) {
        self.by_people(System::Ifs, || self.ifs.commit_open());
        *lock(&self.open_since) = None;
    }

    /// No more faults, no more people.
    pub fn calm_down(&self) {
        *lock(&self.calm) = true;
        self.commit_open();
        self.salesforce.switch(|switches| switches.locked_rows = 0);
        self.ifs_gate.faults().set(NoFaults);
        self.salesforce_gate.faults().set(NoFaults);
    }

    /// What happens before a call: now and then somebody edits, or an open transaction commits.
    fn before_call(&self) {
        if *lock(&self.calm) {
            return;
        }
        let since = *lock(&self.open_since);
        let overdue = since.is_some_and(|since| self.clock.elapsed().saturating_sub(since) > OPEN);
        if overdue || (since.is_some() && self.dice.one_in(6)) {
            self.commit_open();
        }
        if self.dice.one_in(self.options.meddling) {
            self.people_edit();
        }
    }

    /// What happens right after a call: the same people touch the same rows within the same second.
    fn after_call(&self) {
        if *lock(&self.calm) || !self.dice.one_in(self.options.meddling) {
            return;
        }
        if self.options.mission.is_some() {
            people::act(self, 1);
        } else {
            self.ifs.random_edit(self.dice.entropy());
        }
    }

    /// How often each fault struck, both systems together.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        let mut faults = self.ifs_gate.journal().faults;
        for (name, count) in self.salesforce_gate.journal().faults {
            *faults.entry(name).or_default() += count;
        }
        faults
    }
}

/// A clock of one of the systems, as far ahead as the options say.
fn server_clock(clock: &Arc<dyn Clock>, options: &Options, place: usize) -> ServerClock {
    let server = ServerClock::new(clock.clone());
    let skew = options.mission.as_ref().and_then(|mission| mission.skew.get(place)).copied();
    server.set_offset(SignedDuration::from_secs(skew.unwrap_or(0)));
    server
}

fn ifs_settings(options: &Options) -> IfsSettings {
    let own = IfsSettings {
        suppliers: options.suppliers,
        seed: options.seed,
        token_lifetime: options.token_lifetime,
        page_cap: options.page_cap,
        ..IfsSettings::default()
    };
    let Some(mission) = &options.mission else { return own };
    IfsSettings {
        customers: mission.customers,
        orders: mission.orders,
        orphan_orders: mission.orphans,
        invoices: mission.invoices,
        accounts: 0,
        journal_entries: 0,
        ..own
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets people edit between calls.
#[derive(Debug)]
pub struct Meddled<T> {
    inner: T,
    world: Arc<World>,
}

impl<T> Meddled<T> {
    /// `inner`, with people around.
    pub fn new(inner: T, world: Arc<World>) -> Self {
        Self { inner, world }
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Meddled<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.world.before_call();
        let answer = self.inner.send(request).await;
        self.world.after_call();
        answer
    }
}
