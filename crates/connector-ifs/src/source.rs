//! An entity set of IFS Cloud as a source of changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use mapping::{Change, Key};
use odata_client::{Query, Select};
use sync_engine::{Cursor, Observation, Page, Source, SourceError};
use wire::{Clock, HttpTransport};

use crate::children::{Children, Parents, Which, seal};
use crate::chunk::chunks;
use crate::cursor::{State, Walk, epoch};
use crate::desk::{Tenant, Wanted};
use crate::detection::{Detection, Fingerprint};
use crate::entity_settings::EntitySettings;
use crate::errors::ErrorTable;
use crate::fallback::Fallback;
use crate::groups::Groups;
use crate::hints::Hints;
use crate::memory::Memory;
use crate::own_set::own_stream;
use crate::reader::Seen;
use crate::server_clock::ServerClock;
use crate::settings::{IfsSettings, SettingsError};
use crate::stream::{Pulled, Stream};
use crate::sweep::{Sweeper, remember};
use crate::time_zone::TimeZonePolicy;
use crate::touch::{Touch, Touched};
#[cfg(test)]
use crate::walk::Variant;

/// Reads one entity set.
///
/// The cursor is a walk of every row by key first, then changes as the settings say how they are
/// found; a row may be delivered more than once, with the same version. Nothing is ever written to
/// IFS.
#[derive(Debug)]
pub struct IfsSource {
    pub(crate) settings: EntitySettings,
    pub(crate) own: Stream,
    pub(crate) touches: Vec<Touch>,
    pub(crate) children: Vec<Children>,
    pub(crate) groups: Option<Groups>,
    pub(crate) sweeper: Option<Sweeper>,
    pub(crate) clock: ServerClock,
    hints: Hints,
    epoch: String,
    /// Reads instead where the endpoint does not take the time-zone header.
    fallback: Option<Fallback>,
}

