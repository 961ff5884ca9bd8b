//! An object of Salesforce as a source of changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::lock::Mutex;
use jiff::Timestamp;
use mapping::{Change, Entity, FieldName, Fields, Key, Record, Version};
use serde_json::value::RawValue;
use sfdc_client::{Client, ErrorClass, Literal, Packer, SfdcError, Window, stamp};
use sha2::{Digest, Sha256};
use sync_engine::{Cursor, Fault, FaultClass, Observation, Page, Source, SourceError, Unreadable};
use wire::{Call, Clock, Effect, HttpTransport};

use crate::columns::Columns;
use crate::convert::instant;
use crate::event_feed::EventFeed;
use crate::faults::{of_call, plain, with_hint};
use crate::objects::Objects;
use crate::org_id::OrgId;
use crate::poll::{Place, STAMP, State, Walk};
use crate::schema::{Object, Schema};
use crate::{ObjectSettings, SalesforceSettings};

/// What is read of every record, before the fields that were asked for.
const ALWAYS: [&str; 2] = ["Id", STAMP];
/// How far back the org is asked how far it tells everything.
const ASKED_BACK: Duration = Duration::from_secs(600);

/// What is read from an org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSettings {
    /// The object's API name.
    pub object: String,
    /// The fields that mappings read; all that can be read if none is named.
    pub fields: Vec<FieldName>,
    /// How far each poll reaches back: longer than the org's longest transaction takes to show up.
    pub overlap: Duration,
    /// How far a poll stays behind the org's clock where the org does not say how far it tells
    /// everything.
    pub lag: Duration,
    /// Rows of one page, 1 to 2,000.
    pub page_size: u32,
}

impl SourceSettings {
    /// These fields of this object, and defaults for the rest.
    pub fn new(object: &str, fields: impl IntoIterator<Item = FieldName>) -> Self {
        Self {
            object: object.to_owned(),
            fields: fields.into_iter().collect(),
            overlap: Duration::from_secs(300),
            lag: Duration::from_secs(120),
            page_size: 1_000,
        }
    }
}

/// Reads one object, Accounts or Contacts for instance: every record once, then those that change,
/// and those that go.
///
/// A record's key is its Salesforce id of 18 characters. Changes of our own integration user come like
/// everybody else's: who wrote a record last says nothing about whose values it has.
#[derive(Debug)]
pub struct SalesforceSource {
    packer: Packer,
    settings: SourceSettings,
    objects: Objects,
    schema: Schema,
    epoch: String,
    columns: Mutex<Option<Arc<Columns>>>,
    /// The org does not say how far it tells everything.
    untold: AtomicBool,
    events: Option<Arc<EventFeed>>,
    which: OrgId,
}

