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
/// sides last agreed on. Pure: this is the only place where create, update and nothing are told
/// apart.
pub fn plan(draft: Draft, found: Option<&Found>, base: Option<&Base>, policy: &Policy) -> Step {
    let action = match found {
        None if policy.create => Action::Create,
        None => Action::Hold { reason: "the target has no such record and creating is switched off".into() },
        Some(found) => against(&draft, found, base, policy),
    };
    Step { draft, action }
}

fn against(draft: &Draft, found: &Found, base: Option<&Base>, policy: &Policy) -> Action {
    let changes = differences(draft, found, base, policy);
    if changes.is_empty() {
        return Action::Nothing { target: found.target.clone() };
    }
    if !policy.update {
        return Action::Hold { reason: "the target differs and updating is switched off".into() };
    }
    Action::Update { target: found.target.clone(), changes }
}

fn differences(draft: &Draft, found: &Found, base: Option<&Base>, policy: &Policy) -> Vec<Difference> {
    let ours = |name: &FieldName| policy.owners.get(name).copied().unwrap_or_default() == Ownership::Source;
    draft
        .fields
        .iter()
        .filter(|(name, _)| ours(name))
        .filter_map(|(name, wanted)| {
            let before = found.fields.get(name.as_str()).unwrap_or(&Value::Null);
            (before != wanted).then(|| Difference {
                field: name.clone(),
                before: before.clone(),
                after: wanted.clone(),
                cause: cause(name, wanted, base),
            })
        })
        .collect()
}

fn cause(name: &FieldName, wanted: &Value, base: Option<&Base>) -> Cause {
    match base.and_then(|base| base.target.get(name.as_str())) {
        Some(agreed) if agreed == wanted => Cause::Target,
        _ => Cause::Source,
    }
}
