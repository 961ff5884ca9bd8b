//! `flows/<name>.toml`: one kind of record on its way from one system to the other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mapping::{Entity, KindPolicy, Policy};
use serde::Deserialize;
use sync_engine::{FlowSettings, Missing};

use super::flow_policies::{BrakesTable, ConflictsTable, DeletesTable};
use super::{EventsTable, Interval, ScheduleTable};

/// The contents of one file of `flows/`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlowFile {
    /// Whether `run` without `--flow` runs it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Where records come from.
    pub source: End,
    /// Where they go.
    pub target: End,
    /// How they are transformed.
    pub mapping: MappingRef,
    /// The name that this flow shares with the one that leads back between the same records.
    #[serde(default)]
    pub pair: Option<String>,
    /// How the flow behaves.
    #[serde(default)]
    pub settings: SettingsTable,
    /// When the daemon runs it.
    #[serde(default)]
    pub schedule: ScheduleTable,
    /// Whether change events of Salesforce tell what to look at.
    #[serde(default)]
    pub events: EventsTable,
    /// What happens to target records whose source record is gone.
    #[serde(default)]
    pub deletes: DeletesTable,
    /// How much one run may change without being asked to.
    #[serde(default)]
    pub brakes: BrakesTable,
    /// Who wins where people on both sides changed a shared field.
    #[serde(default)]
    pub conflicts: ConflictsTable,
}

/// One end of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Which system.
    pub system: System,
    /// Which kind of record there, such as `SupplierSet` or `Account`.
    pub entity: String,
}

/// A system that a flow can begin or end in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// IFS Cloud.
    Ifs,
    /// Salesforce.
    Salesforce,
}

/// Where the mapper comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MappingRef {
    /// From this file, relative to the link's folder.
    File(PathBuf),
    /// From these files: each makes its drafts of every record that its conditions let pass.
    Files(Vec<PathBuf>),
    /// From the program itself: registered under this name (`Runner::mapper`).
    Custom(String),
}

/// `[settings]`; what is left out keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SettingsTable {
    /// How long a write that seemed lost may still land in the target.
    #[serde(default)]
    pub settle: Option<Interval>,
    /// How long a record waits after its first refusal that may pass by itself.
    #[serde(default)]
    pub retry: Option<Interval>,
    /// How many records one audit entry names.
    #[serde(default)]
    pub chunk: Option<std::num::NonZeroU16>,
    /// How often a lost write is repeated within one run.
    #[serde(default)]
    pub rounds: Option<std::num::NonZeroU16>,
    /// Whether records may be created in the target.
    #[serde(default)]
    pub create: Option<bool>,
    /// Whether records may be updated in the target.
    #[serde(default)]
    pub update: Option<bool>,
    /// What happens where a record is missing in the target and must not be made.
    #[serde(default)]
    pub missing: Option<MissingWord>,
}

/// What happens to a record that is missing in the target and must not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MissingWord {
    /// A person has to look.
    Hold,
    /// It waits until somebody has made it.
    Wait,
}

impl FlowFile {
    /// What the engine is told; `kinds` are what the mappings say of each kind of records.
    pub fn settings(&self, kinds: BTreeMap<Entity, KindPolicy>) -> FlowSettings {
        let default = FlowSettings::default();
        let table = &self.settings;
        FlowSettings {
            policy: Policy {
                create: table.create.unwrap_or(default.policy.create),
                update: table.update.unwrap_or(default.policy.update),
                owners: BTreeMap::new(),
                kinds,
                rules: self.conflicts.rules(),
                rule: self.conflicts.default.into(),
                careful: false,
            },
            settle: table.settle.map_or(default.settle, |span| span.0),
            retry: table.retry.map_or(default.retry, |span| span.0),
            chunk: table.chunk.map_or(default.chunk, |count| count.get().into()),
            batch: default.batch,
            part: default.part,
            rounds: table.rounds.map_or(default.rounds, |count| count.get().into()),
            missing: match table.missing {
                Some(MissingWord::Wait) => Missing::Wait,
                Some(MissingWord::Hold) | None => Missing::Hold,
            },
            deletes: self.deletes.deletes(),
            brakes: self.brakes.brakes(),
            evidence: self.conflicts.evidence(),
            pair: None,
        }
    }
}

fn yes() -> bool {
    true
}
