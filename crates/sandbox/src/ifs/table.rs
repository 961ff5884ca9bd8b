//! The suppliers: by key, by modification, and the edits that are not committed yet.

use std::collections::BTreeMap;
use std::ops::Bound;
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
    /// Made anew with every modification, because pages show it far more often.
    etag: Arc<str>,
}

impl Row {
    fn new(key: &str, number: usize) -> Self {
        let mut row = Self { cells: vec![Cell::Null; SUPPLIER.len()], number, etag: Arc::from("") };
        row.set("SupplierId", Some(key));
        row
    }

    fn of(seed: &SupplierSeed, number: usize) -> Self {
        let mut row = Self::new(&seed.id, number);
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
        self.etag = self.make_etag().into();
    }

    /// The weak ETag: base64 of another weak one, made of row id and modification in whole seconds.
    pub(crate) fn etag(&self) -> &str {
        &self.etag
    }

    fn make_etag(&self) -> String {
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
    by_modified: BTreeMap<(i64, Arc<str>), Arc<Row>>,
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
        let row = Arc::new(row);
        if let Some(stamp) = row.modified() {
            self.by_modified.insert((stamp.as_second(), key.clone()), row.clone());
        }
        self.rows.insert(key, row);
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
        let bounds = (Bound::Excluded(key), Bound::Unbounded);
        self.rows.range::<str, _>(bounds).map(|(_, row)| row)
    }

    /// Rows behind a pair of second and key, up to the second `last`, in the order of modification
    /// and key.
    pub(crate) fn between(&self, behind: (i64, &str), last: i64) -> impl Iterator<Item = &Arc<Row>> {
        let begin = (behind.0, Arc::<str>::from(behind.1));
        self.by_modified
            .range((Bound::Excluded(begin), Bound::Unbounded))
            .take_while(move |((second, _), _)| *second <= last)
            .map(|(_, row)| row)
    }

    /// The first row that nobody holds, from the one at `place` on and around.
    pub(crate) fn free_from(&self, place: usize) -> Option<Arc<str>> {
        let mut around = self.rows.keys().skip(place).chain(self.rows.keys().take(place));
        around.find(|key| !self.is_held(key)).cloned()
    }

    /// Whether somebody's open transaction holds the row: the database lets nobody else change it.
    pub(crate) fn is_held(&self, key: &str) -> bool {
        self.open.iter().any(|edit| &*edit.key == key)
    }

    /// Changes a row as of `stamp`; says whether it did: there must be one, and nobody may hold it.
    pub(crate) fn edit(&mut self, key: &str, changes: &[(String, Option<String>)], stamp: Timestamp) -> bool {
        if self.is_held(key) {
            return false;
        }
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
        let mut row = Row::new(key, self.numbers);
        for (name, value) in values {
            row.set(name, value.as_deref());
        }
        row.set_modified(Some(stamp));
        self.put(row);
    }

    /// Somebody changes a row: the stamp is taken now, but nobody sees it before the commit, and
    /// nobody else can change the row. Says whether there is one that nobody holds.
    pub(crate) fn begin(
        &mut self,
        key: &str,
        changes: Vec<(String, Option<String>)>,
        stamp: Timestamp,
    ) -> bool {
        let free = self.rows.contains_key(key) && !self.is_held(key);
        if free {
            self.open.push(OpenEdit { key: key.into(), changes, stamp });
        }
        free
    }

    /// The open transactions that `which` means commit; returns how many did.
    pub(crate) fn commit(&mut self, which: impl Fn(&str) -> bool) -> usize {
        let all = std::mem::take(&mut self.open);
        let (done, open): (Vec<OpenEdit>, Vec<OpenEdit>) = all.into_iter().partition(|edit| which(&edit.key));
        self.open = open;
        done.iter().filter(|edit| self.edit(&edit.key, &edit.changes, edit.stamp)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a second")
    }

    #[test]
    fn a_late_commit_carries_the_stamp_of_its_beginning_and_holds_the_row() {
        let mut table = Table::seeded(1, 10);
        let change = |name: &str| vec![("Name".to_owned(), Some(name.to_owned()))];
        assert!(table.begin("S10003", change("late"), at(2_000_000_000)));
        assert!(!table.begin("S10003", change("other"), at(2_000_000_001)));
        assert!(!table.edit("S10003", &change("other"), at(2_000_000_001)));
        assert!(!table.begin("S99999", change("nobody"), at(2_000_000_001)));
        assert!(table.edit("S10004", &change("early"), at(2_000_000_005)));
        assert_eq!(table.between((2_000_000_000, ""), i64::MAX).count(), 1);
        assert_eq!(table.commit(|key| key == "S10001"), 0);
        assert_eq!(table.commit(|_| true), 1);
        let seen: Vec<_> = table.between((1_999_999_999, ""), i64::MAX).map(|row| row.key()).collect();
        assert_eq!(seen, ["S10003".into(), "S10004".into()]);
        assert!(!table.is_held("S10003"));
    }

    #[test]
    fn the_etag_hides_row_and_modification() {
        let mut table = Table::default();
        table.insert("S1", &[("Name".to_owned(), Some(String::new()))], at(1_546_300_800));
        let row = table.get("S1").expect("a row");
        assert_eq!(row.get("Name"), &Cell::Null, "an empty text is null");
        let inner = row.etag().strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"')).expect("weak");
        let inner = STANDARD.decode(inner).expect("base64");
        assert_eq!(inner, b"W/\"AAAS000001AAB:20190101000000\"");
    }

    #[test]
    fn a_removed_row_is_gone_from_both_orders() {
        let mut table = Table::seeded(1, 3);
        assert!(table.remove("S10002"));
        assert!(!table.remove("S10002"));
        assert_eq!((table.len(), table.after("").count()), (2, 2));
        assert_eq!(table.between((i64::MIN, ""), i64::MAX).count(), 2);
    }
}
