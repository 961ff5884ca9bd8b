//! The org's records, what happened to them, and how that is taken back.

mod table;

use std::sync::Arc;

use jiff::Timestamp;

use super::changes::{Change, ChangeKind, ChangeLog};
use super::record::{Effect, Origin, Record};
use super::schema::{ACCOUNT, Home, Object};
pub(crate) use table::Table;

/// All records of the org.
#[derive(Debug)]
pub(crate) struct Store {
    tables: Vec<Table>,
    effects: Vec<Effect>,
    log: ChangeLog,
    /// Records that are gone for good: object, id, when.
    purged: Vec<(usize, String, Timestamp)>,
    counts: Counts,
    /// When the description of an object changed last.
    described: Timestamp,
    commits: u64,
    sequence: u32,
    /// Open transactions, the innermost last.
    undo: Vec<Undo>,
}

/// What the API did to records, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    pub(crate) deleted: u64,
}

/// Who writes, from where, and when.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) user: Arc<str>,
    /// The API and the client, as change events show them.
    pub(crate) origin: Arc<str>,
    pub(crate) now: Timestamp,
    /// Whether this came through the API.
    pub(crate) api: bool,
}

/// What it takes to take back a transaction.
#[derive(Debug)]
struct Undo {
    before: Vec<(usize, u64, Option<Arc<Record>>)>,
    effects: usize,
    changes: u64,
    purged: usize,
    counts: Counts,
}

impl Store {
    pub(crate) fn new(objects: Vec<Object>, now: Timestamp) -> Self {
        Self {
            tables: objects.into_iter().map(Table::new).collect(),
            effects: Vec::new(),
            log: ChangeLog::default(),
            purged: Vec::new(),
            counts: Counts::default(),
            described: now,
            commits: 0,
            sequence: 0,
            undo: Vec::new(),
        }
    }

    /// The tables in their places.
    pub(crate) fn tables(&self) -> &[Table] {
        &self.tables
    }

    pub(crate) fn table(&self, place: usize) -> Option<&Table> {
        self.tables.get(place)
    }

    pub(crate) fn table_mut(&mut self, place: usize) -> Option<&mut Table> {
        self.tables.get_mut(place)
    }

    pub(crate) fn object(&self, place: usize) -> Option<&Arc<Object>> {
        self.table(place).map(|table| &table.object)
    }

    /// When the description of an object changed last.
    pub(crate) fn described(&self) -> Timestamp {
        self.described
    }

    /// The description of objects changes now.
    pub(crate) fn describe_anew(&mut self, now: Timestamp) {
        self.described = now;
    }

