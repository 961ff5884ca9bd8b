//! The stages of one batch: data flows one way, and each stage owns what it needs.

use std::collections::{BTreeMap, HashMap, HashSet};

use mapping::{Entity, ExternalId, Key, Note, Record, Rewrite, Step};
use tracing::Instrument as _;

use crate::halt::Halt;
use crate::session::Session;
use crate::{Attempt, Commit, Conflict, Cursor, Flow, FlowError, Intent, Link, Observation, Parked};

/// How far one batch has come. [`Flow::step`] consumes a stage and gives the next one.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Observed in the source.
    Pulled(Pulled),
    /// Transformed, and the transformation is on record.
    Mapped(Mapped),
    /// Looked up and decided; the decision is on record.
    Planned(Planned),
    /// Every step has an outcome that is known or known to be in doubt.
    Applied(Applied),
    /// Kept: the cursor has moved.
    Kept,
}

/// Which cursor a batch moves, once everything it led to is kept.
#[derive(Debug, Clone, Default)]
pub(crate) enum Move {
    /// None: the batch came from single look-ups.
    #[default]
    Stay,
    /// The walk of changes.
    Changes(Cursor),
    /// The sweep; the last batch of a sweep ends it.
    Sweep {
        /// Where the sweep goes on.
        cursor: Cursor,
        /// Whether this was its last page.
        last: bool,
        /// Whether its end is where the walk of changes begins.
        adopt: bool,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Pulled {
    pub(crate) sightings: Vec<Sighting>,
    /// Compare with the target even what was already dealt with in this version.
    pub(crate) afresh: bool,
    pub(crate) moves: Move,
}

/// An observation, and the audit entry of the response that it was read from.
#[derive(Debug)]
pub(crate) struct Sighting {
    pub(crate) observation: Observation,
    pub(crate) evidence: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Mapped {
    pub(crate) work: Vec<Work>,
    /// Records that the source says are gone.
    pub(crate) gone: Vec<(Entity, Key)>,
    pub(crate) keep: Keep,
}

#[derive(Debug, Default)]
pub(crate) struct Planned {
    pub(crate) ordered: Vec<Ordered>,
    pub(crate) keep: Keep,
}

#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) keep: Keep,
    /// Set when the run must not go on: what is kept then leaves the cursor where it was.
    pub(crate) stop: Option<FlowError>,
}

/// One draft and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) record: Record,
    pub(crate) draft: mapping::Draft,
    pub(crate) notes: Vec<Note>,
}

/// A step that is about to be applied, under an intent.
#[derive(Debug, Clone)]
pub(crate) struct Ordered {
    pub(crate) intent: Intent,
    pub(crate) record: Record,
    pub(crate) step: Step,
    /// What both sides agree on once it has landed.
    pub(crate) link: Link,
    /// Conflicts that are over once it has landed.
    pub(crate) ends: Vec<Conflict>,
    /// Values that were put back before: the target may store them otherwise than they are sent.
    pub(crate) suspects: Vec<Rewrite>,
}

/// What the commit of this batch will keep; grows from stage to stage.
#[derive(Debug, Default)]
pub(crate) struct Keep {
    pub(crate) moves: Move,
    pub(crate) commit: Commit,
    pub(crate) counts: Counts,
}

/// What this batch adds to the report once it is kept.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) read: u64,
    pub(crate) unchanged: u64,
    pub(crate) filtered: u64,
    pub(crate) equal: u64,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) restored: u64,
    pub(crate) settled: u64,
    pub(crate) removed: u64,
    pub(crate) gone: u64,
    pub(crate) absorbed: u64,
    pub(crate) left: u64,
    pub(crate) conflicts: u64,
    pub(crate) rewritten: u64,
    pub(crate) remerged: u64,
}

impl Pulled {
    /// Single records, looked at by their keys.
    pub(crate) fn by_key(observations: Vec<Observation>, afresh: bool) -> Self {
        let mut pulled = Self { afresh, ..Self::default() };
        pulled.add(observations, None);
        pulled
    }

