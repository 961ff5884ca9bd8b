//! A log that keeps less than it is given.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use audit::{AuditError, AuditLog, Entry, Query, Sealed, Verdict};
use futures::stream::BoxStream;

/// A log that keeps less than it is given.
#[derive(Debug)]
pub struct ForgetfulLog {
    inner: Arc<dyn AuditLog>,
    forget: fn(&mut Vec<Entry>),
}

impl ForgetfulLog {
    /// `inner`, which gets what `forget` leaves.
    pub fn new(inner: Arc<dyn AuditLog>, forget: fn(&mut Vec<Entry>)) -> Self {
        Self { inner, forget }
    }
}

#[async_trait]
impl AuditLog for ForgetfulLog {
    async fn append(&self, mut entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
        (self.forget)(&mut entries);
        if entries.is_empty() { Ok(0..=0) } else { self.inner.append(entries).await }
    }

    fn read(&self, query: Query) -> BoxStream<'_, Result<Sealed, AuditError>> {
        self.inner.read(query)
    }

    async fn verify(&self) -> Result<Verdict, AuditError> {
        self.inner.verify().await
    }
}
