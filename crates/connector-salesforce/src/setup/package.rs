//! The metadata of an org as files: what setup deploys, and what an administrator can deploy by other
//! means.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::field_spec::FieldSpec;
use super::wanted::Wanted;

/// What everything of ours is called.
pub(crate) const SET: &str = "ML_Connector";
/// The channel of change events that setup makes.
pub const CHANNEL: &str = "ML_Connector__chn";
/// The version of the metadata.
const VERSION: &str = "64.0";
const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";
/// Objects whose records are written with the rights of another one.
const DEPENDENT: &[&str] = &["OrderItem"];

/// One file: its path below the package, and its content.
pub type File = (String, String);

/// The metadata of what is wanted; `only` are the fields that are to be in it.
pub(crate) fn files(wanted: &Wanted, only: impl Fn(&FieldSpec) -> bool) -> Vec<File> {
    let mut files = Vec::new();
    let mut members = Vec::new();
    for (name, object) in &wanted.objects {
        let fields: Vec<&FieldSpec> = object.custom.values().filter(|field| only(field)).collect();
        if fields.is_empty() {
            continue;
        }
        let body: String = fields
            .iter()
            .map(|field| {
                let mut metadata = field.metadata();
                if let Some(members) = metadata.as_object_mut() {
                    members.insert("fullName".into(), field.name.clone().into());
                }
                element("fields", &metadata, 1)
            })
            .collect();
        files.push((format!("objects/{name}.object"), document("CustomObject", &body)));
        members.extend(fields.iter().map(|field| field.full_name()));
    }
    let mut types = vec![("CustomField", members)];
    files.push((
        format!("permissionsets/{SET}.permissionset"),
        whole("PermissionSet", &permission_set(wanted)),
    ));
    types.push(("PermissionSet", vec![SET.to_owned()]));
    let watched = watched(wanted);
    if !watched.is_empty() {
        let path = format!("platformEventChannels/{CHANNEL}.platformEventChannel");
        files.push((path, whole("PlatformEventChannel", &channel())));
        types.push(("PlatformEventChannel", vec![CHANNEL.to_owned()]));
        for (name, metadata) in &watched {
            let path = format!("platformEventChannelMembers/{name}.platformEventChannelMember");
            files.push((path, whole("PlatformEventChannelMember", metadata)));
        }
        let names = watched.into_iter().map(|(name, _)| name).collect();
        types.push(("PlatformEventChannelMember", names));
    }
    files.push(("package.xml".to_owned(), manifest(&types)));
    files
}

/// The permission set: the rights that the flows need, and no other.
pub(crate) fn permission_set(wanted: &Wanted) -> Value {
    let mut fields = Vec::new();
    let mut objects = Vec::new();
    for (name, object) in &wanted.objects {
        for (field, edit) in &object.rights {
            fields.push(json!({ "editable": edit, "field": format!("{name}.{field}"), "readable": true }));
        }
        if !DEPENDENT.contains(&name.as_str()) {
            objects.push(object_rights(name, object.written));
        }
    }
    // Lines need products with prices, and whoever writes orders must see their price books.
    if wanted.objects.contains_key("Order") {
        objects.push(object_rights("Pricebook2", false));
    }
    json!({
        "description": "What ml-connector needs to carry records between IFS Cloud and Salesforce, and no more.",
        "fieldPermissions": fields, "hasActivationRequired": false, "label": "ML Connector",
        "objectPermissions": objects,
    })
}

/// Rights on one object. Orders may be deleted because their lines may: both have the same rights.
fn object_rights(object: &str, written: bool) -> Value {
    json!({
        "allowCreate": written, "allowDelete": written && object == "Order", "allowEdit": written,
        "allowRead": true, "modifyAllRecords": false, "object": object, "viewAllRecords": object != "Pricebook2",
    })
}

pub(crate) fn channel() -> Value {
    json!({ "channelType": "data", "label": "ML Connector" })
}

/// The members of the channel: names with their metadata.
pub(crate) fn watched(wanted: &Wanted) -> Vec<(String, Value)> {
    let watched = wanted.objects.iter().filter(|(_, object)| object.watched);
    let member = |(name, object): (&String, &super::wanted::WantedObject)| {
        let keys = object.custom.values().filter(|field| field.is_key());
        let enriched: Vec<Value> = keys.map(|field| json!({ "name": field.name })).collect();
        let metadata = json!({
            "enrichedFields": enriched, "eventChannel": CHANNEL, "selectedEntity": format!("{name}ChangeEvent"),
        });
        (format!("{}_chn_{name}ChangeEvent", CHANNEL.trim_end_matches("__chn")), metadata)
    };
    watched.map(member).collect()
}

fn manifest(types: &[(&str, Vec<String>)]) -> String {
    let mut body = String::new();
    for (name, members) in types.iter().filter(|(_, members)| !members.is_empty()) {
        body.push_str(&element("types", &json!({ "members": members, "name": name }), 1));
    }
    // Writing to a String cannot fail.
    let _ = writeln!(body, "    <version>{VERSION}</version>");
    document("Package", &body)
}

fn whole(root: &str, metadata: &Value) -> String {
    document(root, &metadata.as_object().map(|members| elements(members, 1)).unwrap_or_default())
}

/// The members of an object in the order of their names, whatever order they are kept in.
fn elements(members: &Map<String, Value>, depth: usize) -> String {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    members.into_iter().map(|(name, value)| element(name, value, depth)).collect()
}

fn document(root: &str, body: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">\n{body}</{root}>\n")
}

/// An element for a value; a list is one element after the other.
fn element(name: &str, value: &Value, depth: usize) -> String {
    let blanks = "    ".repeat(depth);
    match value {
        Value::Array(items) => items.iter().map(|item| element(name, item, depth)).collect(),
        Value::Object(members) => {
            format!("{blanks}<{name}>\n{}{blanks}</{name}>\n", elements(members, depth + 1))
        }
        Value::String(text) => format!("{blanks}<{name}>{}</{name}>\n", escaped(text)),
        other => format!("{blanks}<{name}>{other}</{name}>\n"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
