//! Permission sets: who sees fields that nobody sees by default.

use crate::salesforce::desk::{Desk, Draft};
use crate::salesforce::problem::Problem;
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::{ASSIGNMENT, FIELD_PERMISSIONS, Flag, Users};
use crate::salesforce::session::API_USERS;
use crate::salesforce::store::Store;

impl Desk<'_> {
    /// A permission set is assigned to a user once.
    pub(super) fn assignment(&self, draft: &Draft) -> Result<(), Problem> {
        let record = &draft.record;
        let Some(set) = record.str("PermissionSetId") else { return Ok(()) };
        let others = self.store.children(ASSIGNMENT, "PermissionSetId", set);
        let same = |other: &std::sync::Arc<Record>| {
            other.id != record.id && other.get("AssigneeId") == record.get("AssigneeId")
        };
        if !others.iter().any(same) {
            return Ok(());
        }
        let message = "Duplicate PermissionSetAssignment. Assignee already has this permission set";
        Err(Problem::bad("DUPLICATE_VALUE", message).about("AssigneeId"))
    }

    /// Permissions are for fields that there are and that take permissions, once in a set.
    pub(super) fn field_permissions(&self, draft: &mut Draft) -> Result<(), Problem> {
        let path = draft.record.str("Field").unwrap_or_default().to_owned();
        let bad = |message: String| Err(Problem::bad("INVALID_FIELD", message).about("Field"));
        let Some((object, name)) = path.split_once('.') else {
            return bad(format!("{path} is no field: write it as Object.Field"));
        };
        let found = self.store.named(object).and_then(|place| self.store.object(place));
        let Some((_, field)) = found.and_then(|object| object.find(name)) else {
            return bad(format!("{path} is not a field"));
        };
        if field.is(Flag::Required) {
            return bad(format!("You cannot deploy to a required field: {path}"));
        }
        if draft.record.truth("PermissionsEdit") {
            draft.record.set("PermissionsRead", Cell::Bool(true));
        }
        let set = draft.record.str("ParentId").unwrap_or_default();
        let others = self.store.children(FIELD_PERMISSIONS, "ParentId", set);
        let same = |other: &std::sync::Arc<Record>| {
            other.id != draft.record.id && other.str("Field").is_some_and(|of| of.eq_ignore_ascii_case(&path))
        };
        match others.iter().find(|other| same(other)) {
            Some(holder) => Err(Problem::duplicate("Field", &holder.id)),
            None => Ok(()),
        }
    }

    /// Fields are seen by whom the permission sets say.
    pub(super) fn grant(&mut self) {
        grant(self.store, self.author.now);
    }
}

/// Lets the schema say who sees which field.
pub(crate) fn grant(store: &mut Store, now: jiff::Timestamp) {
    store.describe_anew(now);
    let mut grants: Vec<(String, String, Users, Users)> = Vec::new();
    if let Some(table) = store.table(FIELD_PERMISSIONS) {
        for permission in table.all().filter(|record| !record.deleted) {
            let Some((object, field)) = permission.str("Field").and_then(|path| path.split_once('.')) else {
                continue;
            };
            let users = holders(store, permission.str("ParentId").unwrap_or_default());
            let read = if permission.truth("PermissionsRead") { users } else { 0 };
            let edit = if permission.truth("PermissionsEdit") { users } else { 0 };
            grants.push((object.to_owned(), field.to_owned(), read, edit));
        }
    }
    for place in 0..store.tables().len() {
        let Some(table) = store.table_mut(place) else { continue };
        if !table.object.fields.iter().any(|field| field.is(Flag::Granted)) {
            continue;
        }
        table.alter(|object| {
            for field in object.fields.iter_mut().filter(|field| field.is(Flag::Granted)) {
                let own = grants.iter().filter(|(of, name, ..)| {
                    of.eq_ignore_ascii_case(&object.name) && name.eq_ignore_ascii_case(&field.name)
                });
                (field.readers, field.editors) = own
                    .fold((0, 0), |(readers, editors), (_, _, read, edit)| (readers | read, editors | edit));
            }
        });
    }
}

/// The API users that have a permission set.
fn holders(store: &Store, set: &str) -> Users {
    let assigned = store.children(ASSIGNMENT, "PermissionSetId", set);
    let bits = API_USERS.iter().enumerate().map(|(bit, user)| (1 << bit, user.id()));
    bits.filter(|(_, id)| assigned.iter().any(|record| record.str("AssigneeId") == Some(id)))
        .fold(0, |users, (bit, _): (Users, String)| users | bit)
}
