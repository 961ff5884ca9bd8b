//! What one run knows while it lasts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mapping::{Draft, ExternalId, Key, Version};

use crate::{Attempt, Fence, Intent, Parked, Report};

/// One run of one flow, from taking it over to giving it back.
#[derive(Debug)]
pub(crate) struct Session {
    /// The right to write the flow's state.
    pub(crate) fence: Fence,
    /// Writes of earlier attempts that may still land.
    pub(crate) doubts: Doubts,
    /// Records that wait.
    pub(crate) waiting: BTreeMap<Key, Waiting>,
    /// What was done so far.
    pub(crate) report: Report,
    attempts: u64,
}

/// What matters about a waiting record.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    version: Option<Version>,
    raw: Option<String>,
    mapper: String,
    pub(crate) tries: u32,
    pub(crate) since: Timestamp,
    pub(crate) due: Option<Timestamp>,
}

impl Session {
    pub(crate) fn new(run: String, fence: Fence, parked: Vec<Parked>) -> Self {
        let waiting = parked.into_iter().map(|parked| (parked.key.clone(), Waiting::from(parked))).collect();
        let report = Report { run, ..Report::default() };
        Self { fence, doubts: Doubts::default(), waiting, report, attempts: 0 }
    }

    /// A name for the next attempt, unique for ever because runs are.
    pub(crate) fn next_attempt(&mut self) -> Attempt {
        self.attempts += 1;
        Attempt(format!("{}/{}", self.report.run, self.attempts))
    }

    /// Records that should be taken up now: their time has come, or the mapping has changed.
    pub(crate) fn due(&self, now: Timestamp, mapper: &str) -> Vec<Key> {
        let is_due =
            |waiting: &Waiting| waiting.mapper != mapper || waiting.due.is_some_and(|due| due <= now);
        self.waiting.iter().filter(|(_, waiting)| is_due(waiting)).map(|(key, _)| key.clone()).collect()
    }

    /// Whether the record already waits in exactly this version under this mapper.
    pub(crate) fn waits_as(&self, key: &Key, version: &Version, mapper: &str) -> bool {
        self.waiting
            .get(key)
            .is_some_and(|waiting| waiting.version.as_ref() == Some(version) && waiting.mapper == mapper)
    }

    /// Whether exactly this unreadable row already waits.
    pub(crate) fn waits_unread(&self, key: &Key, raw: &str) -> bool {
        self.waiting.get(key).is_some_and(|waiting| waiting.raw.as_deref() == Some(raw))
    }
}

impl From<Parked> for Waiting {
    fn from(parked: Parked) -> Self {
        let version = match &parked.change {
            Some(mapping::Change::Put(record)) => Some(record.version.clone()),
            _ => None,
        };
        let Parked { raw, mapper, tries, since, due, .. } = parked;
        Self { version, raw, mapper, tries, since, due }
    }
}

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

    /// Whether any write may still land on the record of `key`.
    pub(crate) fn concerns(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    /// Whether a write with exactly this content may still land.
    pub(crate) fn know(&self, draft: &Draft) -> bool {
        self.by_id.get(&draft.id).is_some_and(|doubts| doubts.iter().any(|doubt| doubt.draft == *draft))
    }
}
