//! A field's value in an event.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::events::AvroValue;

/// A value that is there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventValue {
    /// A truth value.
    Bool(bool),
    /// A number, as its shortest decimal text reads: events carry doubles.
    Number(Decimal),
    /// A number beyond decimals, or none at all.
    Double(f64),
    /// A text, an id, or a picklist's value.
    Text(String),
    /// An instant, to the millisecond.
    Instant(Timestamp),
    /// A day.
    Date(Date),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Several values.
    List(Vec<Self>),
}

impl EventValue {
    /// The value of a field of which Salesforce says `doc`, such as `CreatedDate:DateTime`; `None`
    /// for none, and for the parts of a compound value, which are fields of their own.
    pub(crate) fn of(value: &AvroValue, doc: &str) -> Option<Self> {
        match value {
            AvroValue::Null | AvroValue::Record(_) | AvroValue::Map(_) => None,
            AvroValue::Boolean(truth) => Some(Self::Bool(*truth)),
            AvroValue::Long(long) => Some(whole(*long, kind(doc))),
            AvroValue::Double(double) => Some(number(*double)),
            AvroValue::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            AvroValue::Text(text) => Some(Self::Text(text.clone())),
            AvroValue::List(items) => {
                Some(Self::List(items.iter().filter_map(|item| Self::of(item, doc)).collect()))
            }
        }
    }
}

/// The type in `CreatedDate:DateTime` or `Data:Text:00N…`.
fn kind(doc: &str) -> &str {
    doc.split(':').nth(1).unwrap_or_default().trim()
}

fn whole(long: i64, kind: &str) -> EventValue {
    let instant = Timestamp::from_millisecond(long).ok();
    match (kind, instant) {
        ("DateTime", Some(instant)) => EventValue::Instant(instant),
        // Midnight of the day in UTC.
        ("DateOnly" | "Date", Some(instant)) => {
            EventValue::Date(jiff::tz::TimeZone::UTC.to_datetime(instant).date())
        }
        _ => EventValue::Number(Decimal::from(long)),
    }
}

/// The shortest text of a double is what was typed; a conversion by value would show its binary
/// rest.
fn number(double: f64) -> EventValue {
    Decimal::from_str_exact(&double.to_string()).map_or(EventValue::Double(double), EventValue::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_salesforce_says_they_are() {
        let instant: Timestamp = "2025-03-01T12:00:00.005Z".parse().expect("an instant");
        for (value, doc, expected) in [
            (AvroValue::Long(1_740_830_400_005), "CreatedDate:DateTime", EventValue::Instant(instant)),
            (
                AvroValue::Long(1_740_787_200_000),
                "Data:DateOnly:00NAB",
                EventValue::Date(jiff::civil::date(2025, 3, 1)),
            ),
            (AvroValue::Long(5), "Data:Integer", EventValue::Number(5.into())),
            (AvroValue::Long(i64::MAX), "Data:DateTime", EventValue::Number(i64::MAX.into())),
            (AvroValue::Double(0.1), "Data:Currency", EventValue::Number(Decimal::new(1, 1))),
            (AvroValue::Double(-12_345.67), "", EventValue::Number(Decimal::new(-1_234_567, 2))),
            (AvroValue::Double(1e300), "", EventValue::Double(1e300)),
            (AvroValue::Double(f64::INFINITY), "", EventValue::Double(f64::INFINITY)),
            (AvroValue::Boolean(true), "", EventValue::Bool(true)),
            (
                AvroValue::List(vec![AvroValue::Null, AvroValue::Text("x".into())]),
                "",
                EventValue::List(vec![EventValue::Text("x".into())]),
            ),
        ] {
            assert_eq!(EventValue::of(&value, doc), Some(expected), "{value:?} {doc}");
        }
        assert_eq!(EventValue::of(&AvroValue::Null, "Data:Text"), None);
    }
}
