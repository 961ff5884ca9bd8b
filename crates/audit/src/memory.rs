//! A log in memory, for tests and the simulation: the same bytes and the same chain as on disk.

use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use crate::chain::{Chain, Row};
use crate::codec;
use crate::{AuditError, AuditLog, Entry, Kind, Query, Scope, Sealed, Verdict};

/// One stored entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Its number.
    pub number: u64,
    /// The header's bytes.
    pub header: Vec<u8>,
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// Its hash.
    pub hash: [u8; 32],
}

impl StoredRow {
    /// The row as the chain checks it.
    pub fn as_row(&self) -> Row<'_> {
        Row { number: self.number, header: &self.header, payload: &self.payload, hash: &self.hash }
    }

    /// The entry that it holds.
    pub fn unseal(&self) -> Result<Sealed, AuditError> {
        match codec::decode(&self.header, &self.payload) {
            Ok(entry) => Ok(Sealed { number: self.number, entry, hash: self.hash }),
            Err(error) => Err(AuditError::Damaged { number: self.number, detail: error.to_string() }),
        }
    }
}

/// An [`AuditLog`] that lives as long as the process.
#[derive(Debug, Default)]
pub struct MemoryLog(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rows: Vec<StoredRow>,
    /// What each row is about, as the columns of a log on disk say it, so that few rows are decoded for a
    /// search; fewer than rows where these came from elsewhere.
    marks: Vec<(Kind, Scope)>,
}

/// Whether a query may ask for a row of this kind and scope.
fn may_ask(query: &Query, (kind, scope): &(Kind, Scope)) -> bool {
    query.kinds.as_ref().is_none_or(|kinds| kinds.contains(kind))
        && query.flow.as_deref().is_none_or(|flow| *scope.flow == *flow)
        && query.run.as_deref().is_none_or(|run| *scope.run == *run)
}

impl MemoryLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// A log that holds `rows`, right or wrong.
    pub fn from_rows(rows: Vec<StoredRow>) -> Self {
        Self(Mutex::new(Inner { rows, marks: Vec::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of what is stored.
    pub fn rows(&self) -> Vec<StoredRow> {
        self.lock().rows.clone()
    }

    /// The last row.
    pub fn last(&self) -> Option<StoredRow> {
        self.lock().rows.last().cloned()
    }

    fn find(&self, query: &Query) -> Vec<Result<Sealed, AuditError>> {
        let inner = self.lock();
        let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let asked = |(place, row): (usize, &StoredRow)| {
            if inner.marks.get(place).is_some_and(|mark| !may_ask(query, mark)) {
                return None;
            }
            match row.unseal() {
                Ok(sealed) => query.admits(sealed.number, &sealed.entry).then_some(Ok(sealed)),
                Err(error) => Some(Err(error)),
            }
        };
        let rows = inner.rows.iter().enumerate();
        if query.newest {
            let mut found: Vec<_> = rows.rev().filter_map(asked).take(limit).collect();
            found.reverse();
            found
        } else {
            rows.filter_map(asked).take(limit).collect()
        }
    }
}

#[async_trait]
impl AuditLog for MemoryLog {
    async fn append(&self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
        let encoded: Vec<_> = entries.iter().map(codec::encode).collect();
        let mut inner = self.lock();
        let Inner { rows, marks } = &mut *inner;
        if marks.len() == rows.len() {
            marks.extend(entries.into_iter().map(|entry| (entry.event.kind(), entry.scope)));
        }
        let mut chain = rows.last().map_or_else(Chain::new, |last| Chain::resume(last.number, last.hash));
        let first = chain.entries() + 1;
        rows.extend(encoded.into_iter().map(|encoded| {
            let (number, hash) = chain.seal(&encoded.header, &encoded.payload);
            StoredRow { number, header: encoded.header, payload: encoded.payload, hash }
        }));
        Ok(first..=chain.entries())
    }

    fn read(&self, query: Query) -> BoxStream<'_, Result<Sealed, AuditError>> {
        // Nothing is decoded before somebody polls.
        stream::once(async move { stream::iter(self.find(&query)) }).flatten().boxed()
    }

    async fn verify(&self) -> Result<Verdict, AuditError> {
        let inner = self.lock();
        let mut chain = Chain::new();
        for row in &inner.rows {
            if !chain.check(&row.as_row()) {
                break;
            }
        }
        Ok(chain.verdict())
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;
    use crate::conformance::audit_log;
    use crate::{Event, Scope};

    #[tokio::test]
    async fn it_keeps_the_contract() {
        audit_log(MemoryLog::new).await;
    }

    #[tokio::test]
    async fn damage_is_told_with_its_number() {
        let log = MemoryLog::new();
        let event = Event::Decided { decisions: Vec::new() };
        let entry = Entry {
            at: wire::Timestamp::UNIX_EPOCH,
            scope: Scope::default(),
            records: Vec::new().into(),
            event,
        };
        log.append(vec![entry.clone(), entry]).await.expect("keeps");
        let mut rows = log.rows();
        rows[1].payload = b"\x07".to_vec();
        let log = MemoryLog::from_rows(rows);
        let error = log.read(Query::default()).try_collect::<Vec<_>>().await.expect_err("damaged");
        assert!(matches!(error, AuditError::Damaged { number: 2, .. }), "{error}");
    }
}
