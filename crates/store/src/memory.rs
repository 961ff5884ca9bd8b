//! State in memory: for tests and the simulation, where it outlives the "process" by its handle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use mapping::{ExternalId, Key, TargetId};
use sync_engine::{
    Annotation, Attempt, Commit, Conflict, ConflictQuery, Cursor, Desk, Fence, FlowStatus, Intent, Ledger,
    Link, Parked, ParkedClass, ParkedQuery, Pending, StateError, StateStore, Taken,
};

use crate::link_book::LinkBook;
use crate::points::{self, PersistPoints, Points, Span};

/// A [`StateStore`] in memory. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    points: Points,
}

#[derive(Debug, Default)]
struct State {
    flows: BTreeMap<String, FlowState>,
    books: BTreeMap<String, LinkBook>,
    conflicts: BTreeMap<String, Conflict>,
    pending: BTreeSet<Pending>,
}

#[derive(Debug, Default)]
struct FlowState {
    fence: u64,
    held: bool,
    cursor: Option<Cursor>,
    sweep: Option<Cursor>,
    finished: Option<Timestamp>,
    fingerprint: Option<String>,
    careful: bool,
    /// In the order they were made.
    intents: BTreeMap<u64, Intent>,
    numbers: BTreeMap<Attempt, u64>,
    next: u64,
    parked: BTreeMap<Key, Parked>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same state, seen through a handle that asks `points`.
    pub fn with_points(&self, points: Arc<dyn PersistPoints>) -> Self {
        Self { state: Arc::clone(&self.state), points: Points(Some(points)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(
        &self,
        span: Span,
        act: impl FnOnce(&mut State) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        self.points.before(span)?;
        let done = act(&mut self.lock())?;
        self.points.after(span)?;
        Ok(done)
    }

    fn fenced(
        &self,
        span: Span,
        (flow, fence): (&str, Fence),
        act: impl FnOnce(&mut State, &str) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        self.change(span, |state| match state.flows.get(flow) {
            Some(held) if held.fence == fence.0 && held.fence > 0 => act(state, flow),
            other => {
                let fence = Fence(other.map_or(0, |state| state.fence));
                Err(StateError::Fenced { flow: flow.to_owned(), fence })
            }
        })
    }

    fn matching(
        &self,
        span: Span,
        query: &ParkedQuery,
        mut act: impl FnMut(&mut FlowState, &Key),
    ) -> Result<u64, StateError> {
        self.change(span, |state| {
            let mut met = 0;
            for state in state.flows.values_mut() {
                let meant = state.parked.values().filter(|parked| admits(query, parked));
                let keys: Vec<Key> = meant.map(|parked| parked.key.clone()).collect();
                for key in &keys {
                    act(state, key);
                }
                met += keys.len() as u64;
            }
            Ok(met)
        })
    }
}

impl FlowState {
    fn intend(&mut self, intents: Vec<Intent>) -> Result<(), StateError> {
        let mut new = BTreeSet::new();
        for intent in &intents {
            if self.numbers.contains_key(&intent.attempt) || !new.insert(&intent.attempt) {
                let detail = format!("attempt {} is kept already", intent.attempt.0);
                return Err(StateError::Unavailable { detail });
            }
        }
        for intent in intents {
            self.next += 1;
            self.numbers.insert(intent.attempt.clone(), self.next);
            self.intents.insert(self.next, intent);
        }
        Ok(())
    }

    fn commit(&mut self, commit: Commit) {
        self.cursor = commit.cursor.or(self.cursor.take());
        if let Some(sweep) = commit.sweep {
            self.sweep = sweep;
        }
        self.finished = commit.finished.or(self.finished);
        self.fingerprint = commit.fingerprint.or(self.fingerprint.take());
        self.careful = commit.careful.unwrap_or(self.careful);
        for (attempt, until) in commit.doubtful {
            let intent = self.numbers.get(&attempt).and_then(|number| self.intents.get_mut(number));
            if let Some(intent) = intent {
                intent.doubtful_until = Some(until);
            }
        }
        for attempt in commit.settled {
            if let Some(number) = self.numbers.remove(&attempt) {
                self.intents.remove(&number);
            }
        }
        for key in commit.released {
            self.parked.remove(&key);
        }
        for parked in commit.parked {
            self.parked.insert(parked.key.clone(), parked);
        }
    }

    /// A record that another flow hands over; one that waits already just becomes due.
    fn hand(&mut self, handed: Parked) {
        match self.parked.get_mut(&handed.key) {
            Some(waiting) => waiting.due = handed.due,
            None => drop(self.parked.insert(handed.key.clone(), handed)),
        }
    }

    fn status(&self, flow: &str, links: u64) -> FlowStatus {
        let mut parked: BTreeMap<ParkedClass, u64> = BTreeMap::new();
        for one in self.parked.values() {
            *parked.entry(one.class).or_default() += 1;
        }
        FlowStatus {
            flow: flow.to_owned(),
            fence: Fence(self.fence),
            clean: !self.held,
            links,
            intents: self.intents.len() as u64,
            parked: parked.into_iter().collect(),
            finished: self.finished,
            cursor: self.cursor.clone(),
        }
    }
}

impl State {
    fn commit(&mut self, flow: &str, mut commit: Commit) {
        let book = commit.book.take().unwrap_or_else(|| flow.to_owned());
        let (links, unlinked) = (std::mem::take(&mut commit.links), std::mem::take(&mut commit.unlinked));
        if !links.is_empty() || !unlinked.is_empty() {
            let book = self.books.entry(book).or_default();
            for id in &unlinked {
                book.remove(id);
            }
            for link in links {
                book.keep(link);
            }
        }
        self.keep_conflicts(std::mem::take(&mut commit.conflicts));
        for handed in std::mem::take(&mut commit.handed) {
            self.flows.entry(handed.flow.clone()).or_default().hand(handed);
        }
        if let Some(state) = self.flows.get_mut(flow) {
            state.commit(commit);
        }
    }

    fn keep_conflicts(&mut self, conflicts: Vec<Conflict>) {
        self.conflicts.extend(conflicts.into_iter().map(|conflict| (conflict.id.clone(), conflict)));
    }

    fn links_in(&self, book: &str) -> u64 {
        self.books.get(book).map_or(0, LinkBook::len)
    }
}

/// Whether the query means the record.
fn admits(query: &ParkedQuery, parked: &Parked) -> bool {
    query.flow.as_ref().is_none_or(|flow| *flow == parked.flow)
        && query.key.as_ref().is_none_or(|key| *key == parked.key)
        && query.class.is_none_or(|class| class == parked.class)
        && query.code.as_ref().is_none_or(|code| *code == parked.fault.code)
        && query.due.is_none_or(|now| parked.due.is_some_and(|due| due <= now))
}

#[async_trait]
impl StateStore for MemoryStore {
    async fn take(&self, flow: &str, _now: Timestamp) -> Result<Taken, StateError> {
        self.change(points::TAKE, |state| {
            let state = state.flows.entry(flow.to_owned()).or_default();
            let clean = !state.held;
            state.fence += 1;
            state.held = true;
            Ok(Taken {
                fence: Fence(state.fence),
                cursor: state.cursor.clone(),
                sweep: state.sweep.clone(),
                intents: state.intents.values().cloned().collect(),
                clean,
                fingerprint: state.fingerprint.clone(),
                careful: state.careful,
            })
        })
    }

    async fn links(&self, book: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        let state = self.lock();
        let book = state.books.get(book);
        Ok(ids.iter().map(|id| book.and_then(|book| book.get(id))).collect())
    }

    async fn all_links(
        &self,
        book: &str,
        after: Option<&ExternalId>,
        limit: usize,
    ) -> Result<Vec<Link>, StateError> {
        Ok(self.lock().books.get(book).map(|book| book.behind(after, limit)).unwrap_or_default())
    }

    async fn count_links(&self, book: &str) -> Result<u64, StateError> {
        Ok(self.lock().links_in(book))
    }

    async fn intents(&self, flow: &str) -> Result<Vec<Intent>, StateError> {
        let state = self.lock();
        Ok(state.flows.get(flow).map(|flow| flow.intents.values().cloned().collect()).unwrap_or_default())
    }

    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        self.fenced(points::INTEND, (flow, fence), |state, flow| match state.flows.get_mut(flow) {
            Some(flow) => flow.intend(intents),
            None => Ok(()),
        })
    }

    async fn commit(&self, flow: &str, fence: Fence, commit: Commit) -> Result<(), StateError> {
        self.fenced(points::COMMIT, (flow, fence), |state, flow| {
            state.commit(flow, commit);
            Ok(())
        })
    }

    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        self.fenced(points::RELEASE, (flow, fence), |state, flow| {
            if let Some(flow) = state.flows.get_mut(flow) {
                flow.held = false;
            }
            Ok(())
        })
    }
}

#[async_trait]
impl Desk for MemoryStore {
    async fn flows(&self) -> Result<Vec<FlowStatus>, StateError> {
        let state = self.lock();
        let taken = state.flows.iter().filter(|(_, flow)| flow.fence > 0);
        Ok(taken.map(|(name, flow)| flow.status(name, state.links_in(name))).collect())
    }

