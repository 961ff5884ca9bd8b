//! Deliberately broken products: each breaks one rule, and the checker must find out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use audit::{AuditLog, Entry, Event};
use mapping::{Base, Change, Entity, ExternalId, FieldName, Key, Step, TargetId, Version};
use sync_engine::{
    Commit, Cursor, Fence, FlowParts, Intent, Link, Lookup, Observation, Outcome, Page, Receipt, Sink,
    SinkError, Source, SourceError, StateError, StateStore, Taken,
};
use wire::{HttpTransport, Timestamp};

use super::broken;
use crate::forgetful_log::ForgetfulLog;
use crate::through::{as_they_are, desk_through};

/// Which rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// None: the product as it is.
    None,
    /// The overlap of polls is zero.
    NoOverlap,
    /// The last row of a page that is not the last page is dropped.
    DropsPageEdge,
    /// Rows in one state are left out.
    LeavesRowsOut,
    /// The version is the modification in whole seconds, as an ETag has it.
    SecondVersion,
    /// The cursor moves when writing begins.
    EarlyCursor,
    /// Links are kept when writing begins.
    EarlyLinks,
    /// Intents of a crashed run are forgotten.
    ForgetsIntents,
    /// Waiting records are forgotten.
    ForgetsParked,
    /// A lost answer counts as success.
    LostIsDone,
    /// A refusal counts as success.
    RefusedIsDone,
    /// Receipts are handed out shifted by one.
    ShiftedReceipts,
    /// The look-up always says that there is nothing.
    NeverLooks,
    /// The transport repeats writes whose answer was lost.
    BlindRetry,
    /// Another value is written although a lost one may still land.
    NoSettling,
    /// The mapper gives what it gave the first time.
    StaleMapper,
    /// Decisions are not put on record.
    SilentDecisions,
    /// Calls are not put on record.
    Unrecorded,
    /// `If-Match: *`: the version of a record does not matter.
    AnyVersion,
    /// Writes lose their conditions.
    NoCondition,
    /// The last line of an order is lost.
    LastLineLost,
    /// Lines that were taken out of an order stay.
    LinesStay,
    /// Withdrawn invoices count.
    CountsWithdrawn,
    /// A field that belongs to IFS is written back.
    WritesForeign,
    /// An order stays with the supplier it had first.
    OldSupplier,
    /// What a sweep does not meet is gone, whatever a look at it says.
    MissedIsGone,
    /// Conflicts are not kept.
    ForgetsConflicts,
    /// Shared fields are taken for the source's.
    SharedIsOwned,
    /// It is forgotten which records people removed.
    ForgetsTombs,
    /// A record that people made is not recognised once the source's was made of it.
    ForgetsOrigin,
}

impl Variant {
    /// Those that a world with suppliers alone shows.
    pub const BROKEN: [Self; 17] = [
        Self::NoOverlap,
        Self::DropsPageEdge,
        Self::LeavesRowsOut,
        Self::SecondVersion,
        Self::EarlyCursor,
        Self::EarlyLinks,
        Self::ForgetsIntents,
        Self::ForgetsParked,
        Self::LostIsDone,
        Self::RefusedIsDone,
        Self::ShiftedReceipts,
        Self::NeverLooks,
        Self::BlindRetry,
        Self::NoSettling,
        Self::StaleMapper,
        Self::SilentDecisions,
        Self::Unrecorded,
    ];

    /// Those that only a world with all flows can show soon: [`ForgetsTombs`](Self::ForgetsTombs) has a test
    /// of its own.
    pub const OF_THE_MISSION: [Self; 11] = [
        Self::AnyVersion,
        Self::NoCondition,
        Self::LastLineLost,
        Self::LinesStay,
        Self::CountsWithdrawn,
        Self::WritesForeign,
        Self::OldSupplier,
        Self::MissedIsGone,
        Self::ForgetsConflicts,
        Self::SharedIsOwned,
        Self::ForgetsOrigin,
    ];

