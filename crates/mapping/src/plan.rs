//! The one decision: what has to be done so that a target record and its draft agree.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::merge::{Agreed, Merge, Verdict, merge};
use crate::{Draft, Entity, ExternalId, FieldName, Fields, Policy, TargetId, Value};

/// A target record as it was found just now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What kind of record it is.
    pub entity: Entity,
    /// The external id exactly as the target stores it; empty where it stores none.
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
    /// Both sides moved apart, and a rule or a person decided for the source.
    Both,
}

/// What [`plan`] says about one draft.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What has to be done.
    pub step: Step,
    /// What was found out field by field.
    pub merge: Merge,
}

/// Decides what has to be done for `draft`.
///
/// `found` is the target record under the draft's external id, read just now; `agreed` is what both
/// sides last agreed on. Both `draft` and `found` are in canonical form ([`crate::canonical`]). Pure:
/// this is the only place where create, update and nothing are told apart.
///
/// A create carries the whole draft. An update by [`Lane::Owned`] carries all fields of the source,
/// one by [`Lane::Guarded`] only those that change.
pub fn plan(mut draft: Draft, found: Option<&Found>, agreed: &Agreed<'_>, policy: &Policy) -> Plan {
    let lane = policy.lane();
    let guard = found.and_then(|found| found.validator.clone());
    let Some(found) = found else {
        let action = if policy.create { Action::Create } else { Action::Hold { reason: ABSENT.into() } };
        return Plan { step: Step { draft, action, lane, guard }, merge: Merge::default() };
    };
    let (merge, changes) = against(&draft, found, agreed, policy);
    // A record without an external id gets its own with the next write, so there has to be one.
    let named = !found.id.as_str().is_empty() || draft.id.as_str().is_empty();
    let action = if changes.is_empty() && named {
        Action::Nothing { target: found.target.clone() }
    } else if policy.update {
        Action::Update { target: found.target.clone(), changes }
    } else {
        Action::Hold { reason: "the target differs and updating is switched off".into() }
    };
    narrow(&mut draft, &action, policy);
    Plan { step: Step { draft, action, lane, guard }, merge }
}

/// Why a create is held.
pub const ABSENT: &str = "the target has no such record and creating is switched off";

/// Leaves in the draft what will be sent.
fn narrow(draft: &mut Draft, action: &Action, policy: &Policy) {
    match (policy.lane(), action) {
        (Lane::Guarded, Action::Update { changes, .. }) if !changes.is_empty() => {
            let sent = changes.iter().map(|change| (change.field.clone(), change.after.clone()));
            draft.fields = sent.collect();
        }
        (Lane::Guarded, _) => {}
        (Lane::Owned, _) if policy.is_all_the_sources() => {}
        (Lane::Owned, _) => {
            let entity = draft.entity.clone();
            draft.fields.retain(|name| policy.owner(&entity, name) == crate::Ownership::Source);
        }
    }
}

fn against(draft: &Draft, found: &Found, agreed: &Agreed<'_>, policy: &Policy) -> (Merge, Vec<Difference>) {
    let mut all = Merge::default();
    let mut changes = Vec::new();
    for (name, wanted) in draft.fields.iter() {
        let before = found.fields.get(name.as_str()).unwrap_or(&Value::Null);
        let verdict = merge((&draft.entity, name), (wanted, before), agreed, policy);
        if let Verdict::Write(cause) = verdict {
            let (field, before, after) = (name.clone(), before.clone(), wanted.clone());
            changes.push(Difference { field, before, after, cause });
        }
        all.note(name, (wanted, before), agreed, verdict);
    }
    (all, changes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Ownership;

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
            let step = plan(draft(fields(&wanted)), there.as_ref(), &Agreed::default(), &policy).step;
            let now = after(&step, there.clone());
            let again = plan(draft(fields(&wanted)), Some(&now), &Agreed::default(), &policy).step;
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
        let there = found(number("12.5"));
        let plan = plan(draft(number("12.50")), Some(&there), &Agreed::default(), &Policy::default());
        assert!(matches!(plan.step.action, Action::Nothing { .. }));
    }

    #[test]
    fn the_side_that_moved_is_named() {
        let one =
            |text: &str| -> Fields { [(FieldName::from("N"), Value::text(text))].into_iter().collect() };
        let base = one("agreed");
        let agreed = Agreed { target: Some(&base), ..Agreed::default() };
        let cause_of = |wanted: &str, there: &str| {
            let plan = plan(draft(one(wanted)), Some(&found(one(there))), &agreed, &Policy::default());
            match plan.step.action {
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
        let nothing = Agreed::default();
        let held = |there: Option<&Found>| {
            matches!(plan(draft(one.clone()), there, &nothing, &policy).step.action, Action::Hold { .. })
        };
        assert!(held(None) && held(Some(&found(Fields::new()))));
    }

    #[test]
    fn a_guarded_update_carries_only_what_changes() {
        let policy = Policy {
            owners: [(FieldName::from("A"), Ownership::Shared)].into_iter().collect(),
            ..Policy::default()
        };
        let both = |a: &str, b: &str| -> Fields {
            [("A", a), ("B", b)].into_iter().map(|(name, text)| (name.into(), Value::text(text))).collect()
        };
        let there = Found { validator: Some("w7".into()), ..found(both("x", "old")) };
        let plan = plan(draft(both("x", "new")), Some(&there), &Agreed::default(), &policy);
        assert_eq!((plan.step.lane, plan.step.guard.as_deref()), (Lane::Guarded, Some("w7")));
        let names: Vec<&str> = plan.step.draft.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["B"]);
    }
}
