//! The conformance suite of state stores against stores with one defect each.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt as _;
use jiff::Timestamp;
use mapping::{ExternalId, Key, TargetId};
use ml_connector_tests::Bench;
use store::MemoryStore;
use sync_engine::conformance::state_store;
use sync_engine::{
    Annotation, Commit, Conflict, ConflictQuery, Desk, Fence, Flow, FlowParts, FlowStatus, Intent, Link,
    Mode, Parked, ParkedQuery, StateError, StateStore, Taken, Unwatched,
};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    AlwaysClean,
    IgnoresFences,
    ForgetsCursors,
    ForgetsSweeps,
    KeepsOldLinks,
    UnorderedLinks,
    ForgetsSources,
    BendsValues,
    ForgetsIntents,
    SettlesNothing,
    DoubtsNothing,
    ForgetsParked,
    ReleasesNothing,
    AsksForEverything,
    FreesNobody,
    DiscardsNobody,
    NotesNothing,
    HandsNothingOver,
    ForgetsEnds,
    ForgetsSystems,
    TrustsAgain,
    ForgetsBooks,
    ForgetsTargets,
    WalksEverything,
    TakesNothingApart,
    CountsNothing,
    ForgetsConflicts,
    ForgetsDecisions,
    HidesIntents,
}

const DEFECTS: [Defect; 29] = [
    Defect::AlwaysClean,
    Defect::IgnoresFences,
    Defect::ForgetsCursors,
    Defect::ForgetsSweeps,
    Defect::KeepsOldLinks,
    Defect::UnorderedLinks,
    Defect::ForgetsSources,
    Defect::BendsValues,
    Defect::ForgetsIntents,
    Defect::SettlesNothing,
    Defect::DoubtsNothing,
    Defect::ForgetsParked,
    Defect::ReleasesNothing,
    Defect::AsksForEverything,
    Defect::FreesNobody,
    Defect::DiscardsNobody,
    Defect::NotesNothing,
    Defect::HandsNothingOver,
    Defect::ForgetsEnds,
    Defect::ForgetsSystems,
    Defect::TrustsAgain,
    Defect::ForgetsBooks,
    Defect::ForgetsTargets,
    Defect::WalksEverything,
    Defect::TakesNothingApart,
    Defect::CountsNothing,
    Defect::ForgetsConflicts,
    Defect::ForgetsDecisions,
    Defect::HidesIntents,
];

/// A store that does what the contract says, but for one defect.
#[derive(Debug)]
struct Bent {
    defect: Defect,
    inner: MemoryStore,
    /// The newest fence that was given out.
    newest: Mutex<Option<Fence>>,
    /// After so many writes one is carried out and said to have failed.
    unsure: AtomicU32,
}

impl Bent {
    fn new(defect: Defect) -> Self {
        let unsure = AtomicU32::new(u32::MAX);
        Self { defect, inner: MemoryStore::new(), newest: Mutex::default(), unsure }
    }

    /// What is said of a write that was carried out.
    fn told(&self) -> Result<(), StateError> {
        if self.unsure.fetch_sub(1, Ordering::SeqCst) == 1 {
            return Err(StateError::Unavailable { detail: "the connection was cut in the middle".into() });
        }
        Ok(())
    }

    fn fence(&self, fence: Fence) -> Fence {
        let newest = *self.newest.lock().expect("no test panics with it");
        if self.defect == Defect::IgnoresFences { newest.unwrap_or(fence) } else { fence }
    }

    fn bend(&self, commit: &mut Commit) {
        match self.defect {
            Defect::ForgetsCursors => commit.cursor = None,
            Defect::ForgetsSweeps => commit.sweep = None,
            Defect::KeepsOldLinks => commit.links.reverse(),
            Defect::BendsValues => {
                commit.links.iter_mut().for_each(|link| link.base.target = link.base.source.clone());
            }
            Defect::SettlesNothing => commit.settled.clear(),
            Defect::DoubtsNothing => commit.doubtful.clear(),
            Defect::ForgetsParked => commit.parked.clear(),
            Defect::ReleasesNothing => commit.released.clear(),
            Defect::HandsNothingOver => commit.handed.clear(),
            Defect::ForgetsEnds => commit.finished = None,
            Defect::ForgetsSystems => commit.fingerprint = None,
            Defect::TrustsAgain => commit.careful = None,
            Defect::ForgetsBooks => commit.book = None,
            Defect::TakesNothingApart => commit.unlinked.clear(),
            Defect::ForgetsConflicts => commit.conflicts.clear(),
            _ => {}
        }
    }
}

