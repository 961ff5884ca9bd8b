//! The check of steps: what comes out of them, and whether they fit what goes in.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::shape::Shape;
use super::{At, Checker};
use crate::file::{Case, Outside, TooLong, Unknown};
use crate::schema::FieldType;
use crate::step::{Op, Table};

impl Checker<'_> {
    /// What comes out of a step.
    pub(super) fn step(&mut self, op: &Op, shape: Shape, at: At<'_>) -> Shape {
        use FieldType::{Date, Number, Text, Timestamp, Truth};
        let takes: &[FieldType] = match op {
            Op::Default(_) | Op::Required => &[],
            Op::Trim | Op::Case(_) | Op::Part(_) | Op::Limit { .. } => &[Text],
            Op::Table(_) | Op::Truth { .. } => &[Text, Truth],
            Op::ToDate(_) => &[Text, Date],
            Op::DateText(_) => &[Date],
            Op::DayIn(_) => &[Timestamp, Date],
            Op::ToTimestamp { .. } => &[Text, Date, Timestamp],
            Op::DateRange { .. } => &[Date, Timestamp],
            Op::ToNumber(_) | Op::NumberText(_) => &[Text, Number],
            Op::TruthText { .. } => &[Truth],
        };
        if let Some(kind) = shape.kind
            && !takes.is_empty()
            && !takes.contains(&kind)
        {
            let reason = format!("the step {} does not fit a {}", op.name(), kind.name());
            self.error(at, reason, "take the step out, or put one before it that makes what it needs");
            return Shape::unknown();
        }
        self.made(op, shape, at)
    }

    fn made(&mut self, op: &Op, shape: Shape, at: At<'_>) -> Shape {
        let least = |one: Option<u32>, other: Option<u32>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        match op {
            Op::Trim => shape,
            Op::Required => shape.filled(),
            Op::Default(value) => shape.or(Shape::of_value(value)).filled(),
            Op::Case(case) => recased(*case, shape),
            Op::Part(_) => Shape { nullable: true, values: None, ..shape },
            Op::Table(table) => self.table(table, &shape, at),
            Op::Limit { units, too_long } => {
                let units = u32::try_from(*units).unwrap_or(u32::MAX);
                let lost = *too_long == TooLong::Null && shape.length.is_none_or(|length| length > units);
                Shape { length: least(shape.length, Some(units)), nullable: shape.nullable || lost, ..shape }
            }
            Op::ToDate(_) | Op::DayIn(_) => Shape { nullable: shape.nullable, ..Shape::of(FieldType::Date) },
            Op::ToTimestamp { .. } => Shape { nullable: shape.nullable, ..Shape::of(FieldType::Timestamp) },
            Op::DateRange { outside, .. } => {
                Shape { nullable: shape.nullable || *outside == Outside::Null, ..shape }
            }
            Op::DateText(pattern) => {
                // A day whose month and weekday have the longest English names.
                let sample = Date::constant(2026, 9, 30).strftime(pattern).to_string();
                let length = u32::try_from(sample.encode_utf16().count()).ok();
                Shape { length, nullable: shape.nullable, ..Shape::of(FieldType::Text) }
            }
            Op::ToNumber(step) => {
                let whole = step.precision.map(|precision| precision.saturating_sub(step.scale.unwrap_or(0)));
                Shape {
                    whole: least(shape.whole, whole),
                    scale: step.scale.or(shape.scale),
                    nullable: shape.nullable,
                    ..Shape::of(FieldType::Number)
                }
            }
            Op::NumberText(_) => {
                // A sign, a point, and 29 digits: more than a number can have.
                Shape { length: Some(31), nullable: shape.nullable, ..Shape::of(FieldType::Text) }
            }
            Op::Truth { .. } => Shape { nullable: shape.nullable, ..Shape::of(FieldType::Truth) },
            Op::TruthText { yes, no } => {
                let texts = [yes, no].into_iter().filter_map(|value| value.as_text().map(str::to_owned));
                Shape { nullable: shape.nullable, ..Shape::of_texts(texts.collect()) }
            }
        }
    }

    /// A table must have a line for every code that it can be asked for.
    fn table(&mut self, table: &Table, shape: &Shape, at: At<'_>) -> Shape {
        let strict = table.unknown == Unknown::Error && table.otherwise.is_none();
        let mut texts = BTreeSet::new();
        let mut unknown = BTreeSet::new();
        match &shape.values {
            None => texts.extend(table.rows.values().filter_map(|value| value.as_text().map(str::to_owned))),
            Some(codes) => {
                for code in codes {
                    match table.rows.get(code.trim()) {
                        Some(value) => texts.extend(value.as_text().map(str::to_owned)),
                        None => {
                            unknown.insert(code.clone());
                        }
                    }
                }
            }
        }
        if strict && !unknown.is_empty() {
            let missing: Vec<&str> = unknown.iter().map(String::as_str).collect();
            let reason = format!("table {} has no line for {}", table.name, missing.join(", "));
            let remedy = format!("add them to [tables.{}], or say what becomes of the unknown", table.name);
            self.error(at, reason, remedy);
        }
        texts.extend(table.otherwise.iter().filter_map(|value| value.as_text().map(str::to_owned)));
        let open = shape.values.is_none() && table.unknown == Unknown::Keep && table.otherwise.is_none();
        if open {
            let longest = Shape::of_texts(texts).length.max(shape.length);
            return Shape {
                length: shape.length.and(longest),
                nullable: shape.nullable,
                ..Shape::of(FieldType::Text)
            };
        }
        if table.unknown == Unknown::Keep && table.otherwise.is_none() {
            texts.append(&mut unknown);
        }
        let lost = table.unknown == Unknown::Null && table.otherwise.is_none();
        let lost = lost && (shape.values.is_none() || !unknown.is_empty());
        Shape { nullable: shape.nullable || lost, ..Shape::of_texts(texts) }
    }
}

fn recased(case: Case, shape: Shape) -> Shape {
    let recase = |text: String| crate::step::recase(case, &text).unwrap_or(text);
    let values = shape.values.map(|values| values.into_iter().map(recase).collect());
    Shape { values, ..shape }
}
