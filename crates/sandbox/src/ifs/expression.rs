//! Filter expressions and what they say about a row.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::cell::Cell;
use super::problem::Problem;
use super::row::Row;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Column(usize),
    Literal(Value<'static>),
    Not(Box<Expression>),
    /// All of them; side by side, so that a long chain is not deep.
    And(Vec<Expression>),
    /// One of them.
    Or(Vec<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    Arithmetic(char, Box<Expression>, Box<Expression>),
    Call(Function, Vec<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Contains,
    StartsWith,
    EndsWith,
    ToLower,
    ToUpper,
    Trim,
    Length,
    IndexOf,
    Substring,
    Concat,
}

/// A value of an expression, borrowed from the row or the filter where it can be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(Cow<'a, str>),
    Date(Date),
    Timestamp(Timestamp),
    /// A member of an enum.
    Enum(Cow<'a, str>),
}

impl<'a> Value<'a> {
    fn of(cell: &'a Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Text(text) => Self::Text(Cow::Borrowed(text)),
            Cell::Decimal(number) => Self::Number(*number),
            Cell::Flag(flag) => Self::Bool(*flag),
            Cell::Date(date) => Self::Date(*date),
            Cell::Timestamp(stamp) => Self::Timestamp(*stamp),
            Cell::Enum(member) => Self::Enum(Cow::Borrowed(member)),
        }
    }

    fn lend(&'a self) -> Self {
        match self {
            Self::Text(text) => Self::Text(Cow::Borrowed(text)),
            Self::Enum(member) => Self::Enum(Cow::Borrowed(member)),
            other => other.clone(),
        }
    }
}

impl Expression {
    /// Whether the expression holds for the row.
    pub(crate) fn holds(&self, row: &Row) -> Result<bool, Problem> {
        match self.value(row)? {
            Value::Bool(truth) => Ok(truth),
            Value::Null => Ok(false),
            _ => Err(Problem::bad("the filter is no condition")),
        }
    }

    /// Whether a timestamp stands in it.
    pub(crate) fn has_stamp(&self) -> bool {
        match self {
            Self::Column(_) => false,
            Self::Literal(value) => matches!(value, Value::Timestamp(_)),
            Self::Not(inner) => inner.has_stamp(),
            Self::Compare(_, left, right) | Self::Arithmetic(_, left, right) => {
                left.has_stamp() || right.has_stamp()
            }
            Self::And(parts) | Self::Or(parts) | Self::Call(_, parts) => parts.iter().any(Self::has_stamp),
        }
    }

    fn value<'a>(&'a self, row: &'a Row) -> Result<Value<'a>, Problem> {
        Ok(match self {
            Self::Column(place) => row.cells.get(*place).map_or(Value::Null, Value::of),
            Self::Literal(value) => value.lend(),
            Self::Not(inner) => match inner.value(row)? {
                Value::Bool(truth) => Value::Bool(!truth),
                _ => Value::Null,
            },
            Self::And(parts) => decided(parts, row, false)?,
            Self::Or(parts) => decided(parts, row, true)?,
            Self::Compare(comparison, left, right) => {
                compare(*comparison, &left.value(row)?, &right.value(row)?)?
            }
            Self::Arithmetic(operator, left, right) => {
                calculate(*operator, &left.value(row)?, &right.value(row)?)?
            }
            Self::Call(function, arguments) => {
                let values =
                    arguments.iter().map(|argument| argument.value(row)).collect::<Result<Vec<_>, _>>()?;
                call(*function, &values)?
            }
        })
    }
}

/// Three-valued logic: a part that is unknown leaves the whole unknown, unless another decides.
fn decided(parts: &[Expression], row: &Row, decisive: bool) -> Result<Value<'static>, Problem> {
    let mut all_known = true;
    for part in parts {
        match part.value(row)? {
            Value::Bool(truth) if truth == decisive => return Ok(Value::Bool(decisive)),
            Value::Bool(_) => {}
            _ => all_known = false,
        }
    }
    Ok(if all_known { Value::Bool(!decisive) } else { Value::Null })
}

fn compare(comparison: Comparison, left: &Value<'_>, right: &Value<'_>) -> Result<Value<'static>, Problem> {
    if *left == Value::Null || *right == Value::Null {
        // OData: null equals null and nothing else; every other comparison with null is false.
        let same = left == right;
        return Ok(Value::Bool(match comparison {
            Comparison::Eq => same,
            Comparison::Ne => !same,
            _ => false,
        }));
    }
    let order = match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) | (Value::Enum(a), Value::Enum(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => return Err(Problem::bad("the operand types do not match")),
    };
    Ok(Value::Bool(match comparison {
        Comparison::Eq => order == Ordering::Equal,
        Comparison::Ne => order != Ordering::Equal,
        Comparison::Gt => order == Ordering::Greater,
        Comparison::Ge => order != Ordering::Less,
        Comparison::Lt => order == Ordering::Less,
        Comparison::Le => order != Ordering::Greater,
    }))
}

fn calculate(operator: char, left: &Value<'_>, right: &Value<'_>) -> Result<Value<'static>, Problem> {
    let (Value::Number(a), Value::Number(b)) = (left, right) else {
        return match (left, right) {
            (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
            _ => Err(Problem::bad("arithmetic works on numbers only")),
        };
    };
    let result = match operator {
        '+' => a.checked_add(*b),
        '-' => a.checked_sub(*b),
        '*' => a.checked_mul(*b),
        _ => a.checked_div(*b),
    };
    result.map(Value::Number).ok_or_else(|| Problem::bad("the number is out of range"))
}

fn call(function: Function, values: &[Value<'_>]) -> Result<Value<'static>, Problem> {
    if values.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    Ok(match (function, values) {
        (Function::Contains, [Value::Text(text), Value::Text(part)]) => {
            Value::Bool(text.contains(part.as_ref()))
        }
        (Function::StartsWith, [Value::Text(text), Value::Text(part)]) => {
            Value::Bool(text.starts_with(part.as_ref()))
        }
        (Function::EndsWith, [Value::Text(text), Value::Text(part)]) => {
            Value::Bool(text.ends_with(part.as_ref()))
        }
        (Function::ToLower, [Value::Text(text)]) => Value::Text(text.to_lowercase().into()),
        (Function::ToUpper, [Value::Text(text)]) => Value::Text(text.to_uppercase().into()),
        (Function::Trim, [Value::Text(text)]) => Value::Text(text.trim().to_owned().into()),
        (Function::Length, [Value::Text(text)]) => Value::Number(text.chars().count().into()),
        (Function::Concat, [Value::Text(a), Value::Text(b)]) => Value::Text(format!("{a}{b}").into()),
        (Function::IndexOf, [Value::Text(text), Value::Text(part)]) => {
            let place = text.find(part.as_ref()).and_then(|place| text.get(..place));
            Value::Number(place.map_or_else(|| Decimal::from(-1), |before| before.chars().count().into()))
        }
        (Function::Substring, [Value::Text(text), Value::Number(from)]) => {
            Value::Text(text.chars().skip(whole(*from)).collect())
        }
        (Function::Substring, [Value::Text(text), Value::Number(from), Value::Number(count)]) => {
            Value::Text(text.chars().skip(whole(*from)).take(whole(*count)).collect())
        }
        _ => return Err(Problem::bad("a function has the wrong arguments")),
    })
}

fn whole(number: Decimal) -> usize {
    number.trunc().try_into().unwrap_or(0)
}
