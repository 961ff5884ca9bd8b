//! What a step does to a value.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::file::{Case, NumberStep, Rounding, Unknown};
use crate::{FieldName, MapError, Note, Value};

/// A step, ready to run.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Trim,
    Case(Case),
    Default(Value),
    Table { name: String, rows: BTreeMap<String, Value>, unknown: Unknown },
    Truncate(usize),
    ToDate(String),
    DateText(String),
    ToNumber(NumberStep),
    NumberText(NumberStep),
    Required,
}

/// The field a step works on, and the remarks it leaves.
pub(crate) struct Bench<'a> {
    pub(crate) field: &'a FieldName,
    pub(crate) notes: &'a mut Vec<Note>,
}

impl Bench<'_> {
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(Note { field: self.field.clone(), text: text.into() });
    }

    fn fail(&self, reason: impl Into<String>, value: Value) -> MapError {
        MapError::new(self.field.clone(), reason).value(value)
    }
}

impl Op {
    pub(crate) fn apply(&self, value: Value, bench: &mut Bench<'_>) -> Result<Value, MapError> {
        match (self, value) {
            (Self::Default(default), value) if is_empty(&value) => Ok(default.clone()),
            (Self::Required, value) if is_empty(&value) => {
                let hint = "fill it in the source, or give the field a `default` step in the mapping";
                Err(bench.fail("a value is required and there is none", value).hint(hint))
            }
            (Self::Default(_) | Self::Required, value)
            | (Self::ToDate(_), value @ Value::Date(_))
            | (_, value @ Value::Null) => Ok(value),
            (Self::Trim, Value::Text(text)) => Ok(Value::text(text.trim())),
            (Self::Case(case), Value::Text(text)) => Ok(Value::Text(recase(*case, &text))),
            (Self::Table { name, rows, unknown }, Value::Text(text)) => {
                look_up((name, rows), *unknown, text, bench)
            }
            (Self::Truncate(units), Value::Text(text)) => Ok(Value::Text(truncate(text, *units, bench))),
            (Self::ToDate(pattern), Value::Text(text)) => to_date(pattern, text, bench),
            (Self::DateText(pattern), Value::Date(date)) => {
                Ok(Value::text(date.strftime(pattern).to_string()))
            }
            (Self::ToNumber(step), value) => number(*step, value, bench).map(Value::Decimal),
            (Self::NumberText(step), value) => number_text(*step, value, bench),
            (step, value) => {
                let reason = format!("the step {} does not fit {}", step.name(), kind(&value));
                Err(bench.fail(reason, value).hint("change the steps of the field in the mapping"))
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::Case(_) => "case",
            Self::Default(_) => "default",
            Self::Table { .. } => "table",
            Self::Truncate(_) => "truncate",
            Self::ToDate(_) => "to_date",
            Self::DateText(_) => "date_text",
            Self::ToNumber(_) => "to_number",
            Self::NumberText(_) => "number_text",
            Self::Required => "required",
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "an empty value",
        Value::Bool(_) => "a truth value",
        Value::Decimal(_) => "a number",
        Value::Text(_) => "a text",
        Value::Date(_) => "a date",
        Value::Timestamp(_) => "an instant",
        Value::Reference(_) => "a reference",
        Value::List(_) => "a list",
    }
}

/// Null, empty or blank.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn recase(case: Case, text: &str) -> String {
    match case {
        Case::Upper => text.to_uppercase(),
        Case::Lower => text.to_lowercase(),
        Case::Title => title(text),
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut starts = true;
    for letter in text.chars() {
        if starts {
            out.extend(letter.to_uppercase());
        } else {
            out.extend(letter.to_lowercase());
        }
        starts = !letter.is_alphanumeric() && letter != '\'';
    }
    out
}

fn look_up(
    (name, rows): (&str, &BTreeMap<String, Value>),
    unknown: Unknown,
    text: String,
    bench: &mut Bench<'_>,
) -> Result<Value, MapError> {
    if let Some(value) = rows.get(text.trim()) {
        return Ok(value.clone());
    }
    match unknown {
        Unknown::Keep => {
            bench.note(format!("{text:?} is not in table {name}: kept as it is"));
            Ok(Value::Text(text))
        }
        Unknown::Null => {
            bench.note(format!("{text:?} is not in table {name}: left empty"));
            Ok(Value::Null)
        }
        Unknown::Error => {
            let hint =
                format!("add it to [tables.{name}] in the mapping, or set `unknown` to \"keep\" or \"null\"");
            Err(bench.fail(format!("not in table {name}"), Value::Text(text)).hint(hint))
        }
    }
}

/// Cut between letters as people see them (grapheme clusters), never inside one.
fn truncate(text: String, units: usize, bench: &mut Bench<'_>) -> String {
    // A UTF-8 text never has more UTF-16 units than bytes.
    if text.len() <= units {
        return text;
    }
    let length = text.encode_utf16().count();
    if length <= units {
        return text;
    }
    let mut used = 0;
    let fits = |cluster: &&str| {
        used += cluster.encode_utf16().count();
        used <= units
    };
    let cut: String = text.graphemes(true).take_while(fits).collect();
    bench.note(format!("cut from {length} to {} UTF-16 units", cut.encode_utf16().count()));
    cut
}

fn to_date(pattern: &str, text: String, bench: &Bench<'_>) -> Result<Value, MapError> {
    match Date::strptime(pattern, text.trim()) {
        Ok(date) => Ok(Value::Date(date)),
        Err(error) => Err(bench.fail(format!("no date of the form {pattern}: {error}"), Value::Text(text))),
    }
}

fn number(step: NumberStep, value: Value, bench: &mut Bench<'_>) -> Result<Decimal, MapError> {
    let exact = match &value {
        Value::Decimal(number) => *number,
        Value::Text(text) => Decimal::from_str_exact(text.trim())
            .map_err(|error| bench.fail(format!("no number: {error}"), value.clone()))?,
        other => return Err(bench.fail(format!("a number cannot be made of {}", kind(other)), value)),
    };
    let Some(scale) = step.scale else { return Ok(exact) };
    let rounded = match step.rounding {
        Rounding::Refuse | Rounding::Down => exact.trunc_with_scale(scale),
        Rounding::HalfEven => exact.round_dp_with_strategy(scale, RoundingStrategy::MidpointNearestEven),
        Rounding::HalfUp => exact.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero),
    };
    if rounded == exact {
        return Ok(rounded);
    }
    if step.rounding == Rounding::Refuse {
        let hint = "give the step a `rounding`: half_even, half_up or down";
        return Err(bench.fail(format!("more than {scale} digits behind the point"), value).hint(hint));
    }
    bench.note(format!("rounded from {exact} to {rounded}"));
    Ok(rounded)
}

fn number_text(step: NumberStep, value: Value, bench: &mut Bench<'_>) -> Result<Value, MapError> {
    let mut number = number(step, value, bench)?;
    if let Some(scale) = step.scale {
        number.rescale(scale);
    }
    Ok(Value::text(number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(op: &Op, value: Value) -> (Result<Value, MapError>, Vec<Note>) {
        let field = FieldName::from("F");
        let mut notes = Vec::new();
        let result = op.apply(value, &mut Bench { field: &field, notes: &mut notes });
        (result, notes)
    }

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.parse().expect(text))
    }

    #[test]
    fn texts_change_their_case() {
        for (case, expected) in
            [(Case::Upper, "O'NEIL GMBH"), (Case::Lower, "o'neil gmbh"), (Case::Title, "O'neil Gmbh")]
        {
            assert_eq!(run(&Op::Case(case), Value::text("o'neil GMBH")).0, Ok(Value::text(expected)));
        }
    }

    #[test]
    fn tables_say_what_happens_to_the_unknown() {
        let rows = BTreeMap::from([("DE".to_owned(), Value::text("Germany"))]);
        let op = |unknown| Op::Table { name: "countries".into(), rows: rows.clone(), unknown };
        assert_eq!(run(&op(Unknown::Error), Value::text(" DE ")).0, Ok(Value::text("Germany")));
        assert!(run(&op(Unknown::Error), Value::text("XX")).0.is_err_and(|error| error.hint.is_some()));
        let (kept, notes) = run(&op(Unknown::Keep), Value::text("XX"));
        assert_eq!((kept, notes.len()), (Ok(Value::text("XX")), 1));
        assert_eq!(run(&op(Unknown::Null), Value::text("XX")).0, Ok(Value::Null));
    }

    #[test]
    fn cuts_fall_between_letters_and_leave_a_note() {
        let family = "a👨‍👩‍👧b";
        let (cut, notes) = run(&Op::Truncate(8), Value::text(family));
        assert_eq!(cut, Ok(Value::text("a")));
        assert_eq!(notes[0].text, "cut from 10 to 1 UTF-16 units");
        assert_eq!(run(&Op::Truncate(10), Value::text(family)), (Ok(Value::text(family)), vec![]));
    }

    #[test]
    fn dates_are_read_and_written_by_pattern() {
        let date = Value::Date(jiff::civil::date(2026, 2, 28));
        assert_eq!(run(&Op::ToDate("%d.%m.%Y".into()), Value::text("28.02.2026")).0, Ok(date.clone()));
        assert!(run(&Op::ToDate("%d.%m.%Y".into()), Value::text("30.02.2026")).0.is_err());
        assert_eq!(run(&Op::DateText("%Y/%m/%d".into()), date).0, Ok(Value::text("2026/02/28")));
    }

    #[test]
    fn numbers_lose_digits_only_when_told_to() {
        let step = |rounding| Op::ToNumber(NumberStep { scale: Some(2), rounding });
        assert_eq!(run(&step(Rounding::Refuse), Value::text("12.50")).0, Ok(decimal("12.50")));
        assert!(run(&step(Rounding::Refuse), decimal("12.505")).0.is_err());
        assert_eq!(run(&step(Rounding::HalfEven), decimal("12.505")).0, Ok(decimal("12.50")));
        let (rounded, notes) = run(&step(Rounding::HalfUp), decimal("12.505"));
        assert_eq!((rounded, notes.len()), (Ok(decimal("12.51")), 1));
        assert!(run(&step(Rounding::Down), Value::text("1e5")).0.is_err());
        let text = Op::NumberText(NumberStep { scale: Some(2), rounding: Rounding::Refuse });
        assert_eq!(run(&text, decimal("7")).0, Ok(Value::text("7.00")));
    }

    #[test]
    fn empty_values_pass_but_for_defaults_and_requirements() {
        assert_eq!(run(&Op::Default(Value::text("x")), Value::text("  ")).0, Ok(Value::text("x")));
        assert_eq!(run(&Op::Truncate(1), Value::Null).0, Ok(Value::Null));
        assert!(run(&Op::Required, Value::Null).0.is_err());
        assert_eq!(run(&Op::Required, Value::Bool(false)).0, Ok(Value::Bool(false)));
    }
}
