//! The org's records, by id and by external id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::record::{Account, Cell, Effect};
use super::schema::{KEY, place};

/// All Accounts.
#[derive(Debug, Default)]
pub(crate) struct Store {
    records: BTreeMap<String, Arc<Account>>,
    /// Ids by external id without case.
    by_key: BTreeMap<String, BTreeSet<String>>,
    effects: Vec<Effect>,
    numbers: u64,
}

impl Store {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.records.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// A record by its id of 15 or 18 characters.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Account>> {
        match id.len() {
            15 => self.records.get(&format!("{id}{}", super::record::suffix(id))),
            _ => self.records.get(id),
        }
    }

    /// Living records with this external id.
    pub(crate) fn by_key(&self, key: &str, case_sensitive: bool) -> Vec<&Arc<Account>> {
        let ids = self.by_key.get(&key.to_lowercase());
        let records = ids.into_iter().flatten().filter_map(|id| self.records.get(id));
        records
            .filter(|record| !record.deleted)
            .filter(|record| !case_sensitive || record.text(KEY).as_deref() == Some(key))
            .collect()
    }

    /// A new record, not stored yet.
    pub(crate) fn blank(&mut self, now: Timestamp) -> Account {
        self.numbers += 1;
        Account::new(self.numbers, now)
    }

    /// Stores a record that the API wrote.
    pub(crate) fn write(&mut self, mut record: Account, created: bool, now: Timestamp) {
        let changed = self.records.get(&record.id).is_none_or(|before| before.cells != record.cells);
        record.modified = now;
        let after = self.put(record);
        let number = self.effects.len() as u64 + 1;
        self.effects.push(Effect { number, at: now, created, changed, after });
    }

    /// Stores a record that somebody else wrote.
    pub(crate) fn put(&mut self, record: Account) -> Arc<Account> {
        if let Some(before) = self.records.get(&record.id)
            && let Some(key) = before.text(KEY)
            && let Some(ids) = self.by_key.get_mut(&key.to_lowercase())
        {
            ids.remove(&record.id);
        }
        if let Some(key) = record.text(KEY) {
            self.by_key.entry(key.to_lowercase()).or_default().insert(record.id.clone());
        }
        let record = Arc::new(record);
        self.records.insert(record.id.clone(), record.clone());
        record
    }

    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }
}

impl Account {
    /// Sets a value by field name.
    pub(crate) fn set(&mut self, name: &str, cell: Cell) {
        if let Some(slot) = place(name).and_then(|place| self.cells.get_mut(place)) {
            *slot = cell;
        }
    }
}
