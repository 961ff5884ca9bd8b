//! The Avro schema of an object's change events.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::salesforce::schema::{Column, Flag, Kind, Object};

/// Kinds of changes, in the order of their enum.
pub(crate) const KINDS: [&str; 10] = [
    "CREATE",
    "UPDATE",
    "DELETE",
    "UNDELETE",
    "GAP_CREATE",
    "GAP_UPDATE",
    "GAP_DELETE",
    "GAP_UNDELETE",
    "GAP_OVERFLOW",
    "SNAPSHOT",
];

/// Fields that the org itself keeps and events show, with what their schema says of them.
const SYSTEM: [(Column, &str); 4] = [
    (Column::CreatedDate, "CreatedDate:DateTime"),
    (Column::CreatedById, "CreatedBy:EntityId"),
    (Column::LastModifiedDate, "LastModifiedDate:DateTime"),
    (Column::LastModifiedById, "LastModifiedBy:EntityId"),
];

/// What the parts of an address are called; prefixed, they are fields.
const ADDRESS: [&str; 8] =
    ["Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy"];
/// What the parts of a person's name are called.
const PERSON: [&str; 3] = ["Salutation", "FirstName", "LastName"];

/// A field of an event; the header comes before all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slot {
    /// One value.
    Leaf(Column),
    /// Several under one name, and the column that may stand for all of them as one text.
    Compound { name: String, whole: Option<Column>, parts: Vec<Column> },
}

/// The schema of an object's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) slots: Vec<Slot>,
    /// The schema as JSON.
    pub(crate) json: String,
    /// A digest of the fields: other fields, another id.
    pub(crate) id: String,
}

impl Layout {
    pub(crate) fn of(object: &Object) -> Self {
        let slots = slots(object);
        let own = slots.iter().map(|slot| described(object, slot));
        let fields: Vec<Value> = [header()].into_iter().chain(own).collect();
        let name = match object.name.strip_suffix("__c") {
            Some(custom) => format!("{custom}__ChangeEvent"),
            None => format!("{}ChangeEvent", object.name),
        };
        let mut schema = json!({
            "name": name, "namespace": "com.sforce.eventbus", "type": "record",
            "fields": fields,
        });
        let digest = ring::digest::digest(&ring::digest::SHA256, schema.to_string().as_bytes());
        let id = URL_SAFE_NO_PAD.encode(digest.as_ref().get(..16).unwrap_or_default());
        if let Some(members) = schema.as_object_mut() {
            members.insert("uuid".to_owned(), Value::from(id.as_str()));
        }
        Self { slots, json: schema.to_string(), id }
    }

    /// Where a column stands: its slot, counted with the header, and its part in there.
    pub(crate) fn place(&self, column: Column) -> Option<(usize, Option<usize>)> {
        self.slots.iter().enumerate().find_map(|(place, slot)| match slot {
            Slot::Leaf(own) => (*own == column).then_some((place + 1, None)),
            Slot::Compound { whole, .. } if *whole == Some(column) => Some((place + 1, None)),
            Slot::Compound { parts, .. } => {
                let part = parts.iter().position(|part| *part == column)?;
                Some((place + 1, Some(part)))
            }
        })
    }
}

