//! Fields shown in another form: `FORMAT`, `toLabel` and `convertCurrency`, as for a user in the United
//! States whose clock is UTC.

use std::io::Write as _;

use jiff::tz::TimeZone;

use super::output::write_value;
use super::path::Value;
use crate::salesforce::schema::Kind;

/// In which form a field is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// As it is: labels are values here, and there is one currency.
    Plain,
    /// As people read it.
    Formatted,
}

impl Wrapping {
    pub(crate) fn named(word: &str) -> Option<Self> {
        match word.to_ascii_uppercase().as_str() {
            "TOLABEL" | "CONVERTCURRENCY" => Some(Self::Plain),
            "FORMAT" => Some(Self::Formatted),
            _ => None,
        }
    }

    /// Whether a condition may have it.
    pub(crate) fn is_one(word: &str) -> bool {
        Self::named(word).is_some()
    }

    /// One around the other.
    pub(crate) fn of(self, inner: Self) -> Self {
        if inner == Self::Formatted { inner } else { self }
    }

    /// Appends a value.
    pub(crate) fn write(self, out: &mut Vec<u8>, value: &Value<'_>, kind: Kind) {
        let text = match (self, value) {
            (Self::Formatted, Value::Number(number)) => {
                let digits = kind.digits().1;
                thousands(&format!("{number:.places$}", places = digits as usize))
            }
            (Self::Formatted, Value::Moment(at)) => {
                TimeZone::UTC.to_datetime(*at).strftime("%-m/%-d/%Y, %-I:%M %p").to_string()
            }
            (Self::Formatted, Value::Text(day)) if kind == Kind::Date => {
                match day.parse::<jiff::civil::Date>() {
                    Ok(day) => day.strftime("%-m/%-d/%Y").to_string(),
                    Err(_) => (*day).to_owned(),
                }
            }
            _ => return write_value(out, value),
        };
        // Writing to a Vec cannot fail.
        let _ = write!(out, "\"{text}\"");
    }
}

/// A number with commas between its thousands.
fn thousands(number: &str) -> String {
    let (whole, behind) =
        number.split_once('.').map_or((number, None), |(whole, behind)| (whole, Some(behind)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(behind) = behind {
        text.push('.');
        text.push_str(behind);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(wrapping: Wrapping, value: &Value<'_>, kind: Kind) -> String {
        let mut out = Vec::new();
        wrapping.write(&mut out, value, kind);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn values_are_shown_as_people_read_them() {
        let number = Value::Number("-1234567.5".parse().expect("a number"));
        assert_eq!(shown(Wrapping::Formatted, &number, Kind::Currency(18, 2)), "\"-1,234,567.50\"");
        assert_eq!(shown(Wrapping::Plain, &number, Kind::Currency(18, 2)), "-1234567.5");
        let at = Value::Moment("2026-03-04T22:05:00Z".parse().expect("a stamp"));
        assert_eq!(shown(Wrapping::Formatted, &at, Kind::Moment), "\"3/4/2026, 10:05 PM\"");
        assert_eq!(shown(Wrapping::Formatted, &Value::Text("2026-03-04"), Kind::Date), "\"3/4/2026\"");
        assert_eq!(shown(Wrapping::Formatted, &Value::Text("a\"b"), Kind::Text(80)), r#""a\"b""#);
        assert_eq!(["1", "123", "1234.5"].map(thousands), ["1", "123", "1,234.5"]);
    }
}