    /// The flow's parts, one of them broken.
    pub fn spoil(self, mut parts: FlowParts) -> FlowParts {
        if self == Self::NoSettling {
            parts.settings.settle = Duration::ZERO;
        }
        let pulled = Arc::new(Mutex::new(None));
        parts.source = Arc::new(Broken { inner: parts.source, variant: self, pulled: pulled.clone() });
        parts.sink = Arc::new(Broken { inner: parts.sink, variant: self, pulled: pulled.clone() });
        parts.store = Arc::new(Broken { inner: parts.store, variant: self, pulled });
        if self == Self::SharedIsOwned {
            parts.settings.policy.owners.retain(|_, owner| *owner != mapping::Ownership::Shared);
        }
        parts.mapper = broken::mapper(self, parts.mapper);
        parts
    }

    /// The log, perhaps broken.
    pub fn log(self, log: Arc<dyn AuditLog>) -> Arc<dyn AuditLog> {
        if self == Self::SilentDecisions { Arc::new(ForgetfulLog::new(log, silent)) } else { log }
    }

    /// The transport, perhaps broken.
    pub fn transport(self, transport: Arc<dyn HttpTransport>) -> Arc<dyn HttpTransport> {
        broken::transport(self, transport)
    }
}

/// A part that breaks one rule.
#[derive(Debug)]
struct Broken<T: ?Sized> {
    variant: Variant,
    /// The cursor of the page that was pulled last.
    pulled: Arc<Mutex<Option<Cursor>>>,
    inner: Arc<T>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: ?Sized> Broken<T> {
    fn observed(&self, observation: &mut Observation) {
        if let (Variant::SecondVersion, Observation::Change(Change::Put(record))) =
            (self.variant, observation)
        {
            let stamp = record.fields.get("ModifiedDate").map(|value| format!("{value:?}"));
            record.version = Version::from(stamp.unwrap_or_default());
        }
    }

    fn left_out(&self, observation: &Observation) -> bool {
        let Observation::Change(Change::Put(record)) = observation else { return false };
        self.variant == Variant::LeavesRowsOut
            && record.fields.get("Objstate").and_then(|value| value.as_text()) == Some("Blocked")
    }
}

#[async_trait]
impl Source for Broken<dyn Source> {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        let mut page = self.inner.pull(cursor).await?;
        if self.variant == Variant::MissedIsGone && !page.observations.is_empty() {
            page.observations.remove(0);
        }
        if self.variant == Variant::DropsPageEdge && page.more {
            page.observations.pop();
        }
        page.observations.iter_mut().for_each(|observation| self.observed(observation));
        page.observations.retain(|observation| !self.left_out(observation));
        *lock(&self.pulled) = Some(page.cursor.clone());
        Ok(page)
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        let mut found = self.inner.fetch(keys).await?;
        if self.variant == Variant::MissedIsGone {
            found.fill(None);
        }
        found.iter_mut().flatten().for_each(|observation| self.observed(observation));
        Ok(found)
    }

    async fn fingerprint(&self) -> Result<Option<String>, SourceError> {
        self.inner.fingerprint().await
    }

    async fn successors(&self, keys: &[Key]) -> Result<Vec<Option<Key>>, SourceError> {
        self.inner.successors(keys).await
    }
}

#[async_trait]
impl Sink for Broken<dyn Sink> {
    async fn find(
        &self,
        entity: &Entity,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        if self.variant == Variant::NeverLooks {
            return Ok(ids.iter().map(|_| Lookup::Absent).collect());
        }
        self.inner.find(entity, ids, fields).await
    }

    async fn find_unnamed(
        &self,
        entity: &Entity,
        pairs: &[(ExternalId, TargetId)],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        if self.variant == Variant::ForgetsOrigin {
            return Ok(pairs.iter().map(|_| Lookup::Absent).collect());
        }
        self.inner.find_unnamed(entity, pairs, fields).await
    }

