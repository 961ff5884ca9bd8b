//! The mapping file: what a user writes in TOML, exactly as it stands there.

mod aggregate_rule;
mod names;
mod scalar;
mod step_rule;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::Ownership;
use crate::conflict_rule::OnConflict;

pub(crate) use aggregate_rule::{AggregateRule, Differ, Take};
pub(crate) use names::Names;
pub(crate) use scalar::Scalar;
pub(crate) use step_rule::{
    Case, DateRange, Fold, NumberStep, Outside, Part, Rounding, Step, TableStep, TooLong, Truth, Unknown,
};

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
    /// Who decides the fields that do not say otherwise.
    pub(crate) owner: Option<Ownership>,
    /// The source field whose child records become records of their own, each with its own draft.
    pub(crate) each: Option<String>,
    /// How the external id is made.
    pub(crate) external_id: ExternalIdRule,
    /// All must hold, or the record is left out.
    #[serde(default, rename = "where")]
    pub(crate) conditions: Vec<Spanned<ConditionRule>>,
    /// Lookup tables by name.
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, BTreeMap<String, String>>,
    /// Target fields by name.
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, Spanned<FieldRule>>,
    /// Target fields that hold child records, by name.
    #[serde(default)]
    pub(crate) lists: BTreeMap<String, Spanned<ListRule>>,
}

/// How the external id is made: the texts of the fields, joined.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExternalIdRule {
    /// The source fields; none of them may be empty.
    pub(crate) from: Names,
    /// Taken instead when all of `from` are empty.
    #[serde(default)]
    pub(crate) fallback: Names,
    /// Stands before it.
    #[serde(default)]
    pub(crate) prefix: String,
    /// Stands before the text of `from`, and is taken off.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) strip: String,
    /// Stands between the fields.
    #[serde(default = "dash")]
    pub(crate) separator: String,
}

fn dash() -> String {
    "-".into()
}

/// How one target field is made: exactly one origin, then the steps in order.
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
    /// Another target record, by external id.
    pub(crate) reference: Option<ReferenceRule>,
    /// What is computed, in the Common Expression Language.
    pub(crate) expression: Option<Spanned<String>>,
    /// One value of many child records.
    pub(crate) aggregate: Option<AggregateRule>,
    /// What is done with it, in order.
    #[serde(default)]
    pub(crate) steps: Vec<Spanned<Step>>,
    /// What happens when nothing comes out.
    #[serde(default)]
    pub(crate) null: WhenNull,
    /// What happens when the source did not deliver the field at all.
    pub(crate) absent: Option<WhenAbsent>,
    /// Who decides the field once the record exists.
    pub(crate) owner: Option<Ownership>,
    /// What happens to a shared field that was changed on both sides.
    pub(crate) on_conflict: Option<OnConflict>,
}

/// What happens when nothing comes out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WhenNull {
    /// The target's field is cleared.
    #[default]
    Write,
    /// What stands in the target stays.
    Keep,
    /// The record goes to quarantine.
    Error,
}

/// What happens when the source did not deliver a field at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WhenAbsent {
    /// What stands in the target stays, with a note; the default, but in lists.
    Keep,
    /// As if it were delivered empty.
    Null,
    /// The record goes to quarantine; the default in lists.
    Error,
}

/// Another target record, by external id.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReferenceRule {
    /// What kind of record.
    pub(crate) entity: String,
    /// Its external-id field.
    pub(crate) field: String,
    /// The source fields that make its external id; empty ones make no reference.
    pub(crate) from: Names,
    /// Stands before it.
    #[serde(default)]
    pub(crate) prefix: String,
    /// Stands between the fields.
    #[serde(default = "dash")]
    pub(crate) separator: String,
}

/// A target field that holds child records: one for each record of a source list.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRule {
    /// The source field that holds the list.
    pub(crate) from: String,
    /// What kind of record the children become.
    pub(crate) entity: String,
    /// How a child's external id is made.
    pub(crate) external_id: ExternalIdRule,
    /// All must hold, or the child is left out.
    #[serde(default, rename = "where")]
    pub(crate) conditions: Vec<Spanned<ConditionRule>>,
    /// The children's fields.
    pub(crate) fields: BTreeMap<String, Spanned<FieldRule>>,
    /// Who decides the list once the record exists.
    pub(crate) owner: Option<Ownership>,
}

/// One choice: taken when `when` holds; without `when`, always.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) when: Option<Spanned<ConditionRule>>,
    /// A source field.
    pub(crate) from: Option<String>,
    /// A fixed value.
    pub(crate) constant: Option<Scalar>,
}

/// A condition on one source field.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionRule {
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
    /// Equal to none of these; empty values are.
    NoneOf(Vec<Scalar>),
    /// A text that starts so.
    StartsWith(String),
    /// A text that ends so.
    EndsWith(String),
    /// A text that contains this.
    Contains(String),
}
