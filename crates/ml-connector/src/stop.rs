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

/// Whether the run under way is to end between two pages, so that others can go on; not before it has come
/// somewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Room(Arc<Wanted>);

#[derive(Debug, Default)]
struct Wanted {
    asked: AtomicBool,
    moved: AtomicBool,
}

impl Room {
    /// Asks the run under way.
    pub(crate) fn ask(&self) {
        self.0.asked.store(true, Ordering::SeqCst);
    }

    /// Another run begins: what the last one was asked for is over.
    pub(crate) fn begin(&self) {
        self.0.asked.store(false, Ordering::SeqCst);
        self.0.moved.store(false, Ordering::SeqCst);
    }

    fn moves(&self) {
        self.0.moved.store(true, Ordering::SeqCst);
    }

    fn is_wanted(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst) && self.0.moved.load(Ordering::SeqCst)
    }
}

/// A source that stops between two pages when it is asked to.
#[derive(Debug)]
pub(crate) struct Stoppable {
    inner: Arc<dyn Source>,
    stop: Stop,
    room: Room,
}

impl Stoppable {
    /// `inner`, until `stop`, or until somebody wants `room`.
    pub(crate) fn new(inner: Arc<dyn Source>, stop: Stop, room: Room) -> Self {
        Self { inner, stop, room }
    }

    /// Why nothing is read any more, if that is so.
    fn refusal(&self) -> Option<SourceError> {
        self.stop.is_asked().then(|| stopped("stopped on request"))
    }
}

fn stopped(message: &str) -> SourceError {
    let fault = Fault {
        class: FaultClass::Transient,
        code: STOPPED.into(),
        message: message.into(),
        fields: Vec::new(),
        hint: None,
    };
    SourceError::Failed { operation: "next page".into(), fault }
}

#[async_trait]
impl Source for Stoppable {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        if self.room.is_wanted() {
            return Err(stopped("made room for others that wait"));
        }
        let page = self.inner.pull(cursor).await?;
        self.room.moves();
        Ok(page)
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
        let source = Stoppable::new(Arc::new(Endless), stop.clone(), Room::default());
        assert!(source.pull(None).await.is_ok());
        assert!(!stop.ask());
        assert!(stop.ask());
        assert!(source.pull(None).await.is_err());
        stop.asked().await;
    }

    #[tokio::test]
    async fn a_run_makes_room_between_two_pages_and_the_next_one_begins_afresh() {
        let room = Room::default();
        let source = Stoppable::new(Arc::new(Endless), Stop::default(), room.clone());
        room.begin();
        room.ask();
        assert!(source.pull(None).await.is_ok(), "it has come nowhere yet");
        assert!(source.pull(None).await.is_err());
        assert!(source.fetch(&[]).await.is_ok(), "the page under way is finished");
        room.begin();
        assert!(source.pull(None).await.is_ok() && source.pull(None).await.is_ok());
    }
}
