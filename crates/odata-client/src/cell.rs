//! One value of a row: raw JSON, read exactly as the type that is expected.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;

use crate::refusal::excerpt;

/// The raw JSON text of one value, syntactically valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a>(&'a str);

/// A value that is not what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not {expected}")]
pub struct CellError {
    /// What was expected, such as `a decimal number of at most 28 digits`.
    pub expected: &'static str,
    /// What is there, shortened.
    pub found: String,
}

impl<'a> Cell<'a> {
    pub(crate) fn new(raw: &'a str) -> Self {
        Self(raw)
    }

    /// The JSON text.
    pub fn raw(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Text; `None` if it is null. Borrowed unless it has escapes. A lone surrogate is an error.
    pub fn text(self) -> Result<Option<Cow<'a, str>>, CellError> {
        if self.is_null() {
            return Ok(None);
        }
        let Some(inner) = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return Err(self.error("a text"));
        };
        if !inner.contains('\\') {
            return Ok(Some(Cow::Borrowed(inner)));
        }
        serde_json::from_str(self.0)
            .map(|text: String| Some(Cow::Owned(text)))
            .map_err(|_| self.error("a text of valid Unicode"))
    }

    /// A truth value; `None` if it is null.
    pub fn boolean(self) -> Result<Option<bool>, CellError> {
        match self.0 {
            "null" => Ok(None),
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(self.error("true or false")),
        }
    }

    /// An exact number, from a JSON number or from text (`IEEE754Compatible=true`); `None` if it is
    /// null. What does not fit into 96 bits and 28 decimals without rounding is an error.
    pub fn decimal(self) -> Result<Option<Decimal>, CellError> {
        const EXPECTED: &str = "a decimal number of at most 28 digits";
        if self.is_null() {
            return Ok(None);
        }
        let text = self.unquoted();
        match exact_decimal(&text) {
            Some(number) => Ok(Some(number)),
            None => Err(self.error(EXPECTED)),
        }
    }

    /// A whole number of 64 bits, from a JSON number or from text; `None` if it is null.
    pub fn int64(self) -> Result<Option<i64>, CellError> {
        if self.is_null() {
            return Ok(None);
        }
        self.unquoted().parse().map(Some).map_err(|_| self.error("a whole number of 64 bits"))
    }

    /// A calendar day `YYYY-MM-DD`; `None` if it is null. A time after it is accepted only if it is
    /// midnight without an offset or with `Z`: anything else would shift silently.
    pub fn date(self) -> Result<Option<Date>, CellError> {
        const EXPECTED: &str = "a date such as 2026-02-28";
        let Some(text) = self.text()? else { return Ok(None) };
        let day = match text.split_once('T') {
            Some((day, "00:00:00" | "00:00:00Z")) => day,
            Some(_) => return Err(self.error(EXPECTED)),
            None => &text,
        };
        if day.len() != 10 {
            return Err(self.error(EXPECTED));
        }
        day.parse().map(Some).map_err(|_| self.error(EXPECTED))
    }

    /// An instant with its offset, such as `2026-02-28T10:00:00Z`; `None` if it is null. Leap
    /// seconds, `24:00` and times without an offset are errors.
    pub fn timestamp(self) -> Result<Option<Timestamp>, CellError> {
        const EXPECTED: &str = "a time such as 2026-02-28T10:00:00Z";
        let Some(text) = self.text()? else { return Ok(None) };
        if !plausible_time(&text) {
            return Err(self.error(EXPECTED));
        }
        text.parse().map(Some).map_err(|_| self.error(EXPECTED))
    }

    /// A time of a wall clock: its offset is left out, whatever it claims. For servers that write
    /// `Z` behind times of their own zone. `None` if it is null.
    pub fn wall_time(self) -> Result<Option<DateTime>, CellError> {
        const EXPECTED: &str = "a time such as 2026-02-28T10:00:00";
        let Some(text) = self.text()? else { return Ok(None) };
        if !plausible_time(&text) {
            return Err(self.error(EXPECTED));
        }
        // Behind the day only an offset has a sign.
        let time = text.get(10..).unwrap_or_default();
        let end = time.find(['Z', 'z', '+', '-']).map_or(text.len(), |at| at + 10);
        let wall = text.get(..end).unwrap_or_default();
        wall.parse().map(Some).map_err(|_| self.error(EXPECTED))
    }

    fn unquoted(self) -> Cow<'a, str> {
        match self.text() {
            Ok(Some(text)) => text,
            _ => Cow::Borrowed(self.0),
        }
    }

    fn error(self, expected: &'static str) -> CellError {
        CellError { expected, found: excerpt(self.0, 80) }
    }
}

/// Refuses seconds of 60, which a lenient parser would move to another second.
fn plausible_time(text: &str) -> bool {
    text.as_bytes().get(10).is_some_and(|t| matches!(t, b'T' | b't')) && text.get(17..19) != Some("60")
}

fn exact_decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?.trim_start_matches('+').parse::<i32>().ok()?),
        None => (text, 0),
    };
    if !plain_number(mantissa) {
        return None;
    }
    // Zeros behind the last digit carry nothing; without them more numbers fit exactly.
    let parsed = Decimal::from_str_exact(mantissa)
        .or_else(|_| Decimal::from_str_exact(without_trailing_zeros(mantissa)))
        .ok()?;
    let number = if exponent == 0 { parsed } else { shifted(parsed, exponent)? };
    // There is one zero: `-0` is it too.
    Some(if number.is_zero() { number.abs() } else { number })
}

