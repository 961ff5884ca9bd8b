//! The seam for what must outlive the process: cursors, links, intents, parked records.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use mapping::{Base, Change, Draft, ExternalId, Key, TargetId, Version};
use serde::{Deserialize, Serialize};

use crate::{Cursor, Fault};

/// Keeps the state of flows.
///
/// # Contract
/// - [`take`](StateStore::take) makes the caller the only writer of the flow: it raises the flow's
///   fence, and every later [`intend`](StateStore::intend), [`commit`](StateStore::commit) or
///   [`release`](StateStore::release) with an older fence is [`StateError::Fenced`].
/// - `intend` and `commit` return after their change is durable, each in one transaction.
/// - A commit applies its parts as one: cursor, links, settled intents, parked and released records.
///   Links and parked records replace earlier ones of the same identity; settling an intent or
///   releasing a record that is not there is no error.
/// - State of one flow is invisible to the others.
#[async_trait]
pub trait StateStore: Desk {
    /// Takes the flow over.
    async fn take(&self, flow: &str, now: Timestamp) -> Result<Taken, StateError>;
    /// The links of records, by external id, in order.
    async fn links(&self, flow: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError>;
    /// Keeps what is about to be written, before anything is sent.
    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError>;
    /// Keeps what was learned, and moves the cursor.
    async fn commit(&self, flow: &str, fence: Fence, commit: Commit) -> Result<(), StateError>;
    /// Gives the flow back in good order.
    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError>;
}

/// What people look at and decide about.
///
/// # Contract
/// Reads see every finished commit. [`release_parked`](Desk::release_parked) and
/// [`discard_parked`](Desk::discard_parked) return how many records they met.
#[async_trait]
pub trait Desk: Debug + Send + Sync + 'static {
    /// All flows that were ever taken, by name.
    async fn flows(&self) -> Result<Vec<FlowStatus>, StateError>;
    /// Parked records, oldest first.
    async fn parked(&self, query: &ParkedQuery) -> Result<Vec<Parked>, StateError>;
    /// The links of source records.
    async fn links_by_source(&self, flow: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError>;
    /// Makes parked records due at `now`, so that the next run takes them up.
    async fn release_parked(&self, query: &ParkedQuery, now: Timestamp) -> Result<u64, StateError>;
    /// Forgets parked records; they come back when their source record changes.
    async fn discard_parked(&self, query: &ParkedQuery) -> Result<u64, StateError>;
}

/// The right to write a flow's state; higher ones replace lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fence(pub u64);

/// A flow, taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The new fence.
    pub fence: Fence,
    /// How far the source was read, for the walk of changes.
    pub cursor: Option<Cursor>,
    /// How far a full sweep was read, if one is unfinished.
    pub sweep: Option<Cursor>,
    /// Intents without a settled outcome, oldest first.
    pub intents: Vec<Intent>,
    /// Whether the last holder released the flow in good order.
    pub clean: bool,
}

/// Names one attempt to write one record: `<run>/<number>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(pub String);

/// Something that is about to be written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Names record and attempt; unique within the flow.
    pub attempt: Attempt,
    /// The source record.
    pub key: Key,
    /// The source version that led to it.
    pub version: Version,
    /// Name and revision of the mapper.
    pub mapper: String,
    /// What is sent, whole.
    pub draft: Draft,
    /// The source fields it was made from.
    pub source: mapping::Fields,
    /// When it was decided, by our clock.
    pub at: Timestamp,
    /// Until when a request that seemed lost may still land; `None` while that is not known to
    /// matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubtful_until: Option<Timestamp>,
}

/// A pair of records that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The source record.
    pub key: Key,
    /// The external id under which the target is written.
    pub id: ExternalId,
    /// The target's own id.
    pub target: TargetId,
    /// The source version that both agree on.
    pub version: Version,
    /// Name and revision of the mapper that made the target's fields.
    pub mapper: String,
    /// What both sides last agreed on.
    pub base: Base,
    /// When that was confirmed.
    pub at: Timestamp,
}

/// A record that cannot go on, with its class, its reason and its way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// The flow.
    pub flow: String,
    /// The source record.
    pub key: Key,
    /// Why it waits.
    pub class: ParkedClass,
    /// What was wrong, in the words of whoever refused it.
    pub fault: Fault,
    /// What was observed; `None` if the row could not even be read.
    pub change: Option<Change>,
    /// The row as it came, if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Name and revision of the mapper that was in charge.
    pub mapper: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it was first parked.
    pub since: Timestamp,
    /// When it is tried again by itself; `None`: when its source record or the mapping changes, or
    /// a person says so.
    pub due: Option<Timestamp>,
}

/// Why a record waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParkedClass {
    /// Refused until the data, the mapping or the target changes.
    Quarantine,
    /// Waits for a parent record.
    Orphan,
    /// Waits until an older request can no longer land.
    Settling,
    /// Waits for another try by itself.
    Retry,
}

/// Which parked records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParkedQuery {
    /// Only of this flow.
    pub flow: Option<String>,
    /// Only this record.
    pub key: Option<Key>,
    /// Only of this class.
    pub class: Option<ParkedClass>,
    /// Only with this code of the fault.
    pub code: Option<String>,
    /// Only those that are due at this time.
    pub due: Option<Timestamp>,
}

/// What was learned in one transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// The new cursor of the walk of changes; `None` leaves it.
    pub cursor: Option<Cursor>,
    /// The new cursor of the sweep: `Some(None)` ends the sweep, `None` leaves it.
    pub sweep: Option<Option<Cursor>>,
    /// Pairs that now agree.
    pub links: Vec<Link>,
    /// Attempts whose outcome is settled.
    pub settled: Vec<Attempt>,
    /// Attempts whose outcome is in doubt until the given time.
    pub doubtful: Vec<(Attempt, Timestamp)>,
    /// Records that wait from now on.
    pub parked: Vec<Parked>,
    /// Records that no longer wait.
    pub released: Vec<Key>,
    /// When a whole cycle ended, for `status`.
    pub finished: Option<Timestamp>,
}

/// A flow at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowStatus {
    /// The flow.
    pub flow: String,
    /// The current fence.
    pub fence: Fence,
    /// Whether nobody holds it and the last holder released it in good order.
    pub clean: bool,
    /// How many pairs are linked.
    pub links: u64,
    /// How many intents have no settled outcome.
    pub intents: u64,
    /// How many records wait, by class.
    pub parked: Vec<(ParkedClass, u64)>,
    /// When the last whole cycle ended.
    pub finished: Option<Timestamp>,
    /// How far the source was read.
    pub cursor: Option<Cursor>,
}

/// The state cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Somebody else has taken the flow over.
    #[error("flow {flow} was taken over by another process (fence {fence:?})")]
    Fenced {
        /// The flow.
        flow: String,
        /// The fence that is in force.
        fence: Fence,
    },
    /// The storage failed (disk full, no rights, locked).
    #[error("state store: {detail}")]
    Unavailable {
        /// What the storage said.
        detail: String,
    },
    /// What was read makes no sense, or was written by a newer version.
    #[error("state store is damaged or newer than this program: {detail}")]
    Damaged {
        /// What is wrong.
        detail: String,
    },
}
