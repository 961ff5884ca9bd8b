//! The steps of a field, as a mapping file says them.

use serde::{Deserialize, Serialize};

use super::Scalar;

/// One step of a field.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Blanks at both ends go.
    Trim,
    /// Letters change their case.
    Case(Case),
    /// A part of a text of several words is taken.
    Part(Part),
    /// Stands in for an empty value.
    Default(Scalar),
    /// The text is looked up in a table.
    Table(TableStep),
    /// The text is cut to so many UTF-16 units.
    Truncate(u32),
    /// The text may have so many UTF-16 units.
    Limit(Limit),
    /// A text becomes a date, read by this pattern (`%Y-%m-%d`).
    ToDate(String),
    /// A date becomes a text, written by this pattern.
    DateText(String),
    /// An instant becomes the day that it is in this time zone.
    DayIn(String),
    /// A text or a date becomes an instant.
    ToTimestamp(TimestampStep),
    /// Dates and instants outside of a range.
    DateRange(DateRange),
    /// A text becomes a number; a number gets a scale.
    ToNumber(NumberStep),
    /// A number becomes a text with a fixed scale.
    NumberText(NumberStep),
    /// A text becomes a truth value.
    Truth(Truth),
    /// A truth value becomes a text.
    TruthText(Truth),
    /// An empty value is an error: the record goes to quarantine.
    Required,
}

/// Cases of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Case {
    Upper,
    Lower,
    Title,
}

/// Parts of a text of several words; of a single word, the last word is all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Part {
    #[serde(rename = "first_word")]
    First,
    #[serde(rename = "last_word")]
    Last,
    #[serde(rename = "after_first_word")]
    AfterFirst,
    #[serde(rename = "before_last_word")]
    BeforeLast,
}

/// A look-up in a table of the file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableStep {
    /// The table's name.
    pub(crate) name: String,
    /// From its right side to its left.
    #[serde(default)]
    pub(crate) inverse: bool,
    /// What happens to a text that is not in it.
    pub(crate) unknown: Option<Unknown>,
    /// Stands in for what is not in it.
    pub(crate) otherwise: Option<Scalar>,
}

/// What happens to a text that is not in a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unknown {
    /// The record goes to quarantine.
    #[default]
    Error,
    /// It stays as it is, with a note.
    Keep,
    /// It becomes null, with a note.
    Null,
}

/// How long a text may be.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    /// In UTF-16 units.
    pub(crate) length: u32,
    /// What happens to a longer one.
    #[serde(default)]
    pub(crate) too_long: TooLong,
}

/// What happens to a text that is too long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TooLong {
    /// The record goes to quarantine.
    #[default]
    Error,
    /// It is cut, with a note.
    Cut,
    /// It becomes null, with a note.
    Null,
}

/// How a text or a date becomes an instant.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimestampStep {
    /// The time zone in which it is meant, such as `Europe/Berlin`; a date is the start of its day.
    pub(crate) zone: String,
    /// How a text is read, such as `%Y-%m-%d %H:%M:%S`.
    pub(crate) format: Option<String>,
    /// What happens to a time that the clock shows twice or never.
    #[serde(default)]
    pub(crate) fold: Fold,
}

/// What happens to a time that a zone's clock shows twice or never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fold {
    /// The record goes to quarantine.
    #[default]
    Error,
    /// The earlier instant is meant.
    Earlier,
    /// The later instant is meant.
    Later,
}

/// Which dates pass; as given, those that Salesforce can hold.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DateRange {
    /// The first that passes.
    #[serde(default = "DateRange::first")]
    pub(crate) from: String,
    /// The last that passes.
    #[serde(default = "DateRange::last")]
    pub(crate) to: String,
    /// What happens to others.
    #[serde(default)]
    pub(crate) outside: Outside,
}

impl DateRange {
    fn first() -> String {
        "1700-01-01".into()
    }

    fn last() -> String {
        "4000-12-31".into()
    }
}

/// What happens to a date outside of a range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outside {
    /// The record goes to quarantine.
    #[default]
    Error,
    /// It becomes null, with a note: such dates often stand for "none" and "never".
    Null,
    /// It becomes the nearest that passes, with a note.
    Clamp,
}

/// Scale, size and rounding of a number.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberStep {
    /// Digits behind the point; none given: as many as there are.
    pub(crate) scale: Option<u32>,
    /// The most digits in all; a larger number sends the record to quarantine.
    pub(crate) precision: Option<u32>,
    /// How the rest is rounded.
    #[serde(default)]
    pub(crate) rounding: Rounding,
}

/// How digits are lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rounding {
    /// They are not: the record goes to quarantine.
    #[default]
    Refuse,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
    /// To the nearest, halves away from zero.
    HalfUp,
    /// Towards zero.
    Down,
}

/// Texts that stand for true and false; the first of each is the one that is written.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Truth {
    pub(crate) yes: Vec<String>,
    pub(crate) no: Vec<String>,
}
