//! What a condition says about a record.

use std::cmp::Ordering;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::record::{Account, Cell};
use super::schema::KEY;

/// A condition of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(String, Operator, Operand),
    OneOf(String, Vec<Operand>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Like,
}

/// A value in a query or in a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    /// A day, as it is written.
    Date(String),
    Instant(Timestamp),
}

/// A field of a record, the org's own fields too.
pub(crate) fn field_of(record: &Account, field: &str) -> Operand {
    match field.to_ascii_lowercase().as_str() {
        "id" => Operand::Text(record.id.clone()),
        "isdeleted" => Operand::Bool(record.deleted),
        "createddate" => Operand::Instant(record.created),
        "lastmodifieddate" | "systemmodstamp" => Operand::Instant(record.modified),
        _ => match record.get(field) {
            Cell::Null => Operand::Null,
            Cell::Text(text) => Operand::Text(text.to_string()),
            Cell::Number(number) => Operand::Number(*number),
        },
    }
}

impl Condition {
    /// Whether it holds for the record.
    pub(crate) fn holds(&self, record: &Account, case_sensitive: bool) -> bool {
        match self {
            Self::And(left, right) => {
                left.holds(record, case_sensitive) && right.holds(record, case_sensitive)
            }
            Self::Or(left, right) => {
                left.holds(record, case_sensitive) || right.holds(record, case_sensitive)
            }
            Self::Not(inner) => !inner.holds(record, case_sensitive),
            Self::Compare(field, operator, wanted) => {
                let exact = case_sensitive && field.eq_ignore_ascii_case(KEY);
                compare(&field_of(record, field), *operator, wanted, exact)
            }
            Self::OneOf(field, values) => {
                let exact = case_sensitive && field.eq_ignore_ascii_case(KEY);
                let value = field_of(record, field);
                values.iter().any(|wanted| compare(&value, Operator::Equal, wanted, exact))
            }
        }
    }

    /// The external ids that a record must have one of, if the condition says so.
    pub(crate) fn keys(&self) -> Option<Vec<&str>> {
        let text = |operand: &Operand| if let Operand::Text(_) = operand { Some(()) } else { None };
        match self {
            Self::OneOf(field, values)
                if field.eq_ignore_ascii_case(KEY) && values.iter().all(|v| text(v).is_some()) =>
            {
                Some(
                    values
                        .iter()
                        .filter_map(|v| if let Operand::Text(key) = v { Some(key.as_str()) } else { None })
                        .collect(),
                )
            }
            Self::Compare(field, Operator::Equal, Operand::Text(key)) if field.eq_ignore_ascii_case(KEY) => {
                Some(vec![key])
            }
            Self::And(left, right) => left.keys().or_else(|| right.keys()),
            _ => None,
        }
    }
}

fn compare(value: &Operand, operator: Operator, wanted: &Operand, exact: bool) -> bool {
    if let (Operator::Like, Operand::Text(text), Operand::Text(pattern)) = (operator, value, wanted) {
        return like(&text.to_lowercase(), &pattern.to_lowercase());
    }
    let order = order(value, wanted, exact);
    match operator {
        Operator::Equal => order == Some(Ordering::Equal),
        Operator::Unequal => order != Some(Ordering::Equal),
        Operator::Less => order == Some(Ordering::Less),
        Operator::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Like => false,
    }
}

/// How two values are ordered; `None` if they cannot be compared.
pub(crate) fn order(a: &Operand, b: &Operand, exact: bool) -> Option<Ordering> {
    match (a, b) {
        (Operand::Null, Operand::Null) => Some(Ordering::Equal),
        (Operand::Bool(a), Operand::Bool(b)) => Some(a.cmp(b)),
        (Operand::Number(a), Operand::Number(b)) => Some(a.cmp(b)),
        (Operand::Instant(a), Operand::Instant(b)) => Some(a.cmp(b)),
        (Operand::Text(a), Operand::Text(b)) if exact => Some(a.cmp(b)),
        (Operand::Text(a), Operand::Text(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (Operand::Text(a) | Operand::Date(a), Operand::Text(b) | Operand::Date(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// `%` stands for anything, `_` for one letter.
fn like(text: &str, pattern: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = letters.as_str();
            text.char_indices()
                .map(|(place, _)| place)
                .chain([text.len()])
                .any(|place| like(text.get(place..).unwrap_or_default(), rest))
        }
        Some(letter) => {
            let mut read = text.chars();
            read.next().is_some_and(|first| letter == '_' || first == letter)
                && like(read.as_str(), letters.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_sql() {
        assert!(
            like("steel works", "st%w_rks") && like("", "%") && !like("steel", "teel") && !like("a", "a_")
        );
    }
}