impl SalesforceSource {
    /// Reads the object of `settings` from the org; `objects` are those whose external ids differ from
    /// what is shipped.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        org: &SalesforceSettings,
        (settings, objects): (SourceSettings, Vec<ObjectSettings>),
    ) -> Self {
        let client = Client::new(transport, &org.instance_url, &org.api_version);
        let epoch = epoch(&org.instance_url, &settings);
        Self {
            packer: Packer::new(client, clock, org.concurrency),
            objects: Objects::new(objects),
            settings,
            schema: Schema::default(),
            epoch,
            columns: Mutex::default(),
            untold: AtomicBool::new(false),
            events: None,
            which: OrgId::default(),
        }
    }

    /// The source, which looks at what change events hint at before it polls.
    #[must_use]
    pub fn with_events(self, feed: Arc<EventFeed>) -> Self {
        Self { events: Some(feed), ..self }
    }

    /// The source, which knows by its tokens which org it reads: a flow whose state belongs to another
    /// one is refused.
    #[must_use]
    pub fn told_by(self, which: OrgId) -> Self {
        Self { which, ..self }
    }

    pub(crate) fn client(&self) -> &Client {
        self.packer.client()
    }

    /// The settings that it reads by.
    pub fn settings(&self) -> &SourceSettings {
        &self.settings
    }

    async fn columns(&self) -> Result<Arc<Columns>, SourceError> {
        let mut known = self.columns.lock().await;
        if let Some(columns) = &*known {
            return Ok(columns.clone());
        }
        let of_sink = |error: sync_engine::SinkError| SourceError::Failed {
            operation: error.operation,
            fault: error.fault,
        };
        let name = &self.settings.object;
        // Only the description matters here: an object without an external id can be read too.
        let settings = ObjectSettings { object: name.clone(), external_id: "Id".into() };
        let object: Arc<Object> = self.schema.object(self.client(), &settings).await.map_err(of_sink)?;
        // Nobody said what is read: everything that a query can name.
        let all = object.plain_fields();
        let fields = if self.settings.fields.is_empty() { &all } else { &self.settings.fields };
        let columns = Columns::new((&object, &self.objects), &ALWAYS, fields)
            .map_err(|unseen| of_sink(object.unseen(unseen.as_str())))?;
        let columns = Arc::new(columns);
        *known = Some(columns.clone());
        Ok(columns)
    }

    pub(crate) fn failed(&self, what: &str, error: &SfdcError) -> SourceError {
        self.fault(what, of_call(error))
    }

    fn fault(&self, what: &str, fault: Fault) -> SourceError {
        SourceError::Failed { operation: format!("reading {} ({what})", self.settings.object), fault }
    }

    /// The org's clock.
    async fn now(&self) -> Result<Timestamp, SourceError> {
        let (_, date) = self.client().versions().await.map_err(|error| self.failed("its clock", &error))?;
        date.and_then(|date| stamp::read_http(&date)).ok_or_else(|| {
            let fault =
                plain(FaultClass::Protocol, "NO_SERVER_CLOCK", "the answer has no readable Date header");
            let hint = "a gateway between us and Salesforce takes the header away: let it pass";
            self.fault("its clock", with_hint(fault, hint))
        })
    }

    /// Up to when everything is told: as the org says, or by its clock with some distance.
    async fn until(&self, now: Timestamp) -> Result<Timestamp, SourceError> {
        let behind = now.saturating_sub(self.settings.lag).unwrap_or(now);
        let from = now.saturating_sub(ASKED_BACK).unwrap_or(now);
        let (false, Ok(window)) = (self.untold.load(Ordering::Relaxed), Window::new(from, now)) else {
            return Ok(behind);
        };
        match self.client().updated(&self.settings.object, window).await {
            Ok(updates) => Ok(updates.covered),
            Err(SfdcError::Api(failure)) if is_refusal(failure.class) => {
                self.untold.store(true, Ordering::Relaxed);
                Ok(behind)
            }
            Err(error) => Err(self.failed("how far it is told", &error)),
        }
    }

    /// Reads a row; what it says, and its place.
    fn observe(&self, columns: &Columns, record: &RawValue) -> Result<(Record, Place), SfdcError> {
        const OPERATION: &str = "salesforce.page";
        let line = columns.read(OPERATION, record)?;
        let missing = |what: &str| SfdcError::Malformed {
            operation: OPERATION.into(),
            detail: format!("a record without {what}"),
        };
        let id = line.text(0)?.ok_or_else(|| missing("Id"))?;
        let stamp = line.text(1)?.and_then(|text| instant(&text)).ok_or_else(|| missing(STAMP))?;
        let fields = line.fields()?;
        let entity = Entity::from(self.settings.object.as_str());
        let record = Record { entity, key: Key::from(id.as_str()), version: version(&fields), fields };
        Ok((record, Place { stamp, id }))
    }

    /// The rows of a page, and the place of the last one that can be read.
    fn rows(&self, columns: &Columns, records: &[Box<RawValue>]) -> (Vec<Observation>, Option<Place>) {
        let mut last = None;
        let mut observations = Vec::with_capacity(records.len());
        for (number, record) in records.iter().enumerate() {
            match self.observe(columns, record) {
                Ok((record, place)) => {
                    last = Some(place);
                    observations.push(Observation::Change(Change::Put(record)));
                }
                Err(error) => observations.push(unreadable(number, record, &error)),
            }
        }
        (observations, last)
    }

    /// The records of these keys that are there, and the audit entry of the answer.
    pub(crate) async fn read(&self, keys: &[Key]) -> Result<(Vec<Observation>, Option<u64>), SourceError> {
        let columns = self.columns().await?;
        let ids: Vec<Literal> = keys.iter().map(|key| Literal::Text(key.to_string())).collect();
        if ids.is_empty() {
            return Ok((Vec::new(), None));
        }
        let failed = |error: SfdcError| self.failed("single records", &error);
        let select = columns.select(&self.settings.object).map_err(|error| failed(error.into()))?;
        let found = self.packer.look_up("salesforce.fetch", &select, "Id", &ids).await.map_err(failed)?;
        Ok((self.rows(&columns, &found.records).0, found.evidence))
    }

    async fn page(&self, state: State, now: Timestamp) -> Result<Page, SourceError> {
        let columns = self.columns().await?;
        let until = match &state.walk {
            Walk::Poll(poll) => poll.until,
            Walk::Resting { .. } => self.until(now).await?,
        };
        let what = format!("page {} of changes", state.walk.pages() + 1);
        let select = columns.select(&self.settings.object).and_then(|select| {
            state.walk.question(select, (until, self.settings.overlap), self.settings.page_size)
        });
        let select = select.map_err(|error| self.failed(&what, &error.into()))?;
        let call = Call::new("salesforce.page", Effect::Read);
        let found = self.client().query(call, &select).await.map_err(|error| self.failed(&what, &error))?;
        let more = found.records.len() >= self.settings.page_size as usize;
        let (mut observations, last) = self.rows(&columns, &found.records);
        let stuck = |reason: String| {
            let hint = "the org does not sort as it compares; report it with the audited exchange";
            self.fault(&what, with_hint(plain(FaultClass::Protocol, "PAGING_NO_PROGRESS", &reason), hint))
        };
        let walk = state.walk.after(until, last, more).map_err(stuck)?;
        let mut gone = state.gone;
        if !more {
            let departures =
                self.departures(gone, now).await.map_err(|error| self.failed("deletions", &error))?;
            gone = departures.until;
            observations.extend(departures.observations);
        }
        let mut events = state.events;
        if let (Some(events), false) = (&mut events, more) {
            events.polled(until);
        }
        let cursor = State { epoch: self.epoch.clone(), walk, gone, events }.write();
        let cursor = cursor.map_err(|reason| SourceError::CursorExpired { reason })?;
        Ok(Page { observations, cursor, more, evidence: found.evidence, total: None })
    }
}

