//! A value as a mapping test writes it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::origin::push_text;
use crate::{Entity, Fields, Key, Record, Reference, Value, Version};

/// How the TOML reader hands dates over.
const TOML_DATE: &str = "$__toml_private_datetime";
/// The key of a child record in an example.
const KEYS: [&str; 2] = ["key", "id"];

/// A value as a mapping test writes it: texts, truth values, whole numbers, dates and instants as TOML
/// has them; `{ decimal = "1.5" }`, `{ reference = { … } }`; `{}` for nothing; a list of tables for
/// child records.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Example {
    One(Value),
    Children(Vec<BTreeMap<String, Example>>),
}

impl Example {
    /// The value for a record; `name` is the field's.
    pub(super) fn value(&self, name: &str) -> Value {
        match self {
            Self::One(value) => value.clone(),
            Self::Children(children) => {
                let record = |(place, child): (usize, &BTreeMap<String, Self>)| {
                    let key = key_of(child).unwrap_or_else(|| format!("{:04}", place + 1));
                    let fields: Fields = child
                        .iter()
                        .filter(|(field, _)| !KEYS.contains(&field.as_str()))
                        .map(|(field, example)| (field.as_str().into(), example.value(field)))
                        .collect();
                    let (entity, version) = (Entity::from(name), Version::from("example"));
                    Record { entity, key: Key::from(key), version, fields }
                };
                Value::List(children.iter().enumerate().map(record).collect())
            }
        }
    }

    /// How `value` differs from what was expected.
    pub(super) fn compare(&self, value: &Value) -> Option<String> {
        match (self, value) {
            (Self::One(expected), value) if expected == value => None,
            (Self::One(expected), value) => Some(format!("it is {}, not {}", shown(value), shown(expected))),
            (Self::Children(expected), Value::List(records)) => children(expected, records),
            (Self::Children(_), value) => Some(format!("it is {}, and no list", shown(value))),
        }
    }
}

fn children(expected: &[BTreeMap<String, Example>], records: &[Record]) -> Option<String> {
    let wanted: Vec<String> = expected.iter().filter_map(key_of).collect();
    let there: Vec<String> = records.iter().map(|record| record.key.to_string()).collect();
    if wanted != there {
        return Some(format!("it has the records {}, not {}", names(&there), names(&wanted)));
    }
    expected.iter().zip(records).find_map(|(expected, record)| {
        let own = expected.iter().filter(|(field, _)| !KEYS.contains(&field.as_str()));
        own.map(|(field, example)| {
            let fault = match record.fields.get(field) {
                None => Some("it is left out".to_owned()),
                Some(value) => example.compare(value),
            };
            fault.map(|fault| format!("{}: {field}: {fault}", record.key))
        })
        .find_map(|fault| fault)
    })
}

fn names(all: &[String]) -> String {
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn key_of(child: &BTreeMap<String, Example>) -> Option<String> {
    match KEYS.iter().find_map(|key| child.get(*key)) {
        Some(Example::One(Value::Text(text))) => Some(text.clone()),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Text(text) => format!("{text:?}"),
        Value::List(records) => format!("a list of {}", records.len()),
        Value::Reference(reference) => {
            format!("{} {} = {:?}", reference.entity, reference.field, reference.id.as_str())
        }
        other => {
            let mut text = String::new();
            push_text(&mut text, other);
            text
        }
    }
}

/// What stands for what TOML has no plain form of.
const TAGS: &[&str] = &["decimal", "date", "timestamp", "reference"];

impl<'de> Deserialize<'de> for Example {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> serde::de::Visitor<'de> for Visitor {
    type Value = Example;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "a text, a truth value, a whole number, a date, { decimal = \"1.5\" }, {} or a list of tables",
        )
    }

    fn visit_str<E>(self, text: &str) -> Result<Example, E> {
        Ok(Example::One(Value::text(text)))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Example, E> {
        Ok(Example::One(Value::Bool(truth)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Example, E> {
        Ok(Example::One(Value::Decimal(number.into())))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Example, A::Error> {
        let mut children = Vec::new();
        while let Some(child) = items.next_element()? {
            children.push(child);
        }
        Ok(Example::Children(children))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Example, A::Error> {
        let Some(tag) = map.next_key::<String>()? else { return Ok(Example::One(Value::Null)) };
        if tag == TOML_DATE {
            let text: String = map.next_value()?;
            let date = text.parse().map(Value::Date);
            let moment = || text.parse().map(Value::Timestamp);
            let value = date.or_else(|_| moment()).map_err(|_| {
                serde::de::Error::custom(format!("{text} is neither a date nor an instant with its zone"))
            })?;
            return Ok(Example::One(value));
        }
        Ok(Example::One(match tag.as_str() {
            "decimal" => Value::Decimal(map.next_value::<Decimal>()?),
            "date" => Value::Date(map.next_value::<Date>()?),
            "timestamp" => Value::Timestamp(map.next_value::<Timestamp>()?),
            "reference" => Value::from(map.next_value::<Reference>()?),
            other => return Err(serde::de::Error::unknown_variant(other, TAGS)),
        }))
    }
}
