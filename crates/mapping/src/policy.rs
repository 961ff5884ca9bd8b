//! What the plan may do, and who decides what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{FieldName, Lane};

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

/// Who wins when people on both sides changed a shared field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// A person decides; until then the field stays as it is on both sides.
    #[default]
    Manual,
    /// The source of the flow.
    PreferSource,
    /// The target of the flow.
    PreferTarget,
    /// Whoever changed it last, where the systems' own times are far enough apart to tell; else a
    /// person.
    Newest,
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
    /// Who wins on single shared fields.
    #[serde(default)]
    pub rules: BTreeMap<FieldName, Rule>,
    /// Who wins on every other shared field.
    #[serde(default)]
    pub rule: Rule,
    /// Nothing that stands in the target is overwritten: what differs from what nobody agreed on is a
    /// conflict, whoever owns the field.
    #[serde(default)]
    pub careful: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            create: true,
            update: true,
            owners: BTreeMap::new(),
            rules: BTreeMap::new(),
            rule: Rule::Manual,
            careful: false,
        }
    }
}

impl Policy {
    /// Who decides the field.
    pub fn owner(&self, name: &FieldName) -> Ownership {
        self.owners.get(name).copied().unwrap_or_default()
    }

    /// Who wins on the field if both sides moved.
    pub fn rule(&self, name: &FieldName) -> Rule {
        self.rules.get(name).copied().unwrap_or(self.rule)
    }

    /// Whether any field is shared.
    pub fn shares(&self) -> bool {
        self.owners.values().any(|owner| *owner == Ownership::Shared)
    }

    /// How records of this policy have to be written.
    pub fn lane(&self) -> Lane {
        if self.shares() { Lane::Guarded } else { Lane::Owned }
    }
}