    /// The place of an object; names are compared without case.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|table| {
            table.object.home != Home::Nowhere && table.object.name.eq_ignore_ascii_case(name)
        })
    }

    /// A record of any object by its id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Arc<Record>> {
        let prefix = id.get(..3)?;
        self.tables.iter().find(|table| table.object.prefix == prefix)?.get(id)
    }

    /// A record that lives, of any object.
    pub(crate) fn living(&self, id: &str) -> Option<&Arc<Record>> {
        self.by_id(id).filter(|record| !record.deleted)
    }

    /// Records, deleted ones too, whose reference `field` is this id.
    pub(crate) fn pointing(&self, table: usize, field: &str, id: &str) -> Vec<Arc<Record>> {
        let Some(table) = self.table(table) else { return Vec::new() };
        let Some(place) = table.object.place(field) else { return Vec::new() };
        table.having(place, id).cloned().collect()
    }

    /// Living records whose reference `field` is this id.
    pub(crate) fn children(&self, table: usize, field: &str, id: &str) -> Vec<Arc<Record>> {
        let mut children = self.pointing(table, field, id);
        children.retain(|child| !child.deleted);
        children
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Living Accounts.
    pub(crate) fn accounts(&self) -> u64 {
        self.table(ACCOUNT).map_or(0, Table::living)
    }

    /// A new record, not stored yet; `None` if there is no such object.
    pub(crate) fn blank(&mut self, place: usize, author: &Author) -> Option<Record> {
        let table = self.tables.get_mut(place)?;
        let number = table.next_number();
        let object = &table.object;
        Some(Record::new(&Origin { table: place, number, object, user: &author.user, now: author.now }))
    }

    /// Everything written from here on belongs to a transaction of its own.
    pub(crate) fn next_commit(&mut self) {
        self.commits += 1;
        self.sequence = 0;
    }

    /// Stores a record that somebody wrote.
    pub(crate) fn write(&mut self, mut record: Record, author: &Author) -> Arc<Record> {
        record.modified = author.now;
        record.modified_by = author.user.clone();
        record.shrink();
        let before = self.tables.get(record.table).and_then(|table| table.by_number(record.number)).cloned();
        let changed = before.as_ref().is_none_or(|before| !before.same(&record));
        let after = Arc::new(record);
        self.put(&after);
        if author.api {
            self.count(&after, before.is_none(), changed);
            let number = self.effects.len() as u64 + 1;
            let (at, created) = (author.now, before.is_none());
            self.effects.push(Effect { number, at, created, changed, after: after.clone() });
        }
        if changed {
            self.log(before.as_deref(), &after, author);
        }
        after
    }

    /// Stores what the org itself derives: no stamp moves, and nobody hears of it.
    pub(crate) fn derive(&mut self, record: Record) {
        self.put(&Arc::new(record));
    }

    /// Removes a record for good, without a change event, as a hard deletion does.
    pub(crate) fn purge(&mut self, record: &Record, author: &Author) {
        let Some(table) = self.tables.get_mut(record.table) else { return };
        let before = table.remove(record.number);
        if let Some(undo) = self.undo.last_mut() {
            undo.before.push((record.table, record.number, before));
        }
        self.purged.push((record.table, record.id.clone(), author.now));
        self.counts.deleted += u64::from(author.api);
    }

    /// Removes a deleted record of an object that knows no recycle bin.
    pub(crate) fn forget(&mut self, record: &Record) {
        let Some(table) = self.tables.get_mut(record.table) else { return };
        let before = table.remove(record.number);
        if let Some(undo) = self.undo.last_mut() {
            undo.before.push((record.table, record.number, before));
        }
        self.purged.push((record.table, record.id.clone(), record.modified));
    }

    /// Moves the stamps of a record, and lets events say so, although no value changed.
    pub(crate) fn touch(&mut self, mut record: Record, author: &Author) {
        record.modified = author.now;
        record.modified_by = author.user.clone();
        let before = self.tables.get(record.table).and_then(|table| table.by_number(record.number)).cloned();
        let after = Arc::new(record);
        self.put(&after);
        self.log(before.as_deref(), &after, author);
    }

    /// Stores a record with new stamps and without a change event, as a merge moves children.
    pub(crate) fn write_quietly(&mut self, mut record: Record, author: &Author) {
        record.modified = author.now;
        record.modified_by = author.user.clone();
        self.put(&Arc::new(record));
    }

    /// Records of an object that are gone for good: ids and when.
    pub(crate) fn purged(&self, table: usize) -> impl Iterator<Item = (&str, Timestamp)> {
        self.purged.iter().filter(move |(place, ..)| *place == table).map(|(_, id, at)| (id.as_str(), *at))
    }

    fn count(&mut self, after: &Record, created: bool, changed: bool) {
        let count = match (after.deleted, created, changed) {
            (true, ..) => &mut self.counts.deleted,
            (_, true, _) => &mut self.counts.created,
            (_, _, true) => &mut self.counts.updated,
            _ => &mut self.counts.unchanged,
        };
        *count += 1;
    }

    fn put(&mut self, record: &Arc<Record>) {
        let Some(table) = self.tables.get_mut(record.table) else { return };
        let before = table.put(record);
        if let Some(undo) = self.undo.last_mut() {
            undo.before.push((record.table, record.number, before));
        }
    }

    fn log(&mut self, before: Option<&Record>, after: &Arc<Record>, author: &Author) {
        let lived = before.is_some_and(|before| !before.deleted);
        let kind = match (lived, after.deleted) {
            (true, true) => ChangeKind::Delete,
            (true, false) => ChangeKind::Update,
            (false, false) if before.is_some() => ChangeKind::Undelete,
            (false, false) => ChangeKind::Create,
            (false, true) => return,
        };
        let places = match (kind, before) {
            (ChangeKind::Delete, _) => Vec::new(),
            (ChangeKind::Update, Some(before)) => after.changes(before),
            _ => after.filled().map(|(place, _)| place).collect(),
        };
        self.sequence += 1;
        self.log.append(Change {
            number: 0,
            at: author.now,
            kind,
            commit: self.commits,
            sequence: self.sequence,
            user: author.user.clone(),
            origin: author.origin.clone(),
            places: places.into(),
            after: after.clone(),
        });
    }

    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }

    pub(crate) fn changes(&self) -> &ChangeLog {
        &self.log
    }

    pub(crate) fn changes_mut(&mut self) -> &mut ChangeLog {
        &mut self.log
    }

    /// Opens a transaction: what is written from here on can be taken back.
    pub(crate) fn begin(&mut self) {
        self.undo.push(Undo {
            before: Vec::new(),
            effects: self.effects.len(),
            changes: self.log.reach().0,
            purged: self.purged.len(),
            counts: self.counts,
        });
    }

    /// Keeps what the innermost transaction wrote.
    pub(crate) fn keep(&mut self) {
        let Some(inner) = self.undo.pop() else { return };
        if let Some(outer) = self.undo.last_mut() {
            outer.before.extend(inner.before);
        }
    }

    /// Takes back what the innermost transaction wrote.
    pub(crate) fn roll_back(&mut self) {
        let Some(undo) = self.undo.pop() else { return };
        for (place, number, before) in undo.before.into_iter().rev() {
            let Some(table) = self.tables.get_mut(place) else { continue };
            match before {
                Some(before) => drop(table.put(&before)),
                None => drop(table.remove(number)),
            }
        }
        self.effects.truncate(undo.effects);
        self.purged.truncate(undo.purged);
        self.log.take_back(undo.changes);
        self.counts = undo.counts;
    }
}
