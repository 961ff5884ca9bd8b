//! The check of what a mapping looks at.

use super::shape::Shape;
use super::{At, Checker};
use crate::aggregate::Aggregate;
use crate::condition::Condition;
use crate::external_id::IdRule;
use crate::file::{Scalar, Take, Test, WhenNull};
use crate::origin::{Joined, Origin};
use crate::schema::{FieldSchema, FieldType};
use crate::scope::of_parent;
use crate::target::Target;
use crate::{EntitySchema, Schema, Value};

/// What rules can look at: a record or a child of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    name: &'a str,
    pub(super) own: &'a EntitySchema,
    pub(super) parent: Option<(&'a str, &'a EntitySchema)>,
}

impl<'a> View<'a> {
    pub(super) fn of(name: &'a str, own: &'a EntitySchema) -> Self {
        Self { name, own, parent: None }
    }

    /// The field, or the names of the entity and the field that are not there.
    fn find<'n>(&self, name: &'n str) -> Result<&'a FieldSchema, (&'a str, &'a EntitySchema, &'n str)> {
        let (entity, schema, field) = match (self.parent, of_parent(name)) {
            (Some((entity, schema)), Some(field)) => (entity, schema, field),
            _ => (self.name, self.own, name),
        };
        schema.field(field).ok_or((entity, schema, field))
    }
}

