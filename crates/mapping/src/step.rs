//! What a step does to a value.

mod moment;
mod number;
mod text;

pub(crate) use text::recase;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::file::{Case, Fold, NumberStep, Outside, Part, TooLong, Unknown};
use crate::{FieldName, MapError, Note, Value};

/// A value on its way: lent by the record or the mapping as long as no step has to change it.
pub(crate) type Lent<'v> = Cow<'v, Value>;

/// A step, ready to run.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Trim,
    Case(Case),
    Part(Part),
    Default(Value),
    Table(Table),
    Limit { units: usize, too_long: TooLong },
    ToDate(String),
    DateText(String),
    DayIn(TimeZone),
    ToTimestamp { zone: TimeZone, format: Option<String>, fold: Fold },
    DateRange { from: Date, to: Date, outside: Outside },
    ToNumber(NumberStep),
    NumberText(NumberStep),
    Truth { yes: Vec<String>, no: Vec<String> },
    TruthText { yes: Value, no: Value },
    Required,
}

/// A look-up table in the direction in which a step uses it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) rows: BTreeMap<String, Value>,
    pub(crate) unknown: Unknown,
    /// Stands in for what is not in it.
    pub(crate) otherwise: Option<Value>,
}

/// The field a step works on, and the remarks it leaves.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) field: &'a FieldName,
    pub(crate) notes: &'a mut Vec<Note>,
}

impl Bench<'_> {
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(Note { field: self.field.clone(), text: text.into() });
    }

    pub(crate) fn fail(&self, reason: impl Into<String>, value: Lent<'_>) -> MapError {
        MapError::new(self.field.clone(), reason).value(value.into_owned())
    }
}

impl Op {
    pub(crate) fn apply<'v>(&'v self, value: Lent<'v>, bench: &mut Bench<'_>) -> Result<Lent<'v>, MapError> {
        match (self, &*value) {
            (Self::Default(default), given) if is_empty(given) => Ok(Cow::Borrowed(default)),
            (Self::Required, given) if is_empty(given) => {
                let hint = "fill it in the source, or give the field a `default` step in the mapping";
                Err(bench.fail("a value is required and there is none", value).hint(hint))
            }
            (Self::Default(_) | Self::Required, _)
            | (Self::ToDate(_) | Self::DayIn(_), Value::Date(_))
            | (Self::ToTimestamp { .. }, Value::Timestamp(_))
            | (Self::Truth { .. }, Value::Bool(_))
            | (_, Value::Null) => Ok(value),
            (
                Self::Trim | Self::Case(_) | Self::Part(_) | Self::Limit { .. } | Self::Truth { .. },
                Value::Text(_),
            ) => self.on_text(value, bench),
            (Self::Table(table), Value::Text(_) | Value::Bool(_)) => table.look_up(value, bench),
            (Self::ToDate(pattern), Value::Text(text)) => moment::date(pattern, text, bench),
            (Self::DateText(pattern), Value::Date(date)) => {
                Ok(Cow::Owned(Value::text(date.strftime(pattern).to_string())))
            }
            (Self::DayIn(zone), Value::Timestamp(instant)) => {
                Ok(Cow::Owned(Value::Date(zone.to_datetime(*instant).date())))
            }
            (Self::ToTimestamp { zone, format, fold }, Value::Text(_) | Value::Date(_)) => {
                moment::timestamp((zone, format.as_deref(), *fold), value, bench)
            }
            (Self::DateRange { from, to, outside }, Value::Date(_) | Value::Timestamp(_)) => {
                moment::in_range((*from, *to), *outside, value, bench)
            }
            (Self::ToNumber(step), _) => number::number(*step, value, bench),
            (Self::NumberText(step), _) => number::text(*step, value, bench),
            (Self::TruthText { yes, no }, Value::Bool(truth)) => {
                Ok(Cow::Borrowed(if *truth { yes } else { no }))
            }
            (step, given) => {
                let reason = format!("the step {} does not fit {}", step.name(), kind(given));
                Err(bench.fail(reason, value).hint("change the steps of the field in the mapping"))
            }
        }
    }

    fn on_text<'v>(&'v self, value: Lent<'v>, bench: &mut Bench<'_>) -> Result<Lent<'v>, MapError> {
        let Value::Text(given) = &*value else { return Ok(value) };
        let changed = match self {
            Self::Trim => text::changed(given, given.trim()),
            Self::Case(case) => text::recase(*case, given),
            Self::Part(part) => text::changed(given, text::part(*part, given)),
            Self::Limit { units, too_long } => return text::limit(*units, *too_long, value, bench),
            Self::Truth { yes, no } => return text::truth(yes, no, value, bench),
            _ => None,
        };
        Ok(changed.map_or(value, |text| Cow::Owned(Value::Text(text))))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::Case(_) => "case",
            Self::Part(_) => "part",
            Self::Default(_) => "default",
            Self::Table(_) => "table",
            Self::Limit { .. } => "limit",
            Self::ToDate(_) => "to_date",
            Self::DateText(_) => "date_text",
            Self::DayIn(_) => "day_in",
            Self::ToTimestamp { .. } => "to_timestamp",
            Self::DateRange { .. } => "date_range",
            Self::ToNumber(_) => "to_number",
            Self::NumberText(_) => "number_text",
            Self::Truth { .. } => "truth",
            Self::TruthText { .. } => "truth_text",
            Self::Required => "required",
        }
    }
}

