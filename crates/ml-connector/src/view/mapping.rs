//! One record before and after its mapping, for people.

use mapping::{Change, Draft, MapError, Mapped, Record, Value};

use crate::terminal::paint::Paint;
use crate::view::words::safe;

/// The record and its drafts, field by field.
pub(crate) fn page(change: &Change, made: Result<&Mapped, &MapError>, paint: Paint) -> String {
    let mut lines = Vec::new();
    match change {
        Change::Put(record) => before(record, paint, &mut lines),
        Change::Gone { entity, key } => lines.push(format!("{entity} {key} is gone")),
    }
    match made {
        Err(error) => {
            lines.push(String::new());
            lines.push(paint.bad(&safe(&format!("cannot be mapped: {error}"))));
            lines.extend(error.hint.iter().map(|hint| paint.strong(&format!("do: {}", safe(hint)))));
        }
        Ok(mapped) => {
            for draft in &mapped.drafts {
                after(draft, paint, &mut lines);
            }
            if mapped.drafts.is_empty() {
                lines.push(String::new());
                lines.push(paint.warn("becomes nothing: it is left out"));
            }
            lines.extend(
                mapped.notes.iter().map(|note| safe(&format!("note: {}: {}", note.field, note.text))),
            );
        }
    }
    lines.join("\n")
}

fn before(record: &Record, paint: Paint, lines: &mut Vec<String>) {
    lines.push(paint.strong(&safe(&format!("{} {}", record.entity, record.key))));
    for (name, value) in record.fields.iter() {
        field(name.as_str(), value, 2, lines);
    }
}

fn after(draft: &Draft, paint: Paint, lines: &mut Vec<String>) {
    lines.push(String::new());
    lines.push(paint.strong(&safe(&format!("becomes {} {}", draft.entity, draft.id))));
    for (name, value) in draft.fields.iter() {
        field(name.as_str(), value, 2, lines);
    }
}

fn field(name: &str, value: &Value, indent: usize, lines: &mut Vec<String>) {
    let margin = " ".repeat(indent);
    let Value::List(records) = value else {
        lines.push(format!("{margin}{name:<28} {}", safe(&shown(value))));
        return;
    };
    lines.push(format!("{margin}{name:<28} {} records", records.len()));
    for record in records {
        lines.push(format!("{margin}  {}", safe(&format!("{} {}", record.entity, record.key))));
        for (name, value) in record.fields.iter() {
            field(name.as_str(), value, indent + 4, lines);
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Text(text) => text.replace('\n', "⏎"),
        Value::Date(date) => date.to_string(),
        Value::Timestamp(instant) => instant.to_string(),
        Value::Reference(reference) => {
            format!("{} with {} {}", reference.entity, reference.field, reference.id)
        }
        Value::List(records) => format!("{} records", records.len()),
    }
}

#[cfg(test)]
mod tests {
    use mapping::{Entity, ExternalId, Fields, Key, Note, Version};

    use super::*;

    #[test]
    fn both_sides_stand_one_below_the_other() {
        let fields = |json: &str| serde_json::from_str::<Fields>(json).unwrap();
        let (entity, key, version) = (Entity::from("SupplierSet"), Key::from("S1"), Version::from("v"));
        let change =
            Change::Put(Record { entity, key, version, fields: fields(r#"{"Name":"A\nB","Fax":null}"#) });
        let draft = Draft {
            entity: Entity::from("Account"),
            id: ExternalId::from("S1"),
            fields: fields(r#"{"Name":"A B","Limit":{"decimal":"1.5"}}"#),
        };
        let notes = vec![Note { field: "Name".into(), text: "cut".into() }];
        let mapped = Mapped { drafts: vec![draft], notes };
        insta::assert_snapshot!(page(&change, Ok(&mapped), Paint::PLAIN), @r"
        SupplierSet S1
          Name                         A⏎B
          Fax                          –

        becomes Account S1
          Name                         A B
          Limit                        1.5
        note: Name: cut
        ");
        let error = MapError::new("Name", "too long").hint("shorten it");
        let shown = page(&change, Err(&error), Paint::PLAIN);
        assert!(shown.ends_with("cannot be mapped: field Name: too long\ndo: shorten it"), "{shown}");
    }
}
