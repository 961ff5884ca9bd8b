//! A page of what change events hinted at: its records, read now, and what was missed, in words.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mapping::{Change, Entity, Key};
use sfdc_client::RecordId;
use sfdc_client::events::{Batch, ChangeKind, ChangedIds, Missed, MissedRecords, Told, Touch};
use sync_engine::{Observation, Page, SourceError};

use crate::departures::Fate;
use crate::event_feed::{EventFeed, Look, is_missed};
use crate::event_state::{EventState, MissedNote, MissedRemedy};
use crate::poll::{State, Walk};
use crate::source::SalesforceSource;

/// So many records fill a page; one batch more may go over it.
const FULL: usize = 500;

/// What some batches ask for.
#[derive(Debug, Default)]
struct Hints {
    /// Records to be read.
    touched: BTreeSet<String>,
    /// Those of them that were told to be deleted.
    deleted: BTreeSet<String>,
    /// From when changes have to be read again.
    since: Option<Timestamp>,
    /// Every record has to be read.
    everything: bool,
    missed: Vec<MissedNote>,
    events: u64,
}

impl Hints {
    fn take(&mut self, object: &str, batch: &Batch, now: Timestamp) {
        self.events += batch.events.len() as u64;
        for Told { event, .. } in batch.events.iter().filter(|told| told.event.entity == object) {
            let ChangedIds::These(ids) = &event.ids else { continue };
            self.look_at(ids);
            if matches!(event.kind, ChangeKind::Delete | ChangeKind::Gap(Touch::Delete)) {
                self.deleted.extend(ids.iter().map(|id| id.as_str().to_owned()));
            }
        }
        for missed in batch.missed.iter().filter(|missed| is_missed(missed, object)) {
            self.owe(missed, now);
        }
    }

    fn owe(&mut self, missed: &Missed, now: Timestamp) {
        let remedy = match &missed.records {
            MissedRecords::These(ids) => {
                self.look_at(ids);
                MissedRemedy::Records
            }
            MissedRecords::Changed => {
                self.since = self.since.into_iter().chain(missed.since).min();
                MissedRemedy::Changes
            }
            MissedRecords::All => {
                self.everything = true;
                MissedRemedy::Everything
            }
        };
        // The records of this page are read with it.
        let reconciled = (remedy == MissedRemedy::Records).then_some(now);
        self.missed.push(MissedNote { at: now, what: missed.to_string(), remedy, reconciled });
    }

    fn look_at(&mut self, ids: &[RecordId]) {
        self.touched.extend(ids.iter().map(|id| id.as_str().to_owned()));
    }

    /// Where the walk has to begin so that nothing of this is left out.
    fn walk(&self, walk: &Walk) -> Walk {
        let (Some(mark), false) = (walk.mark(), self.everything) else { return Walk::Resting { mark: None } };
        Walk::Resting { mark: Some(self.since.map_or(mark, |since| since.min(mark))) }
    }
}

impl SalesforceSource {
    /// A page of what events hinted at, if they did; what is known of the stream is noted in `state`.
    pub(crate) async fn hinted(
        &self,
        feed: &EventFeed,
        state: &mut State,
        now: Timestamp,
    ) -> Result<Option<Page>, SourceError> {
        let mut known = state.events.take().unwrap_or_default();
        let look = feed.look(known.place().as_ref(), !known.waited).await;
        let mut hints = Hints::default();
        match look {
            Look::Told(batches) => {
                for batch in &batches {
                    hints.take(&self.settings().object, batch, now);
                    known.reached(batch.place());
                    if hints.touched.len() >= FULL {
                        break;
                    }
                }
                return self.page_of(hints, (state, known), now).await.map(Some);
            }
            Look::Lost(missed) => {
                hints.owe(&missed, now);
                known.place = None;
                return self.page_of(hints, (state, known), now).await.map(Some);
            }
            Look::Quiet(place) => {
                known.up(now);
                if let Some(place) = place {
                    known.reached(&place);
                }
            }
            Look::Listening => known.up(now),
            Look::Down(trouble) => known.fell(trouble, now),
        }
        state.events = Some(known);
        Ok(None)
    }

    async fn page_of(
        &self,
        hints: Hints,
        (state, mut known): (&State, EventState),
        now: Timestamp,
    ) -> Result<Page, SourceError> {
        let keys: Vec<Key> = hints.touched.iter().map(|id| Key::from(id.as_str())).collect();
        let (mut observations, evidence) = self.read(&keys).await?;
        observations.extend(self.vanished(&hints, &observations).await?);
        known.up(now);
        known.waited = true;
        if hints.events > 0 {
            known.heard = Some(now);
            known.events = known.events.saturating_add(hints.events);
        }
        let walk = hints.walk(&state.walk);
        hints.missed.into_iter().for_each(|note| known.missed(note));
        let state = State { epoch: state.epoch.clone(), walk, gone: state.gone, events: Some(known) };
        let cursor = state.write().map_err(|reason| SourceError::CursorExpired { reason })?;
        Ok(Page { observations, cursor, more: true, evidence, total: None })
    }

    /// Those of the touched records that are gone, without doubt.
    async fn vanished(&self, hints: &Hints, there: &[Observation]) -> Result<Vec<Observation>, SourceError> {
        let there: BTreeSet<&str> = there.iter().map(|seen| seen.key().as_str()).collect();
        let absent: Vec<String> =
            hints.touched.iter().filter(|id| !there.contains(id.as_str())).cloned().collect();
        if absent.is_empty() {
            return Ok(Vec::new());
        }
        let fates = self.fates(&absent).await.map_err(|error| self.failed("deletions", &error))?;
        let gone = absent.into_iter().filter(|id| match fates.get(id) {
            Some(Fate::Lives) => false,
            Some(Fate::Gone | Fate::Merged(_)) => true,
            // Not even in the bin: only an event that says so proves that it is not merely hidden.
            None => hints.deleted.contains(id),
        });
        let entity = || Entity::from(self.settings().object.as_str());
        let gone = gone.map(|id| Change::Gone { entity: entity(), key: Key::from(id) });
        Ok(gone.map(Observation::Change).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_begins_where_nothing_is_left_out() {
        let at = |second: i64| Timestamp::from_second(second).expect("a time");
        let begins = |hints: &Hints| match hints.walk(&Walk::Resting { mark: Some(at(100)) }) {
            Walk::Resting { mark } => mark,
            Walk::Poll(_) => panic!("a walk begins at rest"),
        };
        assert_eq!(begins(&Hints::default()), Some(at(100)));
        let since = |second: i64| Hints { since: Some(at(second)), ..Hints::default() };
        assert_eq!((begins(&since(40)), begins(&since(140))), (Some(at(40)), Some(at(100))));
        assert_eq!(begins(&Hints { everything: true, ..since(40) }), None);
    }
}
