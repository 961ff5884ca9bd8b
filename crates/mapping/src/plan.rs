//! The one decision: what has to be done so that a target record looks like its draft.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Draft, Entity, ExternalId, FieldName, Fields, TargetId, Value};

/// A target record as it was found just now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What kind of record it is.
    pub entity: Entity,
    /// The external id exactly as the target stores it.
    pub id: ExternalId,
    /// The target's own id.
    pub target: TargetId,
    /// The fields that were asked for.
    pub fields: Fields,
    /// When the target says it was last modified.
    pub modified: Option<Timestamp>,
    /// A validator for conditional writes, byte for byte.
    pub validator: Option<String>,
}

/// What both sides last agreed on, each in its own form.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// The source's fields.
    pub source: Fields,
    /// The target's fields.
    pub target: Fields,
}

/// Who decides a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ownership {
    /// The source of the flow: what stands in the target is overwritten.
    #[default]
    Source,
    /// The target: set once at creation, then left alone.
    Target,
    /// People on both sides: the side that moved since both last agreed wins; if both moved apart,
    /// it is a conflict.
    Shared,
}

/// How a step has to reach the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lane {
    /// All its fields are the source's: written by upsert, in batches; the same content may land
    /// twice or late without harm.
    #[default]
    Owned,
    /// People change the target record too. A create must fail where the record exists; an update
    /// must fail unless the record is still the one that [`Step::guard`] stands for. Such a refusal
    /// is told as a conflict with what was found, and leads to a new look at both sides.
    Guarded,
}

/// What the plan may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether records may be created.
    pub create: bool,
    /// Whether records may be updated.
    pub update: bool,
    /// Owners of single fields; every other field belongs to the source.
    pub owners: BTreeMap<FieldName, Ownership>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { create: true, update: true, owners: BTreeMap::new() }
    }
}

/// A draft and what has to be done for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The wanted state.
    pub draft: Draft,
    /// What has to be done.
    pub action: Action,
    /// How it has to reach the target.
    #[serde(default)]
    pub lane: Lane,
    /// The validator of the record that was found ([`Found::validator`]), byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
}

impl Step {
    /// A step over fields that are the source's alone.
    pub fn owned(draft: Draft, action: Action) -> Self {
        Self { draft, action, lane: Lane::Owned, guard: None }
    }
}

/// What has to be done for a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
#[non_exhaustive]
pub enum Action {
    /// The target has no such record: make it.
    Create,
    /// The target differs: write these fields.
    Update {
        /// The record to write to.
        target: TargetId,
        /// What differs, field by field.
        changes: Vec<Difference>,
    },
    /// The source record is gone, and the flow says that the target's goes too.
    Remove {
        /// The record to remove.
        target: TargetId,
    },
    /// Already as wanted.
    Nothing {
        /// The record that is as wanted.
        target: TargetId,
    },
    /// Must not be written; a person has to look.
    Hold {
        /// Why.
        reason: String,
    },
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The target field.
    pub field: FieldName,
    /// What stands there now.
    pub before: Value,
    /// What will stand there.
    pub after: Value,
    /// Which side moved.
    pub cause: Cause,
}

/// Which side moved away from what both last agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The source changed (or there is no agreed state yet).
    Source,
    /// The target was changed by somebody else although the field belongs to the source: the value
    /// that gets lost stands in `before`.
    Target,
}

/// Decides what has to be done for `draft`.
///
/// `found` is the target record under the draft's external id, read just now; `base` is what both
/// sides last agreed on. Both `draft` and `found` are in canonical form ([`crate::canonical`]). Pure:
/// this is the only place where create, update and nothing are told apart.
///
/// A create carries the whole draft; an update only the fields that belong to the source.
pub fn plan(mut draft: Draft, found: Option<&Found>, base: Option<&Base>, policy: &Policy) -> Step {
    let action = match found {
        None if policy.create => Action::Create,
        None => Action::Hold { reason: "the target has no such record and creating is switched off".into() },
        Some(found) => {
            draft.fields.retain(|name| policy.owner(name) == Ownership::Source);
            against(&draft, found, base, policy)
        }
    };
    let guard = found.and_then(|found| found.validator.clone());
    Step { draft, action, lane: Lane::Owned, guard }
}

fn against(draft: &Draft, found: &Found, base: Option<&Base>, policy: &Policy) -> Action {
    let changes = differences(draft, found, base);
    if changes.is_empty() {
        return Action::Nothing { target: found.target.clone() };
    }
    if !policy.update {
        return Action::Hold { reason: "the target differs and updating is switched off".into() };
    }
    Action::Update { target: found.target.clone(), changes }
}

