//! The seam for logs.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use futures::stream::BoxStream;
use wire::Timestamp;

use crate::{Entry, Kind};

/// An append-only log of [`Entry`]s.
///
/// # Contract
/// - [`append`](AuditLog::append) returns after the entries are durable, and gives them contiguous
///   numbers in the order given, starting at 1 for a new log. Either all are kept or none.
/// - Entries are never changed. Each one is hash-linked to the one before.
/// - [`read`](AuditLog::read) yields entries in ascending order of number.
/// - Many callers may append at once; a log may write what they bring in one transaction.
#[async_trait]
pub trait AuditLog: Debug + Send + Sync + 'static {
    /// Keeps `entries`; returns their numbers.
    async fn append(&self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError>;
    /// The entries that `query` asks for.
    fn read(&self, query: Query) -> BoxStream<'_, Result<Sealed, AuditError>>;
    /// Reads the whole log and checks every byte against the chain.
    async fn verify(&self) -> Result<Verdict, AuditError>;
}

/// An entry as the log keeps it.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its number, from 1.
    pub number: u64,
    /// What was kept.
    pub entry: Entry,
    /// The hash that links it to the entry before.
    pub hash: [u8; 32],
}

/// Which entries to read. Everything that is `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only entries about this record (a source key).
    pub record: Option<String>,
    /// Only entries of this run.
    pub run: Option<String>,
    /// Only entries of this flow.
    pub flow: Option<String>,
    /// Only entries of these kinds.
    pub kinds: Option<Vec<Kind>>,
    /// Only entries at or after this time.
    pub since: Option<Timestamp>,
    /// Only entries before this time.
    pub until: Option<Timestamp>,
    /// Only entries from this number on.
    pub from: Option<u64>,
    /// At most so many, the newest ones if `newest` is set.
    pub limit: Option<u64>,
    /// Whether `limit` keeps the newest entries instead of the oldest.
    pub newest: bool,
}

impl Query {
    /// Whether it asks for this entry, [`limit`](Self::limit) aside.
    pub fn admits(&self, number: u64, entry: &Entry) -> bool {
        self.from.is_none_or(|from| number >= from)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
            && self.run.as_deref().is_none_or(|run| *entry.scope.run == *run)
            && self.flow.as_deref().is_none_or(|flow| *entry.scope.flow == *flow)
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&entry.event.kind()))
            && self.record.as_ref().is_none_or(|record| entry.records.contains(record))
    }
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries were checked.
    pub entries: u64,
    /// The hash of the last good entry: note it elsewhere, and a log cut short is found too.
    pub head: [u8; 32],
    /// The first entry that is wrong and what is wrong with it.
    pub broken: Option<(u64, String)>,
}

/// The log failed. A call whose request cannot be kept must not be made.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The log cannot be written or read (disk full, file gone, no rights).
    #[error("audit log: {detail}")]
    Unavailable {
        /// What the storage said.
        detail: String,
    },
    /// What was read is not what was written.
    #[error("audit log entry {number} is damaged: {detail}")]
    Damaged {
        /// The entry.
        number: u64,
        /// What is wrong with it.
        detail: String,
    },
}