    /// Adds what was read from one response.
    pub(crate) fn add(&mut self, observations: Vec<Observation>, evidence: Option<u64>) {
        let sighting = |observation| Sighting { observation, evidence };
        self.sightings.extend(observations.into_iter().map(sighting));
    }
}

impl Keep {
    /// Takes over what a part of the batch led to.
    pub(crate) fn absorb(&mut self, other: Self) {
        let Commit { links, unlinked, conflicts, handed, settled, doubtful, parked, released, .. } =
            other.commit;
        let commit = &mut self.commit;
        commit.links.extend(links);
        commit.unlinked.extend(unlinked);
        commit.conflicts.extend(conflicts);
        commit.handed.extend(handed);
        commit.settled.extend(settled);
        commit.doubtful.extend(doubtful);
        commit.released.extend(released);
        for parked in parked {
            self.park(parked);
        }
        // What is read again here was counted when it was read first.
        self.counts.add(Counts { read: 0, ..other.counts });
    }

    /// The attempt has an outcome.
    pub(crate) fn settle(&mut self, attempt: Attempt) {
        self.commit.settled.push(attempt);
    }

    /// The record waits from now on.
    pub(crate) fn park(&mut self, parked: Parked) {
        self.commit.released.retain(|key| *key != parked.key);
        self.commit.parked.retain(|known| known.key != parked.key);
        self.commit.parked.push(parked);
    }

    /// The record waits no longer, unless another of its drafts still does.
    pub(crate) fn release(&mut self, session: &Session, key: &Key) {
        let parked_now = self.commit.parked.iter().any(|parked| parked.key == *key);
        if !parked_now && session.waiting.contains_key(key) {
            self.commit.released.push(key.clone());
        }
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        let mut report = crate::Report::default();
        self.tell(&mut report);
        other.tell(&mut report);
        *self = Self {
            read: report.read,
            unchanged: report.unchanged,
            filtered: report.filtered,
            equal: report.equal,
            created: report.created,
            updated: report.updated,
            restored: report.restored,
            settled: report.settled,
            removed: report.removed,
            gone: report.gone,
            absorbed: report.absorbed,
            left: report.left,
            conflicts: report.conflicts,
            rewritten: report.rewritten,
            remerged: report.remerged,
        };
    }

    /// Adds the counts to a report.
    fn tell(self, report: &mut crate::Report) {
        report.read += self.read;
        report.unchanged += self.unchanged;
        report.filtered += self.filtered;
        report.equal += self.equal;
        report.created += self.created;
        report.updated += self.updated;
        report.restored += self.restored;
        report.settled += self.settled;
        report.removed += self.removed;
        report.gone += self.gone;
        report.absorbed += self.absorbed;
        report.left += self.left;
        report.conflicts += self.conflicts;
        report.rewritten += self.rewritten;
        report.remerged += self.remerged;
    }
}

impl Flow {
    /// Takes a batch one stage further.
    pub(crate) async fn step(&self, session: &mut Session, stage: Stage) -> Result<Stage, FlowError> {
        Ok(match stage {
            Stage::Pulled(pulled) => Stage::Mapped(self.transform(session, pulled).await?),
            Stage::Mapped(mapped) => Stage::Planned(self.decide(session, mapped).await?),
            Stage::Planned(planned) => Stage::Applied(self.deliver(session, planned).await?),
            Stage::Applied(applied) => self.keep(session, applied).await?,
            Stage::Kept => Stage::Kept,
        })
    }

    /// Takes a batch through all stages that it has before it.
    pub(crate) async fn carry(&self, session: &mut Session, stage: Stage) -> Result<(), FlowError> {
        let records = if let Stage::Pulled(pulled) = &stage { pulled.sightings.len() } else { 0 };
        let span = tracing::debug_span!("batch", flow = self.parts.name.as_str(), records);
        self.carry_on(session, stage).instrument(span).await
    }

