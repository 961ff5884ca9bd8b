//! Typed literals of OData expressions and keys (OData ABNF `primitiveLiteral`).

use std::fmt;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::names::{AnyName, Names};
use crate::parse::{self, ParseError};

/// base64url; the padding is written and need not be there to be read (OData ABNF `binaryValue`).
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A literal in its exact text form, not yet percent-encoded.
///
/// ```
/// use odata_client::Literal;
///
/// assert_eq!(Literal::text("O'Neil").to_string(), "'O''Neil'");
/// assert_eq!(Literal::parse("12.50").unwrap().to_string(), "12.50");
/// assert_eq!(Literal::double(f64::NEG_INFINITY).to_string(), "-INF");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// `'O''Neil'`: quotes are doubled. A member of an enumeration without the name of its type
    /// (4.01) and a duration without its prefix look the same, and are texts here.
    Text(String),
    /// `42`: every integer type.
    Int(i64),
    /// `12.50`.
    Decimal(Decimal),
    /// `2026-02-28`.
    Date(Date),
    /// `10:00:00`.
    Time(Time),
    /// `2026-02-28T10:00:00Z`: whole seconds if the instant is whole, else its fraction. Whole
    /// seconds with `Z` are the form that every server seen so far understands.
    Timestamp(Timestamp),
    /// `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`, as it is.
    Guid(String),
    /// `binary'Zm9v'`.
    Binary(Vec<u8>),
    /// `Ns.Type'Member'`; IFS refuses a plain string for an enumeration.
    Enum {
        /// The qualified name of the type.
        type_name: String,
        /// The member; several members of a flag type with commas between them.
        member: String,
    },
    /// What the types above cannot hold without loss, as it was written.
    Verbatim(Verbatim),
    /// `@name`, which stands for a value given elsewhere in the query.
    Alias(String),
}

/// A valid literal as it was written, such as `1e-101`, `-10000-04-01` or a shape on the earth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verbatim {
    kind: VerbatimKind,
    text: String,
}

/// What a [`Verbatim`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerbatimKind {
    /// A number, or `INF`, `-INF`, `NaN`.
    Number,
    /// A date outside of the years -9999 to 9999.
    Date,
    /// A time of day, such as one without seconds or finer than nanoseconds.
    TimeOfDay,
    /// An instant, such as one with an offset.
    DateTimeOffset,
    /// `P1DT2H`: days and time, no months.
    Duration,
    /// `SRID=0;Point(…)` on the earth.
    Geography,
    /// `SRID=0;Point(…)` on a plane.
    Geometry,
}

impl Verbatim {
    pub(crate) fn new(kind: VerbatimKind, text: String) -> Self {
        Self { kind, text }
    }

    /// What it is.
    pub fn kind(&self) -> VerbatimKind {
        self.kind
    }

    /// Its text, without prefix and quotes.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Literal {
    /// A text literal.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A double, with `INF`, `-INF` and `NaN`. Never for amounts: those are [`Literal::Decimal`].
    pub fn double(value: f64) -> Self {
        let text = if value.is_nan() {
            "NaN".to_owned()
        } else if value.is_infinite() {
            if value > 0.0 { "INF" } else { "-INF" }.to_owned()
        } else {
            format!("{value:e}")
        };
        Self::Verbatim(Verbatim::new(VerbatimKind::Number, text))
    }

    /// A single.
    pub fn single(value: f32) -> Self {
        if value.is_finite() {
            let text = format!("{value:e}");
            return Self::Verbatim(Verbatim::new(VerbatimKind::Number, text));
        }
        Self::double(f64::from(value))
    }

    /// A duration, in seconds with their fraction.
    pub fn duration(duration: SignedDuration) -> Self {
        let sign = if duration.is_negative() { "-" } else { "" };
        let seconds = duration.as_secs().unsigned_abs();
        let nanos = duration.subsec_nanos().unsigned_abs();
        let fraction = format!(".{nanos:09}");
        let fraction = if nanos == 0 { "" } else { fraction.trim_end_matches('0') };
        Self::Verbatim(Verbatim::new(VerbatimKind::Duration, format!("{sign}PT{seconds}{fraction}S")))
    }

