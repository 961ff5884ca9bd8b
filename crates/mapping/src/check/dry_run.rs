//! The check of expressions: they are tried on made-up records of the right types.

use jiff::Timestamp;
use jiff::civil::Date;

use super::shape::Shape;
use super::source_side::View;
use super::{At, Checker};
use crate::expression::Formula;
use crate::schema::{FieldSchema, FieldType};
use crate::scope::{Scope, of_parent};
use crate::{Entity, Fields, Key, Record, Value, Version};

impl<'a> Checker<'a> {
    /// What an expression comes to; the library has no static types, so it is tried on a record whose
    /// fields are all filled, and on one in which whatever may be empty is.
    pub(super) fn expression(&mut self, view: Option<View<'a>>, formula: &dyn Formula, at: At<'_>) -> Shape {
        let known = formula.fields().iter().filter(|name| self.field(view, name, at).is_some()).count();
        for (list, name) in formula.children() {
            if let Some(below) = view.and_then(|view| self.below(view, list, at)) {
                self.field(Some(below), name, at);
            }
        }
        let Some(view) = view.filter(|_| known == formula.fields().len()) else { return Shape::unknown() };
        let full = self.tried(view, formula, false);
        let bare = self.tried(view, formula, true);
        match (full, bare) {
            (Err(reason), _) => {
                self.error(at, format!("the expression has no value: {reason}"), "correct the expression");
                Shape::unknown()
            }
            (Ok(_), Err(reason)) => {
                let reason = format!("the expression has no value when fields are empty: {reason}");
                self.warn(at, reason, "ask first, such as: empty(Field) ? null : …");
                Shape::unknown()
            }
            (Ok(full), Ok(bare)) => {
                let nullable = full.is_null() || bare.is_null();
                let one = if full.is_null() { &bare } else { &full };
                match kind(one) {
                    Some(kind) => Shape { nullable, ..Shape::of(kind) },
                    None => Shape::unknown(),
                }
            }
        }
    }

    fn tried(&self, view: View<'a>, formula: &dyn Formula, bare: bool) -> Result<Value, String> {
        let (mut own, mut parent) = (Fields::new(), Fields::new());
        for name in formula.fields() {
            let above = of_parent(name).zip(view.parent);
            let (fields, entity, name) = match above {
                Some((name, (_, schema))) => (&mut parent, schema, name),
                None => (&mut own, view.own, name.as_str()),
            };
            if let Some(field) = entity.field(name) {
                fields.set(name, self.sample(field, bare));
            }
        }
        let scope = Scope::of(&parent);
        formula.value(if view.parent.is_some() { scope.child(&own) } else { Scope::of(&own) })
    }

    /// A value that the field could have.
    fn sample(&self, field: &FieldSchema, bare: bool) -> Value {
        if bare && field.nullable {
            return Value::Null;
        }
        match field.kind {
            FieldType::Number => Value::Decimal(1.into()),
            FieldType::Truth => Value::Bool(true),
            FieldType::Date => Value::Date(Date::constant(2026, 1, 2)),
            FieldType::Timestamp => Value::Timestamp(Timestamp::UNIX_EPOCH),
            FieldType::List => {
                let schema = field.of.first().and_then(|of| self.source.entity(of));
                let fields = schema.map(|schema| {
                    let plain = schema.fields.iter().filter(|(_, field)| field.kind != FieldType::List);
                    plain.map(|(name, field)| (name.as_str().into(), self.sample(field, bare))).collect()
                });
                let (entity, key, version) = (Entity::from(""), Key::from("1"), Version::from(""));
                Value::List(vec![Record { entity, key, version, fields: fields.unwrap_or_default() }])
            }
            _ => Value::text(field.values.first().map_or("a", String::as_str)),
        }
    }
}

/// What a value is.
fn kind(value: &Value) -> Option<FieldType> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => FieldType::Truth,
        Value::Decimal(_) => FieldType::Number,
        Value::Text(_) => FieldType::Text,
        Value::Date(_) => FieldType::Date,
        Value::Timestamp(_) => FieldType::Timestamp,
        Value::Reference(_) => FieldType::Reference,
        Value::List(_) => FieldType::List,
    })
}