impl IfsSource {
    /// Reads the entity of `settings` from the tenant of `tenant`. `transport` brings authorization,
    /// retries, limits and audit.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        tenant: &IfsSettings,
        settings: EntitySettings,
    ) -> Result<Self, SettingsError> {
        Self::with_errors(transport, clock, (tenant, ErrorTable::shipped()), settings)
    }

    /// The same with another table of what errors mean.
    pub fn with_errors(
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        (tenant, errors): (&IfsSettings, Arc<ErrorTable>),
        settings: EntitySettings,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        let TimeZonePolicy::AwareOr(zone) = settings.time_zone.clone() else {
            return Self::one(transport, clock, (tenant, errors), settings);
        };
        let with = |time_zone| {
            let settings = EntitySettings { time_zone, ..settings.clone() };
            Self::one(transport.clone(), clock.clone(), (tenant, errors.clone()), settings)
        };
        let mut aware = with(TimeZonePolicy::UtcAware)?;
        let mut other = with(TimeZonePolicy::Zone(zone))?;
        other.hints = aware.hints.clone();
        aware.fallback = Some(Fallback::new(other));
        Ok(aware)
    }

    fn one(
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        (tenant, errors): (&IfsSettings, Arc<ErrorTable>),
        settings: EntitySettings,
    ) -> Result<Self, SettingsError> {
        let tenant = Tenant { transport, settings: tenant, zone: &settings.time_zone, errors };
        let children = settings.children.iter().map(|child| Children::new(&tenant, &settings, child));
        let children = children.collect::<Result<_, _>>()?;
        let own = own_stream(&tenant, &settings)?;
        Ok(Self {
            epoch: epoch(own.desk.service.root().as_str(), &settings),
            touches: Touch::all(&tenant, &settings)?,
            sweeper: settings
                .sweep
                .as_ref()
                .map(|sweep| Sweeper::new(&tenant, &settings, sweep))
                .transpose()?,
            groups: settings.group.as_ref().map(|group| Groups::new(&settings, group)),
            clock: ServerClock::new(clock),
            hints: Hints::default(),
            fallback: None,
            children,
            own,
            settings,
        })
    }

    /// The same with another algorithm, to show that tests find it broken.
    #[cfg(test)]
    pub(crate) fn broken(mut self, variant: Variant) -> Self {
        self.own.walker.variant = variant;
        self
    }

    /// The settings that it reads by.
    pub fn settings(&self) -> &EntitySettings {
        &self.settings
    }

    /// Where others can say that a record changed.
    pub fn hints(&self) -> Hints {
        self.hints.clone()
    }

    /// The records of these keys as they are now, with what belongs to them.
    pub(crate) async fn records(&self, keys: &[Key]) -> Result<Vec<Seen>, SourceError> {
        let desk = &self.own.desk;
        let mut rows = Vec::with_capacity(keys.len());
        for (filter, about) in chunks(&self.own.walker.keys, keys) {
            let reader = &self.own.reader;
            let wanted = Wanted { operation: "ifs.fetch", at: None, filter: Some(filter), about, reader };
            match desk.all(wanted).await {
                Ok(found) => rows.extend(found),
                Err(trouble) => return Err(desk.failed("single rows", trouble).await),
            }
        }
        self.complete(rows, Which::These).await
    }

    /// Puts into these rows what belongs to them. `which` says which ones they are.
    pub(crate) async fn complete(
        &self,
        mut rows: Vec<Seen>,
        which: Which<'_>,
    ) -> Result<Vec<Seen>, SourceError> {
        if self.children.is_empty() || rows.is_empty() {
            return Ok(rows);
        }
        let keys: Vec<Key> = rows.iter().filter_map(|row| row.key.clone()).collect();
        let parents = Parents { keys: &keys, which, own: &self.own.walker.keys };
        let mut strays = Vec::new();
        for child in &self.children {
            strays.extend(child.attach(&mut rows, &parents).await?);
        }
        seal(&mut rows, &self.children);
        rows.extend(strays.into_iter().map(Seen::stray));
        Ok(rows)
    }

    /// What these rows of the own set are delivered as.
    async fn deliver(
        &self,
        rows: Vec<Seen>,
        which: Which<'_>,
        memory: &mut Memory,
    ) -> Result<Vec<Observation>, SourceError> {
        let Some(groups) = &self.groups else {
            let rows = self.complete(rows, which).await?;
            if let Some(sweeper) = &self.sweeper {
                remember(&rows, sweeper.settings.by, memory, self.clock.last());
            }
            return Ok(rows.into_iter().map(|row| row.observation).collect());
        };
        if self.sweeper.is_some() {
            remember(&rows, Fingerprint::Content, memory, None);
        }
        let touched: Vec<Key> = Groups::touched(&rows, memory).into_iter().collect();
        let alone = rows.into_iter().filter(|row| row.parent.is_none()).map(|row| row.observation);
        let mut out: Vec<Observation> =
            alone.filter(|row| matches!(row, Observation::Unreadable(_))).collect();
        out.extend(groups.collect(&self.own.desk, &self.own.reader, &touched, memory).await?);
        Ok(out)
    }

    /// The next page of the own set; `None` if it has nothing to tell of changes.
    async fn pull_own(&self, state: &mut Option<State>) -> Result<Option<Delivered>, SourceError> {
        let walk = state.as_ref().map(|state| &state.walk);
        let by_time = self.settings.detection == Detection::Modified;
        if matches!(walk, Some(Walk::Resting { .. })) && !by_time {
            return Ok(None);
        }
        let Pulled { rows, walk: next, more, total, evidence, now } =
            self.own.pull(walk, &self.clock).await?;
        let last = match walk {
            Some(Walk::Snapshot(snapshot)) => Some(snapshot.last.clone()),
            _ => None,
        };
        let which = match walk {
            None | Some(Walk::Snapshot(_)) => Which::AllBehind(last.as_ref()),
            Some(_) => Which::These,
        };
        let begun = || {
            let mut state = State::new(self.epoch.clone(), next.clone());
            let resting = |touch: &Touch| Walk::Resting { hwm: Some(touch.stream.upper(now)) };
            state.touches = self.touches.iter().map(resting).collect();
            state
        };
        let mut state_now = state.take().unwrap_or_else(begun);
        state_now.walk = next;
        let observations = self.deliver(rows, which, &mut state_now.memory).await?;
        *state = Some(state_now);
        Ok(Some(Delivered { observations, more, total, evidence }))
    }

    /// The next page of a set that tells of changes.
    async fn pull_touch(&self, touch: &Touch, walk: &mut Walk) -> Result<Delivered, SourceError> {
        let Pulled { rows, walk: next, more, evidence, .. } =
            touch.stream.pull(Some(walk), &self.clock).await?;
        let Touched { keys, deleted, strays } = touch.read(rows, &self.own.walker.keys);
        let keys: Vec<Key> = keys.into_iter().collect();
        let rows = if keys.is_empty() { Vec::new() } else { self.records(&keys).await? };
        let found: BTreeSet<&Key> = rows.iter().filter_map(|row| row.key.as_ref()).collect();
        let missing: Vec<Key> = deleted.into_iter().filter(|key| !found.contains(key)).collect();
        let mut observations = strays;
        if !missing.is_empty() && self.answers().await? {
            observations.extend(missing.into_iter().map(|key| self.gone(key)));
        }
        observations.extend(rows.into_iter().map(|row| row.observation));
        *walk = next;
        Ok(Delivered { observations, more, total: None, evidence })
    }

    /// Whether the own set shows any row at all: an empty answer is no evidence of a deletion.
    async fn answers(&self) -> Result<bool, SourceError> {
        let names = self.own.walker.keys.fields.iter().map(|field| &field.name);
        let query = Query { select: Select::properties(names), top: Some(1), ..Query::default() };
        let desk = &self.own.desk;
        match desk.service.page("ifs.control", &desk.place.set, &query).await {
            Ok(page) => Ok(!page.is_empty()),
            Err(error) => Err(desk.failed("control row", error.into()).await),
        }
    }

    pub(crate) fn gone(&self, key: Key) -> Observation {
        let entity = mapping::Entity::from(self.settings.entity.as_str());
        Observation::Change(Change::Gone { entity, key })
    }

    /// Looks at keys that somebody named; `None` if nobody did.
    async fn hinted(&self, state: &mut State) -> Result<Option<Delivered>, SourceError> {
        let keys = self.hints.take();
        if keys.is_empty() {
            return Ok(None);
        }
        let looked = match &self.groups {
            None => {
                self.records(&keys).await.map(|rows| rows.into_iter().map(|row| row.observation).collect())
            }
            Some(groups) => groups.collect(&self.own.desk, &self.own.reader, &keys, &mut state.memory).await,
        };
        match looked {
            Ok(observations) => Ok(Some(Delivered { observations, more: true, total: None, evidence: None })),
            Err(error) => {
                self.hints.give_back(keys);
                Err(error)
            }
        }
    }

    /// Whether any walk behind `turn` may have something to tell.
    fn has_later(&self, turn: usize, state: &State) -> bool {
        let sweeps = self.sweeper.as_ref().is_some_and(|sweeper| sweeper.is_due(state, self.clock.last()));
        turn < self.touches.len() || (turn <= self.touches.len() && sweeps)
    }

    /// The next page of whoever has something to tell, beginning with whose turn it is.
    async fn turn(&self, state: &mut Option<State>) -> Result<Delivered, SourceError> {
        loop {
            let turn = state.as_ref().map_or(0, |state| state.turn);
            let delivered = match (turn, state.as_mut()) {
                (0, _) | (_, None) => self.pull_own(state).await?,
                (_, Some(now)) => match (self.touches.get(turn - 1), &self.sweeper) {
                    (Some(touch), _) => match now.touches.get_mut(turn - 1) {
                        Some(walk) => Some(self.pull_touch(touch, walk).await?),
                        None => None,
                    },
                    (None, Some(sweeper)) if sweeper.is_due(now, self.clock.last()) => {
                        Some(self.pull_sweep(sweeper, now).await?)
                    }
                    _ => None,
                },
            };
            let Some(state) = state.as_mut() else { return Ok(delivered.unwrap_or_default()) };
            if delivered.as_ref().is_some_and(|delivered| delivered.more) {
                return Ok(delivered.unwrap_or_default());
            }
            let later = self.has_later(turn, state);
            state.turn = if later { turn + 1 } else { 0 };
            match delivered {
                Some(delivered) => return Ok(Delivered { more: later, ..delivered }),
                None if !later => return Ok(Delivered::default()),
                None => {}
            }
        }
    }
}

