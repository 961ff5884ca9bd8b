//! Bodies of writes: JSON members as values of columns, checked as the database checks them.

use std::collections::BTreeMap;

use http::header;
use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::value::RawValue;
use wire::Request;

use super::cell::{Cell, whole_seconds};
use super::column::{Column, ColumnKind};
use super::problem::Problem;
use super::read::unaware;
use super::view::Sight;
use super::zone::Lens;

/// The members of a JSON object, as they were written.
pub(crate) type Members = BTreeMap<String, Box<RawValue>>;

/// Reads the body as an object; an empty one is an empty object.
pub(crate) fn members(request: &Request) -> Result<Members, Problem> {
    if request.body().is_empty() {
        return Ok(Members::new());
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json")) {
        return Err(unreadable("the content type is not application/json"));
    }
    serde_json::from_slice(request.body()).map_err(|error| unreadable(&error.to_string()))
}

/// The columns that the members name, and their values. Annotations are passed over, and so are the
/// members that every row carries.
pub(crate) fn changes(
    members: &Members,
    sight: Sight<'_>,
    lens: &Lens,
) -> Result<Vec<(usize, Cell)>, Problem> {
    let mut found = Vec::new();
    for (name, raw) in members {
        if name.contains('@') || matches!(name.as_str(), "luname" | "keyref") {
            continue;
        }
        if sight.view.link(name).is_some() {
            return Err(Problem::unsupported(format!("{name} cannot be written along")));
        }
        let place = sight.column(name).map_err(|problem| unreadable(&problem.message))?;
        let column = sight.view.entity.columns.get(place);
        let column = column.ok_or_else(|| unreadable(&format!("{name} has no column")))?;
        let cell = cell(raw.get(), column)
            .ok_or_else(|| unreadable(&format!("{} is no value of {name}", raw.get())))?;
        let cell = fit(cell, column, sight.view.name)?;
        found.push((place, stamped(cell, lens)?));
    }
    Ok(found)
}

fn stamped(cell: Cell, lens: &Lens) -> Result<Cell, Problem> {
    match cell {
        Cell::Timestamp(_) if lens.refuses_stamps => Err(unaware()),
        Cell::Timestamp(stamp) => Ok(Cell::Timestamp(lens.inward(stamp))),
        other => Ok(other),
    }
}

/// One value. An empty text is null, and blanks at the end of a text are not kept.
fn cell(raw: &str, column: &Column) -> Option<Cell> {
    if raw == "null" {
        return Some(Cell::Null);
    }
    let text = serde_json::from_str::<String>(raw).ok();
    match (column.kind, text) {
        (ColumnKind::Text(_), Some(text)) => Cell::parse(column.kind, Some(text.trim_end_matches(' '))),
        // A number is written as such, or as a text (`IEEE754Compatible=true`).
        (ColumnKind::Decimal(..), text) => decimal(text.as_deref().unwrap_or(raw)).map(Cell::Decimal),
        (ColumnKind::Integer, text) => {
            text.as_deref().unwrap_or(raw).parse::<i64>().ok().map(|whole| Cell::Decimal(whole.into()))
        }
        (ColumnKind::Flag, None) => raw.parse().ok().map(Cell::Flag),
        (ColumnKind::Timestamp, Some(text)) => {
            text.parse().ok().map(|stamp: Timestamp| Cell::Timestamp(whole_seconds(stamp)))
        }
        (ColumnKind::Date | ColumnKind::Enum(_), Some(text)) if !text.is_empty() => {
            Cell::parse(column.kind, Some(&text))
        }
        _ => None,
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// The value as the column can keep it; too long a text or too large a number is refused.
fn fit(cell: Cell, column: &Column, unit: &str) -> Result<Cell, Problem> {
    match (cell, column.kind) {
        (Cell::Text(text), ColumnKind::Text(most)) => {
            let length = text.chars().count();
            if length > usize::try_from(most).unwrap_or(usize::MAX) {
                let words = format!(
                    "ORA-12899: value too large for column {unit}.{} (actual: {length}, maximum: {most})",
                    column.name
                );
                return Err(database(words));
            }
            Ok(Cell::Text(text))
        }
        (Cell::Decimal(number), ColumnKind::Decimal(digits, behind)) => {
            let number = number.round_dp_with_strategy(behind, RoundingStrategy::MidpointAwayFromZero);
            let ten = |all: Decimal| all.checked_mul(Decimal::TEN);
            let most = (behind..digits).try_fold(Decimal::ONE, |all, _| ten(all)).unwrap_or(Decimal::MAX);
            if number.abs() >= most {
                return Err(database(format!(
                    "ORA-01438: value larger than specified precision allowed for {unit}.{}",
                    column.name
                )));
            }
            Ok(Cell::Decimal(number))
        }
        (cell, _) => Ok(cell),
    }
}

/// The body cannot be read: 400.
pub(crate) fn unreadable(why: &str) -> Problem {
    Problem::new(http::StatusCode::BAD_REQUEST, "ODP_DESERIALIZATION_ERROR", why)
}

/// The database refuses, in its own words: 500.
pub(crate) fn database(words: impl Into<String>) -> Problem {
    Problem::new(http::StatusCode::INTERNAL_SERVER_ERROR, "DATABASE_ERROR", words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ifs::column::{amount, choice, day, flag, instant, text, whole};

    fn kept(raw: &str, column: Column) -> Option<String> {
        let cell = cell(raw, &column)?;
        Some(
            fit(cell, &column, "T")
                .map_or_else(|problem| problem.message, |cell| cell.text().unwrap_or_default()),
        )
    }

    #[test]
    fn values_are_kept_as_the_database_keeps_them() {
        for (raw, column, expected) in [
            ("\"\"", text("A", 5), Some("")),
            ("\"ab  \"", text("A", 5), Some("ab")),
            ("\"  \"", text("A", 5), Some("")),
            ("\" ab\"", text("A", 5), Some(" ab")),
            ("\"äöüß東\"", text("A", 5), Some("äöüß東")),
            ("null", text("A", 5), Some("")),
            ("5", text("A", 5), None),
            ("1234567890123456.78", amount("A"), Some("1234567890123456.78")),
            ("\"1234567890123456.78\"", amount("A"), Some("1234567890123456.78")),
            ("1.00005", amount("A"), Some("1.0001")),
            ("1e3", amount("A"), Some("1000")),
            ("true", amount("A"), None),
            ("9007199254740993", whole("A"), Some("9007199254740993")),
            ("1.5", whole("A"), None),
            ("false", flag("A"), Some("false")),
            ("\"false\"", flag("A"), None),
            ("\"2026-02-29\"", day("A"), None),
            ("\"2026-01-01T00:00:00.9+01:00\"", instant("A"), Some("2025-12-31T23:00:00Z")),
            ("\"SE\"", choice("A", "Lookup_IsoCountry"), Some("SE")),
            ("\"XX\"", choice("A", "Lookup_IsoCountry"), None),
            ("{}", text("A", 5), None),
        ] {
            assert_eq!(kept(raw, column).as_deref(), expected, "{raw}");
        }
        assert!(kept("\"abcdef\"", text("A", 5)).is_some_and(|words| words.starts_with("ORA-12899")));
        assert!(kept("1e24", amount("A")).is_some_and(|words| words.starts_with("ORA-01438")));
    }
}
