//! Suppliers: where they are and what is read of them.

use crate::detection::HistorySettings;
use crate::entity_settings::EntitySettings;
use crate::field::{FieldKind, specs};
use crate::key::KeyField;
use crate::partner;
use crate::place::Place;

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
        key: vec![KeyField::text("SupplierId")],
        modified: Some("ModifiedDate".to_owned()),
        fields: specs(&FIELDS),
        history: HistorySettings::of(&["SupplierInfoGeneral", "SupplierInfo"]),
        ..EntitySettings::new(ENTITY, Place::projection("SupplierHandling", "SupplierSet"))
    }
}

/// The set that tenants of IFS Cloud are seen to expose, with addresses, communication methods and
/// contacts beside the supplier itself.
pub fn general_info() -> EntitySettings {
    EntitySettings {
        place: Place::projection("SupplierHandling", "SupplierInfoGeneralSet"),
        history: HistorySettings::of(&[
            "SupplierInfoGeneral",
            "SupplierInfo",
            "SupplierInfoAddress",
            "SupplierInfoCommMethod",
            "SupplierInfoContact",
        ]),
        children: partner::children("SupplierInfo", "SupplierId"),
        ..settings()
    }
}
