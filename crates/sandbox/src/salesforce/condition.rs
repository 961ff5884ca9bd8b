//! What a condition says about a record.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::like::Pattern;
use super::record::{Account, Cell};
use super::schema::Column;

/// A condition of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Column, Operator, Operand),
    Like(Column, Pattern),
    OneOf(Column, Choices),
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
    Instant(Timestamp),
}

/// A value of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(&'a str),
    Instant(Timestamp),
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
    pub(crate) fn new(values: Vec<Operand>) -> Self {
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
        text || self.others.iter().any(|other| order(value, other) == Some(Ordering::Equal))
    }
}

/// A field of a record.
pub(crate) fn value(record: &Account, column: Column) -> Value<'_> {
    match column {
        Column::Id => Value::Text(&record.id),
        Column::IsDeleted => Value::Bool(record.deleted),
        Column::CreatedDate => Value::Instant(record.created),
        Column::LastModifiedDate | Column::SystemModstamp => Value::Instant(record.modified),
        Column::Own(place) => match record.cells.get(place) {
            None | Some(Cell::Null) => Value::Null,
            Some(Cell::Text(text)) => Value::Text(text),
            Some(Cell::Number(number)) => Value::Number(*number),
        },
    }
}

impl Condition {
    /// Whether it holds for the record.
    pub(crate) fn holds(&self, record: &Account) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(record)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(record)),
            Self::Not(inner) => !inner.holds(record),
            Self::Compare(column, operator, wanted) => {
                operator.accepts(order(&value(record, *column), wanted))
            }
            Self::Like(column, pattern) => match value(record, *column) {
                Value::Text(text) => pattern.matches(text),
                _ => false,
            },
            Self::OneOf(column, choices) => choices.has(&value(record, *column)),
        }
    }

    /// A column with an index, and the values in it that a record must have one of, if the
    /// condition says so.
    pub(crate) fn lookup(&self) -> Option<(Column, Vec<&str>)> {
        let indexed = |column: &Column| *column == Column::Id || column.is_key();
        match self {
            Self::OneOf(column, choices) if indexed(column) && choices.others.is_empty() => {
                Some((*column, choices.texts.iter().map(String::as_str).collect()))
            }
            Self::Compare(column, Operator::Equal, Operand::Text(text) | Operand::Exact(text))
                if indexed(column) =>
            {
                Some((*column, vec![text]))
            }
            Self::All(parts) => parts.iter().find_map(Self::lookup),
            _ => None,
        }
    }
}

impl Operator {
    /// `None` is what cannot be compared, such as null with a number: unequal, and nothing else.
    fn accepts(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::Unequal => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
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
        (a, Operand::Instant(b)) => ordered(a, &Value::Instant(*b)),
        _ => None,
    }
}

/// How two values of one column are ordered: texts without case. `None` if they cannot be compared.
pub(crate) fn ordered(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => {
            let [a, b] = [a, b].map(|text| text.chars().flat_map(char::to_lowercase));
            Some(a.cmp(b))
        }
        _ => None,
    }
}
