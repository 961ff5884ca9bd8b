//! Store, log and network with a point before and after everything that outlives a crash.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use audit::{AuditError, AuditLog, Entry, Query, Sealed, Verdict};
use futures::stream::BoxStream;
use mapping::ExternalId;
use sync_engine::{Commit, Fence, Intent, Link, StateError, StateStore, Taken};
use wire::{HttpTransport, Request, Response, Timestamp, TransportError};

use super::fuse::Fuse;
use crate::through::{as_they_are, desk_through};

/// Something that passes points on its way.
#[derive(Debug, Clone)]
pub struct Fused<T> {
    inner: T,
    fuse: Arc<Fuse>,
}

impl<T> Fused<T> {
    /// `inner`, with points of `fuse` around it.
    pub fn new(inner: T, fuse: Arc<Fuse>) -> Self {
        Self { inner, fuse }
    }
}

#[async_trait]
impl<S: StateStore> StateStore for Fused<S> {
    async fn take(&self, flow: &str, now: Timestamp) -> Result<Taken, StateError> {
        self.fuse.point("before take").await;
        let taken = self.inner.take(flow, now).await;
        self.fuse.point("after take").await;
        taken
    }

    async fn links(&self, flow: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        self.inner.links(flow, ids).await
    }

    async fn all_links(
        &self,
        book: &str,
        after: Option<&ExternalId>,
        limit: usize,
    ) -> Result<Vec<Link>, StateError> {
        self.inner.all_links(book, after, limit).await
    }

    async fn count_links(&self, book: &str) -> Result<u64, StateError> {
        self.inner.count_links(book).await
    }

    async fn intents(&self, flow: &str) -> Result<Vec<Intent>, StateError> {
        self.inner.intents(flow).await
    }

    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        self.fuse.point("before intend").await;
        let done = self.inner.intend(flow, fence, intents).await;
        self.fuse.point("after intend").await;
        done
    }

    async fn commit(&self, flow: &str, fence: Fence, commit: Commit) -> Result<(), StateError> {
        self.fuse.point("before commit").await;
        let done = self.inner.commit(flow, fence, commit).await;
        self.fuse.point("after commit").await;
        done
    }

    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        self.fuse.point("before release").await;
        let done = self.inner.release(flow, fence).await;
        self.fuse.point("after release").await;
        done
    }
}

desk_through!([S: StateStore] Fused<S>, as_they_are);

#[async_trait]
impl<L: AuditLog> AuditLog for Fused<std::sync::Arc<L>> {
    async fn append(&self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
        self.fuse.point("before append").await;
        let numbers = self.inner.append(entries).await;
        self.fuse.point("after append").await;
        numbers
    }

    fn read(&self, query: Query) -> BoxStream<'_, Result<Sealed, AuditError>> {
        self.inner.read(query)
    }

    async fn verify(&self) -> Result<Verdict, AuditError> {
        self.inner.verify().await
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Fused<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.fuse.point("before call").await;
        let answer = self.inner.send(request).await;
        self.fuse.point("after call").await;
        answer
    }
}
