//! A log in memory, for tests and the simulation: the same bytes and the same chain as on disk.

use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use crate::chain::{Chain, Row};
use crate::codec;
use crate::{AuditError, AuditLog, Entry, Query, Sealed, Verdict};

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
pub struct MemoryLog(Mutex<Vec<StoredRow>>);

impl MemoryLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// A log that holds `rows`, right or wrong.
    pub fn from_rows(rows: Vec<StoredRow>) -> Self {
        Self(Mutex::new(rows))
    }

    /// A copy of what is stored.
    pub fn rows(&self) -> Vec<StoredRow> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(&self, query: &Query) -> Vec<Result<Sealed, AuditError>> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let matching = |row: &StoredRow| match row.unseal() {
            Ok(sealed) => query.admits(sealed.number, &sealed.entry).then_some(Ok(sealed)),
            Err(error) => Some(Err(error)),
        };
        if query.newest {
            let mut found: Vec<_> = rows.iter().rev().filter_map(matching).take(limit).collect();
            found.reverse();
            found
        } else {
            rows.iter().filter_map(matching).take(limit).collect()
        }
    }
}

#[async_trait]
impl AuditLog for MemoryLog {
    async fn append(&self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
        let encoded: Vec<_> = entries.iter().map(codec::encode).collect();
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut chain = Chain::new();
        for row in rows.iter() {
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
