//! What a condition says about a record.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::like::Pattern;
use super::path::{Path, Value, ordered};
use crate::salesforce::record::Record;
use crate::salesforce::schema::Column;
use crate::salesforce::store::{Store, Table};

/// A condition of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Path, Operator, Operand),
    Like(Path, Pattern),
    OneOf(Path, Choices),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// A value in a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Null,
    Bool(bool),
    Number(Decimal),
    /// Text where case makes no difference; days too.
    Text(String),
    /// Text where it does.
    Exact(String),
    Moment(Timestamp),
    /// From the first moment up to, but not, the second.
    Moments(Timestamp, Timestamp),
    /// From the first day up to, but not, the second.
    Days(String, String),
}

/// The values of an `IN`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Choices {
    /// Texts in lower case, or as they are if `exact`.
    texts: BTreeSet<String>,
    exact: bool,
    others: Vec<Operand>,
}

impl Choices {
    pub(crate) fn new(values: impl IntoIterator<Item = Operand>) -> Self {
        let mut choices = Self::default();
        for value in values {
            match value {
                Operand::Text(text) => drop(choices.texts.insert(text.to_lowercase())),
                Operand::Exact(text) => {
                    choices.exact = true;
                    choices.texts.insert(text);
                }
                other => choices.others.push(other),
            }
        }
        choices
    }

    fn has(&self, value: &Value<'_>) -> bool {
        let text = match value {
            Value::Text(text) if self.exact => self.texts.contains(*text),
            Value::Text(text) => self.texts.contains(&text.to_lowercase()),
            _ => false,
        };
        text || self.others.iter().any(|other| Operator::Equal.accepts(value, other))
    }
}

impl Condition {
    /// Whether it holds for the record.
    pub(crate) fn holds(&self, store: &Store, record: &Record) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(store, record)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(store, record)),
            Self::Not(inner) => !inner.holds(store, record),
            Self::Compare(path, operator, wanted) => operator.accepts(&path.value(store, record), wanted),
            Self::Like(path, pattern) => match path.value(store, record) {
                Value::Text(text) => pattern.matches(text),
                _ => false,
            },
            Self::OneOf(path, choices) => choices.has(&path.value(store, record)),
        }
    }

    /// A column with an index, and the values in it that a record must have one of, if the
    /// condition says so.
    pub(crate) fn lookup(&self, table: &Table) -> Option<(Column, Vec<&str>)> {
        let indexed = |path: &Path| {
            path.parents.is_empty()
                && path.part.is_none()
                && match path.column {
                    Column::Id => true,
                    Column::Own(place) => table.is_indexed(place),
                    _ => false,
                }
        };
        match self {
            Self::OneOf(path, choices) if indexed(path) && choices.others.is_empty() => {
                Some((path.column, choices.texts.iter().map(String::as_str).collect()))
            }
            Self::Compare(path, Operator::Equal, Operand::Text(text) | Operand::Exact(text))
                if indexed(path) =>
            {
                Some((path.column, vec![text]))
            }
            Self::All(parts) => parts.iter().find_map(|part| part.lookup(table)),
            _ => None,
        }
    }
}

impl Operator {
    /// What cannot be compared, such as null with a number, is unequal and nothing else.
    pub(crate) fn accepts(self, value: &Value<'_>, wanted: &Operand) -> bool {
        match wanted {
            Operand::Moments(from, to) => {
                self.within(order(value, &Operand::Moment(*from)), order(value, &Operand::Moment(*to)))
            }
            Operand::Days(from, to) => {
                let [from, to] = [from, to].map(|day| ordered(value, &Value::Text(day)));
                self.within(from, to)
            }
            _ => self.fits(order(value, wanted)),
        }
    }

    fn fits(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::Unequal => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    /// Compares with a span, given how the value lies to its begin and to its end.
    fn within(self, begin: Option<Ordering>, end: Option<Ordering>) -> bool {
        let (inside, ended) = (Self::AtLeast.fits(begin), Self::AtLeast.fits(end));
        match self {
            Self::Equal => inside && !ended,
            Self::Unequal => !inside || ended,
            Self::Less => begin.is_some() && !inside,
            Self::AtMost => end.is_some() && !ended,
            Self::Greater => ended,
            Self::AtLeast => inside,
        }
    }
}

fn order(value: &Value<'_>, wanted: &Operand) -> Option<Ordering> {
    match (value, wanted) {
        (Value::Text(a), Operand::Exact(b)) => Some((*a).cmp(b.as_str())),
        (a, Operand::Text(b)) => ordered(a, &Value::Text(b)),
        (a, Operand::Null) => ordered(a, &Value::Null),
        (a, Operand::Bool(b)) => ordered(a, &Value::Bool(*b)),
        (a, Operand::Number(b)) => ordered(a, &Value::Number(*b)),
        (a, Operand::Moment(b)) => ordered(a, &Value::Moment(*b)),
        _ => None,
    }
}
