//! The seam for transformations.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::{Change, Draft, Entity, FieldName, Value};

/// Turns an observed change into drafts of target records.
///
/// # Contract
/// - Pure: the same change gives the same answer, always and everywhere. It can ask nobody; that is
///   why it is not async, and why any run can be replayed from the audit log.
/// - [`name`](Mapper::name) changes whenever the answer could change for any input: it ends in a
///   revision (`supplier-to-account@3`), and records mapped under another revision are mapped anew.
/// - An error concerns this one record; it goes to quarantine, the others go on.
pub trait Mapper: Debug + Send + Sync + 'static {
    /// Name and revision.
    fn name(&self) -> &str;
    /// The drafts that `change` asks for; none when the record is filtered out.
    fn map(&self, change: &Change) -> Result<Mapped, MapError>;
    /// Kinds of target records that its drafts may point to: flows that make those run first.
    fn refers_to(&self) -> BTreeSet<Entity> {
        BTreeSet::new()
    }
}

/// What a mapper made of one change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapped {
    /// The drafts; empty when the record is filtered out.
    pub drafts: Vec<Draft>,
    /// What a reader should know about how they came to be (a text cut, a default taken).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// A remark on one field of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The target field.
    pub field: FieldName,
    /// What was done to it.
    pub text: String,
}

/// A record that cannot be mapped.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("field {field}: {reason}")]
#[non_exhaustive]
pub struct MapError {
    /// The target field (or source field, if there is no target for it yet).
    pub field: FieldName,
    /// What is wrong with it.
    pub reason: String,
    /// The offending value, if there is one.
    pub value: Option<Box<Value>>,
    /// What the reader can do.
    pub hint: Option<String>,
}

impl MapError {
    /// An error about `field`.
    pub fn new(field: impl Into<FieldName>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into(), value: None, hint: None }
    }

    /// Adds the offending value.
    pub fn value(mut self, value: Value) -> Self {
        self.value = Some(Box::new(value));
        self
    }

    /// Adds advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
