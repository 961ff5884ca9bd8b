//! What objects look like to the user of the API.

use serde_json::{Value, json};

use super::schema::{Column, Field, Flag, Kind, Object, SYSTEM};
use super::soql::View;

/// The describe of an object.
pub(crate) fn describe(view: View<'_>, object: &Object, version: &str) -> Value {
    let mut fields: Vec<Value> = SYSTEM.iter().map(|(_, name, kind, to)| system(name, *kind, to)).collect();
    let seen = object.places().filter(|(place, _)| view.sees(object, Column::Own(*place)));
    fields.extend(seen.map(|(_, field)| own(view, object, field)));
    let mut described = summary(object, version);
    if let Some(members) = described.as_object_mut() {
        members.insert("fields".to_owned(), Value::Array(fields));
        members.insert("childRelationships".to_owned(), Value::Array(children(view, object)));
        members.insert("recordTypeInfos".to_owned(), json!([{
            "active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Master",
            "master": true, "name": "Master", "recordTypeId": "012000000000000AAA", "urls": {},
        }]));
        members.insert("supportedScopes".to_owned(), json!([{ "label": "All", "name": "everything" }]));
        for name in ["actionOverrides", "namedLayoutInfos"] {
            members.insert(name.to_owned(), json!([]));
        }
    }
    described
}

/// What `/sobjects/X` says.
pub(crate) fn basic_info(object: &Object, version: &str) -> Value {
    json!({ "objectDescribe": summary(object, version), "recentItems": [] })
}

/// The global list of objects.
pub(crate) fn global(view: View<'_>, version: &str) -> Value {
    let objects = view.store.tables().iter().map(|table| &table.object);
    let seen = objects.filter(|object| view.table(&object.name).is_ok());
    let list: Vec<Value> = seen.map(|object| summary(object, version)).collect();
    json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list })
}

/// An object without its fields.
fn summary(object: &Object, version: &str) -> Value {
    let (name, writable) = (&object.name, object.writable);
    let root = if object.is_tooling() { "tooling/sobjects" } else { "sobjects" };
    let base = format!("/services/data/v{version}/{root}/{name}");
    json!({
        "activateable": false, "createable": writable, "custom": false, "customSetting": false,
        "deepCloneable": false, "deletable": writable, "deprecatedAndHidden": false, "feedEnabled": false,
        "hasSubtypes": false, "isInterface": false, "isSubtype": false, "keyPrefix": object.prefix,
        "label": super::schema::label(name), "labelPlural": object.plural, "layoutable": writable,
        "mergeable": matches!(name.as_str(), "Account" | "Contact"), "mruEnabled": writable, "name": name,
        "queryable": true, "replicateable": true, "retrieveable": true, "searchable": writable,
        "triggerable": writable, "undeletable": object.undeletable, "updateable": writable,
        "urls": {
            "sobject": base, "describe": format!("{base}/describe"), "rowTemplate": format!("{base}/{{ID}}"),
        },
    })
}

/// The objects whose records point here.
fn children(view: View<'_>, object: &Object) -> Vec<Value> {
    let mut found = Vec::new();
    for child in view.store.tables().iter().map(|table| &table.object) {
        for (_, field) in child.places().filter(|(_, field)| field.to.contains(&object.name)) {
            let name = if field.children.is_empty() { Value::Null } else { json!(field.children) };
            found.push(json!({
                "childSObject": child.name, "field": field.name, "relationshipName": name,
                "cascadeDelete": field.is(Flag::Required), "deprecatedAndHidden": false,
                "junctionIdListNames": [], "junctionReferenceTo": [], "restrictedDelete": false,
            }));
        }
    }
    found
}

/// A field that the org itself keeps.
fn system(name: &str, kind: Kind, relationship: &str) -> Value {
    let to: &[&str] = if relationship.is_empty() { &[] } else { &["User"] };
    let mut field = frame(name, name, kind);
    merge(
        &mut field,
        json!({
            "nillable": false, "createable": false, "updateable": false, "defaultedOnCreate": true,
            "idLookup": kind == Kind::Id, "referenceTo": to,
            "relationshipName": if relationship.is_empty() { Value::Null } else { json!(relationship) },
        }),
    );
    field
}