    /// Reads a literal as a person writes it, not percent-encoded.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::literal(text)
    }

    /// Reads a literal as it stands in a URL, with members of enumerations that `names` allows.
    pub fn parse_with(encoded: &str, names: &dyn Names) -> Result<Self, ParseError> {
        parse::encoded_literal(encoded, names)
    }

    /// Reads a value of the type `type_name`, such as `Edm.Duration`, as it stands in a body or as
    /// a default in the metadata: without quotes and prefix, nothing percent-encoded. The name of
    /// any other type is taken as that of an enumeration.
    ///
    /// ```
    /// use odata_client::Literal;
    ///
    /// assert_eq!(Literal::of_type("Edm.Duration", "PT6S").unwrap().to_string(), "duration'PT6S'");
    /// assert!(Literal::of_type("Edm.Boolean", "True").is_err());
    /// ```
    pub fn of_type(type_name: &str, text: &str) -> Result<Self, ParseError> {
        Self::of_type_with(type_name, text, &AnyName)
    }

    /// As [`of_type`](Self::of_type), with members of enumerations that `names` allows.
    pub fn of_type_with(type_name: &str, text: &str, names: &dyn Names) -> Result<Self, ParseError> {
        parse::value(type_name, text, names)
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Literal {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Literal {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<Decimal> for Literal {
    fn from(value: Decimal) -> Self {
        Self::Decimal(value)
    }
}

impl From<Date> for Literal {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Timestamp> for Literal {
    fn from(value: Timestamp) -> Self {
        Self::Timestamp(value)
    }
}

impl From<&str> for Literal {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<String> for Literal {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Text(value) => write_quoted(f, value),
            Self::Int(value) => write!(f, "{value}"),
            Self::Decimal(value) => write!(f, "{value}"),
            Self::Date(value) => write!(f, "{value}"),
            Self::Time(value) => write!(f, "{value}"),
            Self::Timestamp(value) => write!(f, "{value}"),
            Self::Guid(value) => f.write_str(value),
            Self::Binary(bytes) => write!(f, "binary'{}'", BASE64.encode(bytes)),
            Self::Enum { type_name, member } => {
                f.write_str(type_name)?;
                write_quoted(f, member)
            }
            Self::Verbatim(verbatim) => verbatim.fmt(f),
            Self::Alias(name) => write!(f, "@{name}"),
        }
    }
}

impl fmt::Display for Verbatim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.kind {
            VerbatimKind::Duration => write!(f, "duration'{text}'"),
            VerbatimKind::Geography => write!(f, "geography'{text}'"),
            VerbatimKind::Geometry => write!(f, "geometry'{text}'"),
            _ => f.write_str(text),
        }
    }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("'")?;
    let mut parts = text.split('\'');
    f.write_str(parts.next().unwrap_or_default())?;
    for part in parts {
        f.write_str("''")?;
        f.write_str(part)?;
    }
    f.write_str("'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_so_that_a_value_stays_one_literal() {
        let attack = Literal::text("x') or true or (Name eq 'y");
        assert_eq!(attack.to_string(), "'x'') or true or (Name eq ''y'");
        assert_eq!(Literal::text("").to_string(), "''");
        assert_eq!(Literal::text("'").to_string(), "''''");
    }

    #[test]
    fn each_type_has_its_form() {
        let stamp: Timestamp = "2026-02-28T10:00:00Z".parse().unwrap();
        assert_eq!(Literal::Timestamp(stamp).to_string(), "2026-02-28T10:00:00Z");
        let date: Date = "0001-01-01".parse().unwrap();
        assert_eq!(Literal::Date(date).to_string(), "0001-01-01");
        assert_eq!(Literal::Decimal("12.50".parse().unwrap()).to_string(), "12.50");
        assert_eq!(Literal::Int(i64::MIN).to_string(), "-9223372036854775808");
        assert_eq!(Literal::Null.to_string(), "null");
        assert_eq!(Literal::Bool(true).to_string(), "true");
        assert_eq!(Literal::Binary(b"foob".to_vec()).to_string(), "binary'Zm9vYg=='");
        assert_eq!(Literal::double(-2.5e300).to_string(), "-2.5e300");
        assert_eq!(Literal::single(f32::NAN).to_string(), "NaN");
        let state = Literal::Enum { type_name: "IfsApp.X.State".into(), member: "Released".into() };
        assert_eq!(state.to_string(), "IfsApp.X.State'Released'");
    }

    #[test]
    fn durations_keep_their_fraction_and_sign() {
        let text = |secs, nanos| Literal::duration(SignedDuration::new(secs, nanos)).to_string();
        assert_eq!(text(90, 0), "duration'PT90S'");
        assert_eq!(text(-1, -500_000_000), "duration'-PT1.5S'");
        assert_eq!(text(0, 1), "duration'PT0.000000001S'");
    }
}
