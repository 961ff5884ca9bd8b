//! Writing: one record through all checks.

use std::sync::Arc;

use http::StatusCode;
use wire::{Entropy, SeededEntropy};

use super::identifier::well_formed;
use super::members::Members;
use super::problem::Problem;
use super::record::{Cell, Record};
use super::schema::{Field, Flag, Object, Users};
use super::store::{Author, Store};
use super::switches::{Matching, SalesforceSwitches};

/// What a call does with each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Update,
    /// By the external id at this place; `None` is the id itself.
    Upsert(Option<u16>),
}

/// Everything a write needs.
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) switches: &'a mut SalesforceSwitches,
    pub(crate) entropy: &'a SeededEntropy,
    pub(crate) author: Author,
    /// The user's bit in what fields say about users.
    pub(crate) user: Users,
    /// Whether the caller saves records although a duplicate rule alerts.
    pub(crate) saves_duplicates: bool,
}

/// A record on its way in, and what it was before.
pub(crate) struct Draft {
    pub(crate) record: Record,
    pub(crate) before: Option<Arc<Record>>,
}

impl Draft {
    pub(crate) fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Whether the field gets another value than it had.
    pub(crate) fn changes(&self, name: &str) -> bool {
        let was = self.before.as_ref().map_or(&Cell::Null, |before| before.get(name));
        self.record.get(name) != was
    }
}

/// What became of a written record.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) id: String,
    pub(crate) created: bool,
}

