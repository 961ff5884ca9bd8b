//! What the rows of a set were known by: for sweeps, and for rows that are delivered in groups.
//!
//! It is part of the cursor, so that it is kept in the same transaction as what it led to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mapping::Key;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cursor::{Walk, hex};
use crate::reader::before;

/// What rows were known by, by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Memory(BTreeMap<Key, Remembered>);

/// What one row was known by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remembered {
    /// Its fingerprint; `None` if it has to be read again.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<String>,
    /// Whether it has to be read once more although its fingerprint is the same: an `ETag` in whole
    /// seconds does not tell of a second change within one.
    #[serde(rename = "y", default, skip_serializing_if = "is_false")]
    pub(crate) young: bool,
    /// What it was delivered with.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Key>,
    /// The sweep that saw it last.
    #[serde(rename = "s", default, skip_serializing_if = "is_zero")]
    pub(crate) sweep: u64,
    /// When it was found missing first, by the server's clock.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub(crate) missing: Option<Timestamp>,
}

/// Where the comparison of all rows stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SweepWalk {
    /// Counts sweeps, from 1.
    pub(crate) number: u64,
    /// Where the one that is under way stands; `None` before its first page.
    pub(crate) walk: Option<Walk>,
    /// Whether one is under way.
    pub(crate) running: bool,
    /// When the last one ended, by the server's clock.
    pub(crate) ended: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl SweepWalk {
    /// Whether there has been none.
    pub(crate) fn is_new(&self) -> bool {
        *self == Self::default()
    }
}

impl Memory {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Remembered> {
        self.0.get(key)
    }

    /// What is remembered of a row, made if there is nothing yet.
    pub(crate) fn of(&mut self, key: &Key) -> &mut Remembered {
        self.0.entry(key.clone()).or_default()
    }

    pub(crate) fn forget(&mut self, key: &Key) -> Option<Remembered> {
        self.0.remove(key)
    }

    /// Rows that were found missing, and may be asked for again `after` that.
    pub(crate) fn doubted(&self, now: Timestamp, after: std::time::Duration) -> Vec<Key> {
        let due = |row: &Remembered| row.missing.is_some_and(|since| since <= before(now, after));
        self.0.iter().filter(|(_, row)| due(row)).map(|(key, _)| key.clone()).collect()
    }

    /// Some row that was there, and is none of `absent`.
    pub(crate) fn present_but(&self, absent: &[Key]) -> Option<&Key> {
        let there = |(key, row): &(&Key, &Remembered)| row.missing.is_none() && !absent.contains(key);
        self.0.iter().find(there).map(|(key, _)| key)
    }

    /// The rows that the sweep of this number has not seen.
    pub(crate) fn unseen(&self, number: u64) -> Vec<Key> {
        self.0.iter().filter(|(_, row)| row.sweep != number).map(|(key, _)| key.clone()).collect()
    }
}

/// What a row is known by: short, since each row of a set has one.
pub(crate) fn mark(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()), 6)
}
