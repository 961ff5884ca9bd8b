//! What the org remembers about events beside its log of changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::layout::Layout;
use super::payload::Telling;
use crate::salesforce::changes::{Change, ChangeLog};
use crate::salesforce::schema::Object;
use crate::salesforce::switches::EventSwitches;

/// Most changes of one transaction that are told (Change Data Capture Developer Guide, "Overflow").
const MOST_TOLD: u32 = 100_000;
/// Deliveries are counted by the hour, over a day.
const DAY: i64 = 24;

/// What the org remembers about events.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    /// Changes that are told otherwise than whole, by number.
    marks: BTreeMap<u64, Telling>,
    /// Changes up to this number have their marks.
    marked: u64,
    delivered: BTreeMap<i64, u64>,
    /// Every schema that was ever named.
    schemas: BTreeMap<String, String>,
    layouts: Vec<(Arc<Object>, Arc<Layout>)>,
    /// Counts how often all streams were ended.
    pub(crate) ended: u64,
    /// Counts streams, for the ids of their answers.
    pub(crate) opened: u64,
}

impl Bus {
    /// Decides how the changes since last time are told.
    pub(crate) fn mark(&mut self, log: &ChangeLog, switches: &mut EventSwitches) {
        let (last, _) = log.reach();
        if self.marked == last {
            return;
        }
        for change in log.after(self.marked) {
            let counts = [
                (&mut switches.gaps, Telling::Gap),
                (&mut switches.unlisted, Telling::Unlisted),
                (&mut switches.doubled, Telling::Twice),
                (&mut switches.garbled, Telling::Garbled),
            ];
            let asked = counts.into_iter().find(|(count, _)| **count > 0);
            let most = switches.overflow_after.unwrap_or(MOST_TOLD);
            if change.sequence > most {
                self.marks.insert(change.number, Telling::Overflow);
            } else if let Some((count, telling)) = asked {
                *count -= 1;
                self.marks.insert(change.number, telling);
            }
        }
        self.marked = last;
    }

    /// How a change is told.
    pub(crate) fn telling(&self, change: &Change) -> Telling {
        self.marks.get(&change.number).copied().unwrap_or(Telling::Whole)
    }

    /// The schema of an object as it was when a record was written.
    pub(crate) fn layout(&mut self, object: &Arc<Object>) -> Arc<Layout> {
        if let Some((_, layout)) = self.layouts.iter().find(|(known, _)| Arc::ptr_eq(known, object)) {
            return layout.clone();
        }
        let layout = Arc::new(Layout::of(object));
        self.schemas.insert(layout.id.clone(), layout.json.clone());
        if self.layouts.len() >= 64 {
            self.layouts.remove(0);
        }
        self.layouts.push((object.clone(), layout.clone()));
        layout
    }

    /// A schema by its id, or, with `swapped`, another one.
    pub(crate) fn schema(&self, id: &str, swapped: bool) -> Option<String> {
        let own = self.schemas.get(id)?;
        let other = self.schemas.iter().find(|(other, _)| swapped && *other != id);
        Some(other.map_or(own, |(_, json)| json).clone())
    }

    /// Counts deliveries.
    pub(crate) fn deliver(&mut self, events: u64, now: Timestamp) {
        *self.delivered.entry(now.as_second() / 3_600).or_default() += events;
    }

    /// Deliveries of the last day.
    pub(crate) fn delivered(&mut self, now: Timestamp) -> u64 {
        let first = now.as_second() / 3_600 - DAY;
        self.delivered.retain(|hour, _| *hour > first);
        self.delivered.values().sum()
    }
}
