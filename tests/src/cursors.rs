//! Ways to read changes, side by side on the same busy tenant: which of them lose rows?
//!
//! People edit while pages are read, transactions commit after their stamp was taken, and one
//! statement changes more rows than a page holds. The naive ways are the ones that connectors are
//! seen to use; the keyset with an overlap is the connector's own code.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use connector_ifs::{EntitySettings, FieldKind, FieldSpec, IfsSource, SweepSettings, supplier};
use jiff::Timestamp;
use mapping::{Change, Value};
use odata_client::{Columns, Literal, Order, Query, Row, Select, Service, property};
use sandbox::ifs::IfsSandbox;
use sync_engine::{Cursor, Observation, Source as _};
use wire::{Clock as _, Entropy as _, HttpTransport, Request, Response, SeededEntropy, TransportError};

use crate::tenant::{BASE, Tenant};

/// Seconds between two polls.
const PAUSE: u64 = 20;

/// How much there is to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Rows of the tenant.
    pub rows: usize,
    /// Rows that one statement changes, so that they share one time.
    pub together: usize,
    /// Rows of a page.
    pub page: u32,
    /// Polls of one run.
    pub polls: u32,
}

/// Quick enough for many seeds.
pub const SMALL: Scale = Scale { rows: 300, together: 160, page: 50, polls: 42 };
/// A tenant of usual size.
pub const LARGE: Scale = Scale { rows: 12_500, together: 6_000, page: 1_000, polls: 12 };

/// A way to read changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Rows newer than the newest one seen, page by page with `$skip`.
    Newer,
    /// The same, and those as new as it.
    NewerOrSame,
    /// Behind time and key of the newest row seen, up to the server's clock; reaches back by so many
    /// seconds. This is the connector's own code.
    Keyset(u64),
    /// Reaches back by so many seconds, page by page with `$skip`.
    Skip(u64),
    /// The connector's own code with a sweep at the end.
    Swept(u64),
}

/// How late commits are, and whether statements change many rows at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lateness {
    /// The longest transaction, in seconds.
    pub most: u64,
    /// Whether one statement sometimes changes more rows than a page holds.
    pub bulk: bool,
}

/// What one run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows whose last state was never read.
    pub lost: usize,
    /// Rows that were read.
    pub read: usize,
    /// Changes that were made.
    pub made: usize,
    /// Calls of the reader.
    pub calls: usize,
}

/// People at work, and the server's time.
#[derive(Debug)]
struct Crowd {
    ifs: Arc<IfsSandbox>,
    dice: SeededEntropy,
    lateness: Lateness,
    scale: Scale,
    /// When each open edit commits, in seconds.
    open: Vec<(u64, String)>,
    made: usize,
    quiet: bool,
}

impl Crowd {
    fn below(&self, bound: u64) -> u64 {
        self.dice.next_u64() % bound.max(1)
    }

    /// What happens in the second `now`.
    fn second(&mut self, now: u64) {
        let (due, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.open).into_iter().partition(|(at, _)| *at <= now);
        self.open = open;
        for (_, key) in due {
            self.ifs.commit_edit(&key);
        }
        if self.quiet {
            return;
        }
        if self.lateness.bulk && self.below(90) == 0 {
            let keys: Vec<String> = (0..self.scale.together).map(|n| format!("S{}", 10_001 + n)).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let city = format!("Bulk {}", self.below(1_000_000));
            self.made += self.ifs.edit_together(&keys, &[("City", Some(&city))]);
        }
        if self.below(3) != 0 {
            return;
        }
        let key = format!("S{}", 10_001 + self.below(300));
        let city = format!("City {}", self.dice.next_u64() % 1_000_000);
        let late = if self.below(2) == 0 { 0 } else { self.below(self.lateness.most + 1) };
        if self.open.iter().any(|(_, open)| *open == key) {
            return;
        }
        self.made += 1;
        if late == 0 {
            self.ifs.edit(&key, &[("City", Some(&city))]);
        } else if self.ifs.begin_edit(&key, &[("City", Some(&city))]) {
            self.open.push((now + late, key));
        }
    }
}

