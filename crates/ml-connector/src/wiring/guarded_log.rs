//! A log that remembers that it failed, so that what followed from it can be told from its cause.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use audit::{AuditError, AuditLog, Entry, Query, Sealed, Verdict};
use futures::stream::BoxStream;
use wire::Clock;

/// The link's audit log.
#[derive(Debug)]
pub(crate) struct GuardedLog {
    inner: Arc<dyn AuditLog>,
    broken: Mutex<Option<AuditError>>,
    clock: Arc<dyn Clock>,
    waits: Mutex<Waits>,
}

/// How often the log was written to, and how long that took: nothing leaves before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    /// How often.
    pub(crate) number: u64,
    /// How long, together.
    pub(crate) lasting: Duration,
}

impl GuardedLog {
    /// Watches over `inner`.
    pub(crate) fn new(inner: Arc<dyn AuditLog>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, broken: Mutex::default(), clock, waits: Mutex::default() }
    }

    /// What was written since this was last asked for.
    pub(crate) fn take_waits(&self) -> Waits {
        std::mem::take(&mut *self.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first failure to keep something since it was last asked for.
    pub(crate) fn broken(&self) -> Option<AuditError> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl AuditLog for GuardedLog {
    async fn append(&self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
        let begun = self.clock.elapsed();
        let kept = self.inner.append(entries).await;
        let took = self.clock.elapsed().saturating_sub(begun);
        {
            let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
            *waits = Waits { number: waits.number + 1, lasting: waits.lasting.saturating_add(took) };
        }
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
