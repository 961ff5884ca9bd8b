//! A field on which people on both sides moved apart.

use jiff::Timestamp;
use mapping::{Fields, Key, Side, TargetId};
use serde::{Deserialize, Serialize};

/// A field on which people on both sides moved apart. Both values are kept before either is
/// overwritten. It is kept as the forward flow of its pair sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// Names it: the same field of the same pair has the same name.
    pub id: String,
    /// Where the links of its pair are kept.
    pub book: String,
    /// The flow that saw it last.
    pub flow: String,
    /// The source record.
    pub key: Key,
    /// The target's own id.
    pub target: TargetId,
    /// What the source shows.
    pub source: Claim,
    /// What the target shows.
    pub claim: Claim,
    /// When it was first seen.
    pub since: Timestamp,
    /// How it stands.
    pub state: ConflictState,
}

/// What one side of a conflict shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The fields as they are now.
    pub now: Fields,
    /// The same fields as both sides last agreed on them; absent ones never were agreed on.
    pub base: Fields,
    /// When that side's record was modified last, by its own system's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Who modified it last, if that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// How a conflict stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ConflictState {
    /// Nobody has decided; the field stays as it is on both sides.
    Open,
    /// It is decided, and carried out by the next run of the flow that writes the loser.
    Decided {
        /// Whose value stays, as the forward flow sees it.
        winner: Side,
        /// Who decided: a person, or a rule.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// It is over.
    Settled {
        /// How.
        how: String,
        /// When.
        at: Timestamp,
    },
}

impl ConflictState {
    /// Its name: `open`, `decided` or `settled`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decided { .. } => "decided",
            Self::Settled { .. } => "settled",
        }
    }
}

impl Conflict {
    /// Whether nothing is left to be decided or done.
    pub fn is_over(&self) -> bool {
        matches!(self.state, ConflictState::Settled { .. })
    }

    /// The same conflict as the flow in the other direction sees it.
    #[must_use]
    pub fn swapped(self) -> Self {
        let state = match self.state {
            ConflictState::Decided { winner, by, at } => {
                ConflictState::Decided { winner: winner.other(), by, at }
            }
            other => other,
        };
        Self {
            key: Key::from(self.target.as_str()),
            target: TargetId::from(self.key.as_str()),
            source: self.claim,
            claim: self.source,
            state,
            ..self
        }
    }
}

/// Which conflicts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConflictQuery {
    /// Only this one.
    pub id: Option<String>,
    /// Only of this book.
    pub book: Option<String>,
    /// Only of this source record or this target record.
    pub record: Option<String>,
    /// Only those that touch this field, on either side.
    pub field: Option<String>,
    /// Settled ones too.
    pub settled: bool,
}

impl ConflictQuery {
    /// Whether it means the conflict.
    pub fn admits(&self, conflict: &Conflict) -> bool {
        let named = |field: &String| {
            conflict.source.now.get(field).is_some() || conflict.claim.now.get(field).is_some()
        };
        let of = |record: &String| *record == conflict.key.as_str() || *record == conflict.target.as_str();
        self.id.as_ref().is_none_or(|id| *id == conflict.id)
            && self.book.as_ref().is_none_or(|book| *book == conflict.book)
            && self.record.as_ref().is_none_or(of)
            && self.field.as_ref().is_none_or(named)
            && (self.settled || !conflict.is_over())
    }
}
