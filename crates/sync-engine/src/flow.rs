//! A flow: one kind of record, from one source to one sink.

use std::sync::Arc;
use std::time::Duration;

use audit::{AuditLog, Entry, Event, Scope, ScopeCell};
use jiff::{SignedDuration, Timestamp};
use mapping::{FieldName, Fields, Key, Mapper, Policy};
use serde_json::value::RawValue;
use wire::{Clock, Entropy};

use crate::{FlowError, Sink, Source, StateStore};

/// Everything that a flow is made of. All of it is replaceable.
#[derive(Debug, Clone)]
pub struct FlowParts {
    /// The flow's name, such as `suppliers`: names its state and its audit entries.
    pub name: String,
    /// Where records come from.
    pub source: Arc<dyn Source>,
    /// How they are transformed.
    pub mapper: Arc<dyn Mapper>,
    /// Where they go.
    pub sink: Arc<dyn Sink>,
    /// What outlives the process.
    pub store: Arc<dyn StateStore>,
    /// What happened.
    pub log: Arc<dyn AuditLog>,
    /// Shared with the recording layers of both connectors, so that each call names its run.
    pub scope: Arc<ScopeCell>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for the names of runs.
    pub entropy: Arc<dyn Entropy>,
    /// The rest.
    pub settings: FlowSettings,
}

/// How a flow behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowSettings {
    /// What the plan may do.
    pub policy: Policy,
    /// How long a request that seemed lost may still land: longer than the target's own limit for
    /// one call (Salesforce: 10 minutes). Until then no *other* value is written to that record.
    pub settle: Duration,
    /// How long a record waits after the first refusal that may pass by itself; doubles each time,
    /// up to a day.
    pub retry: Duration,
    /// How many records one audit entry names.
    pub chunk: usize,
    /// How many records are dealt with together, if pages are smaller: a look-up call takes more keys
    /// than a page has rows.
    pub batch: usize,
    /// How many of them are written together: what is sent of these is in memory at once.
    pub part: usize,
    /// How often a lost write is repeated, and a record that moved is decided anew, within one run.
    pub rounds: u32,
    /// The flow in the other direction between the same records, if there is one.
    pub pair: Option<Pair>,
    /// What happens to target records whose source record is gone.
    pub deletes: Deletes,
    /// What happens to drafts whose target record is missing and must not be made.
    pub missing: Missing,
    /// How much one run may change without being asked to.
    pub brakes: Brakes,
    /// Where a source record tells when and by whom it was modified.
    pub evidence: Evidence,
}

/// Two flows that lead to and fro between the same records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name under which both keep their links.
    pub name: String,
    /// Whether this is the flow that sees links with their ends swapped; one of the two does.
    pub swapped: bool,
    /// The flow in the other direction.
    pub partner: Option<String>,
}

/// What happens to a target record whose source record is gone.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Deletes {
    /// It stays as it is, and the pair stays known.
    #[default]
    Ignore,
    /// It stays as it is; the two belong together no longer.
    Unlink,
    /// These of its fields are set, to mark it or to put it out of use.
    Mark(Fields),
    /// It is removed.
    Delete,
}

impl Eq for Deletes {}

/// What happens to a draft whose target record is missing and must not be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// A person has to look.
    #[default]
    Hold,
    /// It waits until the record is there.
    Wait,
}

/// How much one run may change before it stops and asks. What is made anew does not count, nor does an
/// update that only fills empty fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brakes {
    /// Updates and removals.
    pub changes: Limit,
    /// Removals.
    pub deletes: Limit,
    /// Somebody has looked and said that it may go on.
    pub confirmed: bool,
}

/// A number of records, or a share of all linked ones, whichever is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many at least.
    pub records: u64,
    /// Or so many of a hundred.
    pub percent: u64,
}

impl Default for Brakes {
    fn default() -> Self {
        Self {
            changes: Limit { records: 200, percent: 5 },
            deletes: Limit { records: 50, percent: 2 },
            confirmed: false,
        }
    }
}

/// Where a source record tells when and by whom it was modified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The field with the time of its last modification, by the source's own clock.
    pub modified: Option<FieldName>,
    /// The field with who did it.
    pub by: Option<FieldName>,
}

impl Default for FlowSettings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            settle: Duration::from_mins(15),
            retry: Duration::from_mins(1),
            chunk: 200,
            batch: 10_000,
            part: 5_000,
            rounds: 3,
            pair: None,
            deletes: Deletes::default(),
            missing: Missing::default(),
            brakes: Brakes::default(),
            evidence: Evidence::default(),
        }
    }
}

/// What a run covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// What changed since the last run; everything, on the first one.
    Changes,
    /// Everything, compared with the target even where nothing seems to have changed.
    Full,
    /// Single records, compared with the target.
    Keys(Vec<Key>),
}

/// One kind of record on its way from one source to one sink.
#[derive(Debug, Clone)]
pub struct Flow {
    pub(crate) parts: FlowParts,
}

impl Flow {
    /// A flow of `parts`.
    pub fn new(parts: FlowParts) -> Self {
        Self { parts }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.parts.name
    }

    /// Its parts.
    pub fn parts(&self) -> &FlowParts {
        &self.parts
    }

    /// The same flow, told by a person that it may change as much as it has to.
    #[must_use]
    pub fn confirmed(&self) -> Self {
        let mut parts = self.parts.clone();
        parts.settings.brakes.confirmed = true;
        Self { parts }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn after(&self, span: Duration) -> Timestamp {
        let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        self.now().checked_add(span).unwrap_or(Timestamp::MAX)
    }

    /// Puts a new run in force and returns its name.
    pub(crate) fn begin_run(&self) -> String {
        let stamp = self.now().strftime("%Y%m%dT%H%M%SZ");
        let run = format!("{stamp}-{:06x}", self.parts.entropy.next_u64() & 0xff_ffff);
        self.parts.scope.set(Scope { run: run.as_str().into(), flow: self.parts.name.as_str().into() });
        run
    }

    pub(crate) fn entry(&self, records: Vec<String>, event: Event) -> Entry {
        Entry { at: self.now(), scope: self.parts.scope.get(), records: records.into(), event }
    }

    /// Keeps a run event; `note` is a JSON object.
    pub(crate) async fn tell(&self, what: &str, note: Box<RawValue>) -> Result<(), FlowError> {
        let event = Event::Run { what: what.into(), note };
        self.parts.log.append(vec![self.entry(Vec::new(), event)]).await?;
        Ok(())
    }
}

/// Any serialisable value as raw JSON; a value that has no JSON form becomes its error text.
pub(crate) fn raw(value: &impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_else(|error| {
        serde_json::value::to_raw_value(&format!("no JSON form: {error}")).unwrap_or_default()
    })
}
