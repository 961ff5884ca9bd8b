//! Times in columns: exact, and in order.

use jiff::Timestamp;
use rusqlite::types::{Value as Sql, ValueRef};

use super::forms::damaged;

/// Nanoseconds since 1970; as text outside of the years 1678 to 2261, which sorts behind them.
pub(super) fn sql(at: Timestamp) -> Sql {
    i64::try_from(at.as_nanosecond()).map_or_else(|_| Sql::Text(at.to_string()), Sql::Integer)
}

/// The time that stands in a column.
pub(super) fn read(value: ValueRef<'_>) -> rusqlite::Result<Timestamp> {
    match value {
        ValueRef::Integer(nanos) => {
            Timestamp::from_nanosecond(nanos.into()).map_err(|error| damaged(error.into()))
        }
        other => other.as_str()?.parse().map_err(|error: jiff::Error| damaged(error.into())),
    }
}

/// The time that may stand in a column.
pub(super) fn read_if_any(value: ValueRef<'_>) -> rusqlite::Result<Option<Timestamp>> {
    if value == ValueRef::Null { Ok(None) } else { read(value).map(Some) }
}
