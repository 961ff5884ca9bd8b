//! What has changed in a system since its schema was pinned, and which mappings that concerns.

use serde::Serialize;

use crate::schema_lock::line;
use crate::{DeclaredMapper, EntitySchema, FieldSchema, Schema};

/// One thing that a system has otherwise than its pinned schema says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The kind of records.
    pub entity: String,
    /// The field; none if the kind of records as a whole came, went or got other rights.
    pub field: Option<String>,
    /// What it was; none if it is new.
    pub pinned: Option<String>,
    /// What it is; none if it is gone.
    pub live: Option<String>,
    /// The places of mappings that it concerns, as `file:line`; none: no mapping looks at it.
    pub concerns: Vec<String>,
}

/// What `live` has otherwise than `pinned`. Every mapping of `mappings` that reads from or writes to the
/// system is named where it is concerned.
pub fn drift(pinned: &Schema, live: &Schema, mappings: &[&DeclaredMapper]) -> Vec<Drift> {
    let mut found = Vec::new();
    let names: std::collections::BTreeSet<&String> =
        pinned.entities.keys().chain(live.entities.keys()).collect();
    for name in names {
        match (pinned.entity(name), live.entity(name)) {
            (Some(old), Some(new)) => compare(name, (old, new), mappings, &mut found),
            (old, new) => {
                let word = |side: Option<&EntitySchema>| side.map(|_| "there".to_owned());
                let concerns = concerned(name, None, mappings);
                found.push(Drift {
                    entity: name.clone(),
                    field: None,
                    pinned: word(old),
                    live: word(new),
                    concerns,
                });
            }
        }
    }
    found
}

fn compare(
    name: &str,
    (old, new): (&EntitySchema, &EntitySchema),
    mappings: &[&DeclaredMapper],
    found: &mut Vec<Drift>,
) {
    let head = |side: &EntitySchema| {
        let rights = [("read", side.read), ("create", side.create), ("update", side.update)];
        let held: Vec<&str> = rights.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect();
        format!("rights: {}; key: {}", held.join(", "), side.key.join(", "))
    };
    let (was, is) = (head(old), head(new));
    if was != is {
        let concerns = concerned(name, None, mappings);
        found.push(Drift {
            entity: name.to_owned(),
            field: None,
            pinned: Some(was),
            live: Some(is),
            concerns,
        });
    }
    let fields: std::collections::BTreeSet<&String> = old.fields.keys().chain(new.fields.keys()).collect();
    for field in fields {
        let (was, is) = (old.fields.get(field), new.fields.get(field));
        if was != is {
            let shown = |side: Option<&FieldSchema>| side.map(line);
            let concerns = concerned(name, Some(field), mappings);
            let field = Some(field.clone());
            found.push(Drift {
                entity: name.to_owned(),
                field,
                pinned: shown(was),
                live: shown(is),
                concerns,
            });
        }
    }
}

/// The places that look at the field, or at any of the kind of records.
fn concerned(entity: &str, field: Option<&str>, mappings: &[&DeclaredMapper]) -> Vec<String> {
    let places = |mapping: &&DeclaredMapper| {
        let lines = mapping.lines_about(entity, field);
        let file = mapping.file().to_owned();
        lines.into_iter().map(move |line| format!("{file}:{line}")).collect::<Vec<_>>()
    };
    mappings.iter().flat_map(places).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::FieldType;

    fn schema(fields: &[(&str, u32)]) -> Schema {
        let text = |length: u32| FieldSchema { length: Some(length), ..FieldSchema::new(FieldType::Text) };
        let fields = fields.iter().map(|(name, length)| ((*name).to_owned(), text(*length))).collect();
        let entity = EntitySchema { read: true, fields, ..EntitySchema::default() };
        Schema { entities: BTreeMap::from([("S".to_owned(), entity)]) }
    }

    #[test]
    fn drift_names_what_changed_and_who_is_concerned() {
        let mapping = DeclaredMapper::from_toml(
            "name = \"m\"\nrevision = 1\nsource = \"S\"\ntarget = \"T\"\nexternal_id = { from = \"Id\" }\n\
             [fields.X]\nfrom = \"A\"\n[fields.Y]\nconcat = [\"A\", \"B\"]\n",
            "m.toml",
        )
        .expect("compiles");
        let found = drift(
            &schema(&[("Id", 5), ("A", 10), ("B", 1)]),
            &schema(&[("Id", 5), ("A", 20), ("C", 1)]),
            &[&mapping],
        );
        let told: Vec<(Option<&str>, bool, bool, &[String])> = found
            .iter()
            .map(|one| {
                (one.field.as_deref(), one.pinned.is_some(), one.live.is_some(), one.concerns.as_slice())
            })
            .collect();
        let (both, second) = (["m.toml:6".to_owned(), "m.toml:8".to_owned()], ["m.toml:8".to_owned()]);
        assert_eq!(
            told,
            [
                (Some("A"), true, true, both.as_slice()),
                (Some("B"), true, false, second.as_slice()),
                (Some("C"), false, true, [].as_slice())
            ]
        );
        assert!(found[0].live.as_deref().is_some_and(|live| live.contains("length = 20")), "{found:?}");
        assert_eq!(drift(&schema(&[("A", 1)]), &schema(&[("A", 1)]), &[&mapping]), []);
        let gone = drift(&schema(&[("A", 1)]), &Schema::default(), &[&mapping]);
        assert_eq!((gone.len(), gone[0].concerns.len()), (1, 3), "a kind of records went: all is concerned");
    }
}
