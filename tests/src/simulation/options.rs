//! What a seed means: everything that differs from one simulation to another.

use std::time::Duration;

use sandbox::{Fault, Only, Rate, RetryAfter};
use wire::{Entropy, SeededEntropy};

/// One world and what happens in it, all drawn from the seed.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed.
    pub seed: u64,
    /// The other flows of the mission and what happens around them; `None`: suppliers alone.
    pub mission: Option<Mission>,
    /// Suppliers at the beginning.
    pub suppliers: usize,
    /// Rows the product asks for in a page.
    pub page_size: usize,
    /// Rows the server gives at most.
    pub page_cap: usize,
    /// Records in one write call.
    pub batch_size: usize,
    /// Calls at the same time.
    pub concurrency: usize,
    /// Runs with faults.
    pub rounds: u32,
    /// Edits before each run.
    pub edits: u64,
    /// An edit strikes between two calls once in so many calls.
    pub meddling: u64,
    /// A run is killed once in so many runs.
    pub crashes: u64,
    /// The longest time between two runs, in seconds.
    pub pause: u64,
    /// Longest latency of a call, in milliseconds.
    pub latency: u64,
    /// How long an IFS token lives.
    pub token_lifetime: Duration,
    /// Whether people edit fields in Salesforce that belong to IFS.
    pub owned_edits: bool,
    /// What goes wrong at IFS.
    pub ifs_faults: Vec<Rate>,
    /// What goes wrong at Salesforce.
    pub salesforce_faults: Vec<Rate>,
}

impl Options {
    /// How many records are dealt with together: in a third of the worlds two pages, else one.
    pub(crate) fn batch(&self) -> usize {
        if self.page_size.is_multiple_of(3) { 2 * self.page_size } else { 1 }
    }
}

/// What a world has besides suppliers.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that people may do or not")]
pub struct Mission {
    /// Customers at the beginning.
    pub customers: usize,
    /// Purchase orders.
    pub orders: usize,
    /// Orders that are placed with suppliers nobody has entered.
    pub orphans: usize,
    /// Supplier invoices.
    pub invoices: usize,
    /// How many seconds the clocks of IFS and Salesforce are ahead.
    pub skew: [i64; 2],
    /// What becomes of target records whose source record is gone.
    pub removal: Removal,
    /// Whether people delete records.
    pub deletes: bool,
    /// Whether people merge Accounts.
    pub merges: bool,
    /// Whether customers are made in IFS of Accounts that people enter.
    pub creates: bool,
    /// A process has a rival that takes the same flow over once in so many processes.
    pub rivals: u64,
    /// Whether the writes of each call are sent in another order.
    pub shuffled: bool,
}

/// What becomes of target records whose source record is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// They stay.
    Ignore,
    /// They stay, and belong to nobody.
    Unlink,
    /// They are marked.
    Mark,
    /// They go too.
    Delete,
}

/// Chance, for drawing options and events.
#[derive(Debug)]
pub struct Dice(SeededEntropy);

