//! Every change of both systems in the order in which it happened, and who made it: the simulation's own
//! record, which the product cannot reach.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandbox::ifs::{IfsSandbox, Row};
use sandbox::salesforce::{Record, SalesforceSandbox};
use sandbox::{CallKind, Endpoint, Refusal, ServerClock};
use wire::{Request, Response};

/// The tables of IFS that are watched.
pub const UNITS: [&str; 7] = [
    "SupplierInfoGeneral",
    "CustomerInfo",
    "CustomerInfoAddress",
    "CustomerInfoCommMethod",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "PostingProposalHead",
];
/// The objects of Salesforce that are watched.
pub const OBJECTS: [&str; 4] = ["Account", "Contact", "Order", "OrderItem"];

/// One of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// IFS.
    Ifs,
    /// Salesforce.
    Salesforce,
}

/// Who changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// People.
    People,
    /// The product, through a call.
    Product,
}

/// One thing that happened to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Counts acts of people and calls of the product, so that what happened at once has one number.
    pub act: u64,
    /// The simulated second, by nobody's clock but the simulation's.
    pub second: u64,
    /// Where.
    pub system: System,
    /// In which table or object.
    pub unit: &'static str,
    /// The record's own id there.
    pub id: String,
    /// The key that both systems share: the IFS key, or the external id; of an Account without one, its id,
    /// under which a customer would be made of it.
    pub key: String,
    /// Who did it.
    pub by: By,
    /// What.
    pub what: What,
}

/// What happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It was made; its fields follow.
    Made,
    /// A field got another value.
    Set {
        /// The field.
        field: String,
        /// What stood there.
        before: Option<String>,
        /// What stands there now.
        after: Option<String>,
    },
    /// It was removed.
    Gone,
}

/// A record as it is, of either system.
#[derive(Debug, Clone)]
enum Seen {
    Row(Arc<Row>),
    Record(Arc<Record>),
}

impl Seen {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Row(one), Self::Row(other)) => Arc::ptr_eq(one, other),
            (Self::Record(one), Self::Record(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    fn key(&self) -> String {
        match self {
            Self::Row(row) => row.key().to_string(),
            Self::Record(record) => {
                let own = || if record.id.starts_with("001") { record.id.clone() } else { String::new() };
                record.text("IFS_Key__c").unwrap_or_else(own)
            }
        }
    }

    fn fields(&self) -> BTreeMap<String, String> {
        match self {
            Self::Row(row) => row.fields().into_iter().map(|(name, text)| (name.to_owned(), text)).collect(),
            Self::Record(record) => {
                record.fields().into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
            }
        }
    }
}

type Shelf = BTreeMap<(&'static str, String), Seen>;

/// Every change, as far as records were compared.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    acts: u64,
    shelves: BTreeMap<System, Shelf>,
    changes: Vec<Change>,
}

impl Journal {
    /// What happened so far, in order.
    pub fn changes(&self) -> Vec<Change> {
        self.lock().changes.clone()
    }

    /// How many acts of the product changed anything.
    pub fn writes(&self) -> u64 {
        let inner = self.lock();
        let ours = inner.changes.iter().filter(|change| change.by == By::Product);
        ours.map(|change| change.act).collect::<std::collections::BTreeSet<u64>>().len() as u64
    }

    /// Takes what IFS shows now for granted.
    pub fn begin(&self, ifs: &IfsSandbox, salesforce: &SalesforceSandbox) {
        let mut inner = self.lock();
        inner.shelves.insert(System::Ifs, rows(ifs));
        inner.shelves.insert(System::Salesforce, records(salesforce));
    }

    /// Notes what differs from the last time.
    fn note(&self, system: System, now: Shelf, (by, second): (By, u64)) {
        let mut inner = self.lock();
        inner.acts += 1;
        let act = inner.acts;
        let before = inner.shelves.remove(&system).unwrap_or_default();
        let mut told = Vec::new();
        for (name, seen) in &now {
            match before.get(name) {
                Some(known) if known.is(seen) => {}
                known => tell(&mut told, name, known, seen),
            }
        }
        for (name, seen) in before.iter().filter(|(name, _)| !now.contains_key(*name)) {
            told.push((name.clone(), seen.key(), What::Gone));
        }
        let whole = told.into_iter().map(|((unit, id), key, what)| Change {
            act,
            second,
            system,
            unit,
            id,
            key,
            by,
            what,
        });
        inner.changes.extend(whole);
        inner.shelves.insert(system, now);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Told = ((&'static str, String), String, What);

fn tell(told: &mut Vec<Told>, name: &(&'static str, String), known: Option<&Seen>, seen: &Seen) {
    let (before, after) = (known.map(Seen::fields).unwrap_or_default(), seen.fields());
    if known.is_none() {
        told.push((name.clone(), seen.key(), What::Made));
    }
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for field in names {
        let (before, after) = (before.get(field).cloned(), after.get(field).cloned());
        // Stamps move with every write, whatever it changes.
        if before != after && !matches!(field.as_str(), "ModifiedDate" | "Changed") {
            told.push((name.clone(), seen.key(), What::Set { field: field.clone(), before, after }));
        }
    }
}

fn rows(ifs: &IfsSandbox) -> Shelf {
    let of = |unit: &'static str| {
        let rows = ifs.rows_of(unit).into_iter();
        rows.map(move |row| ((unit, row.key().replace('\0', "^")), Seen::Row(row)))
    };
    UNITS.into_iter().flat_map(of).collect()
}

fn records(salesforce: &SalesforceSandbox) -> Shelf {
    let of = |object: &'static str| {
        let living = salesforce.records(object).into_iter().filter(|record| !record.deleted);
        living.map(move |record| ((object, record.id.clone()), Seen::Record(record)))
    };
    OBJECTS.into_iter().flat_map(of).collect()
}

/// A system whose changes are noted, whoever makes them.
#[derive(Clone)]
pub struct Watched {
    inner: Arc<dyn Endpoint>,
    look: Arc<dyn Fn() -> Shelf + Send + Sync>,
    system: System,
    journal: Arc<Journal>,
}

impl Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("system", &self.system).finish_non_exhaustive()
    }
}

impl Watched {
    /// IFS, watched.
    pub fn ifs(ifs: Arc<IfsSandbox>, journal: Arc<Journal>) -> Self {
        let look = ifs.clone();
        Self { inner: ifs, look: Arc::new(move || rows(&look)), system: System::Ifs, journal }
    }

    /// Salesforce, watched.
    pub fn salesforce(salesforce: Arc<SalesforceSandbox>, journal: Arc<Journal>) -> Self {
        let look = salesforce.clone();
        let look = Arc::new(move || records(&look));
        Self { inner: salesforce, look, system: System::Salesforce, journal }
    }

    /// Notes what `by` has just done.
    pub fn note(&self, by: By) {
        let second = self.inner.clock().elapsed().as_secs();
        self.journal.note(self.system, (self.look)(), (by, second));
    }
}

impl Endpoint for Watched {
    fn answer(&self, request: &Request) -> Response {
        let answer = self.inner.answer(request);
        if self.inner.kind(request).writes {
            self.note(By::Product);
        }
        answer
    }

    fn clock(&self) -> &ServerClock {
        self.inner.clock()
    }

    fn kind(&self, request: &Request) -> CallKind {
        self.inner.kind(request)
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        self.inner.refuse(refusal)
    }

    fn figures(&self) -> BTreeMap<String, u64> {
        self.inner.figures()
    }
}