fn plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

fn without_trailing_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

fn shifted(number: Decimal, exponent: i32) -> Option<Decimal> {
    let number = number.normalize();
    let scale = i32::try_from(number.scale()).ok()?.checked_sub(exponent)?;
    let mantissa = number.mantissa();
    if mantissa == 0 {
        return Some(Decimal::ZERO);
    }
    if let Ok(scale) = u32::try_from(scale) {
        return Decimal::try_from_i128_with_scale(mantissa, scale).ok();
    }
    let power = 10_i128.checked_pow(scale.unsigned_abs())?;
    Decimal::try_from_i128_with_scale(mantissa.checked_mul(power)?, 0).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(raw: &str) -> Option<String> {
        Cell::new(raw).decimal().ok().flatten().map(|number| number.to_string())
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        for (raw, expected) in [
            ("12.50", "12.50"),
            ("\"12.50\"", "12.50"),
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("1.5e3", "1500"),
            ("1E-3", "0.001"),
            ("100e-2", "1.00"),
            ("0e999", "0"),
            ("9999999999999999999", "9999999999999999999"),
            ("0.1234567890123456789012345678", "0.1234567890123456789012345678"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("1.00000000000000000000000000000000000000", "1"),
        ] {
            assert_eq!(decimal(raw).as_deref(), Some(expected), "{raw}");
        }
        for raw in [
            "1e999",
            "1e-999",
            "1e99999999999",
            "79228162514264337593543950336",
            "0.12345678901234567890123456789",
            "\"\"",
            "\"1_000\"",
            "\"+5\"",
            "\" 5\"",
            "\"NaN\"",
            "true",
            "{}",
            "\"1,5\"",
        ] {
            assert!(Cell::new(raw).decimal().is_err(), "{raw}");
        }
    }

    #[test]
    fn text_is_kept_and_lone_surrogates_are_refused() {
        assert_eq!(Cell::new(r#""a\u0000\"ü 😀""#).text().unwrap().unwrap(), "a\0\"ü 😀");
        assert!(matches!(Cell::new("\"plain\"").text(), Ok(Some(Cow::Borrowed("plain")))));
        for bad in [r#""\ud800""#, r#""\udc00x""#, "5", "true", "[]"] {
            assert!(Cell::new(bad).text().is_err(), "{bad}");
        }
        assert_eq!(Cell::new("null").text(), Ok(None));
    }

    #[test]
    fn dates_at_the_edges() {
        for (raw, day) in [
            ("\"0001-01-01\"", "0001-01-01"),
            ("\"9999-12-31\"", "9999-12-31"),
            ("\"2024-02-29\"", "2024-02-29"),
            ("\"2024-02-29T00:00:00\"", "2024-02-29"),
        ] {
            assert_eq!(Cell::new(raw).date().unwrap().unwrap().to_string(), day);
        }
        for bad in ["\"2023-02-29\"", "\"2024-02-29T01:00:00Z\"", "\"20240229\"", "\"2024-13-01\"", "5"] {
            assert!(Cell::new(bad).date().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_at_the_edges() {
        let read = |raw| Cell::new(raw).timestamp().unwrap().unwrap().to_string();
        assert_eq!(read("\"2026-01-01T00:00:00.000Z\""), "2026-01-01T00:00:00Z");
        assert_eq!(read("\"2026-01-01T02:00:00+02:00\""), "2026-01-01T00:00:00Z");
        assert_eq!(read("\"2026-01-01T00:00:00.123456789Z\""), "2026-01-01T00:00:00.123456789Z");
        for bad in [
            "\"2016-12-31T23:59:60Z\"",
            "\"2026-01-01T24:00:00Z\"",
            "\"2026-01-01T00:00:00\"",
            "\"2026-01-01\"",
            "\"2026-01-01 00:00:00Z\"",
            "\"\"",
            "7",
        ] {
            assert!(Cell::new(bad).timestamp().is_err(), "{bad}");
        }
        let wall = |raw| Cell::new(raw).wall_time().unwrap().unwrap().to_string();
        assert_eq!(wall("\"2026-07-01T10:00:00Z\""), "2026-07-01T10:00:00");
        assert_eq!(wall("\"2026-07-01T10:00:00-05:00\""), "2026-07-01T10:00:00");
        assert_eq!(wall("\"2026-07-01T10:00:00\""), "2026-07-01T10:00:00");
        assert!(Cell::new("\"2026-07-01T25:00:00\"").wall_time().is_err());
    }

    proptest! {
        #[test]
        fn every_decimal_survives_both_json_forms(mantissa in -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335, scale in 0_u32..=28) {
            let number = Decimal::try_from_i128_with_scale(mantissa, scale).unwrap();
            let plain = number.to_string();
            prop_assert_eq!(Cell::new(&plain).decimal().unwrap().unwrap(), number);
            let quoted = format!("\"{plain}\"");
            prop_assert_eq!(Cell::new(&quoted).decimal().unwrap().unwrap(), number);
        }

        #[test]
        fn nothing_panics(raw in ".*") {
            let cell = Cell::new(&raw);
            let _ = (cell.text(), cell.decimal(), cell.int64(), cell.date(), cell.timestamp(), cell.wall_time());
        }
    }
}
