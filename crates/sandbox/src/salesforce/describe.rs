//! What the object looks like to the user of the API.

use serde_json::{Value, json};

use super::schema::{FIELDS, Field, KEY, Kind, OBJECT, PREFIX, SYSTEM};
use super::settings::SalesforceSwitches;

/// The describe of the object.
pub(crate) fn describe(switches: &SalesforceSwitches) -> Value {
    let mut fields: Vec<Value> = SYSTEM.iter().map(|(_, name, kind)| system(name, kind)).collect();
    let seen = FIELDS.iter().filter(|field| !switches.hides(field.name));
    fields.extend(seen.map(|field| writable(field, switches)));
    json!({
        "name": OBJECT, "label": OBJECT, "labelPlural": "Accounts", "keyPrefix": PREFIX, "custom": false,
        "createable": true, "updateable": true, "deletable": true, "queryable": true, "searchable": true,
        "undeletable": true, "retrieveable": true, "mergeable": true, "fields": fields,
    })
}

/// What `/sobjects/Account` says.
pub(crate) fn basic_info(version: &str) -> Value {
    let urls = json!({
        "sobject": format!("/services/data/v{version}/sobjects/{OBJECT}"),
        "describe": format!("/services/data/v{version}/sobjects/{OBJECT}/describe"),
        "rowTemplate": format!("/services/data/v{version}/sobjects/{OBJECT}/{{ID}}"),
    });
    let info = json!({
        "name": OBJECT, "label": OBJECT, "labelPlural": "Accounts", "keyPrefix": PREFIX, "custom": false,
        "createable": true, "updateable": true, "deletable": true, "queryable": true, "urls": urls,
    });
    json!({ "objectDescribe": info, "recentItems": [] })
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
    let open = !switches.locks(field.name);
    let (kind, length, precision, scale) = match field.kind {
        Kind::Text(length) => (text_type(field, length), switches.length(field.name, length), 0, 0),
        Kind::Picklist(_) => ("picklist", 255, 0, 0),
        Kind::Email(length) => ("email", switches.length(field.name, length), 0, 0),
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
    let filterable = !matches!(field.kind, Kind::Text(length) if length > 255);
    json!({
        "name": field.name, "label": field.name.replace('_', " "), "type": kind, "length": length,
        "byteLength": length * 3, "precision": precision, "scale": scale, "nillable": !field.required,
        "createable": open, "updateable": open, "defaultedOnCreate": false, "externalId": key,
        "unique": key && !switches.not_unique, "caseSensitive": key && switches.case_sensitive,
        "idLookup": key, "restrictedPicklist": !values.is_empty(), "picklistValues": values,
        "filterable": filterable, "sortable": filterable, "calculated": false, "autoNumber": false,
        "custom": field.name.ends_with("__c"), "permissionable": !field.required,
    })
}

/// The type of a text field, as the real org has it.
fn text_type(field: &Field, length: u32) -> &'static str {
    match field.name {
        "BillingStreet" => "textarea",
        "Phone" | "Fax" => "phone",
        "Website" => "url",
        "Type" => "picklist",
        _ if length > 255 => "textarea",
        _ => "string",
    }
}
