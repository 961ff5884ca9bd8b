//! `[deletes]`, `[brakes]` and `[conflicts]` of a flow's file: what may happen without a person.

use std::collections::BTreeMap;

use mapping::{FieldName, Rule, Value};
use serde::Deserialize;
use sync_engine::{Brakes, Deletes, Evidence, Limit};

/// `[deletes]`: what happens to a target record whose source record is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeletesTable {
    /// What happens.
    #[serde(default)]
    pub policy: DeletePolicy,
    /// The fields that `flag` and `deactivate` set.
    #[serde(default)]
    pub set: BTreeMap<String, MarkValue>,
}

/// What happens to a target record whose source record is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeletePolicy {
    /// Nothing; if the source record comes back under its key, it is taken for a new one.
    #[default]
    Ignore,
    /// The fields of `set` mark it.
    Flag,
    /// The fields of `set` put it out of use.
    Deactivate,
    /// It is removed.
    Delete,
    /// Nothing, and the two belong together no longer.
    Unlink,
}

/// A value that marks a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MarkValue(MarkKind);

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(untagged))]
enum MarkKind {
    Text(String),
    Truth(bool),
    Number(i64),
}

impl<'de> Deserialize<'de> for MarkValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = MarkValue;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, true, false or a whole number")
            }
            fn visit_str<E>(self, text: &str) -> Result<MarkValue, E> {
                Ok(MarkValue(MarkKind::Text(text.to_owned())))
            }
            fn visit_bool<E>(self, truth: bool) -> Result<MarkValue, E> {
                Ok(MarkValue(MarkKind::Truth(truth)))
            }
            fn visit_i64<E>(self, number: i64) -> Result<MarkValue, E> {
                Ok(MarkValue(MarkKind::Number(number)))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl MarkValue {
    fn value(&self) -> Value {
        match &self.0 {
            MarkKind::Text(text) => mapping::canonical::canonical(Value::text(text.as_str())).0,
            MarkKind::Truth(truth) => Value::Bool(*truth),
            MarkKind::Number(number) => Value::Decimal((*number).into()),
        }
    }
}

impl DeletesTable {
    pub(crate) fn deletes(&self) -> Deletes {
        match self.policy {
            DeletePolicy::Ignore => Deletes::Ignore,
            DeletePolicy::Unlink => Deletes::Unlink,
            DeletePolicy::Delete => Deletes::Delete,
            DeletePolicy::Flag | DeletePolicy::Deactivate => {
                let mark =
                    |(name, value): (&String, &MarkValue)| (FieldName::from(name.as_str()), value.value());
                Deletes::Mark(self.set.iter().map(mark).collect())
            }
        }
    }

    /// What is wrong with the table, if anything is.
    pub(crate) fn mistake(&self) -> Option<&'static str> {
        let marks = matches!(self.policy, DeletePolicy::Flag | DeletePolicy::Deactivate);
        match (marks, self.set.is_empty()) {
            (true, true) => Some("`flag` and `deactivate` need [deletes.set] with the fields to set"),
            (false, false) => Some("[deletes.set] goes with the policies `flag` and `deactivate`"),
            _ => None,
        }
    }
}

/// `[brakes]`: how much one run may change before it stops and asks for `run --confirm`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BrakesTable {
    /// So many updates and removals are always allowed (200).
    #[serde(default)]
    pub changes: Option<u64>,
    /// Or so many of a hundred linked records, if that is more (5).
    #[serde(default)]
    pub changes_percent: Option<u64>,
    /// So many removals are always allowed (50).
    #[serde(default)]
    pub deletes: Option<u64>,
    /// Or so many of a hundred linked records, if that is more (2).
    #[serde(default)]
    pub deletes_percent: Option<u64>,
}

impl BrakesTable {
    pub(crate) fn brakes(self) -> Brakes {
        let default = Brakes::default();
        let limit = |records: Option<u64>, percent: Option<u64>, default: Limit| Limit {
            records: records.unwrap_or(default.records),
            percent: percent.unwrap_or(default.percent),
        };
        Brakes {
            changes: limit(self.changes, self.changes_percent, default.changes),
            deletes: limit(self.deletes, self.deletes_percent, default.deletes),
            confirmed: false,
        }
    }
}

/// `[conflicts]`: who wins where people on both sides changed a shared field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConflictsTable {
    /// On every field that is not named.
    #[serde(default)]
    pub default: RuleWord,
    /// On single fields of the target.
    #[serde(default)]
    pub fields: BTreeMap<String, RuleWord>,
    /// The source field that holds when its record was modified, for `newest`.
    #[serde(default)]
    pub source_modified: Option<String>,
    /// The source field that holds by whom, for the conflict inbox.
    #[serde(default)]
    pub source_modified_by: Option<String>,
}

/// Who wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleWord {
    /// A person decides.
    #[default]
    Manual,
    /// The source of this flow.
    PreferSource,
    /// The target of this flow.
    PreferTarget,
    /// Whoever changed it last, if that can be told.
    Newest,
}

impl From<RuleWord> for Rule {
    fn from(word: RuleWord) -> Self {
        match word {
            RuleWord::Manual => Self::Manual,
            RuleWord::PreferSource => Self::PreferSource,
            RuleWord::PreferTarget => Self::PreferTarget,
            RuleWord::Newest => Self::Newest,
        }
    }
}

impl ConflictsTable {
    pub(crate) fn rules(&self) -> BTreeMap<FieldName, Rule> {
        let rule = |(name, word): (&String, &RuleWord)| (FieldName::from(name.as_str()), (*word).into());
        self.fields.iter().map(rule).collect()
    }

    pub(crate) fn evidence(&self) -> Evidence {
        let name = |field: &Option<String>| field.as_deref().map(FieldName::from);
        Evidence { modified: name(&self.source_modified), by: name(&self.source_modified_by) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_texts_truths_and_numbers() {
        let text = "policy = \"deactivate\"\n[set]\nActive__c = false\nRating = \" Cold \"\nLevel = 3\n";
        let table: DeletesTable = toml::from_str(text).expect("reads");
        assert_eq!(table.mistake(), None);
        let Deletes::Mark(marks) = table.deletes() else { panic!("marks") };
        assert_eq!(marks.get("Active__c"), Some(&Value::Bool(false)));
        assert_eq!(marks.get("Rating"), Some(&Value::text("Cold")));
        assert_eq!(marks.get("Level"), Some(&Value::Decimal(3.into())));
        assert!(toml::from_str::<DeletesTable>("[set]\nLevel = 1.5\n").is_err());
    }

    #[test]
    fn a_policy_that_marks_needs_marks() {
        let table: DeletesTable = toml::from_str("policy = \"flag\"").expect("reads");
        assert!(table.mistake().is_some());
        let table: DeletesTable = toml::from_str("policy = \"delete\"\n[set]\nA = true").expect("reads");
        assert!(table.mistake().is_some());
    }

    #[test]
    fn rules_are_by_field() {
        let table: ConflictsTable =
            toml::from_str("default = \"newest\"\n[fields]\nPhone = \"prefer_target\"\n").expect("reads");
        assert_eq!(Rule::from(table.default), Rule::Newest);
        assert_eq!(table.rules().get("Phone"), Some(&Rule::PreferTarget));
    }
}
