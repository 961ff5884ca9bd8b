//! What can be switched while the org runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::token_trouble::TokenTrouble;

/// What can be switched while the org runs. Fields are named alone, for all objects, or as
/// `Object.Field`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each one is a switch of its own")]
pub struct SalesforceSwitches {
    /// These fields are hidden by field-level security.
    pub hidden: BTreeSet<String>,
    /// These text fields have another length than usual, in UTF-16 units.
    pub lengths: BTreeMap<String, u32>,
    /// These fields can be read but not written.
    pub read_only: BTreeSet<String>,
    /// External ids are not unique.
    pub not_unique: bool,
    /// External ids tell upper and lower case apart.
    pub case_sensitive: bool,
    /// The day's calls are used up.
    pub quota_exhausted: bool,
    /// Every call is one too many at the same time.
    pub too_concurrent: bool,
    /// So many of the next written rows are locked by somebody else.
    pub locked_rows: u32,
    /// So many of a thousand written rows are locked by somebody else, by chance.
    pub locked_per_mille: u32,
    /// A validation rule refuses these records.
    pub refused: Option<Matching>,
    /// A trigger runs into a limit in every call with one of these records.
    pub limited: Option<Matching>,
    /// A duplicate rule compares new and changed records with those that are there.
    pub duplicates: Option<DuplicateRule>,
    /// A trigger takes blanks out of phone numbers.
    pub rewrites_phones: bool,
    /// The user may edit activated orders and their products.
    pub edits_activated: bool,
    /// Answers to collections lack their last result.
    pub short_answers: bool,
    /// Answers to collections are in reverse order.
    pub reordered_answers: bool,
    /// Collections are not carried out, and one error with status 200 stands for all results.
    pub top_level_errors: bool,
    /// Records can be read, but not written.
    pub maintenance: bool,
    /// Larger bodies, in bytes, are refused by the edge with 413.
    pub largest_body: Option<usize>,
    /// Token requests are refused.
    pub token_trouble: Option<TokenTrouble>,
    /// What Bulk jobs do.
    pub bulk: BulkSwitches,
    /// How changes are told to subscribers.
    pub events: EventSwitches,
}

/// What can be switched of Bulk 2.0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BulkSwitches {
    /// How long a job waits before it begins, in milliseconds.
    pub queued_ms: u64,
    /// How long it runs before it ends, in milliseconds.
    pub running_ms: u64,
    /// Jobs fail with this message before any row is written.
    pub fails: Option<String>,
    /// Jobs fail after so many rows; the others stay unprocessed.
    pub stops_after: Option<usize>,
    /// The next result page of a query job is the one that was asked for again.
    pub repeats_locator: bool,
}

/// What can be switched of change events. Counts are for changes that come from then on, and go down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventSwitches {
    /// So many changes are told as gaps.
    pub gaps: u32,
    /// So many are told without their records, as `001*`.
    pub unlisted: u32,
    /// So many are told twice.
    pub doubled: u32,
    /// So many arrive damaged.
    pub garbled: u32,
    /// After so many changes of one transaction the rest is told as an overflow; 100,000 otherwise.
    pub overflow_after: Option<u32>,
    /// Schemas are those of other events.
    pub swaps_schemas: bool,
    /// Streams live, but nothing comes.
    pub silent: bool,
    /// The day's deliveries are used up.
    pub exhausted: bool,
    /// Places of other generations mean nothing: another one is an org that has moved.
    pub generation: u16,
}

impl SalesforceSwitches {
    /// Whether objects are described alike.
    pub(crate) fn describes_as(&self, other: &Self) -> bool {
        (self.not_unique, self.case_sensitive) == (other.not_unique, other.case_sensitive)
            && self.hidden == other.hidden
            && self.lengths == other.lengths
            && self.read_only == other.read_only
    }

    /// Whether users of the API do not see this field.
    pub(crate) fn hides(&self, object: &str, field: &str) -> bool {
        self.hidden.iter().any(|hidden| names(hidden, object, field))
    }

    /// Whether users of the API may not write this field.
    pub(crate) fn locks(&self, object: &str, field: &str) -> bool {
        self.read_only.iter().any(|locked| names(locked, object, field))
    }

    /// How long a text field is; `usual` unless it was altered.
    pub(crate) fn length(&self, object: &str, field: &str, usual: u32) -> u32 {
        let altered = self.lengths.iter().find(|(altered, _)| names(altered, object, field));
        altered.map_or(usual, |(_, length)| *length)
    }
}

/// Whether `entry` is `field` or `object.field`.
fn names(entry: &str, object: &str, field: &str) -> bool {
    match entry.split_once('.') {
        None => entry.eq_ignore_ascii_case(field),
        Some((of, name)) => of.eq_ignore_ascii_case(object) && name.eq_ignore_ascii_case(field),
    }
}

/// Records with a text in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// The field.
    pub field: String,
    /// What its text contains.
    pub contains: String,
}

impl Matching {
    /// Records whose `field` contains a text.
    pub fn new(field: impl Into<String>, contains: impl Into<String>) -> Self {
        Self { field: field.into(), contains: contains.into() }
    }
}

/// A duplicate rule: two records match if a field has the same text without case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateRule {
    /// The object.
    pub object: String,
    /// The field that is compared.
    pub field: String,
    /// Whether duplicates are blocked; otherwise they only alert, and a client that says so may
    /// save them.
    #[serde(default)]
    pub blocks: bool,
}
