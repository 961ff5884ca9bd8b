//! How far an entity has been read: what the opaque cursor holds.

use jiff::Timestamp;
use mapping::Key;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sync_engine::Cursor;

use crate::entity_settings::EntitySettings;
use crate::memory::{Memory, SweepWalk};

/// The state of all walks of an entity, and the question they belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) epoch: String,
    /// The walk of the entity's own set.
    pub(crate) walk: Walk,
    /// Walks of sets that tell which records changed, in the order of the settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) touches: Vec<Walk>,
    /// Whose turn it is within a run: 0 is the entity's own set.
    #[serde(default, skip_serializing_if = "is_first")]
    pub(crate) turn: usize,
    /// What rows were known by.
    #[serde(default, skip_serializing_if = "Memory::is_empty")]
    pub(crate) memory: Memory,
    /// Where the comparison of all rows stands.
    #[serde(default, skip_serializing_if = "SweepWalk::is_new")]
    pub(crate) sweep: SweepWalk,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_first(turn: &usize) -> bool {
    *turn == 0
}

/// Where a walk stands. Times are in the source's own time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Walk {
    /// Walks every row by key.
    Snapshot(Snapshot),
    /// Between two polls.
    Resting {
        /// The high-water mark: never beyond the newest row that was seen.
        hwm: Option<Timestamp>,
    },
    /// Within a poll of changes.
    Poll(Poll),
}

/// A walk of every row by key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    /// The last key that was read.
    pub(crate) last: Key,
    /// The server's clock when the walk began: its lower edge.
    pub(crate) hi0: Timestamp,
    /// The newest modification seen, none beyond `hi0`.
    pub(crate) seen: Option<Timestamp>,
    /// Rows read so far.
    pub(crate) delivered: u64,
    /// How many rows there are, if the server said so.
    pub(crate) total: Option<u64>,
    /// Pages read so far.
    pub(crate) pages: u64,
}

/// A walk of changes in the order of their time and key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Poll {
    /// The high-water mark when it began.
    pub(crate) hwm: Option<Timestamp>,
    /// Its upper bound, from the server's clock at its first page.
    pub(crate) hi: Timestamp,
    /// The last row that was read.
    pub(crate) at: Position,
    /// Pages read so far.
    pub(crate) pages: u64,
}

/// The place of a row in the order of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// Its modification.
    pub(crate) modified: Timestamp,
    /// Its key.
    pub(crate) key: Key,
}

impl Walk {
    /// How many pages of this walk were read.
    pub(crate) fn pages(&self) -> u64 {
        match self {
            Self::Snapshot(snapshot) => snapshot.pages,
            Self::Poll(poll) => poll.pages,
            Self::Resting { .. } => 0,
        }
    }
}

impl State {
    /// The state of a walk that nothing else goes along with.
    pub(crate) fn new(epoch: String, walk: Walk) -> Self {
        let (touches, memory, sweep) = (Vec::new(), Memory::default(), SweepWalk::default());
        Self { epoch, walk, touches, turn: 0, memory, sweep }
    }

    /// What `cursor` holds, if it belongs to the question `epoch`; else why it cannot be continued.
    pub(crate) fn read(cursor: &Cursor, epoch: &str) -> Result<Self, String> {
        let state: Self = serde_json::from_str(&cursor.0)
            .map_err(|error| format!("it is not one of this version of the IFS connector: {error}"))?;
        if state.epoch != epoch {
            return Err(
                "it belongs to other settings (address, set, fields, children, key or change detection)"
                    .into(),
            );
        }
        Ok(state)
    }

    /// As an opaque cursor.
    pub(crate) fn write(&self) -> Result<Cursor, String> {
        serde_json::to_string(self).map(Cursor).map_err(|error| format!("it cannot be written: {error}"))
    }
}

/// Names the question that a cursor belongs to.
pub(crate) fn epoch(root: &str, settings: &EntitySettings) -> String {
    let mut hash = Sha256::new();
    let kinds = settings.fields.iter().map(|field| format!("{}:{:?}", field.name, field.kind));
    let keys = settings.key.iter().map(|field| format!("{}:{:?}", field.name, field.kind));
    let rest = [
        root.to_owned(),
        settings.place.set.clone(),
        settings.modified.clone().unwrap_or_default(),
        format!("{:?}", settings.time_zone),
        format!("{:?} {:?}", settings.detection, settings.history),
        format!("{:?} {:?}", settings.children, settings.group),
    ];
    for part in
        rest.into_iter().chain(["keys".to_owned()]).chain(keys).chain(["fields".to_owned()]).chain(kinds)
    {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize(), 8)
}

/// The first `bytes` of a digest in hexadecimal.
pub(crate) fn hex(digest: &[u8], bytes: usize) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
    let mut out = String::with_capacity(bytes * 2);
    for byte in digest.iter().take(bytes) {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 15));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supplier;

    #[test]
    fn a_cursor_of_another_question_has_expired() {
        let settings = supplier::settings();
        let epoch_now = epoch("https://h/a.svc/", &settings);
        let state = State::new(epoch_now.clone(), Walk::Resting { hwm: None });
        let cursor = state.write().unwrap();
        assert_eq!(State::read(&cursor, &epoch_now), Ok(state));
        let mut narrower = settings.clone();
        narrower.fields.pop();
        let mut elsewhere = settings.clone();
        elsewhere.modified = Some("Changed".into());
        for other in [
            epoch("https://other/a.svc/", &settings),
            epoch("https://h/a.svc/", &narrower),
            epoch("https://h/a.svc/", &elsewhere),
        ] {
            assert!(State::read(&cursor, &other).is_err());
        }
        let foreign = Cursor("{\"x\":1}".into());
        assert!(State::read(&foreign, &epoch_now).is_err());
        let mut paged = settings;
        paged.page_size = 7;
        assert_eq!(epoch("https://h/a.svc/", &paged), epoch_now, "the page size is no part of the question");
    }
}
