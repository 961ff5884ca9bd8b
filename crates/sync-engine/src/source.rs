//! The seam for systems that report changes.

use std::fmt::Debug;

use async_trait::async_trait;
use mapping::{Change, Key};
use serde::{Deserialize, Serialize};

use crate::{Fault, FaultClass};

/// Reports what changed, page by page.
///
/// # Contract
/// - `pull(None)` starts from nothing: it walks every record, then goes on with changes.
///   `pull(Some(cursor))` goes on behind the page whose [`Page::cursor`] it was.
/// - Delivered at least once: a record that changed after a page was taken comes again. Nothing
///   that is committed in the source before a finished walk is left out of it, up to the source's
///   configured lateness.
/// - Each page makes progress or says that it is the last one ([`Page::more`] is false).
/// - A row that cannot be read is delivered as [`Unreadable`]; it never ends the walk.
/// - Cursors are opaque to everybody else, and carry a fingerprint of the question they belong to:
///   one of another question is [`SourceError::CursorExpired`].
#[async_trait]
pub trait Source: Debug + Send + Sync + 'static {
    /// The next page.
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError>;
    /// The current state of single records, in order; `None` where there is no such record.
    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError>;
    /// What tells this system from every other one of its kind (an organisation's id, a tenant's
    /// name), if it can be told: state that was made with another one is not used.
    async fn fingerprint(&self) -> Result<Option<String>, SourceError> {
        Ok(None)
    }
    /// The records that records which are gone were merged into, in order; `None` for those that
    /// were not, and where the system knows no merging.
    async fn successors(&self, keys: &[Key]) -> Result<Vec<Option<Key>>, SourceError> {
        Ok(vec![None; keys.len()])
    }
}

/// How far a source has been read: opaque, printable JSON of the connector.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// One page of changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What was observed, in the source's order.
    pub observations: Vec<Observation>,
    /// Where to go on; to be kept together with what this page led to.
    pub cursor: Cursor,
    /// Whether there is more to read right now.
    pub more: bool,
    /// The audit entry of the response, if it was recorded.
    pub evidence: Option<u64>,
    /// How many records the whole walk has, if the source said so (for progress).
    pub total: Option<u64>,
}

/// A readable change, or a row that is not one.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// A change.
    Change(Change),
    /// A row that cannot be read.
    Unreadable(Unreadable),
}

impl Observation {
    /// The record it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Change(change) => change.key(),
            Self::Unreadable(row) => &row.key,
        }
    }
}

/// A row that cannot be read: it goes to quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Its key, as far as it could be read; else its place, such as `page row 17`.
    pub key: Key,
    /// What is wrong, where, and what to do.
    pub fault: Fault,
    /// The row as it came.
    pub raw: String,
}

/// The source cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The cursor no longer means anything (another question, lost history): walk everything.
    #[error("the cursor cannot be continued: {reason}")]
    CursorExpired {
        /// Why.
        reason: String,
    },
    /// A call failed; the class says whether trying later helps.
    #[error("{operation}: {fault}")]
    Failed {
        /// What was tried.
        operation: String,
        /// What went wrong.
        fault: Fault,
    },
}

impl SourceError {
    /// The class of the failure.
    pub fn class(&self) -> FaultClass {
        match self {
            Self::CursorExpired { .. } => FaultClass::Stale,
            Self::Failed { fault, .. } => fault.class,
        }
    }
}
