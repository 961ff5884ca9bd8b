//! One value of a field.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Entity, ExternalId, FieldName, Record};

/// One value of a field, exact.
///
/// Its JSON form is plain for null, booleans and text, and a one-member object for the rest
/// (`{"decimal":"12.50"}`), so that it reads back as what it was.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Known to be empty.
    Null,
    /// A truth value.
    Bool(bool),
    /// An exact number; integers too.
    Decimal(Decimal),
    /// Text.
    Text(String),
    /// A calendar day without a zone.
    Date(Date),
    /// An instant.
    Timestamp(Timestamp),
    /// Another record, named by its external id. Few fields are one: it stands apart, so that all
    /// others are half as large.
    Reference(Box<Reference>),
    /// Child records, such as the lines of an order.
    List(Vec<Record>),
}

/// A pointer to another target record by external id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// What kind of record it is.
    pub entity: Entity,
    /// The field that holds its external id.
    pub field: FieldName,
    /// The external id.
    pub id: ExternalId,
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<Reference> for Value {
    fn from(reference: Reference) -> Self {
        Self::Reference(Box::new(reference))
    }
}

/// The members of the one-member objects that stand for what JSON has no plain form of.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tagged<R, L> {
    Decimal(Decimal),
    Date(Date),
    Timestamp(Timestamp),
    Reference(R),
    List(L),
}

type Lent<'a> = Tagged<&'a Reference, &'a [Record]>;
type Owned = Tagged<Box<Reference>, Vec<Record>>;

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Decimal(value) => Lent::Decimal(*value).serialize(serializer),
            Self::Date(value) => Lent::Date(*value).serialize(serializer),
            Self::Timestamp(value) => Lent::Timestamp(*value).serialize(serializer),
            Self::Reference(value) => Lent::Reference(value).serialize(serializer),
            Self::List(value) => Lent::List(value).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Value;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("null, true, false, a text, or an object such as {\"decimal\": \"1.5\"}")
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(Value::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Value, E> {
                Ok(Value::Text(value))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
                let tagged = Owned::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(match tagged {
                    Tagged::Decimal(value) => Value::Decimal(value),
                    Tagged::Date(value) => Value::Date(value),
                    Tagged::Timestamp(value) => Value::Timestamp(value),
                    Tagged::Reference(value) => Value::Reference(value),
                    Tagged::List(value) => Value::List(value),
                })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
