//! A system at one end of a pair, as a model: rows, a server's clock, and a journal of every effect.

use std::collections::{BTreeMap, BTreeSet};

/// Who changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// People.
    Human,
    /// The product.
    Ours,
}

/// One field of one row, changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The row's key, which both systems share.
    pub key: String,
    /// The field; empty for a removal.
    pub field: String,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
    /// Who did it.
    pub by: By,
    /// The number of the change that it belongs to.
    pub change: u64,
    /// The second of the change, by the system's clock.
    pub second: i64,
    /// The second of the change, in truth.
    pub at: i64,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The system's own id.
    pub id: String,
    /// The key that both systems share.
    pub key: String,
    /// Its fields; an empty text is none.
    pub fields: BTreeMap<String, String>,
    /// The number of its last change.
    pub change: u64,
    /// The second of its last change, by the system's clock.
    pub second: i64,
    /// Whether it was deleted.
    pub gone: bool,
}

/// How the system tells whether a row is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validator {
    /// By a stamp of its own for each change.
    Strong,
    /// By the second of the last change.
    Second,
}

/// What a write meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// It is done; the id of the row, and whether it was made.
    Done(String, bool),
    /// A row of that key is there already.
    Exists,
    /// The row is not the one that the write was meant for.
    Moved,
    /// There is no such row.
    Missing,
}

/// A write, as a system gets it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The key that both systems share.
    pub key: String,
    /// The row's own id; `None`: it is to be made.
    pub id: Option<String>,
    /// What is to stand there; empty for a removal.
    pub fields: Vec<(String, String)>,
    /// Must the row be as it was, and how that was.
    pub guard: Option<String>,
    /// Whether it may meet anything: an upsert, or an unguarded write.
    pub blind: bool,
}

/// A system.
#[derive(Debug, Clone)]
pub struct Side {
    /// The prefix of its own ids; rows of a system without one are named by their key.
    pub prefix: &'static str,
    /// Its rows, by their own id.
    pub rows: BTreeMap<String, Row>,
    /// Everything that took effect, in order.
    pub effects: Vec<Effect>,
    /// How far its clock is from the true time.
    pub skew: i64,
    /// Whether it refuses a second row of one key.
    pub unique: bool,
    /// How it tells rows apart from their former selves.
    pub validator: Validator,
    /// A field whose texts it stores in capitals.
    pub capitals: Option<&'static str>,
    changes: u64,
    ids: BTreeMap<String, Vec<String>>,
}

impl Side {
    /// A system without rows.
    pub fn new(prefix: &'static str, skew: i64, validator: Validator) -> Self {
        Self {
            prefix,
            rows: BTreeMap::new(),
            effects: Vec::new(),
            skew,
            unique: true,
            validator,
            capitals: None,
            changes: 0,
            ids: BTreeMap::new(),
        }
    }

    /// The rows of a key that are there.
    pub fn of_key(&self, key: &str) -> impl Iterator<Item = &Row> {
        let ids = self.ids.get(key).into_iter().flatten();
        ids.filter_map(|id| self.rows.get(id)).filter(|row| !row.gone)
    }

    /// The rows that are there.
    pub fn live(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(|row| !row.gone)
    }

    /// How the system tells a row from its former selves.
    pub fn guard(&self, row: &Row) -> String {
        match self.validator {
            Validator::Strong => row.change.to_string(),
            Validator::Second => row.second.to_string(),
        }
    }

    /// Whether the row was changed in the very second that it is now.
    pub fn is_fresh(&self, row: &Row, now: i64) -> bool {
        self.validator == Validator::Second && row.second >= now + self.skew
    }

    /// Makes a row.
    pub fn insert(&mut self, key: &str, fields: &[(String, String)], by: By, now: i64) -> String {
        let id = if self.prefix.is_empty() {
            key.to_owned()
        } else {
            format!("{}{:03}", self.prefix, self.rows.len() + 1)
        };
        let fresh = Row { id: id.clone(), key: key.to_owned(), ..Row::default() };
        let ids = self.ids.entry(key.to_owned()).or_default();
        if !ids.contains(&id) {
            ids.push(id.clone());
        }
        self.rows.insert(id.clone(), fresh);
        self.write(&id, fields, by, now);
        id
    }

    /// Writes fields of a row.
    pub fn write(&mut self, id: &str, fields: &[(String, String)], by: By, now: i64) {
        self.changes += 1;
        let (change, capitals) = (self.changes, self.capitals);
        let Some(row) = self.rows.get_mut(id) else { return };
        (row.change, row.second) = (change, now + self.skew);
        for (field, after) in fields {
            let after = if capitals == Some(field.as_str()) { after.to_uppercase() } else { after.clone() };
            let before = row.fields.insert(field.clone(), after.clone()).unwrap_or_default();
            let (key, field) = (row.key.clone(), field.clone());
            let (second, at) = (now + self.skew, now);
            self.effects.push(Effect { key, field, before, after, by, change, second, at });
        }
    }

    /// Deletes a row.
    pub fn delete(&mut self, id: &str, by: By, now: i64) {
        self.changes += 1;
        let change = self.changes;
        let Some(row) = self.rows.get_mut(id) else { return };
        (row.gone, row.change, row.second) = (true, change, now + self.skew);
        let key = row.key.clone();
        let (field, before, after) = (String::new(), String::new(), String::new());
        let (second, at) = (now + self.skew, now);
        self.effects.push(Effect { key, field, before, after, by, change, second, at });
    }

    /// Carries out a write of the product.
    pub fn carry_out(&mut self, order: &Order, now: i64) -> Met {
        let Some(id) = &order.id else { return self.make(order, now) };
        let Some(row) = self.rows.get(id).filter(|row| !row.gone) else {
            return if order.fields.is_empty() { Met::Done(id.clone(), false) } else { Met::Missing };
        };
        if !order.blind && !order.guard.as_ref().is_some_and(|guard| self.is_still(row, guard)) {
            return Met::Moved;
        }
        if order.fields.is_empty() {
            self.delete(id, By::Ours, now);
        } else {
            self.write(id, &order.fields, By::Ours, now);
        }
        Met::Done(id.clone(), false)
    }

    fn make(&mut self, order: &Order, now: i64) -> Met {
        let there = self.of_key(&order.key).next().map(|row| row.id.clone());
        match there {
            Some(_) if self.unique && !order.blind => Met::Exists,
            Some(id) if self.unique => {
                self.write(&id, &order.fields, By::Ours, now);
                Met::Done(id, false)
            }
            _ => Met::Done(self.insert(&order.key, &order.fields, By::Ours, now), true),
        }
    }

    /// `If-Match`, or `If-Unmodified-Since`.
    fn is_still(&self, row: &Row, guard: &str) -> bool {
        match self.validator {
            Validator::Strong => self.guard(row) == guard,
            Validator::Second => guard.parse().is_ok_and(|since: i64| row.second <= since),
        }
    }

    /// Keys that more than one row has.
    pub fn doubled(&self) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        self.live().filter(|row| !seen.insert(row.key.clone())).map(|row| row.key.clone()).collect()
    }
}
