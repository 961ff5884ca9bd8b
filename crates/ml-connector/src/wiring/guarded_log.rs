//! A log that remembers that it failed, so that what followed from it can be told from its cause.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use audit::{AuditError, AuditLog, Entry, Query, Sealed, Verdict};
use futures::stream::BoxStream;

/// The link's audit log.
#[derive(Debug)]
pub(crate) struct GuardedLog {
    inner: Arc<dyn AuditLog>,
    broken: Mutex<Option<AuditError>>,
}

impl GuardedLog {
    /// Watches over `inner`.
    pub(crate) fn new(inner: Arc<dyn AuditLog>) -> Self {
        Self { inner, broken: Mutex::default() }
    }

    /// The first failure to keep something since it was last asked for.
    pub(crate) fn broken(&self) -> Option<AuditError> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl AuditLog for GuardedLog {
    async fn append(&self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
        let kept = self.inner.append(entries).await;
        if let Err(error) = &kept {
            self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
        kept
    }

    fn read(&self, query: Query) -> BoxStream<'_, Result<Sealed, AuditError>> {
        self.inner.read(query)
    }

    async fn verify(&self) -> Result<Verdict, AuditError> {
        self.inner.verify().await
    }
}
