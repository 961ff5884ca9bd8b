//! The seam for systems that are written to.

use std::fmt::Debug;

use async_trait::async_trait;
use mapping::{Entity, ExternalId, FieldName, Found, Step, TargetId};
use serde::{Deserialize, Serialize};

use crate::{Fault, FaultClass};

/// Finds and writes records.
///
/// # Contract
/// - [`find`](Sink::find) reads the target now, in batches, and answers in the order of `ids`;
///   `fields` are the ones the caller will compare; those of child records are named
///   `List.Field`, beside the list itself. Several matches for one id are [`Lookup::Ambiguous`].
/// - [`apply`](Sink::apply) gets creates, updates and removals only, and gives one receipt for each
///   step, in order. Within one call no external id occurs twice. Batching, halving of batches that fail as
///   a whole, and repeating of what surely did not act are its own business.
/// - [`Lane::Owned`](mapping::Lane::Owned) steps are written by upsert. A
///   [`Lane::Guarded`](mapping::Lane::Guarded) create fails where the record exists
///   ([`Fault::EXISTS`]); a guarded update or removal fails unless the record is still the one of
///   [`Step::guard`] ([`Fault::MOVED`]), and only the fields of its changes are sent. Both are
///   [`FaultClass::Conflict`]. A sink that cannot guard refuses guarded steps.
/// - Removing what is gone already is [`Outcome::Applied`].
/// - A step whose answer is lost or missing is [`Outcome::Unknown`], never a success nor a failure.
/// - [`SinkError`] from `apply` means that nothing at all was sent.
#[async_trait]
pub trait Sink: Debug + Send + Sync + 'static {
    /// Looks up records by external id.
    async fn find(
        &self,
        entity: &Entity,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError>;
    /// What became of writes that an earlier call, perhaps of another process, left under way at the
    /// target: records by entity, each with its receipt. Whatever is not told is read back. When this has
    /// returned, none of them can land any more.
    async fn take_up(&self) -> Result<Vec<(Entity, Receipt)>, SinkError> {
        Ok(Vec::new())
    }
    /// Looks up, by the target's own ids, records that belong to external ids which they do not carry:
    /// people made one there, and the source's record was made from it, or somebody cleared the field.
    /// One that carries none is found with an empty [`Found::id`], and the next write of it gives it the
    /// one that it was looked up for; one that carries another is [`Lookup::Ambiguous`]. Absent where the
    /// target cannot tell.
    async fn find_unnamed(
        &self,
        entity: &Entity,
        pairs: &[(ExternalId, TargetId)],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let _ = (entity, fields);
        Ok(pairs.iter().map(|_| Lookup::Absent).collect())
    }
    /// Writes.
    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError>;
    /// What tells this system from every other one of its kind (an organisation's id, a tenant's
    /// name), if it can be told: state that was made with another one is not used.
    async fn fingerprint(&self) -> Result<Option<String>, SinkError> {
        Ok(None)
    }
    /// Whether a record of `entity` can come to be twice under one external id, because the target
    /// chooses its keys itself. A create whose answer was lost is then not repeated, not even after a
    /// crash, before it can no longer land and a look has shown that it has not.
    fn may_double(&self, entity: &Entity) -> bool {
        let _ = entity;
        false
    }
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// No such record.
    Absent,
    /// Exactly one.
    One(Found),
    /// More than one record, or one whose id only differs in case: a person has to look.
    Ambiguous(Fault),
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Under which external id it was written.
    pub id: ExternalId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of one write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The target says that it holds what we sent.
    Applied {
        /// The target's own id of the record.
        target: TargetId,
        /// Whether the write made the record.
        created: bool,
    },
    /// The target says that it did not write it.
    Rejected(Fault),
    /// Nobody knows: the answer was lost or has no result for this step.
    Unknown {
        /// What happened.
        detail: String,
    },
}

/// The sink cannot be used; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {fault}")]
pub struct SinkError {
    /// What was tried.
    pub operation: String,
    /// What went wrong.
    pub fault: Fault,
}

impl SinkError {
    /// The class of the failure.
    pub fn class(&self) -> FaultClass {
        self.fault.class
    }
}
