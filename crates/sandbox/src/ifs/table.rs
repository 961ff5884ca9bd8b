//! A table: its rows by key and by modification.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

use super::entity::Entity;
use super::row::Row;
use crate::world::RowSeed;

/// All rows of a logical unit.
#[derive(Debug)]
pub(crate) struct Table {
    entity: &'static Entity,
    rows: BTreeMap<Arc<str>, Arc<Row>>,
    by_modified: BTreeMap<(i64, Arc<str>), Arc<Row>>,
    numbers: usize,
}

impl Table {
    pub(crate) fn new(entity: &'static Entity) -> Self {
        Self { entity, rows: BTreeMap::new(), by_modified: BTreeMap::new(), numbers: 0 }
    }

    pub(crate) fn seeded(entity: &'static Entity, seeds: impl Iterator<Item = RowSeed>) -> Self {
        let mut table = Self::new(entity);
        for seed in seeds {
            let mut row = table.blank();
            for (name, value) in &seed.values {
                row.set(name, value.as_deref());
            }
            row.change(seed.modified.and_then(|second| Timestamp::from_second(second).ok()));
            table.put(Arc::new(row));
        }
        table
    }

    /// A physical row that nobody has filled yet.
    pub(crate) fn blank(&mut self) -> Row {
        self.numbers += 1;
        Row::new(self.entity, self.numbers)
    }

    /// Puts a row in the place of the one with its key; returns that.
    pub(crate) fn put(&mut self, row: Arc<Row>) -> Option<Arc<Row>> {
        let key = row.key();
        let old = self.remove(&key);
        if let Some(second) = row.shown_second() {
            self.by_modified.insert((second, key.clone()), row.clone());
        }
        self.rows.insert(key, row);
        old
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Arc<Row>> {
        let old = self.rows.remove(key)?;
        if let Some(second) = old.shown_second() {
            self.by_modified.remove(&(second, old.key()));
        }
        Some(old)
    }

    /// Drops rows whose parent does not exist.
    pub(crate) fn keep_children(&mut self, parents: &Self) {
        let lost =
            |key: &&Arc<str>| key.split('\0').next().is_some_and(|parent| parents.get(parent).is_none());
        for key in self.rows.keys().filter(lost).cloned().collect::<Vec<_>>() {
            self.remove(&key);
        }
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

    /// The keys, from the one at `place` on and around.
    pub(crate) fn around(&self, place: usize) -> impl Iterator<Item = &Arc<str>> {
        self.rows.keys().skip(place).chain(self.rows.keys().take(place))
    }

    /// Rows behind `key`, in the order of keys.
    pub(crate) fn after(&self, key: &str) -> impl Iterator<Item = &Arc<Row>> {
        let bounds = (Bound::Excluded(key), Bound::Unbounded);
        self.rows.range::<str, _>(bounds).map(|(_, row)| row)
    }

    /// Rows whose composite key begins with the parts of `prefix`, in the order of keys.
    pub(crate) fn beginning<'a>(&'a self, prefix: &str) -> impl Iterator<Item = &'a Arc<Row>> + use<'a> {
        let prefix = format!("{prefix}\0");
        let bounds = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let rows = self.rows.range::<str, _>(bounds);
        rows.take_while(move |(key, _)| key.starts_with(&prefix)).map(|(_, row)| row)
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
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::ifs::cell::Cell;
    use crate::ifs::schema::{PURCHASE_ORDER_LINE, SUPPLIER_INFO};
    use crate::world::suppliers;

    #[test]
    fn the_etag_hides_row_and_modification() {
        let mut table = Table::new(&SUPPLIER_INFO);
        let mut row = table.blank();
        row.set("SupplierId", Some("S1"));
        row.set("Name", Some(""));
        row.change(Timestamp::from_second(1_546_300_800).ok());
        table.put(Arc::new(row));
        let row = table.get("S1").expect("a row");
        assert_eq!(row.get("Name"), &Cell::Null, "an empty text is null");
        let inner = row.etag().strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"')).expect("weak");
        let inner = STANDARD.decode(inner).expect("base64");
        assert_eq!(inner, b"W/\"AAAS000001AAB:20190101000000\"");
    }

    #[test]
    fn a_removed_row_is_gone_from_both_orders() {
        let mut table = Table::seeded(&SUPPLIER_INFO, suppliers(1, 3).map(Into::into));
        assert!(table.remove("S10002").is_some());
        assert!(table.remove("S10002").is_none());
        assert_eq!((table.len(), table.after("").count()), (2, 2));
        assert_eq!(table.between((i64::MIN, ""), i64::MAX).count(), 2);
    }

    #[test]
    fn composite_keys_sort_part_by_part() {
        let line = |order: &str, line: &str| RowSeed {
            values: vec![
                ("OrderNo", Some(order.to_owned())),
                ("LineNo", Some(line.to_owned())),
                ("ReleaseNo", Some("1".to_owned())),
            ],
            modified: Some(0),
        };
        let seeds = [line("10", "1"), line("1", "2"), line("1", "1"), line("1-", "1")];
        let table = Table::seeded(&PURCHASE_ORDER_LINE, seeds.into_iter());
        let orders: Vec<_> = table.all().filter_map(|row| row.get("OrderNo").text()).collect();
        assert_eq!(orders, ["1", "1", "1-", "10"]);
        assert_eq!((table.beginning("1").count(), table.beginning("1\u{0}2").count()), (2, 1));
    }
}
