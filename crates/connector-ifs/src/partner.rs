//! What suppliers and customers have alike: addresses, communication methods and contacts; as
//! children, and those of customers as records of their own, which can be written.

use crate::child::{ChildPart, ChildSettings};
use crate::detection::{Detection, SweepSettings};
use crate::entity_settings::EntitySettings;
use crate::field::{FieldKind, FieldSpec, specs};
use crate::key::KeyField;
use crate::place::Place;

/// An address of a customer, alone.
pub const CUSTOMER_ADDRESS: &str = "CustomerAddress";
/// A communication method of a customer, alone.
pub const CUSTOMER_METHOD: &str = "CustomerCommMethod";
/// A contact of a customer, alone.
pub const CUSTOMER_CONTACT: &str = "CustomerContact";

/// An address.
const ADDRESS: [(&str, FieldKind); 16] = [
    ("AddressId", FieldKind::Text),
    ("Name", FieldKind::Text),
    ("Address1", FieldKind::Text),
    ("Address2", FieldKind::Text),
    ("Address3", FieldKind::Text),
    ("Address4", FieldKind::Text),
    ("Address5", FieldKind::Text),
    ("Address6", FieldKind::Text),
    ("ZipCode", FieldKind::Text),
    ("City", FieldKind::Text),
    ("County", FieldKind::Text),
    ("State", FieldKind::Text),
    ("Country", FieldKind::Enum),
    ("ValidFrom", FieldKind::Date),
    ("ValidTo", FieldKind::Date),
    ("DefaultDomain", FieldKind::Boolean),
];

/// A way to reach somebody.
const METHOD: [(&str, FieldKind); 6] = [
    ("CommId", FieldKind::Decimal),
    ("AddressId", FieldKind::Text),
    ("MethodId", FieldKind::Enum),
    ("Value", FieldKind::Text),
    ("Description", FieldKind::Text),
    ("MethodDefault", FieldKind::Boolean),
];

/// A person.
const CONTACT: [(&str, FieldKind); 7] = [
    ("PersonId", FieldKind::Text),
    ("AddressId", FieldKind::Text),
    ("Name", FieldKind::Text),
    ("Role", FieldKind::Text),
    ("Phone", FieldKind::Text),
    ("Mobile", FieldKind::Text),
    ("Email", FieldKind::Text),
];

/// The children of the logical unit `unit` whose rows name their owner in `owner`, by entity
/// services: the projections have them behind navigations only.
pub(crate) fn children(unit: &str, owner: &str) -> Vec<ChildSettings> {
    let child = |field: &str, name: &str, key: KeyField, fields: &[(&str, FieldKind)]| {
        let entity = format!("{unit}{name}");
        let place = Place::entity(&format!("{entity}Entity"), &format!("{entity}Set"));
        ChildSettings {
            field: field.to_owned(),
            entity,
            parts: vec![ChildPart::set(place)],
            parent: vec![KeyField::text(owner)],
            key: vec![KeyField::text(owner), key],
            modified: None,
            fields: specs(fields),
        }
    };
    let contacts = child("Contacts", "Contact", KeyField::text("PersonId"), &CONTACT);
    vec![
        child("Addresses", "Address", KeyField::text("AddressId"), &ADDRESS),
        child("CommMethods", "CommMethod", KeyField::decimal("CommId"), &METHOD),
        ChildSettings { modified: Some("Changed".to_owned()), ..contacts },
    ]
}

/// Addresses of customers; the key is `CustomerId^AddressId`.
pub fn customer_address() -> EntitySettings {
    alone(CUSTOMER_ADDRESS, "Address", KeyField::text("AddressId"), &ADDRESS)
}

/// Communication methods of customers; the key is `CustomerId^CommId`.
pub fn customer_method() -> EntitySettings {
    alone(CUSTOMER_METHOD, "CommMethod", KeyField::decimal("CommId"), &METHOD)
}

/// Contacts of customers; the key is `CustomerId^PersonId`.
pub fn customer_contact() -> EntitySettings {
    EntitySettings {
        modified: Some("Changed".to_owned()),
        detection: Detection::Modified,
        sweep: None,
        ..alone(CUSTOMER_CONTACT, "Contact", KeyField::text("PersonId"), &CONTACT)
    }
}

/// Children of customers as records of their own. They do not show when they were changed.
fn alone(entity: &str, name: &str, key: KeyField, fields: &[(&str, FieldKind)]) -> EntitySettings {
    let unit = format!("CustomerInfo{name}");
    let owner = [FieldSpec::new("CustomerId", FieldKind::Text)];
    EntitySettings {
        key: vec![KeyField::text("CustomerId"), key],
        fields: owner.into_iter().chain(specs(fields)).collect(),
        detection: Detection::Sweep,
        sweep: Some(SweepSettings { every: std::time::Duration::ZERO, ..SweepSettings::default() }),
        ..EntitySettings::new(entity, Place::entity(&format!("{unit}Entity"), &format!("{unit}Set")))
    }
}
