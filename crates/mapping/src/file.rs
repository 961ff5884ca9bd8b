//! The mapping file: what a user writes in TOML, exactly as it stands there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::Ownership;

/// A mapping from one kind of source record to one kind of target record.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappingFile {
    /// The mapping's name, such as `supplier-to-account`.
    pub(crate) name: String,
    /// Raised by people when they want to say that it changed; a digest of the content is added.
    pub(crate) revision: u32,
    /// The source entity.
    pub(crate) source: String,
    /// The target entity.
    pub(crate) target: String,
    /// How the external id is made.
    pub(crate) external_id: ExternalIdRule,
    /// All must hold, or the record is left out.
    #[serde(default, rename = "where")]
    pub(crate) conditions: Vec<Condition>,
    /// Lookup tables by name.
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, BTreeMap<String, String>>,
    /// Target fields by name.
    pub(crate) fields: BTreeMap<String, FieldRule>,
}

/// How the external id is made: the texts of the fields, joined.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExternalIdRule {
    /// The source fields; none of them may be empty.
    pub(crate) from: Vec<String>,
    /// Stands before it.
    #[serde(default)]
    pub(crate) prefix: String,
    /// Stands between the fields.
    #[serde(default = "dash")]
    pub(crate) separator: String,
}

fn dash() -> String {
    "-".into()
}

/// How one target field is made: exactly one of `from`, `concat`, `constant` and `choose`, then the
/// steps in order.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldRule {
    /// A source field.
    pub(crate) from: Option<String>,
    /// Source fields whose texts are joined; empty ones are left out.
    pub(crate) concat: Option<Vec<String>>,
    /// Stands between joined texts.
    pub(crate) separator: Option<String>,
    /// A fixed value.
    pub(crate) constant: Option<Scalar>,
    /// The first choice whose condition holds.
    pub(crate) choose: Option<Vec<Choice>>,
    /// What is done with it, in order.
    #[serde(default)]
    pub(crate) steps: Vec<Spanned<Step>>,
    /// Who decides the field once the record exists.
    #[serde(default)]
    pub(crate) owner: Ownership,
}

/// One choice: taken when `when` holds; without `when`, always.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) when: Option<Condition>,
    /// A source field.
    pub(crate) from: Option<String>,
    /// A fixed value.
    pub(crate) constant: Option<Scalar>,
}

/// A condition on one source field.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    /// The source field.
    pub(crate) field: String,
    /// What must be true of it.
    pub(crate) is: Test,
}

/// What must be true of a value. Texts are compared as they are, after trimming.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Test {
    /// Null, empty or blank.
    Empty,
    /// Neither null, empty nor blank.
    Present,
    /// Equal to this.
    Equal(Scalar),
    /// Not equal to this; empty values are not.
    Unequal(Scalar),
    /// Equal to one of these.
    OneOf(Vec<Scalar>),
    /// A text that starts so.
    StartsWith(String),
    /// A text that ends so.
    EndsWith(String),
    /// A text that contains this.
    Contains(String),
}

/// A text, a truth value or a whole number. Other numbers are written as text and made a number by
/// a step, so that no digit is lost on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scalar {
    Text(String),
    Bool(bool),
    Integer(i64),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Scalar;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, true, false or a whole number (write other numbers in quotes)")
            }
            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// One step of a field.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Blanks at both ends go.
    Trim,
    /// Letters change their case.
    Case(Case),
    /// Stands in for an empty value.
    Default(Scalar),
    /// The text is looked up in a table.
    Table(TableStep),
    /// The text is cut to so many UTF-16 units.
    Truncate(u32),
    /// A text becomes a date, read by this pattern (`%Y-%m-%d`).
    ToDate(String),
    /// A date becomes a text, written by this pattern.
    DateText(String),
    /// A text becomes a number; a number gets a scale.
    ToNumber(NumberStep),
    /// A number becomes a text with a fixed scale.
    NumberText(NumberStep),
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

/// A look-up in a table of the file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableStep {
    /// The table's name.
    pub(crate) name: String,
    /// What happens to a text that is not in it.
    #[serde(default)]
    pub(crate) unknown: Unknown,
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

/// Scale and rounding of a number.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberStep {
    /// Digits behind the point; none given: as many as there are.
    pub(crate) scale: Option<u32>,
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
