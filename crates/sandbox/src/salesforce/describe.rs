//! What the object looks like to the user of the API.

use serde_json::{Value, json};

use super::schema::{FIELDS, Field, KEY, Kind, OBJECT, PREFIX, SYSTEM};
use super::settings::SalesforceSwitches;

/// The describe of the object.
pub(crate) fn describe(switches: &SalesforceSwitches) -> Value {
    let hidden =
        |name: &str| switches.hidden.as_deref().is_some_and(|hidden| hidden.eq_ignore_ascii_case(name));
    let mut fields: Vec<Value> = SYSTEM.iter().map(|(name, kind)| system(name, kind)).collect();
    fields.extend(FIELDS.iter().filter(|field| !hidden(field.name)).map(|field| writable(field, switches)));
    json!({
        "name": OBJECT, "label": OBJECT, "labelPlural": "Accounts", "keyPrefix": PREFIX, "custom": false,
        "createable": true, "updateable": true, "deletable": true, "queryable": true, "searchable": true,
        "undeletable": true, "retrieveable": true, "mergeable": true, "fields": fields,
    })
}

/// The global list of objects.
pub(crate) fn global(version: &str) -> Value {
    let urls = json!({
        "sobject": format!("/services/data/v{version}/sobjects/{OBJECT}"),
        "describe": format!("/services/data/v{version}/sobjects/{OBJECT}/describe"),
    });
    json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [
        { "name": OBJECT, "label": OBJECT, "keyPrefix": PREFIX, "createable": true, "queryable": true, "urls": urls },
    ] })
}

fn system(name: &str, kind: &str) -> Value {
    json!({
        "name": name, "label": name, "type": kind, "length": if kind == "id" { 18 } else { 0 }, "precision": 0,
        "scale": 0, "nillable": false, "createable": false, "updateable": false, "defaultedOnCreate": true,
        "externalId": false, "unique": false, "caseSensitive": false, "idLookup": kind == "id",
        "restrictedPicklist": false, "picklistValues": [], "filterable": true, "custom": false,
    })
}

fn writable(field: &Field, switches: &SalesforceSwitches) -> Value {
    let key = field.name == KEY;
    let (kind, length, precision, scale) = match field.kind {
        Kind::Text(length) if length > 255 || field.name == "BillingStreet" => ("textarea", length, 0, 0),
        Kind::Text(length) => ("string", length, 0, 0),
        Kind::Picklist(_) => ("picklist", 255, 0, 0),
        Kind::Email(length) => ("email", length, 0, 0),
        Kind::Currency(precision, scale) => ("currency", 0, precision, scale),
        Kind::Date => ("date", 0, 0, 0),
    };
    let values: Vec<Value> = match field.kind {
        Kind::Picklist(values) => values
            .iter()
            .map(|value| json!({ "value": value, "label": value, "active": true, "defaultValue": false, "validFor": null }))
            .collect(),
        _ => Vec::new(),
    };
    json!({
        "name": field.name, "label": field.name.replace('_', " "), "type": kind, "length": length,
        "byteLength": length * 3, "precision": precision, "scale": scale, "nillable": !field.required,
        "createable": true, "updateable": true, "defaultedOnCreate": false, "externalId": key,
        "unique": key && !switches.not_unique, "caseSensitive": key && switches.case_sensitive,
        "idLookup": key, "restrictedPicklist": !values.is_empty(), "picklistValues": values,
        "filterable": true, "custom": field.name.ends_with("__c"), "permissionable": !field.required,
    })
}
