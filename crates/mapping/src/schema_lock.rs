//! `schema.lock`: what both systems had when somebody looked, in a file that can lie in Git.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::MappingFileError;
use crate::schema::{EntitySchema, FieldSchema, Schema};

/// The form of lock files that this version writes and reads.
const FORM: u32 = 1;

/// The schemas of several systems, pinned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaLock {
    /// The form of the file.
    #[serde(default)]
    form: u32,
    /// The schemas by system, such as `ifs` and `salesforce`.
    #[serde(default)]
    pub systems: BTreeMap<String, Schema>,
}

impl SchemaLock {
    /// A lock of these schemas.
    pub fn new(systems: BTreeMap<String, Schema>) -> Self {
        Self { form: FORM, systems }
    }

    /// Reads a lock file; `file` names it in errors.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, MappingFileError> {
        let lock: Self = toml::from_str(text).map_err(|error| {
            MappingFileError::at(file, text, error.span(), error.message().trim())
                .hint("make it anew: ml-connector schema pull")
        })?;
        if lock.form != FORM {
            let reason = format!("the file has form {}, this version reads form {FORM}", lock.form);
            return Err(
                MappingFileError::at(file, text, None, reason).hint("make it anew: ml-connector schema pull")
            );
        }
        Ok(lock)
    }

    /// The schema of a system; empty if it is not pinned.
    pub fn system(&self, name: &str) -> Schema {
        self.systems.get(name).cloned().unwrap_or_default()
    }

    /// The file: one line for each field, in order, so that a change of one field is a change of one
    /// line.
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "# What both systems had when this was written by `ml-connector schema pull`.\n\
             # Keep it in Git: `ml-connector mapping check --lock` needs no system, and\n\
             # `ml-connector schema diff` tells what has changed since.\n\nform = {FORM}\n"
        );
        for (system, schema) in &self.systems {
            for (name, entity) in &schema.entities {
                put_entity(&mut text, &format!("systems.{}.{}", key(system), key(name)), entity);
            }
        }
        text
    }
}

fn put_entity(text: &mut String, path: &str, entity: &EntitySchema) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "\n[{path}]");
    let flags = [
        ("read", entity.read),
        ("create", entity.create),
        ("update", entity.update),
        ("exact_names", entity.exact_names),
    ];
    for (name, _) in flags.into_iter().filter(|(_, holds)| *holds) {
        let _ = writeln!(text, "{name} = true");
    }
    let _ = writeln!(text, "key = {}", list(&entity.key));
    if let Some(id) = &entity.external_id {
        let _ = writeln!(text, "external_id = {}", quoted(id));
    }
    let _ = writeln!(text, "\n[{path}.fields]");
    for (name, field) in &entity.fields {
        let _ = writeln!(text, "{} = {}", key(name), line(field));
    }
}

/// A field on one line; what has its usual value is left out.
pub(crate) fn line(field: &FieldSchema) -> String {
    let mut parts = vec![format!("type = {}", quoted(field.kind.name()))];
    let numbers = [("length", field.length), ("precision", field.precision), ("scale", field.scale)];
    parts.extend(numbers.into_iter().filter_map(|(name, number)| Some(format!("{name} = {}", number?))));
    let flags = [
        ("nullable", field.nullable),
        ("create", field.create),
        ("update", field.update),
        ("defaulted", field.defaulted),
        ("unique", field.unique),
        ("external_id", field.external_id),
        ("case_sensitive", field.case_sensitive),
        ("restricted", field.restricted),
    ];
    parts.extend(flags.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| format!("{name} = true")));
    for (name, texts) in [("values", &field.values), ("of", &field.of)] {
        if !texts.is_empty() {
            parts.push(format!("{name} = {}", list(texts)));
        }
    }
    format!("{{ {} }}", parts.join(", "))
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A text as TOML writes it: JSON's form of a text is one of TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A key, bare where that is allowed.
fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldType;

    fn lock() -> SchemaLock {
        let name = FieldSchema { length: Some(255), nullable: false, ..FieldSchema::new(FieldType::Text) };
        let state = FieldSchema {
            values: vec!["A \"quoted\" one".into(), "B".into()],
            restricted: true,
            ..FieldSchema::new(FieldType::Text)
        };
        let entity = EntitySchema {
            read: true,
            key: vec!["Id".into()],
            external_id: Some("Key__c".into()),
            fields: BTreeMap::from([("Name".into(), name), ("State".into(), state)]),
            ..EntitySchema::default()
        };
        let schema = Schema { entities: BTreeMap::from([("Order.Lines".into(), entity)]) };
        SchemaLock::new(BTreeMap::from([("salesforce".into(), schema)]))
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = lock().to_toml();
        assert_eq!(SchemaLock::from_toml(&text, "schema.lock"), Ok(lock()));
        insta::assert_snapshot!(text, @r#"
        # What both systems had when this was written by `ml-connector schema pull`.
        # Keep it in Git: `ml-connector mapping check --lock` needs no system, and
        # `ml-connector schema diff` tells what has changed since.

        form = 1

        [systems.salesforce."Order.Lines"]
        read = true
        key = ["Id"]
        external_id = "Key__c"

        [systems.salesforce."Order.Lines".fields]
        Name = { type = "text", length = 255, create = true, update = true }
        State = { type = "text", nullable = true, create = true, update = true, restricted = true, values = ["A \"quoted\" one", "B"] }
        "#);
    }

    #[test]
    fn another_form_is_refused() {
        let text = lock().to_toml().replace("form = 1", "form = 2");
        let error = SchemaLock::from_toml(&text, "schema.lock").expect_err("another form");
        assert!(error.reason.contains("form 2"), "{error}");
        assert!(SchemaLock::from_toml("form = 1\n[systems.x.y]\nfild = 1\n", "schema.lock").is_err());
    }
}
