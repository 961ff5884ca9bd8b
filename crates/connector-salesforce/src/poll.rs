//! What a source asks next, and how far it has read: overlap, keyset, and an upper bound by the org's
//! own clock; pure.
//!
//! Rows are walked in the order of `SystemModstamp` and `Id`, each page behind the last row of the one
//! before. A poll reaches back by the overlap, so that a change that becomes visible late is found; its
//! upper bound lies where the org says that everything is told; and the mark never passes the newest
//! row that was seen, so that an idle object cannot step over a late row.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sfdc_client::{Filter, Literal, Operator, Select, SoqlError};
use sync_engine::Cursor;

use crate::event_state::EventState;

/// When a record was changed, by people or by the system.
pub(crate) const STAMP: &str = "SystemModstamp";

/// How far an object has been read, and the question it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) epoch: String,
    pub(crate) walk: Walk,
    /// Up to when deletions have been told.
    pub(crate) gone: Timestamp,
    /// How change events stand, where they are listened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<EventState>,
}

/// Where a walk stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Walk {
    /// Between two polls.
    Resting {
        /// The newest stamp that was seen.
        mark: Option<Timestamp>,
    },
    /// Within a poll.
    Poll(Poll),
}

/// A walk of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Poll {
    /// The newest stamp that was seen before it.
    pub(crate) mark: Option<Timestamp>,
    /// Its upper bound.
    pub(crate) until: Timestamp,
    /// The last row that was read.
    pub(crate) at: Place,
    /// Pages read so far.
    pub(crate) pages: u64,
}

/// The place of a row in the order of changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) stamp: Timestamp,
    pub(crate) id: String,
}

impl State {
    /// Nothing has been read.
    pub(crate) fn first(epoch: &str, now: Timestamp) -> Self {
        Self { epoch: epoch.to_owned(), walk: Walk::Resting { mark: None }, gone: now, events: None }
    }

    /// What `cursor` holds, if it belongs to the question `epoch`; else why it cannot be continued.
    pub(crate) fn read(cursor: &Cursor, epoch: &str) -> Result<Self, String> {
        let state: Self = serde_json::from_str(&cursor.0)
            .map_err(|error| format!("it is not one of this version of the Salesforce connector: {error}"))?;
        if state.epoch == epoch {
            return Ok(state);
        }
        Err("it belongs to other settings (org, object or fields)".into())
    }

    /// As an opaque cursor.
    pub(crate) fn write(&self) -> Result<Cursor, String> {
        serde_json::to_string(self).map(Cursor).map_err(|error| format!("it cannot be written: {error}"))
    }
}

impl Walk {
    /// How many pages of this walk were read.
    pub(crate) fn pages(&self) -> u64 {
        match self {
            Self::Poll(poll) => poll.pages,
            Self::Resting { .. } => 0,
        }
    }

    /// The newest stamp that was seen before this poll.
    pub(crate) fn mark(&self) -> Option<Timestamp> {
        match self {
            Self::Resting { mark } | Self::Poll(Poll { mark, .. }) => *mark,
        }
    }

    /// The page behind what was read.
    pub(crate) fn question(
        &self,
        select: Select,
        (until, overlap): (Timestamp, Duration),
        rows: u32,
    ) -> Result<Select, SoqlError> {
        let is = |field: &str, operator, value: &Literal| Filter::is(field, operator, value);
        let select = match self {
            Self::Resting { mark: None } => select,
            Self::Resting { mark: Some(mark) } => {
                let from = mark.saturating_sub(overlap).unwrap_or(*mark);
                select.filter(is(STAMP, Operator::AtLeast, &Literal::DateTime(from))?)
            }
            Self::Poll(poll) => {
                let at = Literal::DateTime(poll.at.stamp);
                let id = Literal::Text(poll.at.id.clone());
                let same =
                    Filter::all([is(STAMP, Operator::Equal, &at)?, is("Id", Operator::Greater, &id)?])?;
                select.filter(Filter::any([is(STAMP, Operator::Greater, &at)?, same])?)
            }
        };
        let bound = is(STAMP, Operator::Less, &Literal::DateTime(until))?;
        Ok(select.filter(bound).order_by([STAMP, "Id"])?.limit(rows))
    }

    /// Where the walk stands after a page that ended at `last`; `more` if it was full.
    pub(crate) fn after(&self, until: Timestamp, last: Option<Place>, more: bool) -> Result<Self, String> {
        let before = match self {
            Self::Poll(poll) => Some(&poll.at),
            Self::Resting { .. } => None,
        };
        if let (Some(before), Some(last)) = (before, &last)
            && last <= before
        {
            return Err(format!("the row {} was asked to be left behind, and came again", last.id));
        }
        match (last, more) {
            (Some(at), true) => {
                Ok(Self::Poll(Poll { mark: self.mark(), until, at, pages: self.pages() + 1 }))
            }
            (None, true) => Err("a full page has no row with a stamp".into()),
            (last, false) => {
                let seen = last.map(|last| last.stamp).or(before.map(|before| before.stamp));
                Ok(Self::Resting { mark: self.mark().max(seen) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_772_359_200 + second).expect("in range")
    }

    #[test]
    fn pages_follow_each_other_by_stamp_and_id_and_polls_reach_back() {
        let select = || Select::from("Account", ["Id"]).expect("names");
        let overlap = Duration::from_secs(300);
        let rest = Walk::Resting { mark: Some(at(1_000)) };
        let text = rest.question(select(), (at(2_000), overlap), 3).expect("a query").text();
        assert_eq!(
            text,
            "SELECT Id FROM Account WHERE SystemModstamp >= 2026-03-01T10:11:40.000Z AND \
             SystemModstamp < 2026-03-01T10:33:20.000Z ORDER BY SystemModstamp,Id LIMIT 3"
        );
        let last = Place { stamp: at(1_100), id: "001b".into() };
        let poll = rest.after(at(2_000), Some(last.clone()), true).expect("goes on");
        let text = poll.question(select(), (at(2_000), overlap), 3).expect("a query").text();
        assert!(text.contains("(SystemModstamp > 2026-03-01T10:18:20.000Z OR (SystemModstamp = 2026-03-01T10:18:20.000Z AND Id > '001b'))"), "{text}");
        assert!(poll.after(at(2_000), Some(last), true).is_err(), "no progress is no silent circle");
        assert_eq!(poll.after(at(2_000), None, false), Ok(Walk::Resting { mark: Some(at(1_100)) }));
        let old = Place { stamp: at(900), id: "001c".into() };
        assert_eq!(rest.after(at(2_000), Some(old), false), Ok(rest.clone()), "the mark never goes back");
        assert_eq!(rest.after(at(2_000), None, false), Ok(rest), "nor past what was seen");
    }

    #[test]
    fn cursors_belong_to_their_question() {
        let state = State::first("a", at(0));
        let cursor = state.write().expect("writes");
        assert_eq!(State::read(&cursor, "a"), Ok(state));
        State::read(&cursor, "b").expect_err("another question");
        State::read(&Cursor("{}".into()), "a").expect_err("no cursor of ours");
    }
}