    async fn carry_on(&self, session: &mut Session, mut stage: Stage) -> Result<(), FlowError> {
        while !matches!(stage, Stage::Kept) {
            stage = self.step(session, stage).await?;
        }
        Ok(())
    }

    /// Keeps all that a batch led to in one transaction, and moves the cursor.
    async fn keep(&self, session: &mut Session, applied: Applied) -> Result<Stage, FlowError> {
        let Applied { mut keep, stop } = applied;
        if stop.is_none() {
            match std::mem::take(&mut keep.moves) {
                Move::Stay => {}
                Move::Changes(cursor) => keep.commit.cursor = Some(cursor),
                Move::Sweep { cursor, last: true, adopt } => {
                    keep.commit.sweep = Some(None);
                    keep.commit.cursor = adopt.then_some(cursor);
                }
                Move::Sweep { cursor, .. } => keep.commit.sweep = Some(Some(cursor)),
            }
        }
        session.note(&keep);
        self.parts.store.commit(&self.parts.name, session.fence, self.booked(keep.commit)).await?;
        match stop {
            Some(error) => Err(error),
            None => Ok(Stage::Kept),
        }
    }

    /// A parked record, with what is known about its earlier tries.
    pub(crate) fn parked(&self, session: &Session, record: &Record, halt: Halt) -> Parked {
        let before = session.waiting.get(&record.key);
        Parked {
            flow: self.parts.name.clone(),
            key: record.key.clone(),
            class: halt.class,
            fault: halt.fault,
            change: Some(mapping::Change::Put(record.clone())),
            raw: None,
            mapper: self.parts.mapper.name().to_owned(),
            tries: before.map_or(0, |waiting| waiting.tries) + 1,
            since: before.map_or_else(|| self.now(), |waiting| waiting.since),
            due: halt.due,
            waits_for: halt.waits_for,
            assigned: before.and_then(|waiting| waiting.assigned.clone()),
            amended: session.amended(&record.key, &record.version).cloned(),
        }
    }
}

impl Session {
    /// Adds what a batch did to what is known about the run.
    fn note(&mut self, keep: &Keep) {
        let report = &mut self.report;
        keep.counts.tell(report);
        report.parked += keep.commit.parked.len() as u64;
        report.released += keep.commit.released.len() as u64;
        for key in &keep.commit.released {
            self.waiting.remove(key);
        }
        for conflict in keep.commit.conflicts.iter().filter(|conflict| conflict.is_over()) {
            for known in self.conflicts.values_mut() {
                known.retain(|known| known.id != conflict.id);
            }
        }
        for parked in &keep.commit.parked {
            self.waiting.insert(parked.key.clone(), parked.clone().into());
        }
    }
}

/// The newest of each key, in the order of their last occurrence.
pub(crate) fn newest_by_key<T>(items: Vec<T>, key: impl Fn(&T) -> &Key) -> Vec<T> {
    let mut last: HashMap<&Key, usize> = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        last.insert(key(item), index);
    }
    if last.len() == items.len() {
        return items;
    }
    let newest: HashSet<usize> = last.into_values().collect();
    items.into_iter().enumerate().filter(|(index, _)| newest.contains(index)).map(|(_, item)| item).collect()
}

/// External ids that more than one of the items claims.
pub(crate) fn claimed_twice(work: &[Work]) -> BTreeMap<ExternalId, Key> {
    let mut first: BTreeMap<&ExternalId, &Key> = BTreeMap::new();
    let mut twice = BTreeMap::new();
    for item in work {
        match first.get(&item.draft.id) {
            Some(holder) => {
                twice.insert(item.draft.id.clone(), (*holder).clone());
            }
            None => {
                first.insert(&item.draft.id, &item.record.key);
            }
        }
    }
    twice
}
