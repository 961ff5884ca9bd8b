//! Pulled → mapped: what is new is transformed, and every transformation is put on record.

use audit::{Event, MappedItem};
use mapping::image::overlaid;
use mapping::{Change, Key, MapError, Mapped as Output, Record};

use crate::flow::raw;
use crate::halt::unmappable;
use crate::session::Session;
use crate::stage::{Keep, Mapped, Pulled, Sighting, Work, newest_by_key};
use crate::{Flow, FlowError, Link, Observation, Parked, ParkedClass, Unreadable};

/// Entries that are written down together: all those of a page would be held in memory twice.
const AT_ONCE: usize = 5;

/// A change, and the audit entry of the response that it was read from.
type Seen = (Change, Option<u64>);

/// One change and what the mapper made of it.
struct Transformation {
    change: Change,
    /// The audit entry of the response that the change was read from.
    evidence: Option<u64>,
    output: Result<Output, MapError>,
}

impl Flow {
    pub(crate) async fn transform(&self, session: &mut Session, pulled: Pulled) -> Result<Mapped, FlowError> {
        let Pulled { sightings, afresh, moves } = pulled;
        let mut keep = Keep { moves, ..Keep::default() };
        session.sweeps(sightings.iter().map(|sighting| sighting.observation.key()));
        keep.counts.read = sightings.len() as u64;
        let sightings = newest_by_key(sightings, |sighting| sighting.observation.key());
        let (changes, unreadable) = split(sightings);
        for row in unreadable {
            if !session.waits_unread(&row.key, &row.raw) {
                keep.park(self.parked_row(session, row));
            }
        }
        let changes = self.screen(session, changes, afresh, &mut keep).await?;
        let done = self.map_all(session, changes);
        self.record(&done).await?;
        Ok(self.sort(session, done, keep))
    }

    /// Leaves out what was already dealt with in this very version by this very mapper.
    async fn screen(
        &self,
        session: &Session,
        changes: Vec<Seen>,
        afresh: bool,
        keep: &mut Keep,
    ) -> Result<Vec<Seen>, FlowError> {
        if afresh || changes.is_empty() {
            return Ok(changes);
        }
        let mapper = self.parts.mapper.name();
        let keys: Vec<Key> = changes.iter().map(|(change, _)| change.key().clone()).collect();
        let links = self.links_of(&keys).await?;
        let before = changes.len();
        let fresh: Vec<Seen> = changes
            .into_iter()
            .zip(links)
            .filter(|((change, _), link)| {
                let Change::Put(record) = change else { return true };
                if session.waits_as(&record.key, &record.version, mapper) {
                    return false;
                }
                // A write that may still land can undo what the link says, and a record that waits
                // differs from what its link says.
                let open = session.doubts.concerns(&record.key) || session.waiting.contains_key(&record.key);
                let agrees = |link: &Link| {
                    link.version == record.version && link.mapper == mapper && link.gone.is_none()
                };
                open || !link.as_ref().is_some_and(agrees)
            })
            .map(|(change, _)| change)
            .collect();
        keep.counts.unchanged += (before - fresh.len()) as u64;
        Ok(fresh)
    }

    fn map_all(&self, session: &Session, changes: Vec<Seen>) -> Vec<Transformation> {
        let map = |(change, evidence): Seen| {
            let change = amended(session, change);
            let output = self.parts.mapper.map(&change);
            Transformation { change, evidence, output }
        };
        changes.into_iter().map(map).collect()
    }

    /// Puts the transformations on record, in entries of a bounded number of records.
    async fn record(&self, done: &[Transformation]) -> Result<(), FlowError> {
        let entry = |part: &[Transformation]| {
            let records = part.iter().map(|one| one.change.key().to_string()).collect();
            let items = part.iter().map(Transformation::item).collect();
            let mapper = self.parts.mapper.name().to_owned();
            let evidence = part.first().and_then(|one| one.evidence);
            self.entry(records, Event::Mapped { mapper, evidence, items })
        };
        let chunk = self.parts.settings.chunk.max(1);
        for page in done.chunk_by(|one, other| one.evidence == other.evidence) {
            for part in page.chunks(chunk * AT_ONCE) {
                self.parts.log.append(part.chunks(chunk).map(entry).collect()).await?;
            }
        }
        Ok(())
    }

    /// Sends each draft on its way; what cannot be mapped waits.
    fn sort(&self, session: &Session, done: Vec<Transformation>, keep: Keep) -> Mapped {
        let mut mapped = Mapped { work: Vec::with_capacity(done.len()), gone: Vec::new(), keep };
        for Transformation { change, output, .. } in done {
            let record = match change {
                Change::Put(record) => record,
                Change::Gone { entity, key } => {
                    mapped.gone.push((entity, key));
                    continue;
                }
            };
            match output {
                Ok(output) if output.drafts.is_empty() => {
                    mapped.keep.counts.filtered += 1;
                    mapped.keep.release(session, &record.key);
                }
                Ok(Output { drafts, notes }) => {
                    let work = |draft| Work { record: record.clone(), draft, notes: notes.clone() };
                    mapped.work.extend(drafts.into_iter().map(work));
                }
                Err(error) => mapped.keep.park(self.parked(session, &record, unmappable(error))),
            }
        }
        mapped
    }

    fn parked_row(&self, session: &Session, row: Unreadable) -> Parked {
        let before = session.waiting.get(&row.key);
        Parked {
            flow: self.parts.name.clone(),
            key: row.key,
            class: ParkedClass::Quarantine,
            fault: row.fault,
            change: None,
            raw: Some(row.raw),
            mapper: self.parts.mapper.name().to_owned(),
            tries: before.map_or(0, |waiting| waiting.tries) + 1,
            since: before.map_or_else(|| self.now(), |waiting| waiting.since),
            due: None,
            waits_for: Vec::new(),
            assigned: before.and_then(|waiting| waiting.assigned.clone()),
            amended: None,
        }
    }
}

/// The change, with the values that a person gave for this version of the record.
fn amended(session: &Session, change: Change) -> Change {
    match change {
        Change::Put(mut record) => {
            if let Some(given) = session.amended(&record.key, &record.version) {
                record.fields = overlaid(&record.fields, given);
            }
            Change::Put(record)
        }
        gone @ Change::Gone { .. } => gone,
    }
}

impl Transformation {
    fn item(&self) -> MappedItem {
        let output = match &self.output {
            Ok(output) => raw(output),
            Err(error) => {
                raw(&serde_json::json!({ "error": { "field": error.field, "reason": error.reason } }))
            }
        };
        let input = match &self.change {
            Change::Put(record) => raw(record),
            gone @ Change::Gone { .. } => raw(gone),
        };
        MappedItem { input, output }
    }
}

fn split(sightings: Vec<Sighting>) -> (Vec<Seen>, Vec<Unreadable>) {
    let mut changes: Vec<Seen> = Vec::with_capacity(sightings.len());
    let mut unreadable = Vec::new();
    for Sighting { observation, evidence } in sightings {
        match observation {
            Observation::Change(change) => changes.push((change, evidence)),
            Observation::Unreadable(row) => unreadable.push(row),
        }
    }
    (changes, unreadable)
}

/// The record of a change, if it is still there.
pub(crate) fn record_of(observation: &Observation) -> Option<&Record> {
    match observation {
        Observation::Change(Change::Put(record)) => Some(record),
        _ => None,
    }
}