    async fn parked(&self, query: &ParkedQuery) -> Result<Vec<Parked>, StateError> {
        let state = self.lock();
        let all = state.flows.values().flat_map(|state| state.parked.values());
        let mut parked: Vec<Parked> = all.filter(|parked| admits(query, parked)).cloned().collect();
        parked.sort_by(|one, other| {
            (one.since, &one.flow, &one.key).cmp(&(other.since, &other.flow, &other.key))
        });
        Ok(parked)
    }

    async fn links_by_source(&self, book: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError> {
        let state = self.lock();
        let book = state.books.get(book);
        Ok(keys.iter().map(|key| book.and_then(|book| book.of_source(key))).collect())
    }

    async fn links_by_target(
        &self,
        book: &str,
        targets: &[TargetId],
    ) -> Result<Vec<Option<Link>>, StateError> {
        let state = self.lock();
        let book = state.books.get(book);
        Ok(targets.iter().map(|target| book.and_then(|book| book.of_target(target))).collect())
    }

    async fn release_parked(&self, query: &ParkedQuery, now: Timestamp) -> Result<u64, StateError> {
        let release = |state: &mut FlowState, key: &Key| {
            if let Some(parked) = state.parked.get_mut(key) {
                parked.due = Some(now);
            }
        };
        self.matching(points::RELEASE_PARKED, query, release)
    }

    async fn discard_parked(&self, query: &ParkedQuery) -> Result<u64, StateError> {
        self.matching(points::DISCARD_PARKED, query, |state, key| drop(state.parked.remove(key)))
    }

    async fn annotate_parked(&self, query: &ParkedQuery, note: &Annotation) -> Result<u64, StateError> {
        self.matching(points::ANNOTATE, query, |state, key| {
            if let Some(parked) = state.parked.get_mut(key) {
                note.apply(parked);
            }
        })
    }

    async fn conflicts(&self, query: &ConflictQuery) -> Result<Vec<Conflict>, StateError> {
        let state = self.lock();
        let meant = state.conflicts.values().filter(|conflict| query.admits(conflict));
        let mut found: Vec<Conflict> = meant.cloned().collect();
        found.sort_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)));
        Ok(found)
    }

    async fn keep_conflicts(&self, conflicts: Vec<Conflict>) -> Result<(), StateError> {
        self.change(points::CONFLICTS, |state| {
            state.keep_conflicts(conflicts);
            Ok(())
        })
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn enter(&self, pending: Pending) -> Result<(), StateError> {
        self.strike(&pending.flow, &pending.name).await?;
        self.lock().pending.insert(pending);
        Ok(())
    }

    async fn strike(&self, flow: &str, name: &str) -> Result<(), StateError> {
        self.lock().pending.retain(|one| one.flow != flow || one.name != name);
        Ok(())
    }

    async fn pending(&self) -> Result<Vec<Pending>, StateError> {
        Ok(self.lock().pending.iter().cloned().collect())
    }
}