fn slots(object: &Object) -> Vec<Slot> {
    let own = |name: &str| object.place(name).map(Column::Own);
    let mut slots = Vec::new();
    let mut inside: Vec<Column> = Vec::new();
    let person: Vec<Column> = PERSON.iter().filter_map(|part| own(part)).collect();
    if !person.is_empty() || object.name == "Account" {
        // A business account has its name as a text, a person in parts.
        let whole = own("Name").filter(|_| object.name == "Account");
        inside.extend(person.iter().chain(&own("Name")).copied());
        slots.push(Slot::Compound { name: "Name".to_owned(), whole, parts: person });
    }
    let addresses = object.places().filter(|(_, field)| field.kind == Kind::Address);
    let addresses: Vec<Slot> = addresses
        .map(|(_, field)| {
            let prefix = field.name.strip_suffix("Address").unwrap_or_default();
            let parts: Vec<Column> =
                ADDRESS.iter().filter_map(|part| own(&format!("{prefix}{part}"))).collect();
            inside.extend(&parts);
            Slot::Compound { name: field.name.clone(), whole: None, parts }
        })
        .collect();
    let shown = |custom: bool| {
        let fields = object.places().filter(move |(_, field)| {
            field.is_custom() == custom && field.kind != Kind::Address && !field.is(Flag::Calculated)
        });
        fields.map(|(place, _)| Column::Own(place)).filter(|column| !inside.contains(column)).map(Slot::Leaf)
    };
    let (standard, custom): (Vec<Slot>, Vec<Slot>) = (shown(false).collect(), shown(true).collect());
    slots.extend(standard);
    slots.extend(addresses);
    slots.extend(SYSTEM.iter().map(|(column, _)| Slot::Leaf(*column)));
    slots.extend(custom);
    slots
}

fn described(object: &Object, slot: &Slot) -> Value {
    match slot {
        Slot::Leaf(column) => field(object, *column, column.name(object)),
        Slot::Compound { name, whole, parts } => {
            let fields: Vec<Value> = parts
                .iter()
                .map(|part| {
                    let long = part.name(object);
                    let short = name.strip_suffix("Address").and_then(|prefix| long.strip_prefix(prefix));
                    field(object, *part, short.unwrap_or(long))
                })
                .collect();
            let (record, doc) = match (name.as_str(), whole) {
                ("Name", Some(_)) => ("Switchable_PersonName".to_owned(), "Data:SwitchablePersonName"),
                ("Name", None) => ("PersonName".to_owned(), "Data:PersonName"),
                // Names of types are used once in a schema.
                (name, _) => (format!("Address_{name}"), "Data:Address"),
            };
            let record = json!({ "type": "record", "name": record, "fields": fields });
            let branches = match (whole, parts.is_empty()) {
                (Some(_), true) => json!(["null", "string"]),
                (Some(_), false) => json!(["null", "string", record]),
                (None, _) => json!(["null", record]),
            };
            json!({ "name": name, "type": branches, "doc": doc, "default": null })
        }
    }
}

fn field(object: &Object, column: Column, name: &str) -> Value {
    let system = SYSTEM.iter().find(|(system, _)| *system == column).map(|(_, doc)| *doc);
    let (kind, doc) = match column.kind(object) {
        Kind::Check => ("boolean", "Data:Boolean"),
        Kind::Currency(..) => ("double", "Data:Currency"),
        Kind::Double(..) => ("double", "Data:Double"),
        Kind::Percent(..) => ("double", "Data:Percent"),
        Kind::Whole(_) => ("int", "Data:Integer"),
        Kind::Date => ("long", "Data:DateOnly"),
        Kind::Moment => ("long", "Data:DateTime"),
        Kind::Id | Kind::Reference => ("string", "Data:EntityId"),
        Kind::Picklist(_) => ("string", "Data:DynamicEnum"),
        _ => ("string", "Data:Text"),
    };
    json!({ "name": name, "type": ["null", kind], "doc": system.unwrap_or(doc), "default": null })
}

fn header() -> Value {
    let text = |name: &str| json!({ "name": name, "type": "string" });
    let list = |name: &str| json!({ "name": name, "type": { "type": "array", "items": "string" } });
    let number = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    json!({ "name": "ChangeEventHeader", "type": {
        "type": "record", "name": "ChangeEventHeader", "fields": [
            text("entityName"), list("recordIds"),
            { "name": "changeType", "type": { "type": "enum", "name": "ChangeType", "symbols": KINDS } },
            text("changeOrigin"), text("transactionKey"), number("sequenceNumber", "int"),
            number("commitTimestamp", "long"), number("commitNumber", "long"), text("commitUser"),
            list("nulledFields"), list("diffFields"), list("changedFields"),
        ],
    } })
}