    async fn fingerprint(&self) -> Result<Option<String>, SinkError> {
        self.inner.fingerprint().await
    }

    async fn take_up(&self) -> Result<Vec<(Entity, Receipt)>, SinkError> {
        self.inner.take_up().await
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        let mut receipts = self.inner.apply(steps).await?;
        for receipt in &mut receipts {
            let done = matches!(
                (self.variant, &receipt.outcome),
                (Variant::LostIsDone, Outcome::Unknown { .. })
                    | (Variant::RefusedIsDone, Outcome::Rejected(_))
            );
            if done {
                receipt.outcome = Outcome::Applied { target: TargetId::from("guessed"), created: false };
            }
        }
        if self.variant == Variant::ShiftedReceipts {
            let mut outcomes: Vec<Outcome> = receipts.iter().map(|receipt| receipt.outcome.clone()).collect();
            outcomes.rotate_right(1);
            receipts.iter_mut().zip(outcomes).for_each(|(receipt, outcome)| receipt.outcome = outcome);
        }
        Ok(receipts)
    }

    fn may_double(&self, entity: &Entity) -> bool {
        self.inner.may_double(entity)
    }
}

#[async_trait]
impl StateStore for Broken<dyn StateStore> {
    async fn take(&self, flow: &str, now: Timestamp) -> Result<Taken, StateError> {
        let mut taken = self.inner.take(flow, now).await?;
        if self.variant == Variant::ForgetsIntents {
            taken.intents.clear();
        }
        Ok(taken)
    }

    async fn links(&self, flow: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        self.inner.links(flow, ids).await
    }

    async fn all_links(
        &self,
        book: &str,
        after: Option<&ExternalId>,
        limit: usize,
    ) -> Result<Vec<Link>, StateError> {
        self.inner.all_links(book, after, limit).await
    }

    async fn count_links(&self, book: &str) -> Result<u64, StateError> {
        self.inner.count_links(book).await
    }

    async fn intents(&self, flow: &str) -> Result<Vec<Intent>, StateError> {
        self.inner.intents(flow).await
    }

    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        let mut early = Commit::default();
        if self.variant == Variant::EarlyCursor {
            early.cursor.clone_from(&lock(&self.pulled));
        }
        if self.variant == Variant::EarlyLinks {
            let base =
                |intent: &Intent| Base { source: intent.source.clone(), target: intent.draft.fields.clone() };
            early.links = intents.iter().map(|intent| early_link(intent, "early", base(intent))).collect();
        }
        self.inner.intend(flow, fence, intents).await?;
        if early == Commit::default() { Ok(()) } else { self.inner.commit(flow, fence, early).await }
    }

    async fn commit(&self, flow: &str, fence: Fence, mut commit: Commit) -> Result<(), StateError> {
        if self.variant == Variant::ForgetsParked {
            commit.parked.clear();
        }
        if self.variant == Variant::ForgetsConflicts {
            commit.conflicts.clear();
        }
        if self.variant == Variant::ForgetsTombs {
            commit.links.iter_mut().for_each(|link| link.gone = None);
        }
        self.inner.commit(flow, fence, commit).await
    }

    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        self.inner.release(flow, fence).await
    }
}

/// The pair that an intent would make, kept before anybody knows what became of it.
pub fn early_link(intent: &Intent, target: &str, base: Base) -> Link {
    Link {
        key: intent.key.clone(),
        id: intent.draft.id.clone(),
        target: TargetId::from(target),
        version: intent.version.clone(),
        mapper: intent.mapper.clone(),
        base,
        at: intent.at,
        entity: Some(intent.draft.entity.clone()),
        back: None,
        gone: None,
        rewrites: Vec::new(),
        trail: Vec::new(),
    }
}

desk_through!([] Broken<dyn StateStore>, as_they_are);

/// Keeps everything but decisions.
fn silent(entries: &mut Vec<Entry>) {
    entries.retain(|entry| !matches!(entry.event, Event::Decided { .. }));
}