impl Dice {
    /// The dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below `bound`.
    pub fn below(&self, bound: u64) -> u64 {
        self.0.next_u64() % bound.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in so many times.
    pub fn one_in(&self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    /// As a source of chance.
    pub fn entropy(&self) -> &SeededEntropy {
        &self.0
    }

    fn count(&self, low: u64, high: u64) -> usize {
        usize::try_from(self.between(low, high)).unwrap_or(usize::MAX)
    }
}

impl Options {
    /// The options of a seed.
    pub fn of(seed: u64) -> Self {
        let dice = Dice::new(seed ^ 0x51_4D55);
        let page_size = dice.count(3, 40);
        Self {
            seed,
            mission: None,
            suppliers: dice.count(5, 60),
            page_size,
            page_cap: if dice.one_in(4) { page_size.div_ceil(2) } else { 5_000 },
            batch_size: dice.count(2, 20),
            concurrency: dice.count(1, 4),
            rounds: u32::try_from(dice.between(4, 8)).unwrap_or(4),
            edits: dice.below(8),
            meddling: dice.between(2, 12),
            crashes: dice.between(2, 6),
            pause: dice.between(20, 600),
            latency: dice.below(400),
            token_lifetime: Duration::from_secs(if dice.one_in(3) { 180 } else { 3_600 }),
            owned_edits: dice.one_in(3),
            ifs_faults: ifs_faults(&dice),
            salesforce_faults: salesforce_faults(&dice),
        }
    }
}

impl Options {
    /// The options of a seed for a world with all flows of the mission: fewer records, more kinds of
    /// them.
    pub fn mission(seed: u64) -> Self {
        let dice = Dice::new(seed ^ 0x3155_1077);
        let skew = || i64::try_from(dice.below(5)).unwrap_or(2) - 2;
        let removals = [Removal::Unlink, Removal::Mark, Removal::Delete];
        let mission = Mission {
            customers: dice.count(3, 6),
            orders: dice.count(2, 4),
            orphans: usize::from(dice.one_in(2)),
            invoices: dice.count(2, 5),
            skew: [skew(), skew()],
            removal: removals.get(dice.count(0, 3)).copied().unwrap_or(Removal::Ignore),
            deletes: dice.one_in(2),
            merges: dice.one_in(3),
            rivals: dice.between(3, 9),
            shuffled: false,
            creates: dice.one_in(3),
        };
        let calm = dice.one_in(6);
        let faults = |mut rates: Vec<Rate>| {
            rates.iter_mut().filter(|_| calm).for_each(|rate| rate.per_mille = 0);
            rates
        };
        Self {
            mission: Some(mission),
            suppliers: dice.count(2, 4),
            page_size: dice.count(2, 6),
            rounds: u32::try_from(dice.between(2, 4)).unwrap_or(3),
            edits: dice.below(5),
            meddling: dice.between(6, 40),
            crashes: dice.between(2, 4),
            pause: dice.between(20, 1_200),
            owned_edits: dice.one_in(3),
            ifs_faults: faults(both_ways(&dice, &["update", "create"], ifs_faults(&dice))),
            salesforce_faults: faults(salesforce_everywhere(&dice)),
            ..Self::of(seed)
        }
    }
}

/// Faults of reads, and those of writes of some kinds besides.
fn both_ways(dice: &Dice, kinds: &[&str], mut rates: Vec<Rate>) -> Vec<Rate> {
    let after = |seconds: u64| Fault::LateLanding { after: Duration::from_secs(seconds) };
    for rate in &mut rates {
        rate.per_mille /= 2;
    }
    for kind in kinds {
        let writes = || Only::kind(*kind);
        rates.extend([
            rate(dice, 120, writes(), Fault::LostAnswer),
            rate(dice, 80, writes(), after(dice.between(1, 20))),
            rate(dice, 80, writes(), after(dice.between(60, 600))),
            rate(dice, 60, writes(), Fault::TruncatedBody),
        ]);
    }
    rates
}

/// Salesforce is written to by collections, by rows and by composite calls: all of them go astray.
fn salesforce_everywhere(dice: &Dice) -> Vec<Rate> {
    let rates = both_ways(dice, &["row"], salesforce_faults(dice));
    let writes = || Only { kind: Some("composite".to_owned()), writes: Some(true), ..Only::default() };
    let late = Fault::LateLanding { after: Duration::from_secs(dice.between(1, 600)) };
    let mut all = vec![
        rate(dice, 120, writes(), Fault::LostAnswer),
        rate(dice, 100, writes(), late),
        rate(dice, 60, writes(), Fault::TruncatedBody),
    ];
    all.extend(rates);
    all
}

fn rate(dice: &Dice, most: u64, only: Only, fault: Fault) -> Rate {
    let per_mille = if dice.one_in(3) { 0 } else { u32::try_from(dice.below(most)).unwrap_or(0) };
    Rate { per_mille, only, fault }
}

fn ifs_faults(dice: &Dice) -> Vec<Rate> {
    let all = Only::default;
    let retry_after = Some(RetryAfter::Seconds(dice.between(1, 20)));
    vec![
        rate(dice, 60, all(), Fault::TooManyRequests { retry_after }),
        rate(dice, 30, all(), Fault::TooManyRequests { retry_after: None }),
        rate(dice, 60, all(), Fault::Unavailable),
        rate(dice, 40, all(), Fault::ServerError),
        rate(dice, 40, Only::kind("page"), Fault::ExpiredToken),
        rate(dice, 50, all(), Fault::TruncatedBody),
        rate(dice, 20, Only::kind("page"), Fault::MalformedJson),
        rate(dice, 40, all(), Fault::Unreached),
        rate(dice, 40, all(), Fault::LostAnswer),
    ]
}

fn salesforce_faults(dice: &Dice) -> Vec<Rate> {
    let writes = || Only::kind("collection");
    let all = Only::default;
    let after = |seconds: u64| Fault::LateLanding { after: Duration::from_secs(seconds) };
    vec![
        rate(dice, 120, writes(), Fault::LostAnswer),
        rate(dice, 80, writes(), after(dice.between(1, 20))),
        rate(dice, 80, writes(), after(dice.between(60, 600))),
        rate(dice, 60, writes(), Fault::TruncatedBody),
        rate(dice, 30, writes(), Fault::MalformedJson),
        rate(dice, 60, all(), Fault::Unavailable),
        rate(dice, 40, all(), Fault::ServerError),
        rate(dice, 30, all(), Fault::TooManyRequests { retry_after: None }),
        rate(dice, 40, Only::kind("query"), Fault::ExpiredToken),
        rate(dice, 40, writes(), Fault::ExpiredToken),
        rate(dice, 40, all(), Fault::Unreached),
    ]
}
