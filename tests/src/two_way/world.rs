//! Both systems, the people in front of them, and what outlives a crash.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use audit::MemoryLog;
use store::MemoryStore;
use wire::{Clock, Timestamp, VirtualClock};

use super::end::Fate;
use super::side::{By, Met, Order, Side, Validator};
use crate::simulation::fuse::Fuse;
use crate::simulation::options::Dice;

/// One of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The one that the forward flow reads.
    A,
    /// The one that it writes to.
    B,
}

impl Which {
    /// The other one.
    pub fn other(self) -> Self {
        if self == Self::A { Self::B } else { Self::A }
    }
}

/// What differs from one seed to another.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed.
    pub seed: u64,
    /// Rows at the beginning.
    pub rows: u64,
    /// Rows in a page.
    pub page: usize,
    /// Rounds of both flows with faults.
    pub rounds: u64,
    /// People act at a step once in so many steps.
    pub meddling: u64,
    /// A run is killed once in so many runs; 0: never.
    pub crashes: u64,
    /// Writes of a thousand that go astray, each way; 0: none.
    pub faults: u64,
    /// Whether people edit fields that belong to the other side.
    pub violations: bool,
    /// Whether people delete rows.
    pub deletes: bool,
    /// How the second system tells rows apart.
    pub validator: Validator,
    /// Whether the second system stores a field in capitals.
    pub capitals: bool,
}

impl Options {
    /// The options of a seed.
    pub fn of(seed: u64) -> Self {
        let dice = Dice::new(seed ^ 0x2_7A9);
        Self {
            seed,
            rows: dice.between(2, 9),
            page: 7,
            rounds: dice.between(3, 7),
            meddling: dice.between(2, 9),
            crashes: if dice.one_in(4) { 0 } else { dice.between(2, 5) },
            faults: if dice.one_in(4) { 0 } else { dice.between(20, 160) },
            violations: dice.one_in(3),
            deletes: dice.one_in(2),
            validator: if dice.one_in(2) { Validator::Strong } else { Validator::Second },
            capitals: dice.one_in(5),
        }
    }
}

impl Options {
    /// So many rows, and nothing that ever changes one.
    pub fn at_rest(rows: u64) -> Self {
        Self {
            rows,
            page: 1_000,
            crashes: 0,
            faults: 0,
            violations: false,
            deletes: false,
            validator: Validator::Strong,
            capitals: false,
            ..Self::of(1)
        }
    }
}

/// A write that arrives when nobody waits for it any longer.
#[derive(Debug, Clone)]
struct Late {
    due: Timestamp,
    which: Which,
    order: Order,
}

/// A world with two systems.
#[derive(Debug)]
pub struct World {
    /// How it was made.
    pub options: Options,
    /// Virtual time.
    pub clock: Arc<dyn Clock>,
    /// State, which outlives a crash.
    pub store: MemoryStore,
    /// The log, which outlives a crash.
    pub log: Arc<MemoryLog>,
    /// Ends a process.
    pub fuse: Arc<Fuse>,
    /// Chance.
    pub dice: Dice,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    a: Side,
    b: Side,
    late: Vec<Late>,
    calm: bool,
    shut: Option<Which>,
    words: u64,
    parents: BTreeMap<String, String>,
    faults: BTreeMap<&'static str, u64>,
}

