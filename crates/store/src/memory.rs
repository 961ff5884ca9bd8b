//! State in memory: for tests and the simulation, where it outlives the "process" by its handle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use mapping::{ExternalId, Key};
use sync_engine::{
    Attempt, Commit, Cursor, Desk, Fence, FlowStatus, Intent, Link, Parked, ParkedClass, ParkedQuery,
    StateError, StateStore, Taken,
};

use crate::points::{self, PersistPoints, Points, Span};

/// A [`StateStore`] in memory. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    flows: Arc<Mutex<BTreeMap<String, FlowState>>>,
    points: Points,
}

#[derive(Debug, Default)]
struct FlowState {
    fence: u64,
    held: bool,
    cursor: Option<Cursor>,
    sweep: Option<Cursor>,
    finished: Option<Timestamp>,
    links: BTreeMap<ExternalId, Link>,
    ids: BTreeMap<Key, BTreeSet<ExternalId>>,
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
        Self { flows: Arc::clone(&self.flows), points: Points(Some(points)) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, FlowState>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(
        &self,
        span: Span,
        act: impl FnOnce(&mut BTreeMap<String, FlowState>) -> Result<T, StateError>,
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
        act: impl FnOnce(&mut FlowState) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        self.change(span, |flows| match flows.get_mut(flow) {
            Some(state) if state.fence == fence.0 => act(state),
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
        self.change(span, |flows| {
            let mut met = 0;
            for state in flows.values_mut() {
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

    fn keep_link(&mut self, link: Link) {
        self.ids.entry(link.key.clone()).or_default().insert(link.id.clone());
        let (key, id) = (link.key.clone(), link.id.clone());
        if let Some(before) = self.links.insert(id.clone(), link)
            && before.key != key
            && let Some(ids) = self.ids.get_mut(&before.key)
        {
            ids.remove(&id);
        }
    }

    /// Of several links of a record the one that was confirmed last.
    fn link_of(&self, key: &Key) -> Option<Link> {
        let links = self.ids.get(key)?.iter().filter_map(|id| self.links.get(id));
        links.max_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id))).cloned()
    }

    fn commit(&mut self, commit: Commit) {
        self.cursor = commit.cursor.or(self.cursor.take());
        if let Some(sweep) = commit.sweep {
            self.sweep = sweep;
        }
        self.finished = commit.finished.or(self.finished);
        commit.links.into_iter().for_each(|link| self.keep_link(link));
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
        self.change(points::TAKE, |flows| {
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
        })
    }

    async fn links(&self, flow: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        let flows = self.lock();
        let state = flows.get(flow);
        Ok(ids.iter().map(|id| state.and_then(|state| state.links.get(id)).cloned()).collect())
    }

    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        self.fenced(points::INTEND, (flow, fence), |state| state.intend(intents))
    }

    async fn commit(&self, flow: &str, fence: Fence, commit: Commit) -> Result<(), StateError> {
        self.fenced(points::COMMIT, (flow, fence), |state| {
            state.commit(commit);
            Ok(())
        })
    }

    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        self.fenced(points::RELEASE, (flow, fence), |state| {
            state.held = false;
            Ok(())
        })
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
        parked.sort_by(|one, other| {
            (one.since, &one.flow, &one.key).cmp(&(other.since, &other.flow, &other.key))
        });
        Ok(parked)
    }

    async fn links_by_source(&self, flow: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError> {
        let flows = self.lock();
        let state = flows.get(flow);
        Ok(keys.iter().map(|key| state.and_then(|state| state.link_of(key))).collect())
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
}
