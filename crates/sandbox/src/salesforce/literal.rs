//! Values in a query: what may be compared with which field.

use rust_decimal::Decimal;

use super::condition::Operand;
use super::problem::Problem;
use super::record::suffix;
use super::schema::{Column, Kind};
use super::soql_tokens::{Token, malformed, unescaped};

/// Longest text in a query, in characters.
const LONGEST: usize = 4_000;

/// Reads a value that is compared with `column`.
pub(crate) fn operand(column: Column, token: Option<&Token>, exact_key: bool) -> Result<Operand, Problem> {
    let token = token.ok_or_else(|| malformed("unexpected token: '<EOF>'"))?;
    let operand = match token {
        Token::Sign(sign) => return Err(malformed(&format!("unexpected token: '{sign}'"))),
        Token::Word(word) if word.eq_ignore_ascii_case("null") => return Ok(Operand::Null),
        Token::Text(raw) => {
            let text = unescaped(raw).unwrap_or_default();
            if text.chars().count() > LONGEST {
                return Err(malformed("string literal is longer than 4000 characters"));
            }
            quoted(column, text, exact_key)?
        }
        Token::Word(word) => plain(column, word)?,
    };
    operand.ok_or_else(|| mistyped(column, token))
}

fn quoted(column: Column, text: String, exact_key: bool) -> Result<Option<Operand>, Problem> {
    Ok(match column {
        Column::Id => Some(Operand::Exact(id(&text)?)),
        Column::Own(_) if matches!(column.kind(), Some(Kind::Date | Kind::Currency(..))) => None,
        // An empty text is no text.
        Column::Own(_) if text.is_empty() => Some(Operand::Null),
        Column::Own(_) if exact_key && column.is_key() => Some(Operand::Exact(text)),
        Column::Own(_) => Some(Operand::Text(text)),
        _ => None,
    })
}

/// An id of 18 characters.
fn id(text: &str) -> Result<String, Problem> {
    let good = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match text.len() {
        18 if good => Ok(text.to_owned()),
        15 if good => Ok(format!("{text}{}", suffix(text))),
        _ => Err(Problem::bad("INVALID_QUERY_FILTER_OPERATOR", format!("invalid ID field: {text}"))),
    }
}

/// A value without quotes: `None` if this column cannot be compared with it.
fn plain(column: Column, word: &str) -> Result<Option<Operand>, Problem> {
    let date = word.parse::<jiff::civil::Date>().ok().filter(|_| word.len() == 10);
    let instant = word.contains(['T', 't']).then(|| word.parse().ok()).flatten();
    let number = Decimal::from_str_exact(word).ok();
    let truth =
        [("true", true), ("false", false)].into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    let known = date.is_some() || instant.is_some() || number.is_some() || truth.is_some();
    if !known {
        return Err(malformed(&format!("unexpected token: '{word}'")));
    }
    Ok(match column {
        Column::IsDeleted => truth.map(|(_, truth)| Operand::Bool(truth)),
        Column::CreatedDate | Column::LastModifiedDate | Column::SystemModstamp => {
            instant.map(Operand::Instant)
        }
        Column::Own(_) => match column.kind() {
            Some(Kind::Currency(..)) => number.map(Operand::Number),
            Some(Kind::Date) => {
                date.filter(|_| instant.is_none()).map(|date| Operand::Text(date.to_string()))
            }
            _ => None,
        },
        Column::Id => None,
    })
}

fn mistyped(column: Column, token: &Token) -> Problem {
    let name = column.name();
    let (kind, enclosed) = match column {
        Column::Id => ("ID", "should be enclosed in quotes"),
        Column::IsDeleted => ("boolean", "should not be enclosed in quotes"),
        Column::Own(_) => match column.kind() {
            Some(Kind::Currency(..)) => ("double", "should not be enclosed in quotes"),
            Some(Kind::Date) => ("date", "should not be enclosed in quotes"),
            _ => ("string", "should be enclosed in quotes"),
        },
        _ => ("dateTime", "should not be enclosed in quotes"),
    };
    let message = format!(
        "value of filter criterion for field '{name}' must be of type {kind} and {enclosed}: {}",
        token.shown()
    );
    Problem::bad("INVALID_FIELD", message)
}
