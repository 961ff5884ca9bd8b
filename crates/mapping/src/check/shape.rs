//! What can be said beforehand about the values that a field will get.

use std::collections::BTreeSet;

use crate::schema::{FieldSchema, FieldType};
use crate::{Entity, FieldName, Value};

/// What can be said about the values of a field before there are any.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// What they are; `None` after something that was found wrong already.
    pub(super) kind: Option<FieldType>,
    /// The longest text; `None`: any length.
    pub(super) length: Option<u32>,
    /// The most digits before the point; `None`: any number.
    pub(super) whole: Option<u32>,
    /// The most digits behind the point; `None`: any number.
    pub(super) scale: Option<u32>,
    pub(super) nullable: bool,
    /// All texts that can occur; `None`: any.
    pub(super) values: Option<BTreeSet<String>>,
    /// What it refers to.
    pub(super) parent: Option<(Entity, FieldName)>,
}

impl Shape {
    /// Anything at all.
    pub(super) fn unknown() -> Self {
        Self {
            kind: None,
            length: None,
            whole: None,
            scale: None,
            nullable: true,
            values: None,
            parent: None,
        }
    }

    pub(super) fn of(kind: FieldType) -> Self {
        Self { kind: Some(kind), ..Self::unknown() }
    }

    /// Values of a field of the source.
    pub(super) fn of_field(field: &FieldSchema) -> Self {
        let values = || field.values.iter().cloned().collect::<BTreeSet<String>>();
        let whole = match (field.precision, field.scale) {
            (Some(precision), scale) => Some(precision.saturating_sub(scale.unwrap_or(0))),
            (None, _) => None,
        };
        let listed = (field.restricted && !field.values.is_empty()).then(values);
        Self {
            length: field.length.or_else(|| listed.as_ref().map(longest)),
            whole,
            scale: field.scale,
            nullable: field.nullable,
            values: listed,
            ..Self::of(field.kind)
        }
    }

    /// One value.
    pub(super) fn of_value(value: &Value) -> Self {
        let exact = |kind| Self { nullable: false, ..Self::of(kind) };
        match value {
            Value::Null => Self { length: Some(0), whole: Some(0), scale: Some(0), ..Self::unknown() },
            Value::Bool(_) => exact(FieldType::Truth),
            Value::Decimal(number) => Self {
                whole: Some(number.trunc().abs().to_string().len().try_into().unwrap_or(u32::MAX)),
                scale: Some(number.normalize().scale()),
                ..exact(FieldType::Number)
            },
            Value::Text(text) => Self::of_texts(BTreeSet::from([text.clone()])),
            Value::Date(_) => exact(FieldType::Date),
            Value::Timestamp(_) => exact(FieldType::Timestamp),
            Value::Reference(_) => exact(FieldType::Reference),
            Value::List(_) => exact(FieldType::List),
        }
    }

    /// These texts and no others.
    pub(super) fn of_texts(texts: BTreeSet<String>) -> Self {
        let (length, nullable) = (Some(longest(&texts)), texts.is_empty());
        Self { length, nullable, values: Some(texts), ..Self::of(FieldType::Text) }
    }

    /// Either of two.
    pub(super) fn or(self, other: Self) -> Self {
        let most = |one: Option<u32>, other: Option<u32>| Some(one?.max(other?));
        let values = match (self.values, other.values) {
            (Some(mut one), Some(other)) => {
                one.extend(other);
                Some(one)
            }
            _ => None,
        };
        let kind = match (self.kind, other.kind) {
            (Some(one), Some(other)) if one == other => Some(one),
            // Text that names a point in time and a point in time can both be read by a step.
            (one, other) => one.xor(other),
        };
        Self {
            kind,
            length: most(self.length, other.length),
            whole: most(self.whole, other.whole),
            scale: most(self.scale, other.scale),
            nullable: self.nullable || other.nullable,
            values,
            parent: self.parent.or(other.parent),
        }
    }

    /// Only these of the texts that it can be.
    pub(super) fn keep(&mut self, keep: impl Fn(&str) -> bool) {
        if let Some(values) = &mut self.values {
            values.retain(|text| keep(text));
        }
    }

    /// The same, never empty.
    pub(super) fn filled(self) -> Self {
        Self { nullable: false, ..self }
    }
}

/// The length of the longest text, in UTF-16 units.
fn longest(texts: &BTreeSet<String>) -> u32 {
    let longest = texts.iter().map(|text| text.encode_utf16().count()).max().unwrap_or(0);
    longest.try_into().unwrap_or(u32::MAX)
}