impl Desk<'_> {
    /// The place of an object that records are written to.
    pub(crate) fn writable(&self, name: &str) -> Result<usize, Problem> {
        let place = self.store.named(name).ok_or_else(|| Problem::no_object(name))?;
        match self.store.object(place) {
            Some(object) if object.writable => Ok(place),
            _ => {
                let message = format!("entity type {name} does not support this call");
                Err(Problem::bad("INVALID_TYPE_FOR_OPERATION", message))
            }
        }
    }

    /// Writes one record as a collection or a job asks for it.
    pub(crate) fn apply(
        &mut self,
        table: usize,
        members: &Members<'_>,
        verb: Verb,
    ) -> Result<Written, Problem> {
        match verb {
            Verb::Create => {
                forbid_id(members)?;
                self.create(table, members)
            }
            Verb::Upsert(None) if members.text("Id").is_none() => self.create(table, members),
            Verb::Update | Verb::Upsert(None) => {
                let record = self.addressed(table, members)?;
                self.change(&record, members)
            }
            Verb::Upsert(Some(place)) => {
                forbid_id(members)?;
                match self.keyed_by(table, place, members)? {
                    None => self.create(table, members),
                    Some(record) => self.change(&record, members),
                }
            }
        }
    }

    /// Creates one record.
    pub(crate) fn create(&mut self, table: usize, members: &Members<'_>) -> Result<Written, Problem> {
        let draft = self.blank(table)?;
        self.save(draft, members)
    }

    /// Changes one record.
    pub(crate) fn change(&mut self, record: &Arc<Record>, members: &Members<'_>) -> Result<Written, Problem> {
        let draft = self.reopened(record);
        self.save(draft, members)
    }

    /// Writes one record under its external id.
    pub(crate) fn keyed(
        &mut self,
        (table, place, key): (usize, u16, &str),
        members: &Members<'_>,
        only_update: bool,
    ) -> Result<Written, Problem> {
        let field = self.field(table, place)?;
        let name = field.name.clone();
        if members.has(&name) {
            let message = format!("The {name} field should not be specified in the sobject data.");
            return Err(Problem::bad("INVALID_FIELD", message).about(&name));
        }
        let draft = match self.holders(table, place, key).into_iter().next() {
            // The external id stays as it is spelled already.
            Some(record) => self.reopened(&record),
            None if only_update => return Err(Problem::not_found()),
            None => {
                let mut draft = self.blank(table)?;
                draft.record.put(place, self.slot(table, &field)?.keep(key)?);
                draft
            }
        };
        self.save(draft, members)
    }

    fn blank(&mut self, table: usize) -> Result<Draft, Problem> {
        let mut record = self.store.blank(table, &self.author).ok_or_else(Problem::not_found)?;
        let object = record.object.clone();
        for (place, field) in object.places().filter(|(_, field)| field.is(Flag::Defaulted)) {
            let cell = match field.default.as_str() {
                "$user" => Cell::Text(self.author.user.clone()),
                "true" => Cell::Bool(true),
                "false" => Cell::Bool(false),
                text => Cell::text(text),
            };
            record.put(place, cell);
        }
        Ok(Draft { record, before: None })
    }

    fn reopened(&self, record: &Arc<Record>) -> Draft {
        let mut opened = Record::clone(record);
        // Fields may have been added since it was written.
        if let Some(object) = self.store.object(record.table) {
            opened.object = object.clone();
        }
        Draft { record: opened, before: Some(record.clone()) }
    }

    fn save(&mut self, mut draft: Draft, members: &Members<'_>) -> Result<Written, Problem> {
        self.writes_allowed()?;
        self.fill(&mut draft, members)?;
        self.rules_before(&mut draft)?;
        self.check(&draft)?;
        self.unique(&draft)?;
        self.no_duplicate(&draft)?;
        if self.is_locked() {
            let words = "unable to obtain exclusive access to this record or 1 records";
            return Err(Problem::bad("UNABLE_TO_LOCK_ROW", words));
        }
        if self.meets_limit(&draft.record) {
            return Err(limit_exceeded());
        }
        let Draft { record, before } = draft;
        let written = Written { id: record.id.clone(), created: before.is_none() };
        let record = self.store.write(record, &self.author);
        self.rules_after(&record, before.as_deref());
        Ok(written)
    }

    /// Whether the org takes writes at all.
    pub(crate) fn writes_allowed(&self) -> Result<(), Problem> {
        if !self.switches.maintenance {
            return Ok(());
        }
        let words = "Inserts, updates, and deletes are not allowed during maintenance";
        Err(Problem::bad("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", words))
    }

    fn is_locked(&mut self) -> bool {
        if self.switches.locked_rows > 0 {
            self.switches.locked_rows -= 1;
            return true;
        }
        // Drawn only where chance is asked for, so that other runs do not depend on it.
        let per_mille = u64::from(self.switches.locked_per_mille);
        per_mille > 0 && self.entropy.next_u64() % 1_000 < per_mille
    }

    /// The record that an update names.
    fn addressed(&self, table: usize, members: &Members<'_>) -> Result<Arc<Record>, Problem> {
        let Some(id) = members.text("Id") else {
            return Err(Problem::bad("MISSING_ARGUMENT", "Id not specified in an update call").about("Id"));
        };
        self.living(table, &id).map_err(|problem| match problem.code {
            "NOT_FOUND" => Problem::bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
            _ => problem.with_status(StatusCode::BAD_REQUEST),
        })
    }

    /// The record that an upsert names by its external id, if there is one.
    fn keyed_by(
        &self,
        table: usize,
        place: u16,
        members: &Members<'_>,
    ) -> Result<Option<Arc<Record>>, Problem> {
        let name = self.field(table, place)?.name;
        let Some(key) = members.text(&name) else {
            return Err(Problem::bad("MISSING_ARGUMENT", format!("{name} not specified")).about(&name));
        };
        let mut found = self.holders(table, place, &key);
        if found.len() > 1 {
            let ids = found.iter().map(|record| record.id.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("{name}: more than one record found for external id field: [{ids}]");
            return Err(Problem::bad("DUPLICATE_EXTERNAL_ID", message).about(&name));
        }
        Ok(found.pop())
    }

    /// Living records with this external id.
    pub(crate) fn holders(&self, table: usize, place: u16, key: &str) -> Vec<Arc<Record>> {
        let Some(table) = self.store.table(table) else { return Vec::new() };
        let exact = table.object.field(place).is_some_and(|field| self.is_exact(field));
        let key = key.trim();
        let fits =
            |record: &&Arc<Record>| !record.deleted && (!exact || record.at(place).as_text() == Some(key));
        table.having(place, key).filter(fits).cloned().collect()
    }

    /// Whether a field tells upper and lower case apart.
    pub(crate) fn is_exact(&self, field: &Field) -> bool {
        field.is(Flag::Exact) || field.is(Flag::ExternalId) && self.switches.case_sensitive
    }

    fn field(&self, table: usize, place: u16) -> Result<Field, Problem> {
        let object = self.store.object(table);
        object.and_then(|object| object.field(place)).cloned().ok_or_else(Problem::not_found)
    }

    /// A field that records can be addressed by.
    pub(crate) fn key_field(&self, object: &Object, name: &str) -> Result<u16, Problem> {
        let seen = object.find(name).filter(|(_, field)| {
            field.is_key() && field.readers & self.user != 0 && !self.switches.hides(&object.name, name)
        });
        seen.map(|(place, _)| place).ok_or_else(|| Problem::no_external_id(name))
    }

    /// A record that lives, by its id of 15 or 18 characters.
    pub(crate) fn living(&self, table: usize, id: &str) -> Result<Arc<Record>, Problem> {
        match self.store.table(table).and_then(|table| table.get(id)) {
            None if !well_formed(id) => Err(Problem::bad("MALFORMED_ID", format!("malformed id {id}"))),
            None => Err(Problem::not_found()),
            Some(record) if record.deleted => {
                Err(Problem::new(StatusCode::NOT_FOUND, "ENTITY_IS_DELETED", "entity is deleted"))
            }
            Some(record) => Ok(record.clone()),
        }
    }

    /// Whether a trigger runs into a limit with this record.
    pub(crate) fn meets_limit(&self, record: &Record) -> bool {
        self.switches.limited.as_ref().is_some_and(|rule| matching(record, rule))
    }
}

fn forbid_id(members: &Members<'_>) -> Result<(), Problem> {
    if members.text("Id").is_none() {
        return Ok(());
    }
    let message = "cannot specify Id in an insert call";
    Err(Problem::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).about("Id"))
}

/// Whether the record has the text in the field.
pub(crate) fn matching(record: &Record, rule: &Matching) -> bool {
    record.text(&rule.field).is_some_and(|text| text.contains(&rule.contains))
}

/// What a record says whose transaction met a limit.
pub(crate) fn limit_exceeded() -> Problem {
    let words = "AccountTrigger: System.LimitException: Apex CPU time limit exceeded";
    Problem::bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", words)
}
