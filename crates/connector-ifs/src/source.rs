//! An entity set of IFS Cloud as a source of changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use mapping::Key;
use odata_client::{ODataError, Query, Select, Service};
use sync_engine::{Cursor, Fault, FaultClass, Observation, Page, Source, SourceError};
use wire::{Clock, HttpTransport};

use crate::chunk::chunks;
use crate::cursor::{State, Walk, epoch};
use crate::faults::fault;
use crate::key::KeyShape;
use crate::reader::{RecordReader, before, floor_second};
use crate::server_clock::ServerClock;
use crate::settings::{EntitySettings, IfsSettings, SettingsError};
use crate::time_zone::TimeZonePolicy;
use crate::walk::{Answer, Variant, Walker};

/// Pages are not made smaller than this after timeouts of the server.
const SMALLEST_PAGE: u64 = 20;
/// How many empty pages in a row are followed by their next links.
const EMPTY_PAGES: usize = 1_000;

/// Reads one entity set.
///
/// The cursor is a walk of every row by key first, then polls of changes in the order of the
/// modified attribute and the key, each reaching back by the configured overlap: a row may be
/// delivered more than once, with the same version. Nothing is ever written to IFS.
#[derive(Debug)]
pub struct IfsSource {
    service: Service,
    settings: EntitySettings,
    reader: RecordReader,
    walker: Walker,
    clock: ServerClock,
    epoch: String,
    /// How many rows are asked for now: less than configured after timeouts of the server.
    top: AtomicU64,
    /// The server refused to count.
    uncounted: AtomicBool,
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
        settings.check()?;
        let service = service(transport, tenant, &settings)?;
        let keys = KeyShape { fields: settings.key.clone(), order: settings.key_order };
        let walker = Walker {
            select: settings.selected(),
            keys: keys.clone(),
            modified: settings.modified.clone(),
            overlap: settings.overlap,
            variant: Variant::Okd,
        };
        Ok(Self {
            reader: RecordReader::new(&settings, keys),
            epoch: epoch(service.root().as_str(), &settings),
            top: AtomicU64::new(settings.page_size.into()),
            uncounted: AtomicBool::new(false),
            clock: ServerClock::new(clock),
            service,
            settings,
            walker,
        })
    }

    /// The same with another algorithm, to show that tests find it broken.
    #[cfg(test)]
    pub(crate) fn broken(mut self, variant: Variant) -> Self {
        self.walker.variant = variant;
        self
    }

    /// The settings that it reads by.
    pub fn settings(&self) -> &EntitySettings {
        &self.settings
    }

    /// Asks for one page; halves the size of pages as long as the server runs out of time, and does
    /// without a count where the server cannot count.
    async fn ask(&self, mut query: Query) -> Result<(odata_client::Page, u64), ODataError> {
        loop {
            let top = self.top.load(Ordering::Relaxed);
            query.top = Some(top);
            query.count &= !self.uncounted.load(Ordering::Relaxed);
            let error = match self.service.page("ifs.page", &self.settings.set, &query).await {
                Ok(page) => return Ok((page, top)),
                Err(error) => error,
            };
            match error.status().map(|said| said.status) {
                Some(StatusCode::GATEWAY_TIMEOUT) if top > SMALLEST_PAGE => {
                    let half = (top / 2).max(SMALLEST_PAGE);
                    tracing::warn!(set = %self.settings.set, half, "IFS ran out of time; asking for smaller pages");
                    self.top.store(half, Ordering::Relaxed);
                }
                Some(StatusCode::NOT_IMPLEMENTED) if query.count => {
                    self.uncounted.store(true, Ordering::Relaxed);
                }
                _ => return Err(error),
            }
        }
    }

    /// Empty pages with a next link say nothing: follows them to the first row or the end.
    async fn past_empty(&self, mut page: odata_client::Page) -> Result<odata_client::Page, ODataError> {
        for _ in 0..EMPTY_PAGES {
            if !page.is_empty() {
                return Ok(page);
            }
            match self.service.next(&page).await? {
                Some(next) => page = next,
                None => return Ok(page),
            }
        }
        let why = format!("{EMPTY_PAGES} empty pages in a row");
        Err(ODataError::PagingNoProgress { operation: "ifs.page", why })
    }

    /// What a failed call means. Where a set is missing, says which ones there are.
    async fn failed(&self, place: &str, error: &ODataError) -> SourceError {
        let mut fault = fault(error);
        let missing = error.status().is_some_and(|said| said.status == StatusCode::NOT_FOUND);
        if missing && let Ok(document) = self.service.service_document("ifs.service_document").await {
            fault.hint = Some(which_sets(&self.settings, &document.entity_sets));
        }
        self.fault(place, fault)
    }

    fn fault(&self, place: &str, fault: Fault) -> SourceError {
        SourceError::Failed { operation: format!("reading {} ({place})", self.settings.set), fault }
    }

    /// The upper bound that the server's clock allows, in the source's own time.
    fn upper(
        &self,
        page: &odata_client::Page,
        started: Duration,
        walk: Option<&Walk>,
    ) -> Result<Timestamp, Fault> {
        let now = self.clock.lower_edge(page.date, started)?;
        let zone = &self.settings.time_zone;
        let hi = floor_second(zone.to_source(before(now, self.settings.lag)));
        if let Some(Walk::Resting { hwm: Some(hwm) }) = walk {
            // What our own lower edges and a clock that is set back by its zone may amount to.
            let slack = self.settings.overlap + zone.set_back(now) + Duration::from_mins(5);
            if hi < before(*hwm, slack) {
                return Err(clock_went_back(&hi.to_string(), &hwm.to_string()));
            }
        }
        Ok(hi)
    }

    /// The overlap is chosen before the question is sent, so by the last known time of the server.
    fn set_back(&self) -> Duration {
        match self.settings.time_zone {
            TimeZonePolicy::Zone(_) => {
                self.clock.last().map_or(Duration::from_hours(1), |now| self.settings.time_zone.set_back(now))
            }
            _ => Duration::ZERO,
        }
    }
}