/// Lets a second pass with each call, in which people go on working.
#[derive(Debug)]
struct Busy {
    inner: Arc<dyn HttpTransport>,
    clock: Arc<crate::HandClock>,
    crowd: Arc<Mutex<Crowd>>,
    calls: Mutex<usize>,
}

impl Busy {
    fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            let now = self.clock.elapsed().as_secs();
            self.crowd.lock().expect("crowd").second(now);
        }
    }
}

#[async_trait]
impl HttpTransport for Busy {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let response = self.inner.send(request).await;
        *self.calls.lock().expect("calls") += 1;
        self.pass(1);
        response
    }
}

/// Runs one strategy on one seed.
pub async fn run(scale: Scale, strategy: Strategy, lateness: Lateness, seed: u64) -> Outcome {
    let settings = sandbox::ifs::IfsSettings {
        suppliers: scale.rows,
        customers: 0,
        orders: 0,
        invoices: 0,
        accounts: 0,
        journal_entries: 0,
        seed: 7,
        ..sandbox::ifs::IfsSettings::default()
    };
    let tenant = Tenant::new(settings);
    // Rows without a stamp are nobody's to lose here.
    for row in tenant.ifs.rows() {
        if row.modified().is_none() {
            tenant.ifs.edit(&row.key(), &[("City", Some("stamped"))]);
        }
    }
    tenant.pass(1_000);
    let crowd = Crowd {
        ifs: tenant.ifs.clone(),
        dice: SeededEntropy::new(seed),
        lateness,
        scale,
        open: Vec::new(),
        made: 0,
        quiet: true,
    };
    let crowd = Arc::new(Mutex::new(crowd));
    let (inner, clock) = (tenant.transport(), tenant.clock.clone());
    let busy = Arc::new(Busy { inner, clock, crowd: crowd.clone(), calls: Mutex::default() });
    let mut reader = Reader::new((strategy, scale.page), &busy, &tenant);
    reader.poll().await;
    crowd.lock().expect("crowd").quiet = false;
    (reader.read, *busy.calls.lock().expect("calls")) = (0, 0);
    for _ in 0..scale.polls {
        busy.pass(PAUSE);
        reader.poll().await;
    }
    crowd.lock().expect("crowd").quiet = true;
    busy.pass(lateness.most + 5);
    for _ in 0..2 {
        reader.poll().await;
        busy.pass(30);
    }
    if let Strategy::Swept(_) = strategy {
        // The sweep of the night.
        busy.pass(90_000);
        reader.poll().await;
    }
    let rows = tenant.ifs.rows();
    let lost = rows.iter().filter(|row| {
        let city = row.get("City").text();
        reader.seen.get(&*row.key()) != Some(&city)
    });
    let (lost, made) = (lost.count(), crowd.lock().expect("crowd").made);
    let calls = *busy.calls.lock().expect("calls");
    Outcome { lost, read: reader.read, made, calls }
}

/// A reader of changes, and what it has read last of each row.
struct Reader {
    way: Way,
    page: u32,
    seen: BTreeMap<String, Option<String>>,
    read: usize,
}

enum Way {
    Ours(Box<IfsSource>, Option<Cursor>),
    Naive { service: Box<Service>, last: Option<Timestamp>, same: bool, back: u64 },
}