impl World {
    /// The world of some options; needs a runtime with paused time.
    pub fn new(options: Options) -> Arc<Self> {
        let base = Timestamp::from_second(1_780_000_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let dice = Dice::new(options.seed ^ 0xB07);
        let skew = |dice: &Dice| i64::try_from(dice.below(5)).unwrap_or(0) - 2;
        let a = Side::new("", skew(&dice), Validator::Strong);
        let mut b = Side::new("001", skew(&dice), options.validator);
        b.capitals = options.capitals.then_some("BillingCity");
        let (late, parents, faults) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let inner = Inner { a, b, late, calm: false, shut: None, words: 0, parents, faults };
        let world = Self {
            clock: Arc::new(VirtualClock::new(base)),
            store: MemoryStore::new(),
            log: Arc::new(MemoryLog::new()),
            fuse: Arc::new(Fuse::default()),
            dice,
            inner: Mutex::new(inner),
            options,
        };
        for _ in 0..world.options.rows {
            world.insert(Which::A);
        }
        Arc::new(world)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The true second.
    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// Looks at or changes a system.
    pub fn on<T>(&self, which: Which, act: impl FnOnce(&mut Side, i64) -> T) -> T {
        let now = self.now();
        let mut inner = self.lock();
        act(if which == Which::A { &mut inner.a } else { &mut inner.b }, now)
    }

    /// Lets time pass.
    pub async fn pass(&self, span: Duration) {
        self.clock.sleep(span).await;
    }

    /// A step of the product towards a system: time passes, late writes land, people act.
    pub async fn step(&self) {
        self.fuse.point("call").await;
        self.pass(Duration::from_millis(self.dice.below(700))).await;
        self.land();
        if !self.lock().calm && self.dice.one_in(self.options.meddling) {
            self.people();
        }
    }

    fn land(&self) {
        let now = self.clock.now();
        let due: Vec<Late> = {
            let mut inner = self.lock();
            let (due, later) = std::mem::take(&mut inner.late).into_iter().partition(|late| late.due <= now);
            inner.late = later;
            due
        };
        for Late { which, order, .. } in due {
            let met = self.on(which, |side, now| side.carry_out(&order, now));
            self.count(if matches!(met, Met::Done(..)) { "landed late" } else { "late and refused" });
        }
    }

    /// A write goes astray, to arrive later.
    pub fn land_later(&self, which: Which, order: Order, after: Duration) {
        let due = self.clock.now().checked_add(after).unwrap_or(Timestamp::MAX);
        self.lock().late.push(Late { due, which, order });
    }

    fn count(&self, what: &'static str) {
        *self.lock().faults.entry(what).or_default() += 1;
    }

    /// How often each fault struck.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.lock().faults.clone()
    }

    /// What becomes of the next write.
    pub fn fate(&self) -> Fate {
        let faults = self.options.faults;
        if self.lock().calm || self.dice.below(1_000) >= faults * 3 {
            return Fate::Good;
        }
        let (name, fate) = match self.dice.below(4) {
            0 => ("lost before", Fate::LostBefore),
            1 => ("lost after", Fate::LostAfter),
            2 => ("late", Fate::Late(Duration::from_secs(self.dice.between(1, 600)))),
            _ => ("refused", Fate::Refused),
        };
        self.count(name);
        fate
    }

    /// Whether the next call fails as a whole.
    pub fn fails(&self) -> bool {
        let fails = !self.lock().calm && self.dice.below(1_000) < self.options.faults / 4;
        if fails {
            self.count("unavailable");
        }
        fails
    }

    /// Takes our rights away at one of the systems, or gives them back.
    pub fn shut(&self, which: Option<Which>) {
        self.lock().shut = which;
    }

    /// Whether we have no rights there.
    pub fn is_shut(&self, which: Which) -> bool {
        self.lock().shut == Some(which)
    }

    /// No more faults, no more people; what may still land, lands.
    pub async fn calm_down(&self) {
        self.lock().calm = true;
        self.shut(None);
        self.pass(Duration::from_mins(20)).await;
        self.land();
    }

    /// People do something.
    pub fn people(&self) {
        let which = if self.dice.one_in(2) { Which::A } else { Which::B };
        match self.dice.below(24) {
            0 => self.insert(which),
            1 | 2 if self.options.deletes => self.delete(which),
            3 if self.options.deletes => self.bring_back(),
            _ => self.edit(which),
        }
    }

    /// A value that nobody has ever typed.
    fn word(&self, before: &str) -> String {
        let mut inner = self.lock();
        inner.words += 1;
        let word = format!("h{}", inner.words);
        inner.parents.insert(word.clone(), before.to_lowercase());
        word
    }

    fn insert(&self, which: Which) {
        let prefix = if which == Which::A { "C" } else { "N" };
        // No two records are entered under one key.
        let taken = |key: &str| self.on(which, |side, _| side.of_key(key).next().is_some());
        let mut key = format!("{prefix}{}", self.dice.below(1_000_000));
        while taken(&key) {
            key = format!("{prefix}{}", self.dice.below(1_000_000));
        }
        let names: [&str; 3] = fields(which);
        let fields: Vec<_> = names.map(|name| (name.to_owned(), self.word(""))).into();
        self.on(which, |side, now| side.insert(&key, &fields, By::Human, now));
    }

    fn some_row(&self, which: Which) -> Option<(String, BTreeMap<String, String>)> {
        let at = self.dice.entropy();
        let number = wire::Entropy::next_u64(at);
        self.on(which, |side, _| {
            let live: Vec<_> = side.live().collect();
            let place = usize::try_from(number % (live.len().max(1) as u64)).unwrap_or(0);
            live.get(place).map(|row| (row.id.clone(), row.fields.clone()))
        })
    }

    fn edit(&self, which: Which) {
        let Some((id, shown)) = self.some_row(which) else { return };
        let mut names = fields(which).to_vec();
        if self.options.violations && self.dice.one_in(4) {
            names = vec![if which == Which::A { "Rating" } else { "Name" }];
        }
        let place = usize::try_from(self.dice.below(names.len() as u64)).unwrap_or(0);
        let Some(name) = names.get(place) else { return };
        let word = self.word(shown.get(*name).map(String::as_str).unwrap_or_default());
        self.on(which, |side, now| side.write(&id, &[((*name).to_owned(), word)], By::Human, now));
    }

    /// Somebody changes a field of a row just before it is read, once in a while; whoever does so may not be
    /// done, and changes another one in the same second.
    pub fn touch(&self, which: Which, key: &str) -> bool {
        if self.lock().calm || !self.dice.one_in(self.options.meddling) {
            return false;
        }
        self.retype(which, key, if which == Which::A { "City" } else { "Rating__c" })
    }

    /// Somebody changes a field of this row now; says whether there is one.
    pub fn retype(&self, which: Which, key: &str, field: &str) -> bool {
        let shown =
            self.on(which, |side, _| side.of_key(key).next().map(|row| (row.id.clone(), row.fields.clone())));
        let Some((id, shown)) = shown else { return false };
        let word = self.word(shown.get(field).map(String::as_str).unwrap_or_default());
        self.on(which, |side, now| side.write(&id, &[(field.to_owned(), word)], By::Human, now));
        true
    }

    fn delete(&self, which: Which) {
        let Some((id, _)) = self.some_row(which) else { return };
        self.on(which, |side, now| side.delete(&id, By::Human, now));
    }

    /// A deleted row of the first system is entered again under its old key.
    fn bring_back(&self) {
        let gone = self.on(Which::A, |side, _| side.rows.values().find(|row| row.gone).cloned());
        let Some(gone) = gone else { return };
        // Whoever enters it again has seen what it showed before.
        let shown = |name: &str| gone.fields.get(name).map(String::as_str).unwrap_or_default();
        let fields: Vec<_> = fields(Which::A).map(|name| (name.to_owned(), self.word(shown(name)))).into();
        let key = gone.key.clone();
        self.on(Which::A, |side, now| side.insert(&key, &fields, By::Human, now));
    }

    /// Whether `word` was typed by somebody who saw `before`, or somebody who saw what somebody saw…
    pub fn descends(&self, word: &str, before: &str) -> bool {
        let inner = self.lock();
        let (mut word, before) = (word.to_lowercase(), before.to_lowercase());
        while word != before {
            match inner.parents.get(&word) {
                Some(parent) if *parent != word => word.clone_from(parent),
                _ => return false,
            }
        }
        true
    }
}

/// The fields that people of a system fill in by right.
fn fields(which: Which) -> [&'static str; 3] {
    match which {
        Which::A => ["Name", "Phone", "City"],
        Which::B => ["Phone", "BillingCity", "Rating__c"],
    }
}
