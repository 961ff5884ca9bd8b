//! What stands before a store (`inner`) and lets everything through that people at the desk ask.

/// The desk of a store that stands before another one; `$seen` may change the links that it shows.
macro_rules! desk_through {
    ([$($generic:tt)*] $type:ty, $seen:expr) => {
        #[async_trait::async_trait]
        impl<$($generic)*> sync_engine::Desk for $type {
            async fn flows(&self) -> Result<Vec<sync_engine::FlowStatus>, sync_engine::StateError> {
                self.inner.flows().await
            }
            async fn parked(
                &self,
                query: &sync_engine::ParkedQuery,
            ) -> Result<Vec<sync_engine::Parked>, sync_engine::StateError> {
                self.inner.parked(query).await
            }
            async fn links_by_source(
                &self,
                book: &str,
                keys: &[mapping::Key],
            ) -> Result<Vec<Option<sync_engine::Link>>, sync_engine::StateError> {
                let links = self.inner.links_by_source(book, keys).await?;
                Ok($seen(self, links))
            }
            async fn links_by_target(
                &self,
                book: &str,
                targets: &[mapping::TargetId],
            ) -> Result<Vec<Option<sync_engine::Link>>, sync_engine::StateError> {
                let links = self.inner.links_by_target(book, targets).await?;
                Ok($seen(self, links))
            }
            async fn release_parked(
                &self,
                query: &sync_engine::ParkedQuery,
                now: wire::Timestamp,
            ) -> Result<u64, sync_engine::StateError> {
                self.inner.release_parked(query, now).await
            }
            async fn discard_parked(
                &self,
                query: &sync_engine::ParkedQuery,
            ) -> Result<u64, sync_engine::StateError> {
                self.inner.discard_parked(query).await
            }
            async fn annotate_parked(
                &self,
                query: &sync_engine::ParkedQuery,
                note: &sync_engine::Annotation,
            ) -> Result<u64, sync_engine::StateError> {
                self.inner.annotate_parked(query, note).await
            }
            async fn conflicts(
                &self,
                query: &sync_engine::ConflictQuery,
            ) -> Result<Vec<sync_engine::Conflict>, sync_engine::StateError> {
                self.inner.conflicts(query).await
            }
            async fn keep_conflicts(
                &self,
                conflicts: Vec<sync_engine::Conflict>,
            ) -> Result<(), sync_engine::StateError> {
                self.inner.keep_conflicts(conflicts).await
            }
        }
    };
}

/// Links are shown as they are.
pub(crate) fn as_they_are<T: ?Sized>(
    _: &T,
    links: Vec<Option<sync_engine::Link>>,
) -> Vec<Option<sync_engine::Link>> {
    links
}

pub(crate) use desk_through;