impl IfsSource {
    /// Who reads: this one, or the one without the time-zone header.
    async fn chosen(&self) -> Result<&Self, SourceError> {
        match &self.fallback {
            Some(fallback) => fallback.choose(self).await,
            None => Ok(self),
        }
    }

    /// The next page behind `cursor`.
    async fn walk(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        let state = cursor.map(|cursor| State::read(cursor, &self.epoch)).transpose();
        let mut state = state.map_err(|reason| SourceError::CursorExpired { reason })?;
        let hinted = match &mut state {
            Some(state) => self.hinted(state).await?,
            None => None,
        };
        let delivered = match hinted {
            Some(delivered) => delivered,
            None => self.turn(&mut state).await?,
        };
        let unread = || SourceError::CursorExpired { reason: "nothing was read".into() };
        let cursor = state.ok_or_else(unread)?.write();
        Ok(Page {
            observations: delivered.observations,
            cursor: cursor.map_err(|reason| SourceError::CursorExpired { reason })?,
            more: delivered.more,
            evidence: delivered.evidence,
            total: delivered.total,
        })
    }

    /// Single records, in the order of `keys`.
    async fn look_up(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        let found: Vec<Observation> = match &self.groups {
            None => self.records(keys).await?.into_iter().map(|row| row.observation).collect(),
            Some(groups) => {
                let mut memory = Memory::default();
                groups.collect(&self.own.desk, &self.own.reader, keys, &mut memory).await?
            }
        };
        let found: BTreeMap<Key, Observation> =
            found.into_iter().map(|observation| (observation.key().clone(), observation)).collect();
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }
}

/// What a page brings.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) observations: Vec<Observation>,
    pub(crate) more: bool,
    pub(crate) total: Option<u64>,
    pub(crate) evidence: Option<u64>,
}

#[async_trait]
impl Source for IfsSource {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        self.chosen().await?.walk(cursor).await
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        self.chosen().await?.look_up(keys).await
    }
}
