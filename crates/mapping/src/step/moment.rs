//! Steps that make and change dates and instants.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::{Bench, Lent};
use crate::file::{Fold, Outside};
use crate::{MapError, Value};

/// The date that a text names.
pub(super) fn date<'v>(pattern: &str, text: &str, bench: &Bench<'_>) -> Result<Lent<'v>, MapError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Cow::Owned(Value::Null));
    }
    match Date::strptime(pattern, text) {
        Ok(date) => Ok(Cow::Owned(Value::Date(date))),
        Err(error) => {
            let reason = format!("no date of the form {pattern}: {error}");
            Err(bench.fail(reason, Cow::Owned(Value::text(text))))
        }
    }
}

/// The instant that a text or a date means in a time zone.
pub(super) fn timestamp<'v>(
    (zone, format, fold): (&TimeZone, Option<&str>, Fold),
    value: Lent<'v>,
    bench: &Bench<'_>,
) -> Result<Lent<'v>, MapError> {
    let read = match &*value {
        Value::Date(date) => date.to_zoned_datetime(zone.clone()).map(|start| Some(start.timestamp())),
        Value::Text(text) if text.trim().is_empty() => Ok(None),
        Value::Text(text) => match format {
            Some(format) => DateTime::strptime(format, text.trim()),
            None => text.trim().parse(),
        }
        .and_then(|civil: DateTime| {
            let meant = zone.to_ambiguous_timestamp(civil);
            match fold {
                Fold::Error => meant.unambiguous(),
                Fold::Earlier => meant.earlier(),
                Fold::Later => meant.later(),
            }
        })
        .map(Some),
        _ => return Ok(value),
    };
    match read {
        Ok(instant) => Ok(Cow::Owned(instant.map_or(Value::Null, Value::Timestamp))),
        Err(error) => {
            let hint = "look at the step's `format` and `zone`; `fold` says what a time means that the clock shows twice or never";
            Err(bench.fail(format!("no point in time: {error}"), value).hint(hint))
        }
    }
}

/// A date or an instant from the first to the last day that passes.
pub(super) fn in_range<'v>(
    (from, to): (Date, Date),
    outside: Outside,
    value: Lent<'v>,
    bench: &mut Bench<'_>,
) -> Result<Lent<'v>, MapError> {
    let day = match &*value {
        Value::Date(date) => *date,
        Value::Timestamp(instant) => TimeZone::UTC.to_datetime(*instant).date(),
        _ => return Ok(value),
    };
    if (from..=to).contains(&day) {
        return Ok(value);
    }
    match outside {
        Outside::Null => {
            bench.note(format!("{day} stands for no date: left empty"));
            Ok(Cow::Owned(Value::Null))
        }
        Outside::Clamp => {
            let nearest = if day < from { from } else { to };
            bench.note(format!("{day} does not fit: {nearest} is taken"));
            match &*value {
                Value::Timestamp(_) => match start(nearest) {
                    Some(instant) => Ok(Cow::Owned(Value::Timestamp(instant))),
                    None => Err(bench.fail("no point in time is near enough", value)),
                },
                _ => Ok(Cow::Owned(Value::Date(nearest))),
            }
        }
        Outside::Error => {
            let hint = "correct it in the source, or say `outside = \"null\"` or \"clamp\" in the step";
            Err(bench.fail(format!("{day} is not from {from} to {to}"), value).hint(hint))
        }
    }
}

/// The start of a day in UTC.
fn start(day: Date) -> Option<Timestamp> {
    day.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
