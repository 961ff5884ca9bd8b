//! Customers: where they are, and what is read of them and of what belongs to them.

use crate::detection::HistorySettings;
use crate::entity_settings::EntitySettings;
use crate::field::{FieldKind, specs};
use crate::key::KeyField;
use crate::partner;
use crate::place::Place;

/// The name of the entity in flows and mappings.
pub const ENTITY: &str = "CustomerSet";

/// The fields, with `CustomerId` first and the modified attribute last.
const FIELDS: [(&str, FieldKind); 15] = [
    ("CustomerId", FieldKind::Text),
    ("Name", FieldKind::Text),
    ("AssociationNo", FieldKind::Text),
    ("CustomerCategory", FieldKind::Enum),
    ("Country", FieldKind::Enum),
    ("DefaultLanguage", FieldKind::Text),
    ("CorporateForm", FieldKind::Text),
    ("CreationDate", FieldKind::Date),
    ("DateOfRegistration", FieldKind::Date),
    ("OneTime", FieldKind::Boolean),
    ("B2bCustomer", FieldKind::Boolean),
    ("IdentifierRefValidation", FieldKind::Enum),
    ("MainRepresentative", FieldKind::Text),
    ("PartyType", FieldKind::Enum),
    ("ModifiedDate", FieldKind::Timestamp),
];

/// The settings that hold where the configuration says nothing.
///
/// Addresses, communication methods and contacts come as the lists `Addresses`, `CommMethods` and
/// `Contacts`. Only contacts show when they were changed; for a change of an address alone choose
/// the history log or a sweep.
pub fn settings() -> EntitySettings {
    EntitySettings {
        key: vec![KeyField::text("CustomerId")],
        modified: Some("ModifiedDate".to_owned()),
        fields: specs(&FIELDS),
        history: HistorySettings::of(&[
            "CustomerInfo",
            "CustomerInfoAddress",
            "CustomerInfoCommMethod",
            "CustomerInfoContact",
        ]),
        children: partner::children("CustomerInfo", "CustomerId"),
        ..EntitySettings::new(ENTITY, Place::projection("CustomerHandling", "CustomerSet"))
    }
}

/// The set that tenants of IFS Cloud are seen to expose.
pub fn info() -> EntitySettings {
    EntitySettings { place: Place::projection("CustomerHandling", "CustomerInfoSet"), ..settings() }
}
