//! What one run knows while it lasts.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use mapping::{Fields, Key, Policy, Reference, Version};

use crate::brake::Brake;
use crate::doubts::Doubts;
use crate::{Attempt, Conflict, Fence, Parked, ParkedClass, Report};

/// One run of one flow, from taking it over to giving it back.
#[derive(Debug)]
pub(crate) struct Session {
    /// The right to write the flow's state.
    pub(crate) fence: Fence,
    /// Writes of earlier attempts that may still land.
    pub(crate) doubts: Doubts,
    /// Records that wait.
    pub(crate) waiting: BTreeMap<Key, Waiting>,
    /// Conflicts that are not over, by record of this flow's source.
    pub(crate) conflicts: BTreeMap<Key, Vec<Conflict>>,
    /// Records that the flow in the other direction has written without knowing what became of it,
    /// by either of their names.
    pub(crate) crossed: BTreeSet<String>,
    /// What the plan may do in this run.
    pub(crate) policy: Policy,
    /// How much this run may change.
    pub(crate) brake: Brake,
    /// Records seen on a whole sweep, by digest; `None` where it is no whole sweep.
    pub(crate) swept: Option<HashSet<u64>>,
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
    pub(crate) class: ParkedClass,
    pub(crate) waits_for: Vec<Reference>,
    pub(crate) assigned: Option<String>,
    pub(crate) amended: Option<Fields>,
}

impl Session {
    pub(crate) fn new(run: String, fence: Fence, policy: Policy, parked: Vec<Parked>) -> Self {
        let waiting = parked.into_iter().map(|parked| (parked.key.clone(), Waiting::from(parked))).collect();
        let report = Report { run, careful: policy.careful, ..Report::default() };
        Self {
            fence,
            doubts: Doubts::default(),
            waiting,
            conflicts: BTreeMap::new(),
            crossed: BTreeSet::new(),
            policy,
            brake: Brake::default(),
            swept: None,
            report,
            attempts: 0,
        }
    }

    /// Whether the record was written to and fro, and nobody has said that it may go on.
    pub(crate) fn is_frozen(&self, record: &mapping::Record) -> bool {
        let frozen = |waiting: &Waiting| {
            waiting.class == ParkedClass::Frozen
                && waiting.due.is_none()
                && waiting.version.as_ref() == Some(&record.version)
        };
        self.waiting.get(&record.key).is_some_and(frozen)
    }

    /// Whether it is taken up again after it was frozen.
    pub(crate) fn waits_frozen(&self, key: &Key) -> bool {
        self.waiting.get(key).is_some_and(|waiting| waiting.class == ParkedClass::Frozen)
    }

    /// Notes which records a whole sweep has met.
    pub(crate) fn sweeps<'k>(&mut self, keys: impl Iterator<Item = &'k Key>) {
        if let Some(swept) = &mut self.swept {
            swept.extend(keys.map(digest));
        }
    }

    /// Whether a whole sweep has met the record.
    pub(crate) fn has_swept(&self, key: &Key) -> bool {
        self.swept.as_ref().is_none_or(|swept| swept.contains(&digest(key)))
    }

    /// Conflicts of a record that are not over.
    pub(crate) fn conflicts_of(&self, key: &Key) -> &[Conflict] {
        self.conflicts.get(key).map_or(&[], Vec::as_slice)
    }

    /// Values that a person gave for this version of the record.
    pub(crate) fn amended(&self, key: &Key, version: &Version) -> Option<&Fields> {
        let waiting = self.waiting.get(key)?;
        waiting.amended.as_ref().filter(|_| waiting.version.as_ref() == Some(version))
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

/// Two keys of one digest only make a record that is gone look as if it were there.
fn digest(key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

impl From<Parked> for Waiting {
    fn from(parked: Parked) -> Self {
        let version = match &parked.change {
            Some(mapping::Change::Put(record)) => Some(record.version.clone()),
            _ => None,
        };
        let Parked { raw, mapper, tries, since, due, class, waits_for, assigned, amended, .. } = parked;
        Self { version, raw, mapper, tries, since, due, class, waits_for, assigned, amended }
    }
}
