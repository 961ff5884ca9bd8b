//! The seam for what must outlive the process: cursors, links, intents, parked records.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use mapping::{Change, Draft, ExternalId, Fields, Key, Reference, TargetId, Version};
use serde::{Deserialize, Serialize};

use crate::conflict::{Conflict, ConflictQuery};
use crate::link::Link;
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
/// - State of one flow is invisible to the others, links apart: those are kept under a name of their
///   own ([`Commit::book`]), which the two flows of a pair share.
#[async_trait]
pub trait StateStore: Desk {
    /// Takes the flow over.
    async fn take(&self, flow: &str, now: Timestamp) -> Result<Taken, StateError>;
    /// The links of records in a book, by external id, in order.
    async fn links(&self, book: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError>;
    /// Links of a book in the order of their external ids, behind `after`, at most `limit`.
    async fn all_links(
        &self,
        book: &str,
        after: Option<&ExternalId>,
        limit: usize,
    ) -> Result<Vec<Link>, StateError>;
    /// How many links a book has.
    async fn count_links(&self, book: &str) -> Result<u64, StateError>;
    /// The intents of a flow without a settled outcome, oldest first. Takes nothing over.
    async fn intents(&self, flow: &str) -> Result<Vec<Intent>, StateError>;
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
    /// The links of source records in a book.
    async fn links_by_source(&self, book: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError>;
    /// The links of target records in a book, by the target's own id.
    async fn links_by_target(
        &self,
        book: &str,
        targets: &[TargetId],
    ) -> Result<Vec<Option<Link>>, StateError>;
    /// Makes parked records due at `now`, so that the next run takes them up.
    async fn release_parked(&self, query: &ParkedQuery, now: Timestamp) -> Result<u64, StateError>;
    /// Forgets parked records; they come back when their source record changes.
    async fn discard_parked(&self, query: &ParkedQuery) -> Result<u64, StateError>;
    /// Notes on parked records who looks after them, and values to be used instead of the source's.
    async fn annotate_parked(&self, query: &ParkedQuery, note: &Annotation) -> Result<u64, StateError>;
    /// Fields on which both sides moved, oldest first.
    async fn conflicts(&self, query: &ConflictQuery) -> Result<Vec<Conflict>, StateError>;
    /// Replaces conflicts of the same identity, as a person decided.
    async fn keep_conflicts(&self, conflicts: Vec<Conflict>) -> Result<(), StateError>;
}

/// What a person notes on a parked record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotation {
    /// Who looks after it; an empty text takes the name away.
    pub assigned: Option<String>,
    /// Values to be used instead of the source's, until its record changes.
    pub amended: Option<Fields>,
}

impl Annotation {
    /// Writes it down on `parked`.
    pub fn apply(&self, parked: &mut Parked) {
        if let Some(name) = &self.assigned {
            parked.assigned = (!name.is_empty()).then(|| name.clone());
        }
        if let Some(amended) = &self.amended {
            let fields = parked.amended.get_or_insert_default();
            for (name, value) in amended.iter() {
                fields.set(name.clone(), value.clone());
            }
        }
    }
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
    /// Which systems the flow has joined so far.
    pub fingerprint: Option<String>,
    /// Whether the state is known to be lost or older than the systems: nothing is overwritten or
    /// removed until everything was compared.
    pub careful: bool,
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
    /// What both sides agree on once it has landed: the source's fields.
    pub source: Fields,
    /// The same, the target's fields; `None`: those of the draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Fields>,
    /// When it was decided, by our clock.
    pub at: Timestamp,
    /// Until when a request that seemed lost may still land; `None` while that is not known to
    /// matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubtful_until: Option<Timestamp>,
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
    /// The records it waits for: it goes on when all of them are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<Reference>,
    /// Who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<String>,
    /// Values that a person gave, to be used instead of the source's until its record changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amended: Option<Fields>,
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
    /// Two systems or people write a field to and fro: a person has to look.
    Frozen,
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
    /// Under which name links are kept; `None`: the flow's own.
    pub book: Option<String>,
    /// Pairs that now agree.
    pub links: Vec<Link>,
    /// Pairs that belong together no longer, by external id.
    pub unlinked: Vec<ExternalId>,
    /// Fields on which both sides moved, or no longer do; replaces those of the same identity.
    pub conflicts: Vec<Conflict>,
    /// Records that other flows have to take up; one that waits there already just becomes due.
    pub handed: Vec<Parked>,
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
    /// Which systems the flow joins.
    pub fingerprint: Option<String>,
    /// Whether the state has to be doubted from now on; `None` leaves it.
    pub careful: Option<bool>,
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
