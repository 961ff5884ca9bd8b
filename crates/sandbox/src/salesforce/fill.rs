//! What a record says on its way in: every member is read, then the whole is checked.

use super::desk::{Desk, Draft, matching};
use super::members::{Given, Members};
use super::problem::Problem;
use super::record::{Cell, Record};
use super::schema::{Column, Field, Flag, Object};
use super::values::Slot;

impl Desk<'_> {
    /// Writes the members into the record; the first problem ends it.
    pub(crate) fn fill(&self, draft: &mut Draft, members: &Members<'_>) -> Result<(), Problem> {
        let object = draft.record.object.clone();
        for (name, given) in members.fields() {
            let (place, cell) = match object.find(name) {
                Some((place, field)) => {
                    self.may_write(&object, field, draft.is_new())?;
                    (place, self.slot(draft.record.table, field)?.read(given)?)
                }
                None => self.parent(&object, name, (given, draft.is_new()))?,
            };
            draft.record.put(place, cell);
        }
        if self.switches.rewrites_phones
            && let Some(phone) = draft.record.str("Phone").map(|phone| phone.replace(' ', ""))
        {
            draft.record.set("Phone", Cell::text(&phone));
        }
        Ok(())
    }

    /// A field with what it takes to judge its values.
    pub(crate) fn slot<'a>(&'a self, table: usize, field: &'a Field) -> Result<Slot<'a>, Problem> {
        let object = self.store.object(table).ok_or_else(Problem::not_found)?;
        Ok(Slot { object: &object.name, field, store: self.store, switches: self.switches })
    }

    fn may_write(&self, object: &Object, field: &Field, creating: bool) -> Result<(), Problem> {
        let name = &field.name;
        if field.readers & self.user == 0 || self.switches.hides(&object.name, name) {
            return Err(Problem::no_member(name, &object.name));
        }
        let closed = if creating { Flag::NoCreate } else { Flag::NoUpdate };
        let open = field.editors & self.user != 0 && !self.switches.locks(&object.name, name);
        if open && !field.is(closed) { Ok(()) } else { Err(not_writable(name)) }
    }

    /// A reference by the parent's external id: `{"Account": {"IFS_Key__c": "S1"}}`, or
    /// `Account.IFS_Key__c` in a CSV file.
    fn parent(
        &self,
        object: &Object,
        name: &str,
        (given, creating): (Given<'_>, bool),
    ) -> Result<(u16, Cell), Problem> {
        if Column::named(object, name).is_some() {
            return Err(not_writable(name));
        }
        // Where several objects are possible, a CSV file names the one meant: `User:Owner.Username`.
        let path = name.rsplit_once(':').map_or(name, |(_, path)| path);
        let (relationship, dotted) = path.split_once('.').map_or((path, None), |(r, key)| (r, Some(key)));
        let (place, field) =
            object.reference(relationship).ok_or_else(|| Problem::no_member(name, &object.name))?;
        self.may_write(object, field, creating)?;
        if given.is_null() {
            return Ok((place, Cell::Null));
        }
        let inner = given.record();
        let (key, value) = match (&inner, dotted) {
            (Some(members), None) => {
                let mut fields = members.fields();
                fields.next().ok_or_else(|| Problem::no_member(name, &object.name))?
            }
            (None, Some(key)) => (key, given),
            _ => return Err(Problem::no_member(name, &object.name)),
        };
        let value = value.text().unwrap_or_default();
        self.parent_id(object, field, (key, value.trim())).map(|cell| (place, cell))
    }

    fn parent_id(&self, object: &Object, field: &Field, (key, value): (&str, &str)) -> Result<Cell, Problem> {
        let target = field.to.first().and_then(|target| self.store.named(target));
        let target = target.ok_or_else(Problem::not_found)?;
        let parent = self.store.object(target).ok_or_else(Problem::not_found)?;
        let Ok(place) = self.key_field(parent, key) else {
            let message = format!(
                "Field name provided, {key} is not an External ID or indexed field for {}",
                parent.name
            );
            return Err(Problem::bad("INVALID_FIELD", message));
        };
        let found = self.holders(target, place, value);
        match found.as_slice() {
            [one] => Ok(Cell::text(&one.id)),
            [] => {
                let message = format!(
                    "Foreign key external ID: {value} not found for field {key} in entity {}",
                    parent.name
                );
                Err(Problem::bad("INVALID_FIELD", message))
            }
            _ => {
                let message =
                    format!("{}: more than one record found for external id field: {key}", object.name);
                Err(Problem::bad("DUPLICATE_EXTERNAL_ID", message).about(&field.name))
            }
        }
    }

    /// Rules over the whole record.
    pub(crate) fn check(&self, draft: &Draft) -> Result<(), Problem> {
        let Draft { record, .. } = draft;
        let missing: Vec<&str> = record
            .object
            .places()
            .filter(|(place, field)| field.is(Flag::Required) && record.at(*place).is_null())
            .map(|(_, field)| field.name.as_str())
            .collect();
        if !missing.is_empty() {
            let message = format!("Required fields are missing: [{}]", missing.join(", "));
            let problem = Problem::bad("REQUIRED_FIELD_MISSING", message);
            return Err(missing.iter().fold(problem, |problem, name| problem.about(name)));
        }
        match &self.switches.refused {
            Some(rule) if matching(record, rule) => {
                let message = format!("This value of {} is not allowed", rule.field);
                Err(Problem::bad("FIELD_CUSTOM_VALIDATION_EXCEPTION", message).about(&rule.field))
            }
            _ => Ok(()),
        }
    }

    /// Unique values belong to one record only.
    pub(crate) fn unique(&self, draft: &Draft) -> Result<(), Problem> {
        let Draft { record, .. } = draft;
        for (place, field) in record.object.places().filter(|(_, field)| field.is(Flag::Unique)) {
            let waived = self.switches.not_unique && field.is(Flag::ExternalId);
            let Some(value) = record.at(place).as_text().filter(|_| !waived) else { continue };
            let holders = self.holders(record.table, place, value);
            if let Some(holder) = holders.iter().find(|holder| holder.id != record.id) {
                return Err(Problem::duplicate(&field.name, &holder.id));
            }
        }
        Ok(())
    }

    /// What a text becomes in a field, whoever wrote it; nothing if there is no such field.
    pub(crate) fn kept(&self, record: &Record, name: &str, text: &str) -> Option<Cell> {
        let (_, field) = record.object.find(name)?;
        self.slot(record.table, field).ok()?.keep(text).ok()
    }
}

fn not_writable(name: &str) -> Problem {
    let message = format!(
        "Unable to create/update fields: {name}. Please check the security settings of this field and verify that \
         it is read/write for your profile or permission set."
    );
    Problem::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).about(name)
}
