//! One entry of the audit log.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wire::Timestamp;

/// In which run of which flow something happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The run; empty outside of one.
    pub run: Arc<str>,
    /// The flow, or another part of the program such as `doctor`.
    pub flow: Arc<str>,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When, by our clock.
    pub at: Timestamp,
    /// In which run and flow.
    pub scope: Scope,
    /// Which records it concerns: source keys.
    pub records: Arc<[String]>,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A request is about to leave.
    Asked(Exchange),
    /// A whole response came back.
    Answered {
        /// Entry number of the request.
        asked: u64,
        /// The HTTP status.
        status: u16,
        /// The response headers that may be kept, in order.
        headers: Vec<(String, String)>,
        /// The whole body, decompressed.
        body: Bytes,
        /// How long it took.
        elapsed_ms: u64,
    },
    /// No whole response came back.
    Unanswered {
        /// Entry number of the request.
        asked: u64,
        /// Whether the server may have acted.
        may_have_acted: bool,
        /// What went wrong.
        error: String,
        /// How long it took.
        elapsed_ms: u64,
    },
    /// Records were transformed.
    Mapped {
        /// Name and revision of the mapper.
        mapper: String,
        /// Entry number of the response that the inputs were read from.
        evidence: Option<u64>,
        /// Each record's input and output, in the order of [`Entry::records`].
        items: Vec<MappedItem>,
    },
    /// It was decided what to do for records.
    Decided {
        /// One decision for each record, in the order of [`Entry::records`].
        decisions: Vec<Decision>,
    },
    /// A run began, ended or met something worth telling; `note` is a JSON object.
    Run {
        /// `started`, `finished`, `failed`, `settled`, `parked`, `recovered`.
        what: String,
        /// Details, as a JSON object.
        note: Box<RawValue>,
    },
    /// A person did something by the command line or the console.
    Operator {
        /// What was done, such as `quarantine.discard`.
        what: String,
        /// Who, as far as known (the system user).
        who: String,
        /// Details, as a JSON object.
        note: Box<RawValue>,
    },
}

/// A request as it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The operation's stable name.
    pub operation: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The headers that may be kept, in order; secrets are replaced.
    pub headers: Vec<(String, String)>,
    /// The whole body; secrets are replaced.
    pub body: Bytes,
}

/// One record's transformation. Both sides are JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MappedItem {
    /// The observed change.
    pub input: Box<RawValue>,
    /// The drafts and notes, or `{"error": …}`.
    pub output: Box<RawValue>,
}

/// One decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decision {
    /// `create`, `update`, `nothing`, `hold`, `settled`, `parked`, `conflict`.
    pub action: String,
    /// Under which external id the target is written.
    pub id: String,
    /// The attempt that will carry it out, if something is written.
    pub attempt: Option<String>,
    /// Details (differences, reason, fault), as JSON.
    pub detail: Option<Box<RawValue>>,
}

/// The kind of an entry, for searching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A request.
    Asked,
    /// A response.
    Answered,
    /// A request without response.
    Unanswered,
    /// Transformations.
    Mapped,
    /// Decisions.
    Decided,
    /// Run events.
    Run,
    /// Operator actions.
    Operator,
}

impl Event {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Asked(_) => Kind::Asked,
            Self::Answered { .. } => Kind::Answered,
            Self::Unanswered { .. } => Kind::Unanswered,
            Self::Mapped { .. } => Kind::Mapped,
            Self::Decided { .. } => Kind::Decided,
            Self::Run { .. } => Kind::Run,
            Self::Operator { .. } => Kind::Operator,
        }
    }
}