impl<'a> Checker<'a> {
    /// The field of the source, or a finding that it is not there.
    pub(super) fn field(
        &mut self,
        view: Option<View<'a>>,
        name: &str,
        at: At<'_>,
    ) -> Option<&'a FieldSchema> {
        match view?.find(name) {
            Ok(field) => Some(field),
            Err((entity, schema, field)) => {
                let remedy = match schema.nearest(field) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "correct the name, or let the source read the field".into(),
                };
                self.error(at, format!("{entity} has no field {field}"), remedy);
                None
            }
        }
    }

    /// The children in a list of the source.
    pub(super) fn below(&mut self, view: View<'a>, list: &str, at: At<'_>) -> Option<View<'a>> {
        let field = self.field(Some(view), list, at)?;
        if field.kind != FieldType::List {
            let reason = format!("{list} is a {} and no list", field.kind.name());
            self.error(at, reason, "name a field that holds child records");
            return None;
        }
        let schema: &'a Schema = self.source;
        let of = field.of.first()?;
        let (name, own) = schema.entities.get_key_value(of)?;
        Some(View { name, own, parent: Some((view.name, view.own)) })
    }

    pub(super) fn conditions(&mut self, view: Option<View<'a>>, conditions: &[Condition], field: &str) {
        for condition in conditions {
            self.condition(view, condition, field);
        }
    }

    /// A condition on a field that is not there, or on a value that it never has, is a slip.
    fn condition(&mut self, view: Option<View<'a>>, condition: &Condition, field: &str) {
        let at = At { line: condition.line, field };
        let Some(known) = self.field(view, &condition.field, at) else { return };
        let wanted: Vec<&Scalar> = match &condition.is {
            Test::Equal(scalar) | Test::Unequal(scalar) => vec![scalar],
            Test::OneOf(scalars) | Test::NoneOf(scalars) => scalars.iter().collect(),
            _ => Vec::new(),
        };
        for scalar in wanted {
            let never = match (scalar, known.kind) {
                (Scalar::Text(text), FieldType::Text) => {
                    known.restricted && !known.values.is_empty() && !known.values.contains(text)
                }
                (Scalar::Text(_), kind) => kind != FieldType::Reference,
                (Scalar::Bool(_), kind) => kind != FieldType::Truth,
                (Scalar::Integer(_), kind) => kind != FieldType::Number,
            };
            if never {
                let reason = format!("{} never is {}", condition.field, scalar.shown());
                let remedy = match known.values.as_slice() {
                    [] => format!("it is a {}", known.kind.name()),
                    values => format!("it can be {}", values.join(", ")),
                };
                self.error(at, reason, remedy);
            }
        }
    }

    /// What a target field will get, as far as it can be told.
    pub(super) fn shape(&mut self, view: Option<View<'a>>, target: &Target) -> Shape {
        let at = At { line: target.line, field: target.name.as_str() };
        let mut shape: Option<Shape> = None;
        let mut always = false;
        for chosen in &target.choices {
            let one = self.origin(view, &chosen.origin, at);
            shape = Some(match shape {
                None => one,
                Some(known) => known.or(one),
            });
            match &chosen.when {
                Some(when) => self.condition(view, when, at.field),
                None => always = true,
            }
        }
        let mut shape = shape.unwrap_or_else(Shape::unknown);
        shape.nullable |= !always;
        for (op, line) in target.steps.iter().zip(&target.step_lines) {
            shape = self.step(op, shape, At { line: *line, field: at.field });
        }
        if target.null != WhenNull::Write {
            shape = shape.filled();
        }
        shape
    }

    fn origin(&mut self, view: Option<View<'a>>, origin: &Origin, at: At<'_>) -> Shape {
        match origin {
            Origin::Constant(value) => Shape::of_value(value),
            Origin::Field(name) => self.field(view, name, at).map_or_else(Shape::unknown, Shape::of_field),
            Origin::Concat(joined) => {
                let length = self.joined(view, joined, at);
                Shape { length, ..Shape::of(FieldType::Text) }
            }
            Origin::Reference { entity, field, id } => {
                let length = self.joined(view, id, at);
                let parent = Some((entity.clone(), field.clone()));
                Shape { length, parent, ..Shape::of(FieldType::Reference) }
            }
            Origin::Aggregate(aggregate) => self.aggregate(view, aggregate, at),
            Origin::Expression(formula) => self.expression(view, formula.as_ref(), at),
        }
    }

    /// The longest text that joined fields can make.
    pub(super) fn joined(&mut self, view: Option<View<'a>>, joined: &Joined, at: At<'_>) -> Option<u32> {
        let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
        let mut length = Some(units(&joined.prefix));
        for (place, name) in joined.fields.iter().enumerate() {
            let shape = self.field(view, name, at).map(Shape::of_field);
            let own = shape.and_then(|shape| match shape.kind {
                Some(FieldType::Text | FieldType::Reference) => shape.length,
                Some(FieldType::Number) => Some(shape.whole? + shape.scale.unwrap_or(0) + 2),
                Some(FieldType::Truth) => Some(5),
                Some(FieldType::Date) => Some(10),
                Some(FieldType::Timestamp) => Some(30),
                _ => None,
            });
            let between = if place == 0 { 0 } else { units(&joined.separator) };
            length = length.zip(own).map(|(sum, own)| sum.saturating_add(own).saturating_add(between));
        }
        length
    }

    fn aggregate(&mut self, view: Option<View<'a>>, aggregate: &Aggregate, at: At<'_>) -> Shape {
        let Some(below) = view.and_then(|view| self.below(view, &aggregate.list, at)) else {
            return Shape::unknown();
        };
        self.conditions(Some(below), &aggregate.conditions, at.field);
        for name in aggregate.same.iter().chain([&aggregate.by]).filter(|name| !name.is_empty()) {
            self.field(Some(below), name, at);
        }
        if aggregate.of.len() > 1 {
            let (fields, separator) = (aggregate.of.clone(), aggregate.separator.clone());
            let length = self.joined(Some(below), &Joined { fields, prefix: String::new(), separator }, at);
            return Shape { length, ..Shape::of(FieldType::Text) };
        }
        let known = aggregate.of.first().and_then(|name| self.field(Some(below), name, at));
        let mut of = known.map_or_else(Shape::unknown, Shape::of_field);
        // What the conditions keep out never arrives.
        let own = |condition: &&Condition| aggregate.of.first() == Some(&condition.field);
        for condition in aggregate.conditions.iter().filter(own) {
            of.keep(|text| condition.admits(&Value::text(text)));
        }
        match aggregate.take {
            Take::Count => Shape { whole: Some(6), scale: Some(0), ..Shape::of(FieldType::Number) }.filled(),
            Take::Join => Shape::of(FieldType::Text),
            Take::Sum if of.kind.is_some_and(|kind| kind != FieldType::Number) => {
                let reason = format!("a sum of {} is asked for, which is no number", aggregate.of.join(", "));
                self.error(at, reason, "take a number, or another value than the sum");
                Shape::unknown()
            }
            Take::Sum => {
                let shape = Shape { whole: None, ..of };
                if aggregate.same.is_some() { shape } else { shape.filled() }
            }
            _ => Shape { nullable: true, ..of },
        }
    }

    /// What tells two records apart must tell their drafts apart too.
    pub(super) fn key_covered(&mut self, view: Option<View<'a>>, id: &IdRule, at: At<'_>) {
        let Some(view) = view else { return };
        let used: Vec<&String> = id.fields().collect();
        // A name that leads to the record that a child belongs to tells nothing about the child itself.
        let own = |name: &str| view.parent.is_none() || of_parent(name).is_none();
        let unique = |name: &&String| {
            own(name) && view.own.field(name).is_some_and(|field| field.unique || field.external_id)
        };
        if used.iter().any(unique) {
            return;
        }
        let inherited = |key: &String| {
            let shared = view.parent.is_some_and(|(_, parent)| parent.key.contains(key));
            shared && used.iter().any(|name| of_parent(name) == Some(key))
        };
        let covered = |key: &String| used.contains(&key) || inherited(key);
        let missing: Vec<&str> =
            view.own.key.iter().filter(|key| !covered(key)).map(String::as_str).collect();
        if !missing.is_empty() {
            let reason = format!(
                "the external id leaves out {}: two records of {} could get the same one",
                missing.join(", "),
                view.name
            );
            self.error(at, reason, format!("name all of its key: {}", view.own.key.join(", ")));
        }
    }
}
