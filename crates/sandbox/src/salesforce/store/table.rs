//! The records of one object, by number and by indexed values.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::salesforce::identifier::number_of;
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::Object;

/// Numbers of records by value without case.
type Index = BTreeMap<Box<str>, Vec<u64>>;

/// All records of one object.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) object: Arc<Object>,
    records: BTreeMap<u64, Arc<Record>>,
    indexes: Vec<(u16, Index)>,
    numbers: u64,
    living: u64,
}

impl Table {
    pub(crate) fn new(object: Object) -> Self {
        let mut table = Self {
            object: Arc::new(object),
            records: BTreeMap::new(),
            indexes: Vec::new(),
            numbers: 0,
            living: 0,
        };
        table.add_indexes();
        table
    }

    /// Changes the object. Places of fields stay.
    pub(crate) fn alter(&mut self, change: impl FnOnce(&mut Object)) {
        change(Arc::make_mut(&mut self.object));
        self.add_indexes();
    }

    fn add_indexes(&mut self) {
        for (place, _) in self.object.places().filter(|(_, field)| field.is_indexed()) {
            if !self.indexes.iter().any(|(indexed, _)| *indexed == place) {
                self.indexes.push((place, Index::new()));
            }
        }
    }

    /// A number for a new record.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        self.records.values()
    }

    pub(crate) fn living(&self) -> u64 {
        self.living
    }

    /// A record by its id of 15 or 18 characters.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Record>> {
        self.records.get(&number_of(self.object.prefix, id)?)
    }

    pub(crate) fn by_number(&self, number: u64) -> Option<&Arc<Record>> {
        self.records.get(&number)
    }

    /// Whether values of this field can be looked up.
    pub(crate) fn is_indexed(&self, place: u16) -> bool {
        self.indexes.iter().any(|(indexed, _)| *indexed == place)
    }

    /// All records, deleted ones too, that have this value without case.
    pub(crate) fn having(&self, place: u16, value: &str) -> impl Iterator<Item = &Arc<Record>> {
        let index = self.indexes.iter().find(|(indexed, _)| *indexed == place);
        let numbers = index.and_then(|(_, index)| index.get(value.to_lowercase().as_str()));
        numbers.into_iter().flatten().filter_map(|number| self.records.get(number))
    }

    /// Stores a record; returns what was there before.
    pub(crate) fn put(&mut self, record: &Arc<Record>) -> Option<Arc<Record>> {
        let before = self.records.insert(record.number, record.clone());
        self.account(before.as_deref(), Some(record));
        before
    }

    /// Forgets a record entirely.
    pub(crate) fn remove(&mut self, number: u64) -> Option<Arc<Record>> {
        let before = self.records.remove(&number);
        self.account(before.as_deref(), None);
        before
    }

    fn account(&mut self, before: Option<&Record>, after: Option<&Record>) {
        let alive = |record: Option<&Record>| u64::from(record.is_some_and(|record| !record.deleted));
        self.living = self.living + alive(after) - alive(before);
        for (place, index) in &mut self.indexes {
            let held = before.and_then(|record| record.at(*place).as_text());
            let holds = after.and_then(|record| record.at(*place).as_text());
            if held == holds {
                continue;
            }
            if let (Some(held), Some(before)) = (held, before) {
                release(index, held, before.number);
            }
            if let (Some(holds), Some(after)) = (holds, after) {
                let numbers =
                    index.entry(holds.to_lowercase().into()).or_insert_with(|| Vec::with_capacity(1));
                if let Err(at) = numbers.binary_search(&after.number) {
                    numbers.insert(at, after.number);
                }
            }
        }
    }

    /// The record with this text in this field, without case; deleted ones do not count.
    pub(crate) fn one(&self, name: &str, text: &str) -> Option<&Arc<Record>> {
        let place = self.object.place(name)?;
        let fits = |record: &&Arc<Record>| {
            !record.deleted
                && matches!(record.at(place), Cell::Text(found) if found.eq_ignore_ascii_case(text))
        };
        if self.is_indexed(place) {
            return self.having(place, text).find(fits);
        }
        self.all().find(fits)
    }
}

fn release(index: &mut Index, value: &str, number: u64) {
    let value = value.to_lowercase();
    let Some(numbers) = index.get_mut(value.as_str()) else { return };
    numbers.retain(|other| *other != number);
    if numbers.is_empty() {
        index.remove(value.as_str());
    }
}