/// The service of an entity's projection, with the headers that its settings ask for.
pub(crate) fn service(
    transport: Arc<dyn HttpTransport>,
    tenant: &IfsSettings,
    settings: &EntitySettings,
) -> Result<Service, SettingsError> {
    let service = Service::new(transport, tenant.service_root(&settings.projection)?);
    Ok(match settings.time_zone {
        TimeZonePolicy::UtcAware => service.header(
            HeaderName::from_static("x-ifs-time-zone-aware-request"),
            HeaderValue::from_static("true"),
        ),
        TimeZonePolicy::Utc | TimeZonePolicy::Zone(_) => service,
    })
}

/// Advice for a missing set.
pub(crate) fn which_sets(settings: &EntitySettings, sets: &[String]) -> String {
    const SHOWN: usize = 20;
    let near = settings.set.trim_end_matches("Set").to_lowercase();
    let mut sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    sets.sort_by_key(|set| (!set.to_lowercase().contains(&near), *set));
    let more = if sets.len() > SHOWN { ", …" } else { "" };
    sets.truncate(SHOWN);
    format!(
        "{} is not there, or not for the service user; {}.svc has: {}{more}",
        settings.set,
        settings.projection,
        sets.join(", ")
    )
}

fn clock_went_back(now: &str, hwm: &str) -> Fault {
    Fault {
        class: FaultClass::Protocol,
        code: "SERVER_CLOCK_WENT_BACK".into(),
        message: format!("the server's clock shows {now}, but changes up to {hwm} were read before"),
        fields: Vec::new(),
        hint: Some(
            "if the clock is wrong, correct it; if the database was restored from a backup, run a full walk"
                .into(),
        ),
    }
}

fn place(walk: Option<&Walk>) -> String {
    let page = walk.map_or(0, Walk::pages) + 1;
    match walk {
        None | Some(Walk::Snapshot(_)) => format!("page {page} of all rows"),
        Some(Walk::Resting { .. } | Walk::Poll(_)) => format!("page {page} of changes"),
    }
}

#[async_trait]
impl Source for IfsSource {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        let state = cursor.map(|cursor| State::read(cursor, &self.epoch)).transpose();
        let state = state.map_err(|reason| SourceError::CursorExpired { reason })?;
        let walk = state.as_ref().map(|state| &state.walk);
        let place = place(walk);
        let set_back = self.set_back();
        let query = self.walker.question(walk, self.top.load(Ordering::Relaxed), set_back);
        let started = self.clock.elapsed();
        let (page, asked) = match self.ask(query).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(&place, &error).await),
        };
        let hi = self.upper(&page, started, walk).map_err(|fault| self.fault(&place, fault))?;
        let count = page.control().count;
        let page = match self.past_empty(page).await {
            Ok(page) => page,
            Err(error) => return Err(self.failed(&place, &error).await),
        };
        let has_next = page.control().next_link.is_some();
        let answer = Answer { asked, has_next, count, hi, set_back };
        let rows = self.reader.read(&page);
        let step = self.walker.step(walk, rows, answer).map_err(|fault| self.fault(&place, fault))?;
        let state = State { epoch: self.epoch.clone(), walk: step.walk };
        let cursor = state.write().map_err(|reason| SourceError::CursorExpired { reason })?;
        Ok(Page {
            observations: step.observations,
            cursor,
            more: step.more,
            evidence: page.evidence.map(|evidence| evidence.0),
            total: step.total,
        })
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        const PLACE: &str = "single rows";
        let mut found: BTreeMap<Key, Observation> = BTreeMap::new();
        for (filter, names) in chunks(&self.walker.keys, keys) {
            let query = Query {
                filter: Some(filter),
                select: Select::properties(&self.walker.select),
                ..Query::default()
            };
            let first = self.service.page_about("ifs.fetch", names, &self.settings.set, &query).await;
            let mut next = match first {
                Ok(page) => Some(page),
                Err(error) => return Err(self.failed(PLACE, &error).await),
            };
            while let Some(page) = next {
                for row in self.reader.read(&page) {
                    if let Some(key) = row.key {
                        found.insert(key, row.observation);
                    }
                }
                next = match self.service.next(&page).await {
                    Ok(page) => page,
                    Err(error) => return Err(self.failed(PLACE, &error).await),
                };
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }
}