#[async_trait]
impl StateStore for Bent {
    async fn take(&self, flow: &str, now: Timestamp) -> Result<Taken, StateError> {
        let mut taken = self.inner.take(flow, now).await?;
        *self.newest.lock().expect("no test panics with it") = Some(taken.fence);
        taken.clean |= self.defect == Defect::AlwaysClean;
        if self.defect == Defect::ForgetsIntents {
            taken.intents.clear();
        }
        Ok(taken)
    }
    async fn links(&self, book: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        let mut links = self.inner.links(book, ids).await?;
        if self.defect == Defect::UnorderedLinks {
            links.reverse();
        }
        Ok(links)
    }
    async fn all_links(
        &self,
        book: &str,
        after: Option<&ExternalId>,
        limit: usize,
    ) -> Result<Vec<Link>, StateError> {
        let limit = if self.defect == Defect::WalksEverything { usize::MAX } else { limit };
        self.inner.all_links(book, after, limit).await
    }
    async fn count_links(&self, book: &str) -> Result<u64, StateError> {
        let count = self.inner.count_links(book).await?;
        Ok(if self.defect == Defect::CountsNothing { 0 } else { count })
    }
    async fn intents(&self, flow: &str) -> Result<Vec<Intent>, StateError> {
        if self.defect == Defect::HidesIntents {
            return Ok(Vec::new());
        }
        self.inner.intents(flow).await
    }
    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        self.inner.intend(flow, self.fence(fence), intents).await?;
        self.told()
    }
    async fn commit(&self, flow: &str, fence: Fence, mut commit: Commit) -> Result<(), StateError> {
        self.bend(&mut commit);
        self.inner.commit(flow, self.fence(fence), commit).await?;
        self.told()
    }
    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        self.inner.release(flow, self.fence(fence)).await
    }
}

#[async_trait]
impl Desk for Bent {
    async fn flows(&self) -> Result<Vec<FlowStatus>, StateError> {
        self.inner.flows().await
    }
    async fn parked(&self, query: &ParkedQuery) -> Result<Vec<Parked>, StateError> {
        let everything = ParkedQuery::default();
        let asked = if self.defect == Defect::AsksForEverything { &everything } else { query };
        self.inner.parked(asked).await
    }
    async fn links_by_source(&self, book: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError> {
        if self.defect == Defect::ForgetsSources {
            return Ok(vec![None; keys.len()]);
        }
        self.inner.links_by_source(book, keys).await
    }
    async fn links_by_target(&self, book: &str, of: &[TargetId]) -> Result<Vec<Option<Link>>, StateError> {
        if self.defect == Defect::ForgetsTargets {
            return Ok(vec![None; of.len()]);
        }
        self.inner.links_by_target(book, of).await
    }
    async fn release_parked(&self, query: &ParkedQuery, now: Timestamp) -> Result<u64, StateError> {
        if self.defect == Defect::FreesNobody {
            return Ok(0);
        }
        self.inner.release_parked(query, now).await
    }
    async fn discard_parked(&self, query: &ParkedQuery) -> Result<u64, StateError> {
        if self.defect == Defect::DiscardsNobody {
            return Ok(0);
        }
        self.inner.discard_parked(query).await
    }
    async fn annotate_parked(&self, query: &ParkedQuery, note: &Annotation) -> Result<u64, StateError> {
        if self.defect == Defect::NotesNothing {
            return Ok(1);
        }
        self.inner.annotate_parked(query, note).await
    }
    async fn conflicts(&self, query: &ConflictQuery) -> Result<Vec<Conflict>, StateError> {
        self.inner.conflicts(query).await
    }
    async fn keep_conflicts(&self, conflicts: Vec<Conflict>) -> Result<(), StateError> {
        if self.defect == Defect::ForgetsDecisions {
            return Ok(());
        }
        self.inner.keep_conflicts(conflicts).await
    }
}

#[tokio::test]
async fn every_defect_of_a_store_is_found_out() {
    let sound = |defect| AssertUnwindSafe(state_store(move || Bent::new(defect))).catch_unwind();
    assert!(sound(Defect::None).await.is_ok(), "the store itself is sound");
    for defect in DEFECTS {
        assert!(sound(defect).await.is_err(), "{defect:?} was not found out");
    }
}

#[tokio::test]
async fn a_commit_whose_outcome_is_unknown_loses_and_doubles_nothing() {
    let mut struck = 0;
    for number in 1..=8 {
        let bench = Bench::new(25);
        let bent = Bent::new(Defect::None);
        bent.unsure.store(number, Ordering::SeqCst);
        let store = Arc::new(bent);
        let flow = || Flow::new(FlowParts { store: store.clone(), ..bench.flow().parts().clone() });
        struck += u32::from(flow().cycle(Mode::Changes, &Unwatched).await.is_err());
        store.unsure.store(u32::MAX, Ordering::SeqCst);
        flow().cycle(Mode::Changes, &Unwatched).await.expect("the next run ends well");
        let quiet = flow().cycle(Mode::Full, &Unwatched).await.expect("and the one after it");
        assert_eq!((bench.sink.records().len(), bench.sink.writes().len()), (25, 25), "write {number}");
        assert_eq!((quiet.written(), bench.audit_holds().await), (0, true), "write {number}");
    }
    assert!(struck > 5, "{struck} of 8 runs broke off");
}