impl Reader {
    fn new((strategy, page): (Strategy, u32), busy: &Arc<Busy>, tenant: &Tenant) -> Self {
        let naive = |same, back| {
            let root = format!("{BASE}/int/ifsapplications/projection/v1/SupplierHandling.svc/");
            let service = Box::new(Service::new(busy.clone(), root.parse().expect("a URL")));
            Way::Naive { service, last: None, same, back }
        };
        let ours = |overlap: u64, sweep: Option<SweepSettings>| {
            let settings = EntitySettings {
                page_size: page,
                overlap: Duration::from_secs(overlap),
                lag: Duration::from_secs(2),
                fields: vec![
                    FieldSpec::new("SupplierId", FieldKind::Text),
                    FieldSpec::new("City", FieldKind::Text),
                ],
                sweep,
                ..supplier::settings()
            };
            let tenant_settings = Tenant::settings();
            let source = IfsSource::new(busy.clone(), tenant.clock.clone(), &tenant_settings, settings);
            Way::Ours(Box::new(source.expect("settings that hold")), None)
        };
        let way = match strategy {
            Strategy::Newer => naive(false, 0),
            Strategy::NewerOrSame => naive(true, 0),
            Strategy::Skip(back) => naive(true, back),
            Strategy::Keyset(overlap) => ours(overlap, None),
            Strategy::Swept(overlap) => ours(overlap, Some(SweepSettings::default())),
        };
        Self { way, page, seen: BTreeMap::new(), read: 0 }
    }

    async fn poll(&mut self) {
        match &mut self.way {
            Way::Ours(source, cursor) => loop {
                let page = source.pull(cursor.as_ref()).await.expect("the tenant answers");
                for observation in page.observations {
                    let Observation::Change(Change::Put(record)) = observation else { continue };
                    let city = record.fields.get("City").and_then(Value::as_text).map(str::to_owned);
                    self.seen.insert(record.key.to_string(), city);
                    self.read += 1;
                }
                *cursor = Some(page.cursor);
                if !page.more {
                    return;
                }
            },
            Way::Naive { service, last, same, back } => {
                let begin = last.map(|last| last - Duration::from_secs(*back));
                let stamp = || property("ModifiedDate");
                let filter = begin.map(|begin| {
                    let at = Literal::Timestamp(begin);
                    if *same { stamp().ge(at) } else { stamp().gt(at) }
                });
                let names = ["SupplierId", "City", "ModifiedDate"];
                for number in 0.. {
                    let query = Query {
                        filter: filter.clone(),
                        select: Select::properties(names),
                        order_by: vec![Order::ascending("ModifiedDate")],
                        top: Some(self.page.into()),
                        skip: Some(number * u64::from(self.page)),
                        ..Query::default()
                    };
                    let page = service.page("naive", "SupplierSet", &query).await.expect("it answers");
                    let columns = Columns::new(names);
                    let mut row = Row::default();
                    for text in page.rows() {
                        columns.reader().read(text, &mut row).expect("a row");
                        let cell =
                            |at| row.cell(at).and_then(|cell| cell.text().expect("a text")).map(String::from);
                        self.seen
                            .insert(cell(0).expect("a key"), cell(1).filter(|city| !city.trim().is_empty()));
                        self.read += 1;
                        let at = cell(2).and_then(|at| at.parse::<Timestamp>().ok());
                        *last = (*last).max(at);
                    }
                    if page.len() < self.page as usize {
                        return;
                    }
                }
            }
        }
    }
}

/// The strategies in the order of the table.
pub const STRATEGIES: [(&str, Strategy); 8] = [
    ("newer than the last, $skip", Strategy::Newer),
    ("newer or same, $skip", Strategy::NewerOrSame),
    ("keyset, server's clock, no overlap", Strategy::Keyset(0)),
    ("overlap 120 s, $skip", Strategy::Skip(120)),
    ("keyset, overlap 10 s", Strategy::Keyset(10)),
    ("keyset, overlap 60 s", Strategy::Keyset(60)),
    ("keyset, overlap 120 s", Strategy::Keyset(120)),
    ("keyset, overlap 120 s, sweep", Strategy::Swept(120)),
];

/// The kinds of busy tenants in the order of the table.
pub const TENANTS: [(&str, Lateness); 4] = [
    ("late <= 3 s", Lateness { most: 3, bulk: false }),
    ("late <= 30 s, bulk", Lateness { most: 30, bulk: true }),
    ("late <= 110 s, bulk", Lateness { most: 110, bulk: true }),
    ("late <= 600 s, bulk", Lateness { most: 600, bulk: true }),
];