impl Table {
    fn look_up<'v>(&'v self, value: Lent<'v>, bench: &mut Bench<'_>) -> Result<Lent<'v>, MapError> {
        let code = match &*value {
            Value::Text(text) => text.trim(),
            Value::Bool(true) => "true",
            _ => "false",
        };
        if let Some(row) = self.rows.get(code) {
            return Ok(Cow::Borrowed(row));
        }
        let name = &self.name;
        if let Some(otherwise) = &self.otherwise {
            bench.note(format!("{code:?} is not in table {name}: the value for others is taken"));
            return Ok(Cow::Borrowed(otherwise));
        }
        match self.unknown {
            Unknown::Keep => {
                bench.note(format!("{code:?} is not in table {name}: kept as it is"));
                Ok(value)
            }
            Unknown::Null => {
                bench.note(format!("{code:?} is not in table {name}: left empty"));
                Ok(Cow::Owned(Value::Null))
            }
            Unknown::Error => {
                let hint = format!(
                    "add it to [tables.{name}] in the mapping, or set `unknown` to \"keep\" or \"null\""
                );
                Err(bench.fail(format!("not in table {name}"), value).hint(hint))
            }
        }
    }
}

/// What a value is, in a word.
pub(crate) fn kind(value: &Value) -> &'static str {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Rounding;

    fn run(op: &Op, value: Value) -> (Result<Value, MapError>, Vec<Note>) {
        let field = FieldName::from("F");
        let mut notes = Vec::new();
        let result = op.apply(Cow::Owned(value), &mut Bench { field: &field, notes: &mut notes });
        (result.map(Cow::into_owned), notes)
    }

    fn cut_to(units: usize) -> Op {
        Op::Limit { units, too_long: TooLong::Cut }
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
        let op = |unknown| {
            Op::Table(Table { name: "countries".into(), rows: rows.clone(), unknown, otherwise: None })
        };
        assert_eq!(run(&op(Unknown::Error), Value::text(" DE ")).0, Ok(Value::text("Germany")));
        assert!(run(&op(Unknown::Error), Value::text("XX")).0.is_err_and(|error| error.hint.is_some()));
        let (kept, notes) = run(&op(Unknown::Keep), Value::text("XX"));
        assert_eq!((kept, notes.len()), (Ok(Value::text("XX")), 1));
        assert_eq!(run(&op(Unknown::Null), Value::text("XX")).0, Ok(Value::Null));
    }

    #[test]
    fn cuts_fall_between_letters_and_leave_a_note() {
        let family = "a👨‍👩‍👧b";
        let (cut, notes) = run(&cut_to(8), Value::text(family));
        assert_eq!(cut, Ok(Value::text("a")));
        assert_eq!(notes[0].text, "cut from 10 to 1 UTF-16 units");
        assert_eq!(run(&cut_to(10), Value::text(family)), (Ok(Value::text(family)), vec![]));
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
        let step = |rounding| Op::ToNumber(NumberStep { scale: Some(2), precision: None, rounding });
        assert_eq!(run(&step(Rounding::Refuse), Value::text("12.50")).0, Ok(decimal("12.50")));
        assert!(run(&step(Rounding::Refuse), decimal("12.505")).0.is_err());
        assert_eq!(run(&step(Rounding::HalfEven), decimal("12.505")).0, Ok(decimal("12.50")));
        let (rounded, notes) = run(&step(Rounding::HalfUp), decimal("12.505"));
        assert_eq!((rounded, notes.len()), (Ok(decimal("12.51")), 1));
        assert!(run(&step(Rounding::Down), Value::text("1e5")).0.is_err());
        let text = Op::NumberText(NumberStep { scale: Some(2), precision: None, rounding: Rounding::Refuse });
        assert_eq!(run(&text, decimal("7")).0, Ok(Value::text("7.00")));
    }

    #[test]
    fn empty_values_pass_but_for_defaults_and_requirements() {
        assert_eq!(run(&Op::Default(Value::text("x")), Value::text("  ")).0, Ok(Value::text("x")));
        assert_eq!(run(&cut_to(1), Value::Null).0, Ok(Value::Null));
        assert!(run(&Op::Required, Value::Null).0.is_err());
        assert_eq!(run(&Op::Required, Value::Bool(false)).0, Ok(Value::Bool(false)));
    }
}
