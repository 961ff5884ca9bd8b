//! One value of many child records, as a mapping file says it.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{ConditionRule, Names};

/// One value of many child records.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AggregateRule {
    /// The source field that holds the list.
    pub(crate) list: String,
    /// Which value is taken.
    pub(crate) take: Take,
    /// The children's field that it is taken of; of several, their texts are joined.
    #[serde(default)]
    pub(crate) of: Names,
    /// The children's field that says which is the latest or earliest.
    pub(crate) by: Option<String>,
    /// A children's field that must be the same in all, such as the currency of a sum.
    pub(crate) same: Option<String>,
    /// What happens when values that must be the same differ.
    #[serde(default)]
    pub(crate) differ: Differ,
    /// Stands between joined texts: of several children, or of several fields of one.
    pub(crate) separator: Option<String>,
    /// All must hold, or the child does not count.
    #[serde(default, rename = "where")]
    pub(crate) conditions: Vec<Spanned<ConditionRule>>,
}

/// Which value is taken of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Take {
    /// How many there are.
    Count,
    /// The sum of numbers; of none it is zero.
    Sum,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The value of the first child in the order of their keys.
    First,
    /// The value of the child with the largest `by`.
    Latest,
    /// The value of the child with the smallest `by`.
    Earliest,
    /// The value that all have.
    Distinct,
    /// The different texts, in order, joined.
    Join,
}

/// What happens when values that must be the same differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Differ {
    /// The record goes to quarantine.
    #[default]
    Error,
    /// Nothing is taken, with a note.
    Null,
    /// The first one in order of the children's keys is taken, with a note.
    First,
}
