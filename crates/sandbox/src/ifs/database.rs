//! The database: all tables, the edits that are not committed yet, and what can be taken back.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::entity::Entity;
use super::history::{Change, Log};
use super::row::Row;
use super::schema::entities;
use super::seeding::seeded;
use super::settings::IfsSettings;
use super::table::Table;

/// Column by name, and its new value as text.
pub(crate) type Changes = Vec<(String, Option<String>)>;

/// An edit by somebody whose transaction is still open.
#[derive(Debug, Clone)]
struct OpenEdit {
    entity: &'static Entity,
    key: Arc<str>,
    changes: Changes,
    stamp: Timestamp,
}

/// What stood in the place of a row before it was changed.
type Before = (&'static Entity, Arc<str>, Option<Arc<Row>>);

/// All tables.
#[derive(Debug)]
pub(crate) struct Database {
    settings: IfsSettings,
    /// By logical unit; each is filled when somebody first looks.
    tables: BTreeMap<&'static str, OnceCell<Table>>,
    open: Vec<OpenEdit>,
    undo: Option<Vec<Before>>,
}

impl Database {
    pub(crate) fn new(settings: &IfsSettings) -> Self {
        let tables = entities().map(|entity| (entity.lu, OnceCell::new())).collect();
        Self { settings: settings.clone(), tables, open: Vec::new(), undo: None }
    }

    /// The table of a unit.
    pub(crate) fn table(&self, entity: &'static Entity) -> Option<&Table> {
        let cell = self.tables.get(entity.lu)?;
        Some(cell.get_or_init(|| {
            let mut table = seeded(entity, &self.settings);
            // Whoever was deleted before anybody looked takes the children along.
            if let Some(parents) = entity.parent.and_then(|parent| self.table(parent)) {
                table.keep_children(parents);
            }
            table
        }))
    }

    fn table_mut(&mut self, entity: &'static Entity) -> Option<&mut Table> {
        self.table(entity)?;
        self.tables.get_mut(entity.lu)?.get_mut()
    }

    /// A row by its key.
    pub(crate) fn row(&self, entity: &'static Entity, key: &str) -> Option<&Arc<Row>> {
        self.table(entity)?.get(key)
    }

    /// How many rows each unit has whose table somebody has looked at.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.tables.iter().filter_map(|(lu, table)| Some((*lu, table.get()?.len())))
    }

    /// A physical row that nobody has filled yet.
    pub(crate) fn blank(&mut self, entity: &'static Entity) -> Option<Row> {
        self.table_mut(entity).map(Table::blank)
    }

    /// Puts a row in the place of the one with its key.
    pub(crate) fn store(&mut self, row: Row, log: &Log<'_>) {
        let (entity, row) = (row.entity(), Arc::new(row));
        let old = self.table_mut(entity).and_then(|table| table.put(row.clone()));
        self.remember(entity, row.key(), old.clone());
        self.note(&Change { entity, old: old.as_deref(), new: Some(&row) }, log);
    }

    /// Deletes a row and what belongs to it; says whether there was one.
    pub(crate) fn delete(&mut self, entity: &'static Entity, key: &str, log: &Log<'_>) -> bool {
        let Some(old) = self.table_mut(entity).and_then(|table| table.remove(key)) else { return false };
        self.remember(entity, old.key(), Some(old.clone()));
        self.note(&Change { entity, old: Some(&old), new: None }, log);
        for child in entities().filter(|child| child.parent == Some(entity)) {
            // Tables that nobody has looked at will not have these rows.
            let seen = self.tables.get(child.lu).and_then(OnceCell::get);
            let keys: Vec<_> =
                seen.into_iter().flat_map(|table| table.beginning(key)).map(|row| row.key()).collect();
            for key in keys {
                self.delete(child, &key, log);
            }
        }
        true
    }

    fn remember(&mut self, entity: &'static Entity, key: Arc<str>, old: Option<Arc<Row>>) {
        if let Some(undo) = &mut self.undo {
            undo.push((entity, key, old));
        }
    }

    fn note(&mut self, change: &Change<'_>, log: &Log<'_>) {
        for row in log.rows(change, self) {
            let entity = row.entity();
            self.remember(entity, row.key(), None);
            if let Some(table) = self.table_mut(entity) {
                table.put(Arc::new(row));
            }
        }
    }

    /// What follows can be taken back.
    pub(crate) fn begin_transaction(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// What was done since stays.
    pub(crate) fn end_transaction(&mut self) {
        self.undo = None;
    }

    /// Everything since is as if it had not been.
    pub(crate) fn roll_back(&mut self) {
        for (entity, key, old) in self.undo.take().unwrap_or_default().into_iter().rev() {
            let Some(table) = self.table_mut(entity) else { continue };
            match old {
                Some(row) => drop(table.put(row)),
                None => drop(table.remove(&key)),
            }
        }
    }

    /// The first row that nobody holds, from the one at `place` on and around.
    pub(crate) fn free_from(&self, entity: &'static Entity, place: usize) -> Option<Arc<str>> {
        self.table(entity)?.around(place).find(|key| !self.is_held(entity, key)).cloned()
    }

    /// Whether somebody's open transaction holds the row: the database lets nobody else change it.
    pub(crate) fn is_held(&self, entity: &'static Entity, key: &str) -> bool {
        self.open.iter().any(|edit| *edit.key == *key && edit.entity == entity)
    }

    /// Changes a row as of the log's time; says whether it did: there must be one, and nobody may
    /// hold it.
    pub(crate) fn edit(
        &mut self,
        entity: &'static Entity,
        key: &str,
        changes: &[(String, Option<String>)],
        log: &Log<'_>,
    ) -> bool {
        if self.is_held(entity, key) {
            return false;
        }
        let Some(row) = self.row(entity, key) else { return false };
        let mut row = Row::clone(row);
        for (name, value) in changes {
            row.set(name, value.as_deref());
        }
        let stamp = changes.iter().find(|(name, _)| Some(name.as_str()) == entity.modified);
        row.change(Some(log.at));
        if let Some((name, value)) = stamp {
            // Somebody sets the stamp itself, in the database.
            row.set(name, value.as_deref());
        }
        self.store(row, log);
        true
    }

    /// Adds a row, its key among the values; an existing one of the same key is replaced.
    pub(crate) fn insert(
        &mut self,
        entity: &'static Entity,
        values: &[(String, Option<String>)],
        log: &Log<'_>,
    ) -> Option<Arc<str>> {
        let mut row = self.blank(entity)?;
        for (name, value) in values {
            row.set(name, value.as_deref());
        }
        row.change(Some(log.at));
        let key = row.key();
        self.store(row, log);
        Some(key)
    }

    /// Somebody changes a row: the stamp is taken now, but nobody sees it before the commit, and
    /// nobody else can change the row. Says whether there is one that nobody holds.
    pub(crate) fn begin(
        &mut self,
        entity: &'static Entity,
        key: &str,
        changes: Changes,
        stamp: Timestamp,
    ) -> bool {
        let free = self.row(entity, key).is_some() && !self.is_held(entity, key);
        if free {
            self.open.push(OpenEdit { entity, key: key.into(), changes, stamp });
        }
        free
    }

    /// The open transactions that `which` means commit; returns how many did.
    pub(crate) fn commit(&mut self, which: impl Fn(&Entity, &str) -> bool, log: &Log<'_>) -> usize {
        let all = std::mem::take(&mut self.open);
        let (done, open): (Vec<OpenEdit>, Vec<OpenEdit>) =
            all.into_iter().partition(|edit| which(edit.entity, &edit.key));
        self.open = open;
        let mut count = 0;
        for edit in done {
            let log = Log { at: edit.stamp, ..*log };
            count += usize::from(self.edit(edit.entity, &edit.key, &edit.changes, &log));
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ifs::schema::SUPPLIER_INFO;

    fn log(second: i64) -> Log<'static> {
        Log { at: Timestamp::from_second(second).expect("a second"), user: "IFSAPP", units: &[] }
    }

    fn change(name: &str) -> Changes {
        vec![("Name".to_owned(), Some(name.to_owned()))]
    }

    #[test]
    fn a_late_commit_carries_the_stamp_of_its_beginning_and_holds_the_row() {
        let mut db = Database::new(&IfsSettings { suppliers: 10, ..IfsSettings::default() });
        let unit = &SUPPLIER_INFO;
        let at = |second: i64| Timestamp::from_second(second).expect("a second");
        assert!(db.begin(unit, "S10003", change("late"), at(2_000_000_000)));
        assert!(!db.begin(unit, "S10003", change("other"), at(2_000_000_001)));
        assert!(!db.edit(unit, "S10003", &change("other"), &log(2_000_000_001)));
        assert!(!db.begin(unit, "S99999", change("nobody"), at(2_000_000_001)));
        assert!(db.edit(unit, "S10004", &change("early"), &log(2_000_000_005)));
        let since = |db: &Database, second: i64| -> Vec<Arc<str>> {
            let table = db.table(unit).expect("a table");
            table.between((second, ""), i64::MAX).map(|row| row.key()).collect()
        };
        assert_eq!(since(&db, 2_000_000_000).len(), 1);
        assert_eq!(db.commit(|_, key| key == "S10001", &log(2_000_000_009)), 0);
        assert_eq!(db.commit(|_, _| true, &log(2_000_000_009)), 1);
        assert_eq!(since(&db, 1_999_999_999), ["S10003".into(), "S10004".into()]);
        assert!(!db.is_held(unit, "S10003"));
    }

    #[test]
    fn children_of_a_row_that_is_gone_are_gone_whoever_looks_first() {
        let lines = |looks_first: bool| {
            let mut db = Database::new(&IfsSettings { orders: 5, ..IfsSettings::default() });
            let line = &crate::ifs::schema::PURCHASE_ORDER_LINE;
            if looks_first {
                assert!(db.table(line).is_some());
            }
            let order = line.parent.expect("an order");
            assert!(db.delete(order, "100002", &log(2_000_000_000)));
            let table = db.table(line).expect("a table");
            assert_eq!(table.beginning("100002").count(), 0);
            table.len()
        };
        assert_eq!(lines(true), lines(false));
    }

    #[test]
    fn a_rolled_back_transaction_leaves_nothing() {
        let units = ["*".to_owned()];
        let logged = Log { units: &units, ..log(2_000_000_000) };
        let mut db = Database::new(&IfsSettings { suppliers: 3, ..IfsSettings::default() });
        let before: Vec<_> = db.table(&SUPPLIER_INFO).expect("a table").all().cloned().collect();
        db.begin_transaction();
        assert!(db.edit(&SUPPLIER_INFO, "S10001", &change("new"), &logged));
        assert!(db.delete(&SUPPLIER_INFO, "S10002", &logged));
        let values = vec![("SupplierId".to_owned(), Some("S2".to_owned()))];
        assert!(db.insert(&SUPPLIER_INFO, &values, &logged).is_some());
        assert_eq!(db.table(&crate::ifs::schema::HISTORY_LOG).map(Table::len), Some(3));
        db.roll_back();
        let after: Vec<_> = db.table(&SUPPLIER_INFO).expect("a table").all().cloned().collect();
        assert_eq!(after, before);
        assert_eq!(db.table(&crate::ifs::schema::HISTORY_LOG).map(Table::len), Some(0));
    }
}
