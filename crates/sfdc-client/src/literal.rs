//! Values in a query: escaped texts, exact numbers, days and instants.
//!
//! Rules: SOQL and SOSL Reference, "Quoted String Escape Sequences" and "Date Formats".

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::soql::SoqlError;
use crate::stamp;

/// Longest text literal that SOQL takes, in characters.
pub(crate) const LITERAL: usize = 4_000;

/// A value in a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// An exact number.
    Number(Decimal),
    /// A truth value.
    Bool(bool),
    /// A day.
    Date(Date),
    /// An instant.
    DateTime(Timestamp),
    /// A day or span that moves with today, such as `LAST_N_DAYS:7`.
    Moving(Moving),
    /// No value.
    Null,
}

/// A day or span that moves with today, in the time zone of the integration user (SOQL and SOSL
/// Reference, "Date Formats and Date Literals").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moving {
    /// `YESTERDAY`
    Yesterday,
    /// `TODAY`
    Today,
    /// `TOMORROW`
    Tomorrow,
    /// `LAST_WEEK`
    LastWeek,
    /// `THIS_WEEK`
    ThisWeek,
    /// `LAST_MONTH`
    LastMonth,
    /// `THIS_MONTH`
    ThisMonth,
    /// `LAST_YEAR`
    LastYear,
    /// `THIS_YEAR`
    ThisYear,
    /// `LAST_N_DAYS:n`, today included.
    LastDays(u16),
    /// `NEXT_N_DAYS:n`, from tomorrow.
    NextDays(u16),
    /// `LAST_N_MONTHS:n`, without this one.
    LastMonths(u16),
}

impl Moving {
    fn push(self, out: &mut String) {
        let (name, count) = match self {
            Self::Yesterday => ("YESTERDAY", None),
            Self::Today => ("TODAY", None),
            Self::Tomorrow => ("TOMORROW", None),
            Self::LastWeek => ("LAST_WEEK", None),
            Self::ThisWeek => ("THIS_WEEK", None),
            Self::LastMonth => ("LAST_MONTH", None),
            Self::ThisMonth => ("THIS_MONTH", None),
            Self::LastYear => ("LAST_YEAR", None),
            Self::ThisYear => ("THIS_YEAR", None),
            Self::LastDays(count) => ("LAST_N_DAYS:", Some(count)),
            Self::NextDays(count) => ("NEXT_N_DAYS:", Some(count)),
            Self::LastMonths(count) => ("LAST_N_MONTHS:", Some(count)),
        };
        out.push_str(name);
        if let Some(count) = count {
            out.push_str(&count.to_string());
        }
    }
}

impl Literal {
    pub(crate) fn push(&self, out: &mut String) -> Result<(), SoqlError> {
        match self {
            Self::Text(text) => return push_text(out, text),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Date(date) => out.push_str(&date.to_string()),
            Self::DateTime(instant) => out.push_str(&stamp::written(*instant)),
            Self::Moving(moving) => moving.push(out),
            Self::Null => out.push_str("null"),
        }
        Ok(())
    }
}

/// A text literal, quoted and escaped.
pub(crate) fn push_text(out: &mut String, text: &str) -> Result<(), SoqlError> {
    let length = text.chars().count();
    if length > LITERAL {
        return Err(SoqlError::TooLong(length));
    }
    out.push('\'');
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            other => out.push(other),
        }
    }
    out.push('\'');
    Ok(())
}
