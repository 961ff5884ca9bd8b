//! Journal entries (vouchers of the general ledger) with their rows: read only, as everything in the
//! books.

use crate::child::{ChildPart, ChildSettings};
use crate::entity_settings::EntitySettings;
use crate::field::{FieldKind, specs};
use crate::key::KeyField;
use crate::place::Place;

/// The name of the entity in flows and mappings.
pub const ENTITY: &str = "GenLedVoucherSet";

/// The field that holds the rows of a journal entry.
pub const ROWS: &str = "Rows";

/// The fields, with the key first and the modified attribute last.
const FIELDS: [(&str, FieldKind); 10] = [
    ("Company", FieldKind::Text),
    ("VoucherType", FieldKind::Text),
    ("AccountingYear", FieldKind::Decimal),
    ("VoucherNo", FieldKind::Decimal),
    ("AccountingPeriod", FieldKind::Decimal),
    ("VoucherDate", FieldKind::Date),
    ("VoucherText", FieldKind::Text),
    ("UserId", FieldKind::Text),
    ("Objstate", FieldKind::Enum),
    ("ModifiedDate", FieldKind::Timestamp),
];

/// The fields of a row.
const ROW: [(&str, FieldKind); 7] = [
    ("RowNo", FieldKind::Decimal),
    ("Account", FieldKind::Text),
    ("CodeB", FieldKind::Text),
    ("DebetAmount", FieldKind::Decimal),
    ("CreditAmount", FieldKind::Decimal),
    ("CurrencyCode", FieldKind::Text),
    ("Text", FieldKind::Text),
];

/// The settings that hold where the configuration says nothing.
///
/// Rows of a booked entry do not change by themselves: they come with the entry.
pub fn settings() -> EntitySettings {
    let key = || {
        vec![
            KeyField::text("Company"),
            KeyField::text("VoucherType"),
            KeyField::decimal("AccountingYear"),
            KeyField::decimal("VoucherNo"),
        ]
    };
    let rows = ChildSettings {
        field: ROWS.to_owned(),
        entity: "GenLedVoucherRow".to_owned(),
        parts: vec![ChildPart::set(Place::projection("GenLedVoucherHandling", "GenLedVoucherRowSet"))],
        parent: key(),
        key: key().into_iter().chain([KeyField::decimal("RowNo")]).collect(),
        modified: None,
        fields: specs(&ROW),
    };
    EntitySettings {
        key: key(),
        modified: Some("ModifiedDate".to_owned()),
        fields: specs(&FIELDS),
        children: vec![rows],
        ..EntitySettings::new(ENTITY, Place::projection("GenLedVoucherHandling", "GenLedVoucherSet"))
    }
}
