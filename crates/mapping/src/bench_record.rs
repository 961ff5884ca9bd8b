//! Records and mappings for tests, in few words.

use crate::{Change, DeclaredMapper, Draft, Entity, FieldName, Fields, Key, MapError, Mapper, Note};
use crate::{Record, Value, Version};

const HEAD: &str =
    "name = \"m\"\nrevision = 1\nsource = \"S\"\ntarget = \"T\"\nexternal_id = { from = \"Id\" }\n";

/// A mapping with the usual head.
pub(crate) fn mapper(rest: &str) -> DeclaredMapper {
    DeclaredMapper::from_toml(&format!("{HEAD}{rest}"), "m.toml").unwrap_or_else(|error| panic!("{error}"))
}

/// What is wrong with a mapping with the usual head.
pub(crate) fn mistake(rest: &str) -> String {
    match DeclaredMapper::from_toml(&format!("{HEAD}{rest}"), "m.toml") {
        Ok(_) => panic!("it compiles: {rest}"),
        Err(error) => error.to_string(),
    }
}

/// Fields of these values, in JSON as drafts and records are stored.
pub(crate) fn fields(json: &str) -> Fields {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// A child record.
pub(crate) fn line(key: &str, json: &str) -> Record {
    Record {
        entity: Entity::from("L"),
        key: Key::from(key),
        version: Version::from("v"),
        fields: fields(json),
    }
}

/// The record `1` with these fields, and lists of children beside them.
pub(crate) fn change(json: &str, lists: &[(&str, Vec<Record>)]) -> Change {
    let mut fields = fields(json);
    fields.set("Id", Value::text("1"));
    for (name, children) in lists {
        fields.set(FieldName::from(*name), Value::List(children.clone()));
    }
    Change::Put(Record {
        entity: Entity::from("S"),
        key: Key::from("1"),
        version: Version::from("v"),
        fields,
    })
}

/// What a mapping makes of a record: its one draft, and the notes.
pub(crate) fn one(mapper: &DeclaredMapper, change: &Change) -> Result<(Draft, Vec<Note>), MapError> {
    let mut made = mapper.map(change)?;
    assert_eq!(made.drafts.len(), 1, "{made:?}");
    Ok((made.drafts.remove(0), made.notes))
}

/// The JSON of the field `X` that a mapping makes of a record.
pub(crate) fn x(mapper: &DeclaredMapper, change: &Change) -> String {
    match one(mapper, change) {
        Err(error) => format!("error: {error}"),
        Ok((draft, _)) => match draft.fields.get("X") {
            None => "left out".into(),
            Some(value) => serde_json::to_string(value).expect("values have a JSON form"),
        },
    }
}
