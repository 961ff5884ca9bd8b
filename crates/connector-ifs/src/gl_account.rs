//! GL accounts: read only, as everything in the books.

use crate::entity_settings::EntitySettings;
use crate::field::{FieldKind, specs};
use crate::key::KeyField;
use crate::place::Place;

/// The name of the entity in flows and mappings.
pub const ENTITY: &str = "AccountSet";

/// The fields, with the key first and the modified attribute last.
const FIELDS: [(&str, FieldKind); 9] = [
    ("Company", FieldKind::Text),
    ("Account", FieldKind::Text),
    ("Description", FieldKind::Text),
    ("AccountType", FieldKind::Enum),
    ("AccountGroup", FieldKind::Text),
    ("ValidFrom", FieldKind::Date),
    ("ValidUntil", FieldKind::Date),
    ("LedgerAccount", FieldKind::Boolean),
    ("ModifiedDate", FieldKind::Timestamp),
];

/// The settings that hold where the configuration says nothing.
pub fn settings() -> EntitySettings {
    EntitySettings {
        key: vec![KeyField::text("Company"), KeyField::text("Account")],
        modified: Some("ModifiedDate".to_owned()),
        fields: specs(&FIELDS),
        ..EntitySettings::new(ENTITY, Place::projection("AccountHandling", "AccountSet"))
    }
}
