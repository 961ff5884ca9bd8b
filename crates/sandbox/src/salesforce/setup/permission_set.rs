//! Permission sets from their metadata.

use super::component::Refused;
use super::custom_field::located;
use super::element::Element;
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::{FIELD_PERMISSIONS, Flag, OBJECT_PERMISSIONS, PERMISSION_SET};
use crate::salesforce::store::{Author, Store};

/// What objects may allow, in metadata and in records.
const ALLOWED: &[(&str, &str)] = &[
    ("allowCreate", "PermissionsCreate"),
    ("allowRead", "PermissionsRead"),
    ("allowEdit", "PermissionsEdit"),
    ("allowDelete", "PermissionsDelete"),
    ("viewAllRecords", "PermissionsViewAllRecords"),
    ("modifyAllRecords", "PermissionsModifyAllRecords"),
];

/// Judges a permission set; `planned` are fields that come with it.
pub(super) fn judge(
    store: &Store,
    name: &str,
    metadata: &Element,
    planned: &[String],
) -> Result<(), Refused> {
    let bad = |message: String| Err(Refused::new("INVALID_INPUT", message));
    if metadata.text("label").is_none() {
        return bad(format!("{name}: Required field is missing: label"));
    }
    for permission in metadata.all("fieldPermissions") {
        let full = permission.text("field").unwrap_or_default();
        if planned.iter().any(|planned| planned == full) {
            continue;
        }
        let (table, field) = located(store, full)?;
        let found = store.object(table).and_then(|object| object.find(field));
        match found {
            None => return bad(format!("In field: field - no CustomField named {full} found")),
            Some((_, field)) if field.is(Flag::Required) => {
                return bad(format!("You cannot deploy to a required field: {full}"));
            }
            Some(_) => {}
        }
    }
    for permission in metadata.all("objectPermissions") {
        let object = permission.text("object").unwrap_or_default();
        if store.named(object).is_none() {
            return bad(format!("In field: object - no CustomObject named {object} found"));
        }
    }
    Ok(())
}

/// Writes a permission set with all it grants.
pub(super) fn apply(store: &mut Store, name: &str, metadata: &Element, author: &Author) -> String {
    let set = upsert(store, PERMISSION_SET, &[("Name", name)], author, |record| {
        record.set("Label", metadata.text("label").map_or(Cell::Null, Cell::text));
        record.set("Description", metadata.text("description").map_or(Cell::Null, Cell::text));
    });
    for permission in metadata.all("fieldPermissions") {
        let full = permission.text("field").unwrap_or_default();
        let object = full.split('.').next().unwrap_or_default();
        upsert(store, FIELD_PERMISSIONS, &[("ParentId", &set), ("Field", full)], author, |record| {
            record.set("SobjectType", Cell::text(object));
            let edit = permission.truth("editable");
            record.set("PermissionsEdit", Cell::Bool(edit));
            record.set("PermissionsRead", Cell::Bool(edit || permission.truth("readable")));
        });
    }
    for permission in metadata.all("objectPermissions") {
        let object = permission.text("object").unwrap_or_default();
        upsert(store, OBJECT_PERMISSIONS, &[("ParentId", &set), ("SobjectType", object)], author, |record| {
            for (from, to) in ALLOWED {
                record.set(to, Cell::Bool(permission.truth(from)));
            }
        });
    }
    set
}

/// The record with these texts, made if there is none, and changed.
fn upsert(
    store: &mut Store,
    table: usize,
    key: &[(&str, &str)],
    author: &Author,
    change: impl FnOnce(&mut Record),
) -> String {
    let fits = |record: &&std::sync::Arc<Record>| {
        !record.deleted && key.iter().all(|(name, text)| record.str(name) == Some(text))
    };
    let known =
        store.table(table).and_then(|table| table.all().find(fits)).map(|record| Record::clone(record));
    let Some(mut record) = known.or_else(|| store.blank(table, author)) else { return String::new() };
    for (name, text) in key {
        record.set(name, Cell::text(text));
    }
    change(&mut record);
    let id = record.id.clone();
    store.derive(record);
    id
}
