//! Values in a query: what may be compared with which field.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::condition::Operand;
use super::date_literal::days;
use super::path::Path;
use super::tokens::{Token, malformed, unescaped};
use crate::salesforce::identifier::full;
use crate::salesforce::problem::Problem;
use crate::salesforce::schema::Kind;
use crate::salesforce::values::instant;

/// Longest text in a query, in characters.
const LONGEST: usize = 4_000;

/// Reads a value that is compared with the field at `path`.
pub(crate) fn operand(path: &Path, token: Option<&Token>, now: Timestamp) -> Result<Operand, Problem> {
    let token = token.ok_or_else(|| malformed("unexpected token: '<EOF>'"))?;
    let operand = match token {
        Token::Sign(sign) => return Err(malformed(&format!("unexpected token: '{sign}'"))),
        Token::Word(word) if word.eq_ignore_ascii_case("null") => return Ok(Operand::Null),
        Token::Text(raw) => {
            let text = unescaped(raw).unwrap_or_default();
            if text.chars().count() > LONGEST {
                return Err(malformed("string literal is longer than 4000 characters"));
            }
            quoted(path, text)?
        }
        Token::Word(word) => plain(path.kind, word, now)?,
    };
    operand.ok_or_else(|| mistyped(path, token))
}

fn quoted(path: &Path, text: String) -> Result<Option<Operand>, Problem> {
    Ok(match path.kind {
        // An empty text is no text.
        kind if (kind.is_text() || kind == Kind::Reference) && text.is_empty() => Some(Operand::Null),
        Kind::Id | Kind::Reference => {
            let id = full(&text).ok_or_else(|| {
                Problem::bad("INVALID_QUERY_FILTER_OPERATOR", format!("invalid ID field: {text}"))
            })?;
            Some(Operand::Exact(id))
        }
        kind if kind.is_text() && path.exact => Some(Operand::Exact(text)),
        kind if kind.is_text() => Some(Operand::Text(text)),
        _ => None,
    })
}

/// A value without quotes: `None` if this kind of field cannot be compared with it.
fn plain(kind: Kind, word: &str, now: Timestamp) -> Result<Option<Operand>, Problem> {
    let date = word.parse::<Date>().ok().filter(|_| word.len() == 10);
    let moment = if word.contains(['T', 't']) { instant(word) } else { None };
    let number = Decimal::from_str_exact(word).ok();
    let truth =
        [("true", true), ("false", false)].into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    let span = days(word, now);
    let known = date.is_some() || moment.is_some() || number.is_some() || truth.is_some() || span.is_some();
    if !known {
        return Err(malformed(&format!("unexpected token: '{word}'")));
    }
    Ok(match kind {
        Kind::Check => truth.map(|(_, truth)| Operand::Bool(truth)),
        Kind::Moment => moment.map(Operand::Moment).or_else(|| {
            let (from, to) = span?;
            Some(Operand::Moments(midnight(from)?, midnight(to)?))
        }),
        Kind::Date => {
            let day = date.map(|date| Operand::Text(date.to_string()));
            day.or_else(|| span.map(|(from, to)| Operand::Days(from.to_string(), to.to_string())))
        }
        kind if kind.is_number() => number.map(Operand::Number),
        _ => None,
    })
}

fn midnight(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()
}

fn mistyped(path: &Path, token: &Token) -> Problem {
    let (kind, enclosed) = match path.kind {
        Kind::Id | Kind::Reference => ("ID", "should be enclosed in quotes"),
        Kind::Check => ("boolean", "should not be enclosed in quotes"),
        Kind::Whole(_) => ("int", "should not be enclosed in quotes"),
        kind if kind.is_number() => ("double", "should not be enclosed in quotes"),
        Kind::Date => ("date", "should not be enclosed in quotes"),
        Kind::Moment => ("dateTime", "should not be enclosed in quotes"),
        _ => ("string", "should be enclosed in quotes"),
    };
    let message = format!(
        "value of filter criterion for field '{}' must be of type {kind} and {enclosed}: {}",
        path.name,
        token.shown()
    );
    Problem::bad("INVALID_FIELD", message)
}
