//! Ctrl-C: the first one stops between two pages, the second one at once; both are safe.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use mapping::Key;
use sync_engine::{Cursor, Fault, FaultClass, Observation, Page, Source, SourceError};
use tokio::sync::Notify;

/// The code of the refusal that ends a run on request.
pub(crate) const STOPPED: &str = "STOPPED";

/// Whether somebody asked for an end.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    asked: AtomicBool,
    told: Notify,
}

impl Stop {
    /// Asks for an end; returns whether it had been asked for before.
    pub fn ask(&self) -> bool {
        let before = self.0.asked.swap(true, Ordering::SeqCst);
        self.0.told.notify_waiters();
        before
    }

    /// Whether an end was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// Waits until an end is asked for.
    pub async fn asked(&self) {
        let told = self.0.told.notified();
        tokio::pin!(told);
        // Registered before the flag is read, so that no call between the two is missed.
        told.as_mut().enable();
        if !self.is_asked() {
            told.await;
        }
    }
}

/// A source that stops between two pages when it is asked to.
#[derive(Debug)]
pub(crate) struct Stoppable {
    inner: Arc<dyn Source>,
    stop: Stop,
}

impl Stoppable {
    /// `inner`, until `stop`.
    pub(crate) fn new(inner: Arc<dyn Source>, stop: Stop) -> Self {
        Self { inner, stop }
    }

    /// Why there is no further page, if there is none.
    fn refusal(&self) -> Option<SourceError> {
        if !self.stop.is_asked() {
            return None;
        }
        let fault = Fault {
            class: FaultClass::Transient,
            code: STOPPED.into(),
            message: "stopped on request".into(),
            fields: Vec::new(),
            hint: None,
        };
        Some(SourceError::Failed { operation: "next page".into(), fault })
    }
}

#[async_trait]
impl Source for Stoppable {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        match self.refusal() {
            Some(refusal) => Err(refusal),
            None => self.inner.pull(cursor).await,
        }
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        match self.refusal() {
            Some(refusal) => Err(refusal),
            None => self.inner.fetch(keys).await,
        }
    }

    async fn successors(&self, keys: &[Key]) -> Result<Vec<Option<Key>>, SourceError> {
        match self.refusal() {
            Some(refusal) => Err(refusal),
            None => self.inner.successors(keys).await,
        }
    }

    async fn fingerprint(&self) -> Result<Option<String>, SourceError> {
        match self.refusal() {
            Some(refusal) => Err(refusal),
            None => self.inner.fingerprint().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Endless;

    #[async_trait]
    impl Source for Endless {
        async fn pull(&self, _: Option<&Cursor>) -> Result<Page, SourceError> {
            let cursor = Cursor("x".into());
            Ok(Page { observations: Vec::new(), cursor, more: true, evidence: None, total: None })
        }
        async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
            Ok(vec![None; keys.len()])
        }
    }

    #[tokio::test]
    async fn a_stopped_source_gives_no_further_page() {
        let stop = Stop::default();
        let source = Stoppable::new(Arc::new(Endless), stop.clone());
        assert!(source.pull(None).await.is_ok());
        assert!(!stop.ask());
        assert!(stop.ask());
        assert!(source.pull(None).await.is_err());
        stop.asked().await;
    }
}