fn differences(draft: &Draft, found: &Found, base: Option<&Base>) -> Vec<Difference> {
    let differs = |(name, wanted): (&FieldName, &Value)| {
        let before = found.fields.get(name.as_str()).unwrap_or(&Value::Null);
        (before != wanted).then(|| Difference {
            field: name.clone(),
            before: before.clone(),
            after: wanted.clone(),
            cause: cause(name, wanted, base),
        })
    };
    draft.fields.iter().filter_map(differs).collect()
}

impl Policy {
    /// Who decides the field.
    pub fn owner(&self, name: &FieldName) -> Ownership {
        self.owners.get(name).copied().unwrap_or_default()
    }
}

fn cause(name: &FieldName, wanted: &Value, base: Option<&Base>) -> Cause {
    match base.and_then(|base| base.target.get(name.as_str())) {
        Some(agreed) if agreed == wanted => Cause::Target,
        _ => Cause::Source,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(values: &[(u8, u8)]) -> Fields {
        let value = |number: u8| match number % 4 {
            0 => Value::Null,
            1 => Value::Bool(number > 8),
            2 => Value::Decimal(number.into()),
            _ => Value::text(number.to_string()),
        };
        values
            .iter()
            .map(|(name, number)| (FieldName::from(format!("F{}", name % 5)), value(*number)))
            .collect()
    }

    fn draft(fields: Fields) -> Draft {
        Draft { entity: Entity::from("E"), id: ExternalId::from("1"), fields }
    }

    fn found(fields: Fields) -> Found {
        let (entity, id, target) = (Entity::from("E"), ExternalId::from("1"), TargetId::from("t"));
        Found { entity, id, target, fields, modified: None, validator: None }
    }

    /// What the target shows after a step.
    fn after(step: &Step, before: Option<Found>) -> Found {
        let mut found = before.unwrap_or_else(|| found(Fields::new()));
        for (name, value) in step.draft.fields.iter() {
            found.fields.set(name.clone(), value.clone());
        }
        found
    }

    proptest! {
        /// Doing what the plan says leaves nothing to do, whoever owns what.
        #[test]
        fn a_carried_out_plan_leaves_nothing_to_do(
            wanted in proptest::collection::vec((0u8..5, 0u8..16), 0..6),
            there in proptest::option::of(proptest::collection::vec((0u8..5, 0u8..16), 0..6)),
            theirs in proptest::collection::btree_set(0u8..5, 0..3),
        ) {
            let owners = theirs.iter().map(|name| (FieldName::from(format!("F{name}")), Ownership::Target));
            let policy = Policy { owners: owners.collect(), ..Policy::default() };
            let there = there.map(|values| found(fields(&values)));
            let step = plan(draft(fields(&wanted)), there.as_ref(), None, &policy);
            let now = after(&step, there.clone());
            let again = plan(draft(fields(&wanted)), Some(&now), None, &policy);
            prop_assert!(matches!(again.action, Action::Nothing { .. }), "{again:?}");
            if let Some(there) = there {
                for name in theirs {
                    let name = format!("F{name}");
                    prop_assert_eq!(there.fields.get(&name), now.fields.get(&name), "not ours");
                }
            }
        }
    }

    #[test]
    fn numbers_are_equal_whatever_their_scale() {
        let number = |text: &str| -> Fields {
            [(FieldName::from("N"), Value::Decimal(text.parse().expect(text)))].into_iter().collect()
        };
        let step = plan(draft(number("12.50")), Some(&found(number("12.5"))), None, &Policy::default());
        assert!(matches!(step.action, Action::Nothing { .. }));
    }

    #[test]
    fn the_side_that_moved_is_named() {
        let one =
            |text: &str| -> Fields { [(FieldName::from("N"), Value::text(text))].into_iter().collect() };
        let base = Base { source: Fields::new(), target: one("agreed") };
        let cause_of = |wanted: &str, there: &str| {
            let step = plan(draft(one(wanted)), Some(&found(one(there))), Some(&base), &Policy::default());
            match step.action {
                Action::Update { changes, .. } => changes.first().map(|change| change.cause),
                _ => None,
            }
        };
        assert_eq!(cause_of("agreed", "edited there"), Some(Cause::Target));
        assert_eq!(cause_of("edited here", "agreed"), Some(Cause::Source));
        assert_eq!(cause_of("agreed", "agreed"), None);
    }

    #[test]
    fn what_is_switched_off_is_held() {
        let policy = Policy { create: false, update: false, ..Policy::default() };
        let one: Fields = [(FieldName::from("N"), Value::Bool(true))].into_iter().collect();
        assert!(matches!(plan(draft(one.clone()), None, None, &policy).action, Action::Hold { .. }));
        let step = plan(draft(one), Some(&found(Fields::new())), None, &policy);
        assert!(matches!(step.action, Action::Hold { .. }));
    }
}
