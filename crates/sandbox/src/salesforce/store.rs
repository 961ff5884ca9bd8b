//! The org's records, by id and by external id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::record::{Account, Effect, suffix};
use super::schema::Column;

/// All Accounts.
#[derive(Debug, Default)]
pub(crate) struct Store {
    records: BTreeMap<String, Arc<Account>>,
    /// Ids by external id without case, deleted records too.
    by_key: BTreeMap<String, BTreeSet<String>>,
    effects: Vec<Effect>,
    numbers: u64,
    counts: Counts,
}

/// What the API did to records, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) living: u64,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    pub(crate) deleted: u64,
}

impl Store {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.records.values()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// A record by its id of 15 or 18 characters.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Account>> {
        match id.len() {
            15 => self.records.get(&format!("{id}{}", suffix(id))),
            _ => self.records.get(id),
        }
    }

    /// All records, deleted ones too, with this id or this external id without case.
    pub(crate) fn lookup(&self, column: Column, value: &str) -> Vec<&Arc<Account>> {
        if column == Column::Id {
            return self.get(value).into_iter().collect();
        }
        let ids = self.by_key.get(&value.to_lowercase());
        ids.into_iter().flatten().filter_map(|id| self.records.get(id)).collect()
    }

    /// Living records with this external id.
    pub(crate) fn by_key(&self, key: &str, case_sensitive: bool) -> Vec<&Arc<Account>> {
        let ids = self.by_key.get(&key.to_lowercase());
        let records = ids.into_iter().flatten().filter_map(|id| self.records.get(id));
        records
            .filter(|record| !record.deleted)
            .filter(|record| !case_sensitive || record.key() == Some(key))
            .collect()
    }

    /// A new record, not stored yet.
    pub(crate) fn blank(&mut self, now: Timestamp) -> Account {
        self.numbers += 1;
        Account::new(self.numbers, now)
    }

    /// Stores a record that the API wrote.
    pub(crate) fn write(&mut self, mut record: Account, created: bool, now: Timestamp) {
        let before = self.records.get(&record.id);
        let changed =
            before.is_none_or(|before| before.cells != record.cells || before.deleted != record.deleted);
        record.modified = now;
        let count = match (record.deleted, created, changed) {
            (true, ..) => &mut self.counts.deleted,
            (_, true, _) => &mut self.counts.created,
            (_, _, true) => &mut self.counts.updated,
            _ => &mut self.counts.unchanged,
        };
        *count += 1;
        let after = self.put(record);
        let number = self.effects.len() as u64 + 1;
        self.effects.push(Effect { number, at: now, created, changed, after });
    }

    /// Stores a record that somebody else wrote.
    pub(crate) fn put(&mut self, record: Account) -> Arc<Account> {
        let id = record.id.clone();
        let record = Arc::new(record);
        let before = self.records.insert(id.clone(), record.clone());
        let lived = before.as_ref().is_some_and(|before| !before.deleted);
        self.counts.living = self.counts.living + u64::from(!record.deleted) - u64::from(lived);
        let held = before.as_deref().and_then(Account::key);
        if held == record.key() {
            return record;
        }
        if let Some(ids) = held.and_then(|key| self.by_key.get_mut(&key.to_lowercase())) {
            ids.remove(&id);
        }
        if let Some(key) = record.key() {
            self.by_key.entry(key.to_lowercase()).or_default().insert(id);
        }
        record
    }

    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }
}
