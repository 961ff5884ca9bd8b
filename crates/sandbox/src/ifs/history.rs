//! What the history log keeps of a change, if logging is switched on for the unit.

use jiff::Timestamp;

use super::cell::{Cell, whole_seconds};
use super::database::Database;
use super::entity::Entity;
use super::row::Row;
use super::schema::{HISTORY_LOG, HISTORY_LOG_ATTRIBUTE};

/// Who changes something, when, and which units are logged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log<'a> {
    pub(crate) at: Timestamp,
    pub(crate) user: &'a str,
    /// Logical units; `*` means all.
    pub(crate) units: &'a [String],
}

/// A row before and after.
pub(crate) struct Change<'a> {
    pub(crate) entity: &'static Entity,
    pub(crate) old: Option<&'a Row>,
    pub(crate) new: Option<&'a Row>,
}

impl Log<'_> {
    /// The rows of the log that tell of the change: one entry, and one for each attribute.
    pub(crate) fn rows(&self, change: &Change<'_>, db: &mut Database) -> Vec<Row> {
        let logged = self.units.iter().any(|unit| unit == "*" || unit == change.entity.lu);
        let own = change.entity == &HISTORY_LOG || change.entity == &HISTORY_LOG_ATTRIBUTE;
        let (Some(shown), true, false) = (change.new.or(change.old), logged, own) else { return Vec::new() };
        let kind = match (change.old, change.new) {
            (None, _) => "Insert",
            (Some(_), Some(_)) => "Modify",
            (Some(_), None) => "Delete",
        };
        let Some(mut entry) = db.blank(&HISTORY_LOG) else { return Vec::new() };
        let id = entry.number().to_string();
        for (name, value) in [
            ("LogId", id.as_str()),
            ("LuName", change.entity.lu),
            ("Username", self.user),
            ("HistoryType", kind),
            ("Keys", &shown.keyref()),
        ] {
            entry.set(name, Some(value));
        }
        entry.change(Some(whole_seconds(self.at)));
        let mut rows = vec![entry];
        for (column, old, new) in differences(change) {
            let Some(mut row) = db.blank(&HISTORY_LOG_ATTRIBUTE) else { continue };
            row.set("LogId", Some(&id));
            row.set("ColumnName", Some(&column));
            row.set("OldValue", old.as_deref());
            row.set("NewValue", new.as_deref());
            row.change(Some(self.at));
            rows.push(row);
        }
        rows
    }
}

/// Column, old and new value of everything that changed, but for the stamp.
fn differences(change: &Change<'_>) -> Vec<(String, Option<String>, Option<String>)> {
    let value = |row: Option<&Row>, place: usize| row.map_or(Cell::Null, |row| row.at(place).clone());
    let columns = change.entity.columns.iter().enumerate();
    columns
        .filter(|(_, column)| change.entity.modified != Some(column.name))
        .map(|(place, column)| (column.name, value(change.old, place), value(change.new, place)))
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| (column_name(name), old.text(), new.text()))
        .collect()
}

/// The database's name of an attribute: `SupplierId` is `SUPPLIER_ID`.
pub(crate) fn column_name(attribute: &str) -> String {
    let mut name = String::with_capacity(attribute.len() + 4);
    let mut last = '_';
    for letter in attribute.chars() {
        if letter.is_ascii_uppercase() && last != '_' {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
        last = letter;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_names_in_the_database() {
        for (attribute, column) in [
            ("SupplierId", "SUPPLIER_ID"),
            ("Address1", "ADDRESS1"),
            ("B2bCustomer", "B2B_CUSTOMER"),
            ("Cf_Crm_Id", "CF_CRM_ID"),
        ] {
            assert_eq!(column_name(attribute), column);
        }
    }
}