fn own(view: View<'_>, object: &Object, field: &Field) -> Value {
    let switches = view.switches;
    let open = field.editors & view.user != 0 && !switches.locks(&object.name, &field.name);
    let external = field.is(Flag::ExternalId);
    let exact = field.is(Flag::Exact) || external && switches.case_sensitive;
    let length = match field.kind {
        kind if kind.is_text() => switches.length(&object.name, &field.name, kind.length()),
        kind => kind.length(),
    };
    let values: Vec<Value> = field
        .values
        .iter()
        .map(|value| {
            let default = *value == field.default;
            json!({ "active": true, "defaultValue": default, "label": value, "validFor": null, "value": value })
        })
        .collect();
    let mut described = frame(&field.name, &field.label, field.kind);
    merge(
        &mut described,
        json!({
            "length": length, "byteLength": length * 3, "nillable": !field.is(Flag::Required),
            "createable": open && !field.is(Flag::NoCreate), "updateable": open && !field.is(Flag::NoUpdate),
            "defaultedOnCreate": field.is(Flag::Defaulted), "externalId": external,
            "unique": field.is(Flag::Unique) && !(external && switches.not_unique), "caseSensitive": exact,
            "idLookup": field.is_key(), "restrictedPicklist": field.is(Flag::Restricted), "picklistValues": values,
            "calculated": field.is(Flag::Calculated), "autoNumber": field.is(Flag::AutoNumber),
            "nameField": field.is(Flag::Name), "custom": field.is_custom(), "compoundFieldName": compound(object, field),
            "permissionable": !field.is(Flag::Required) && !field.is(Flag::Name),
            "referenceTo": field.to, "inlineHelpText": if field.help.is_empty() { Value::Null } else { json!(field.help) },
            "relationshipName": if field.relationship.is_empty() { Value::Null } else { json!(field.relationship) },
        }),
    );
    described
}

/// What fields of this kind have in common.
fn frame(name: &str, label: &str, kind: Kind) -> Value {
    let (precision, scale) = kind.digits();
    let usable = kind.is_filterable();
    let digits = if let Kind::Whole(digits) = kind { digits } else { 0 };
    let mut frame = json!({
        "aggregatable": usable, "byteLength": kind.length() * 3, "digits": digits, "filterable": usable,
        "groupable": usable && !kind.is_number() && kind != Kind::Moment, "label": label, "length": kind.length(),
        "name": name, "nillable": true, "precision": precision, "scale": scale, "soapType": kind.soap(),
        "sortable": usable, "type": kind.described(), "picklistValues": [], "referenceTo": [],
        "defaultValue": if kind == Kind::Check { json!(false) } else { Value::Null },
    });
    if let Some(frame) = frame.as_object_mut() {
        frame.extend(NEVER.iter().map(|name| ((*name).to_owned(), Value::Bool(false))));
        frame.extend(NOTHING.iter().map(|name| ((*name).to_owned(), Value::Null)));
    }
    frame
}

/// What is false of a field unless it is said otherwise.
const NEVER: &[&str] = &[
    "aiPredictionField",
    "autoNumber",
    "calculated",
    "cascadeDelete",
    "caseSensitive",
    "createable",
    "custom",
    "defaultedOnCreate",
    "dependentPicklist",
    "deprecatedAndHidden",
    "displayLocationInDecimal",
    "encrypted",
    "externalId",
    "formulaTreatNullNumberAsZero",
    "highScaleNumber",
    "htmlFormatted",
    "idLookup",
    "nameField",
    "namePointing",
    "permissionable",
    "polymorphicForeignKey",
    "queryByDistance",
    "restrictedDelete",
    "restrictedPicklist",
    "searchPrefilterable",
    "unique",
    "updateable",
    "writeRequiresMasterRead",
];

/// What a field does not have unless it is said otherwise.
const NOTHING: &[&str] = &[
    "calculatedFormula",
    "compoundFieldName",
    "controllerName",
    "defaultValueFormula",
    "extraTypeInfo",
    "filteredLookupInfo",
    "inlineHelpText",
    "mask",
    "maskType",
    "referenceTargetField",
    "relationshipName",
    "relationshipOrder",
];

/// The address that a field is part of.
fn compound(object: &Object, field: &Field) -> Value {
    let parts =
        ["Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy"];
    let prefix = parts.iter().find_map(|part| field.name.strip_suffix(part));
    let whole = prefix.map(|prefix| format!("{prefix}Address"));
    match whole.filter(|whole| object.place(whole).is_some()) {
        Some(whole) => json!(whole),
        None => Value::Null,
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}