#[async_trait]
impl Source for SalesforceSource {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        let expired = |reason| SourceError::CursorExpired { reason };
        let state = cursor.map(|cursor| State::read(cursor, &self.epoch)).transpose().map_err(expired)?;
        let now = match &state {
            // Within a poll nothing depends on the time but what ends it.
            Some(State { walk: Walk::Poll(poll), .. }) => poll.until,
            _ => self.now().await?,
        };
        // A walk of everything needs no hints.
        let (mut state, begun) = match state {
            Some(state) => (state, true),
            None => (State::first(&self.epoch, now), false),
        };
        match &self.events {
            None => state.events = None,
            Some(feed) if begun && matches!(state.walk, Walk::Resting { .. }) => {
                if let Some(page) = self.hinted(feed, &mut state, now).await? {
                    return Ok(page);
                }
            }
            Some(_) => {}
        }
        self.page(state, now).await
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        let (observations, _) = self.read(keys).await?;
        let by_key = |key: &Key| observations.iter().find(|observation| observation.key() == key).cloned();
        Ok(keys.iter().map(by_key).collect())
    }

    async fn fingerprint(&self) -> Result<Option<String>, SourceError> {
        self.which.fingerprint(self.client()).await.map_err(|error| self.failed("which org it is", &error))
    }

    async fn successors(&self, keys: &[Key]) -> Result<Vec<Option<Key>>, SourceError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.winners(keys).await.map_err(|error| self.failed("merged records", &error))
    }
}

/// Whether the org refuses to say how far it tells everything, now and always.
fn is_refusal(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::Access | ErrorClass::Data | ErrorClass::Request | ErrorClass::Stale)
}

/// The digest of the content: `SystemModstamp` moves on jobs of the system too.
fn version(fields: &Fields) -> Version {
    let text = serde_json::to_vec(fields).unwrap_or_default();
    Version::from(hex(&Sha256::digest(&text)))
}

/// Names the question that a cursor belongs to.
fn epoch(org: &url::Url, settings: &SourceSettings) -> String {
    let mut hash = Sha256::new();
    let fields = settings.fields.iter().map(FieldName::as_str);
    for part in [org.as_str(), settings.object.as_str()].into_iter().chain(fields) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

/// The first half of a digest in hexadecimal.
fn hex(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(32);
    for byte in digest.iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn unreadable(number: usize, record: &RawValue, error: &SfdcError) -> Observation {
    let id = sfdc_client::Row::read(record, &["Id"]).ok().and_then(|row| row.text(0).ok().flatten());
    let key = id.map_or_else(|| Key::from(format!("page row {}", number + 1)), |id| Key::from(&*id));
    let fault = plain(FaultClass::Data, "UNREADABLE", &error.to_string());
    let hint = "look whether the integration user may still read all mapped fields: `ml-connector doctor`";
    Observation::Unreadable(Unreadable { key, fault: with_hint(fault, hint), raw: record.get().to_owned() })
}
