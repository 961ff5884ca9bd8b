//! State in memory: for tests and the simulation, where it outlives the "process" by its handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use mapping::{ExternalId, Key};
use sync_engine::{
    Attempt, Commit, Cursor, Desk, Fence, FlowStatus, Intent, Link, Parked, ParkedClass, ParkedQuery,
    StateError, StateStore, Taken,
};

/// A [`StateStore`] in memory. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<BTreeMap<String, FlowState>>>);

#[derive(Debug, Default)]
struct FlowState {
    fence: u64,
    held: bool,
    cursor: Option<Cursor>,
    sweep: Option<Cursor>,
    finished: Option<Timestamp>,
    links: BTreeMap<ExternalId, Link>,
    ids: BTreeMap<Key, ExternalId>,
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

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, FlowState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fenced<T>(
        &self,
        flow: &str,
        fence: Fence,
        act: impl FnOnce(&mut FlowState) -> T,
    ) -> Result<T, StateError> {
        let mut flows = self.lock();
        let state = flows.entry(flow.to_owned()).or_default();
        if state.fence != fence.0 {
            return Err(StateError::Fenced { flow: flow.to_owned(), fence: Fence(state.fence) });
        }
        Ok(act(state))
    }

    fn matching<T>(&self, query: &ParkedQuery, mut act: impl FnMut(&mut FlowState, &Key) -> T) -> Vec<T> {
        let mut flows = self.lock();
        let mut done = Vec::new();
        for state in flows.values_mut() {
            let meant = state.parked.values().filter(|parked| admits(query, parked));
            let keys: Vec<Key> = meant.map(|parked| parked.key.clone()).collect();
            done.extend(keys.iter().map(|key| act(state, key)));
        }
        done
    }
}

impl FlowState {
    fn intend(&mut self, intents: Vec<Intent>) {
        for intent in intents {
            self.next += 1;
            self.numbers.insert(intent.attempt.clone(), self.next);
            self.intents.insert(self.next, intent);
        }
    }

    fn commit(&mut self, commit: Commit) {
        self.cursor = commit.cursor.or(self.cursor.take());
        if let Some(sweep) = commit.sweep {
            self.sweep = sweep;
        }
        self.finished = commit.finished.or(self.finished);
        for link in commit.links {
            self.ids.insert(link.key.clone(), link.id.clone());
            self.links.insert(link.id.clone(), link);
        }
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

    fn status(&self, flow: &str) -> FlowStatus {
        let mut parked: BTreeMap<ParkedClass, u64> = BTreeMap::new();
        for one in self.parked.values() {
            *parked.entry(one.class).or_default() += 1;
        }
        FlowStatus {
            flow: flow.to_owned(),
            fence: Fence(self.fence),
            clean: !self.held,
            links: self.links.len() as u64,
            intents: self.intents.len() as u64,
            parked: parked.into_iter().collect(),
            finished: self.finished,
            cursor: self.cursor.clone(),
        }
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
        let mut flows = self.lock();
        let state = flows.entry(flow.to_owned()).or_default();
        let clean = !state.held;
        state.fence += 1;
        state.held = true;
        Ok(Taken {
            fence: Fence(state.fence),
            cursor: state.cursor.clone(),
            sweep: state.sweep.clone(),
            intents: state.intents.values().cloned().collect(),
            clean,
        })
    }

    async fn links(&self, flow: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        let flows = self.lock();
        let state = flows.get(flow);
        Ok(ids.iter().map(|id| state.and_then(|state| state.links.get(id)).cloned()).collect())
    }

    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        self.fenced(flow, fence, |state| state.intend(intents))
    }

    async fn commit(&self, flow: &str, fence: Fence, commit: Commit) -> Result<(), StateError> {
        self.fenced(flow, fence, |state| state.commit(commit))
    }

    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        self.fenced(flow, fence, |state| state.held = false)
    }
}

#[async_trait]
impl Desk for MemoryStore {
    async fn flows(&self) -> Result<Vec<FlowStatus>, StateError> {
        Ok(self.lock().iter().map(|(flow, state)| state.status(flow)).collect())
    }

    async fn parked(&self, query: &ParkedQuery) -> Result<Vec<Parked>, StateError> {
        let flows = self.lock();
        let all = flows.values().flat_map(|state| state.parked.values());
        let mut parked: Vec<Parked> = all.filter(|parked| admits(query, parked)).cloned().collect();
        parked.sort_by_key(|parked| parked.since);
        Ok(parked)
    }

    async fn links_by_source(&self, flow: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError> {
        let flows = self.lock();
        let state = flows.get(flow);
        let link = |state: &FlowState, key: &Key| state.links.get(state.ids.get(key)?).cloned();
        Ok(keys.iter().map(|key| state.and_then(|state| link(state, key))).collect())
    }

    async fn release_parked(&self, query: &ParkedQuery, now: Timestamp) -> Result<u64, StateError> {
        let release = |state: &mut FlowState, key: &Key| {
            if let Some(parked) = state.parked.get_mut(key) {
                parked.due = Some(now);
            }
        };
        Ok(self.matching(query, release).len() as u64)
    }

    async fn discard_parked(&self, query: &ParkedQuery) -> Result<u64, StateError> {
        Ok(self.matching(query, |state, key| drop(state.parked.remove(key))).len() as u64)
    }
}
