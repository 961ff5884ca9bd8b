//! The suppliers: by key, by modification, and the edits that are not committed yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::cell::{Cell, SUPPLIER, place};
use crate::world::{SupplierSeed, suppliers};

/// One supplier.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Values in the order of [`SUPPLIER`].
    pub cells: Vec<Cell>,
    /// The physical row.
    number: usize,
}

impl Row {
    fn of(seed: &SupplierSeed, number: usize) -> Self {
        let mut row = Self { cells: vec![Cell::Null; SUPPLIER.len()], number };
        row.set("SupplierId", Some(&seed.id));
        for (name, value) in &seed.values {
            row.set(name, value.as_deref());
        }
        let modified = seed.modified.and_then(|second| Timestamp::from_second(second).ok());
        row.set_modified(modified);
        row
    }

    /// The key.
    pub fn key(&self) -> Arc<str> {
        match self.get("SupplierId") {
            Cell::Text(key) => key.clone(),
            _ => "".into(),
        }
    }

    /// A value by name; null if there is no such column.
    pub fn get(&self, name: &str) -> &Cell {
        place(name).and_then(|place| self.cells.get(place)).unwrap_or(&Cell::Null)
    }

    /// When it was last modified.
    pub fn modified(&self) -> Option<Timestamp> {
        match self.get("ModifiedDate") {
            Cell::Timestamp(stamp) => Some(*stamp),
            _ => None,
        }
    }

    /// Sets a value; a text that does not fit the column is not set. Says whether it was.
    pub fn set(&mut self, name: &str, text: Option<&str>) -> bool {
        let Some(column) = SUPPLIER.iter().find(|column| column.name == name) else { return false };
        let parsed = Cell::parse(column.kind, text);
        let slot = place(name).and_then(|place| self.cells.get_mut(place));
        match (parsed, slot) {
            (Some(cell), Some(slot)) => {
                *slot = cell;
                true
            }
            _ => false,
        }
    }

    fn set_modified(&mut self, stamp: Option<Timestamp>) {
        let text = stamp
            .and_then(|stamp| Timestamp::from_second(stamp.as_second()).ok())
            .map(|stamp| stamp.to_string());
        self.set("ModifiedDate", text.as_deref());
    }

    /// The weak ETag: base64 of another weak one, made of row id and modification in whole seconds.
    pub(crate) fn etag(&self) -> String {
        let version = self
            .modified()
            .map_or_else(|| "1".to_owned(), |stamp| stamp.strftime("%Y%m%d%H%M%S").to_string());
        let inner = format!("W/\"AAAS{:06}AAB:{version}\"", self.number);
        format!("W/\"{}\"", STANDARD.encode(inner))
    }
}

/// An edit by somebody whose transaction is still open.
#[derive(Debug, Clone)]
struct OpenEdit {
    key: Arc<str>,
    changes: Vec<(String, Option<String>)>,
    stamp: Timestamp,
}

/// All suppliers.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<Arc<str>, Arc<Row>>,
    by_modified: BTreeSet<(i64, Arc<str>)>,
    open: Vec<OpenEdit>,
    numbers: usize,
}

impl Table {
    pub(crate) fn seeded(seed: u64, count: usize) -> Self {
        let mut table = Self::default();
        for supplier in suppliers(seed, count) {
            table.numbers += 1;
            let row = Row::of(&supplier, table.numbers);
            table.put(row);
        }
        table
    }

    fn put(&mut self, row: Row) {
        let key = row.key();
        self.remove(&key);
        if let Some(stamp) = row.modified() {
            self.by_modified.insert((stamp.as_second(), key.clone()));
        }
        self.rows.insert(key, Arc::new(row));
    }

    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let Some(old) = self.rows.remove(key) else { return false };
        if let Some(stamp) = old.modified() {
            self.by_modified.remove(&(stamp.as_second(), old.key()));
        }
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Row>> {
        self.rows.get(key)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.rows.values()
    }

    /// Rows behind `key`, in the order of keys.
    pub(crate) fn after(&self, key: &str) -> impl Iterator<Item = &Arc<Row>> {
        let bounds = (std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded);
        self.rows.range::<str, _>(bounds).map(|(_, row)| row)
    }

    /// Rows modified at `second` or later, in the order of modification and key.
    pub(crate) fn since(&self, second: i64) -> impl Iterator<Item = &Arc<Row>> {
        let begin = (second, Arc::<str>::from(""));
        self.by_modified.range(begin..).filter_map(|(_, key)| self.rows.get(key))
    }

    /// Changes a row as of `stamp`; says whether there is one.
    pub(crate) fn edit(&mut self, key: &str, changes: &[(String, Option<String>)], stamp: Timestamp) -> bool {
        let Some(row) = self.rows.get(key) else { return false };
        let mut row = Row::clone(row);
        for (name, value) in changes {
            row.set(name, value.as_deref());
        }
        row.set_modified(Some(stamp));
        self.put(row);
        true
    }

    /// Adds a row; an existing one of the same key is replaced.
    pub(crate) fn insert(&mut self, key: &str, values: &[(String, Option<String>)], stamp: Timestamp) {
        self.numbers += 1;
        let mut row = Row { cells: vec![Cell::Null; SUPPLIER.len()], number: self.numbers };
        row.set("SupplierId", Some(key));
        for (name, value) in values {
            row.set(name, value.as_deref());
        }
        row.set_modified(Some(stamp));
        self.put(row);
    }

    /// Somebody changes a row: the stamp is taken now, but nobody sees it before the commit.
    pub(crate) fn begin(&mut self, key: &str, changes: Vec<(String, Option<String>)>, stamp: Timestamp) {
        self.open.push(OpenEdit { key: key.into(), changes, stamp });
    }

    /// All open transactions commit; returns how many did.
    pub(crate) fn commit_open(&mut self) -> usize {
        let open = std::mem::take(&mut self.open);
        for edit in &open {
            self.edit(&edit.key, &edit.changes, edit.stamp);
        }
        open.len()
    }
}
