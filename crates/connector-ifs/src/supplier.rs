//! Suppliers: where they are and what is read of them.

use std::time::Duration;

use crate::field::{FieldKind, FieldSpec};
use crate::key::{KeyField, KeyKind, KeyOrder};
use crate::settings::{EntitySettings, Precision};
use crate::time_zone::TimeZonePolicy;

/// The name of the entity in flows and mappings.
pub const ENTITY: &str = "SupplierSet";

/// The fields, with `SupplierId` first and the modified attribute last.
const FIELDS: [(&str, FieldKind); 21] = [
    ("SupplierId", FieldKind::Text),
    ("Name", FieldKind::Text),
    ("AssociationNo", FieldKind::Text),
    ("Country", FieldKind::Text),
    ("Address1", FieldKind::Text),
    ("Address2", FieldKind::Text),
    ("ZipCode", FieldKind::Text),
    ("City", FieldKind::Text),
    ("State", FieldKind::Text),
    ("Phone", FieldKind::Text),
    ("Fax", FieldKind::Text),
    ("Email", FieldKind::Text),
    ("WebAddress", FieldKind::Text),
    ("CurrencyCode", FieldKind::Text),
    ("PayTermId", FieldKind::Text),
    ("DeliveryTerms", FieldKind::Text),
    ("CreditLimit", FieldKind::Decimal),
    ("CreationDate", FieldKind::Date),
    ("ExpireDate", FieldKind::Date),
    ("Objstate", FieldKind::Enum),
    ("ModifiedDate", FieldKind::Timestamp),
];

/// The settings that hold where the configuration says nothing.
///
/// Names of sets and attributes differ from tenant to tenant; these are the documented defaults,
/// and `doctor` compares them with the tenant's metadata.
pub fn settings() -> EntitySettings {
    EntitySettings {
        entity: ENTITY.to_owned(),
        projection: "SupplierHandling".to_owned(),
        set: "SupplierSet".to_owned(),
        key: vec![KeyField { name: "SupplierId".to_owned(), kind: KeyKind::Text }],
        key_order: KeyOrder::Binary,
        modified: "ModifiedDate".to_owned(),
        precision: Precision::Exact,
        time_zone: TimeZonePolicy::Utc,
        page_size: EntitySettings::LARGEST_PAGE,
        overlap: Duration::from_mins(15),
        lag: Duration::from_secs(2),
        fields: FIELDS.iter().map(|(name, kind)| FieldSpec::new(name, *kind)).collect(),
        absent_is_null: false,
    }
}
