//! Writes whose answer was lost and that may still land.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mapping::{Draft, ExternalId, Key};

use crate::{Attempt, Intent};

/// Writes whose answer was lost and that may still land, by the record they would land on.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    by_id: BTreeMap<ExternalId, Vec<Doubt>>,
    keys: BTreeSet<Key>,
}

#[derive(Debug)]
struct Doubt {
    attempt: Attempt,
    draft: Draft,
    until: Timestamp,
}

impl Doubts {
    /// Remembers that `intent` may land until `until`. An older doubt about the very same content
    /// says nothing more than this one: its attempt is returned, as settled.
    pub(crate) fn add(&mut self, intent: &Intent, until: Timestamp) -> Option<Attempt> {
        self.keys.insert(intent.key.clone());
        let doubts = self.by_id.entry(intent.draft.id.clone()).or_default();
        let doubt = Doubt { attempt: intent.attempt.clone(), draft: intent.draft.clone(), until };
        if let Some(same) = doubts.iter_mut().find(|known| known.draft == doubt.draft) {
            return Some(std::mem::replace(same, doubt).attempt);
        }
        doubts.push(doubt);
        None
    }

    /// Until when another value than `draft` may still land on its record.
    pub(crate) fn blocks(&self, draft: &Draft, now: Timestamp) -> Option<Timestamp> {
        let doubts = self.by_id.get(&draft.id)?;
        let others = doubts.iter().filter(|doubt| doubt.draft != *draft && doubt.until > now);
        others.map(|doubt| doubt.until).max()
    }

    /// Until when any write may still land on the record that `draft` is for.
    pub(crate) fn open(&self, draft: &Draft, now: Timestamp) -> Option<Timestamp> {
        let doubts = self.by_id.get(&draft.id)?;
        doubts.iter().map(|doubt| doubt.until).filter(|until| *until > now).max()
    }

    /// Whether any write may still land on the record of `key`.
    pub(crate) fn concerns(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    /// Whether a write with exactly this content may still land.
    pub(crate) fn know(&self, draft: &Draft) -> bool {
        self.by_id.get(&draft.id).is_some_and(|doubts| doubts.iter().any(|doubt| doubt.draft == *draft))
    }
}
