//! What the plan may do, and who decides what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Entity, FieldName, Lane};

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
    /// What holds instead for fields of these kinds of records.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<Entity, KindPolicy>,
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

/// Who decides the fields of one kind of records, where a flow writes several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindPolicy {
    /// Owners of single fields; every other field belongs to the source.
    pub owners: BTreeMap<FieldName, Ownership>,
    /// Who wins on single shared fields.
    #[serde(default)]
    pub rules: BTreeMap<FieldName, Rule>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            create: true,
            update: true,
            owners: BTreeMap::new(),
            kinds: BTreeMap::new(),
            rules: BTreeMap::new(),
            rule: Rule::Manual,
            careful: false,
        }
    }
}

impl Policy {
    /// Who decides the field of a kind of records.
    pub fn owner(&self, entity: &Entity, name: &FieldName) -> Ownership {
        let owners = self.kinds.get(entity).map_or(&self.owners, |kind| &kind.owners);
        owners.get(name).copied().unwrap_or_default()
    }

    /// Who wins on the field if both sides moved.
    pub fn rule(&self, entity: &Entity, name: &FieldName) -> Rule {
        let of_kind = || self.kinds.get(entity)?.rules.get(name);
        self.rules.get(name).or_else(of_kind).copied().unwrap_or(self.rule)
    }

    /// Whether every field of every kind of records is the source's.
    pub fn is_all_the_sources(&self) -> bool {
        self.owners.is_empty() && self.kinds.values().all(|kind| kind.owners.is_empty())
    }

    /// Whether any field is shared.
    pub fn shares(&self) -> bool {
        let owners = self.owners.values().chain(self.kinds.values().flat_map(|kind| kind.owners.values()));
        owners.into_iter().any(|owner| *owner == Ownership::Shared)
    }

    /// How records of this policy have to be written.
    pub fn lane(&self) -> Lane {
        if self.shares() { Lane::Guarded } else { Lane::Owned }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_can_belong_to_one_side_here_and_to_another_there() {
        let of = |owner| [(FieldName::from("Name"), owner)].into_iter().collect();
        let rules = [(FieldName::from("Name"), Rule::PreferTarget)].into_iter().collect();
        let contact = KindPolicy { owners: of(Ownership::Shared), rules };
        let policy = Policy {
            owners: of(Ownership::Target),
            kinds: [(Entity::from("Contact"), contact)].into_iter().collect(),
            ..Policy::default()
        };
        let (name, other) = (FieldName::from("Name"), FieldName::from("Phone"));
        let owner = |entity: &str, name| policy.owner(&Entity::from(entity), name);
        assert_eq!(
            (owner("Contact", &name), owner("Account", &name)),
            (Ownership::Shared, Ownership::Target)
        );
        assert_eq!(owner("Contact", &other), Ownership::Source);
        assert_eq!(policy.rule(&"Contact".into(), &name), Rule::PreferTarget);
        assert_eq!(policy.rule(&"Account".into(), &name), Rule::Manual);
        assert!(policy.shares() && !policy.is_all_the_sources() && Policy::default().is_all_the_sources());
    }
}
