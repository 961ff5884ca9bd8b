//! What a source reports and how a target should look.

use serde::{Deserialize, Serialize};

use crate::{Entity, ExternalId, Fields, Key, Version};

/// One observed record of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What kind of record it is.
    pub entity: Entity,
    /// Its identity in the source.
    pub key: Key,
    /// Changes whenever `fields` change.
    pub version: Version,
    /// What was observed.
    pub fields: Fields,
}

/// Something a source reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The record exists and looks like this.
    Put(Record),
    /// The record is surely gone.
    Gone {
        /// What kind of record it was.
        entity: Entity,
        /// Its identity in the source.
        key: Key,
    },
}

impl Change {
    /// The identity in the source.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put(record) => &record.key,
            Self::Gone { key, .. } => key,
        }
    }

    /// The kind of record.
    pub fn entity(&self) -> &Entity {
        match self {
            Self::Put(record) => &record.entity,
            Self::Gone { entity, .. } => entity,
        }
    }
}

/// How a target record should look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// What kind of target record it is.
    pub entity: Entity,
    /// Under which external id it is looked up and written.
    pub id: ExternalId,
    /// The fields we want to see there; fields that are not named are not ours.
    pub fields: Fields,
}
