//! What the configured flows need of an org.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog;
use super::field_spec::{FieldKind, FieldSpec};

/// Fields that every record has, or that field-level security does not know: records cannot be made
/// without them, or they are parts of the name.
const NO_RIGHTS: &[(&str, &str)] = &[
    ("Account", "Name"),
    ("Contact", "FirstName"),
    ("Contact", "LastName"),
    ("Contact", "Name"),
    ("Contact", "Salutation"),
    ("Order", "AccountId"),
    ("Order", "EffectiveDate"),
    ("Order", "Status"),
    ("OrderItem", "OrderId"),
    ("OrderItem", "PricebookEntryId"),
    ("OrderItem", "Quantity"),
    ("OrderItem", "UnitPrice"),
    ("Product2", "Name"),
    ("Account", "FirstName"),
    ("Account", "LastName"),
    ("Account", "RecordTypeId"),
];
/// The parts of an address: their rights are those of the whole.
const ADDRESS_PARTS: &[&str] =
    &["Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode"];
/// Longest text of a field that nobody described.
const LONGEST: u32 = 255;

/// What the flows need of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WantedObject {
    /// Custom fields by name.
    pub(crate) custom: BTreeMap<String, FieldSpec>,
    /// Fields by the names that rights are given on, and whether they are written.
    pub(crate) rights: BTreeMap<String, bool>,
    /// Whether records are written.
    pub(crate) written: bool,
    /// Whether changes of records are read.
    pub(crate) watched: bool,
}

/// What the configured flows need of an org.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub(crate) objects: BTreeMap<String, WantedObject>,
}

impl Wanted {
    /// What all shipped mappings together need.
    pub fn shipped() -> Self {
        let mut wanted = Self::default();
        for (object, fields) in catalog::objects() {
            for field in fields {
                wanted.writes(object, field, None);
            }
        }
        for object in ["Account", "Contact"] {
            wanted.watches(object);
        }
        wanted
    }

    /// Records of an object are written under this external id.
    pub fn keyed(&mut self, object: &str, external_id: &str) {
        let spec = FieldSpec {
            object: object.into(),
            name: external_id.into(),
            kind: FieldKind::Key(100),
            help: "",
        };
        let spec = catalog::field(object, external_id).unwrap_or(spec);
        let entry = self.object(object);
        entry.written = true;
        entry.rights.insert(external_id.to_owned(), true);
        entry.custom.insert(external_id.to_owned(), spec);
    }

    /// A field of an object is written, with texts of at most so many characters.
    pub fn writes(&mut self, object: &str, field: &str, most: Option<usize>) {
        self.object(object).written = true;
        self.field(object, field, (true, most));
    }

    /// A field of an object is read.
    pub fn reads(&mut self, object: &str, field: &str) {
        self.field(object, field, (false, None));
    }

    /// Changes of an object are read.
    pub fn watches(&mut self, object: &str) {
        self.object(object).watched = true;
    }

    fn field(&mut self, object: &str, field: &str, (edit, most): (bool, Option<usize>)) {
        if let Some(right) = right(object, field) {
            let known = self.object(object).rights.entry(right).or_default();
            *known |= edit;
        }
        if field.ends_with("__c") {
            let length = most.and_then(|most| u32::try_from(most).ok()).unwrap_or(LONGEST);
            let kind = FieldKind::Text(length.clamp(1, LONGEST));
            let unknown = || FieldSpec { object: object.into(), name: field.into(), kind, help: "" };
            let spec = catalog::field(object, field).unwrap_or_else(unknown);
            self.object(object).custom.entry(field.to_owned()).or_insert(spec);
        }
    }

    fn object(&mut self, object: &str) -> &mut WantedObject {
        self.objects.entry(object.to_owned()).or_default()
    }

    /// All custom fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &FieldSpec> {
        self.objects.values().flat_map(|object| object.custom.values())
    }

    /// All custom fields of the catalog, by full name.
    pub fn custom_fields(&self) -> BTreeSet<String> {
        self.fields().map(FieldSpec::full_name).collect()
    }
}

/// The name that rights on a field are given under; none if they cannot be given.
fn right(object: &str, field: &str) -> Option<String> {
    // A person account's own fields take their rights from the Contact.
    let of_person = object == "Account" && field.starts_with("Person");
    if of_person || field == "Id" || NO_RIGHTS.contains(&(object, field)) || is_systems(field) {
        return None;
    }
    for part in ADDRESS_PARTS {
        if let Some(address) = field.strip_suffix(part).filter(|rest| is_address(rest)) {
            return Some(format!("{address}Address"));
        }
    }
    Some(field.to_owned())
}

fn is_address(prefix: &str) -> bool {
    matches!(prefix, "Billing" | "Shipping" | "Mailing" | "Other")
}

fn is_systems(field: &str) -> bool {
    matches!(
        field,
        "SystemModstamp"
            | "LastModifiedDate"
            | "LastModifiedById"
            | "CreatedDate"
            | "CreatedById"
            | "IsDeleted"
            | "MasterRecordId"
    )
}
