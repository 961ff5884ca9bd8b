//! OKD: overlap, keyset, dedupe. What to ask next, and what an answer means; pure.
//!
//! Rows are walked in the order of their modification and key, each page behind the last row of the
//! one before, never by `$skip`. A poll reaches back by the overlap, so that a change that becomes
//! visible late is found; its upper bound comes from the server's clock; and the high-water mark
//! never passes the newest row that was seen, so that an idle stream cannot step over a late row.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use mapping::Key;
use odata_client::{Filter, Literal, Order, Query, Select, property};
use sync_engine::{Fault, FaultClass, Observation};

use crate::cursor::{Poll, Position, Snapshot, Walk};
use crate::key::KeyShape;
use crate::reader::{Seen, before, earliest};

/// A page that is shorter than asked, without a next link, is believed to be the last one if it is
/// shorter than this. A longer one may have been cut by a limit of the server's own that it does not
/// tell: one more call makes sure.
pub(crate) const BELIEVED: usize = 100;

/// How one entity is walked.
#[derive(Debug, Clone)]
pub(crate) struct Walker {
    pub(crate) select: Vec<String>,
    pub(crate) keys: KeyShape,
    /// The attribute that changes move; without one there is nothing but the walk by key.
    pub(crate) modified: Option<String>,
    /// Rows that do not fulfil it are none of ours.
    pub(crate) only: Option<Filter>,
    pub(crate) overlap: Duration,
    pub(crate) variant: Variant,
}

/// The algorithm, and for tests ways to break it that must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// As it should be.
    Okd,
    /// Goes on behind the time of the last row, and forgets its key.
    #[cfg(test)]
    TimeOnly,
    /// Does not reach back.
    #[cfg(test)]
    NoOverlap,
    /// Moves the high-water mark to the upper bound.
    #[cfg(test)]
    PastSeen,
    /// Delivers rows beyond the upper bound, and moves the high-water mark there.
    #[cfg(test)]
    NoUpperBound,
    /// Believes each page without a next link that is shorter than asked.
    #[cfg(test)]
    ShortIsLast,
}

/// What came back, besides its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    /// How many rows were asked for.
    pub(crate) asked: u64,
    /// Whether the server says that there are more.
    pub(crate) has_next: bool,
    /// How many rows the server counted.
    pub(crate) count: Option<u64>,
    /// The server's clock, its lower edge less the lag, in whole seconds of the source's own time.
    pub(crate) hi: Timestamp,
    /// By how much the overlap must be longer now.
    pub(crate) set_back: Duration,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) rows: Vec<Seen>,
    pub(crate) walk: Walk,
    pub(crate) more: bool,
    pub(crate) total: Option<u64>,
}

impl Walker {
    /// What to ask next. `set_back` lengthens the overlap of a poll that begins.
    pub(crate) fn question(&self, walk: Option<&Walk>, top: u64, set_back: Duration) -> Query {
        let (filter, by_time) = match walk {
            None => (None, false),
            Some(Walk::Snapshot(snapshot)) => (self.keys.behind(&snapshot.last), false),
            Some(Walk::Resting { hwm }) => {
                let lo = Literal::Timestamp(self.lower(*hwm, set_back));
                (Some(self.attribute().ge(lo)), true)
            }
            Some(Walk::Poll(poll)) => (Some(self.behind(poll)), true),
        };
        let time = self.modified.as_ref().filter(|_| by_time).map(Order::ascending);
        Query {
            filter: self.narrowed(filter),
            select: Select::properties(&self.select),
            order_by: time.into_iter().chain(self.keys.ascending()).collect(),
            top: Some(top),
            skip: None,
            count: walk.is_none(),
            ..Query::default()
        }
    }

    fn attribute(&self) -> Filter {
        property(self.modified.as_deref().unwrap_or_default())
    }

    /// Of these rows, ours.
    pub(crate) fn narrowed(&self, filter: Option<Filter>) -> Option<Filter> {
        match (self.only.clone(), filter) {
            (Some(only), Some(filter)) => Some(only.and(filter)),
            (only, filter) => only.or(filter),
        }
    }

    fn behind(&self, poll: &Poll) -> Filter {
        let modified = || self.attribute();
        let at = Literal::Timestamp(poll.at.modified);
        let newer = modified().gt(at.clone());
        let behind = match (self.variant, self.keys.behind(&poll.at.key)) {
            #[cfg(test)]
            (Variant::TimeOnly, _) => newer,
            (_, Some(behind)) => newer.or(modified().eq(at).and(behind)),
            (_, None) => newer,
        };
        behind.and(modified().le(Literal::Timestamp(poll.hi)))
    }

    fn lower(&self, hwm: Option<Timestamp>, set_back: Duration) -> Timestamp {
        let overlap = match self.variant {
            #[cfg(test)]
            Variant::NoOverlap => Duration::ZERO,
            _ => self.overlap.saturating_add(set_back),
        };
        hwm.map_or_else(earliest, |hwm| before(hwm, overlap))
    }

    /// What an answer to the question of `walk` means.
    pub(crate) fn step(&self, walk: Option<&Walk>, rows: Vec<Seen>, answer: Answer) -> Result<Step, Fault> {
        absent_everywhere(&rows)?;
        match walk {
            None => self.snapshot(None, rows, answer),
            Some(Walk::Snapshot(snapshot)) => self.snapshot(Some(snapshot), rows, answer),
            Some(Walk::Resting { hwm }) => self.first_of_poll(*hwm, rows, answer),
            Some(Walk::Poll(poll)) => self.next_of_poll(poll, rows, answer),
        }
    }

    fn snapshot(&self, from: Option<&Snapshot>, rows: Vec<Seen>, answer: Answer) -> Result<Step, Fault> {
        let hi0 = from.map_or(answer.hi, |from| from.hi0);
        let total = from.map_or(answer.count, |from| from.total);
        let count = rows.len();
        let mut seen = from.and_then(|from| from.seen);
        let mut last = from.map(|from| from.last.clone());
        for row in &rows {
            if let Some(modified) = row.modified.filter(|modified| *modified <= hi0) {
                seen = seen.max(Some(modified));
            }
            if let Some(key) = &row.key {
                self.check_key(from.map(|from| &from.last), last.as_ref(), key)?;
                last = Some(key.clone());
            }
        }
        let delivered = from.map_or(0, |from| from.delivered) + count as u64;
        let promised = count > 0 && total.is_some_and(|total| delivered < total);
        let more = promised || self.is_more(count, answer);
        let walk = match last {
            Some(last) if more && Some(&last) != from.map(|from| &from.last) => Walk::Snapshot(Snapshot {
                last,
                hi0,
                seen,
                delivered,
                total,
                pages: from.map_or(0, |from| from.pages) + 1,
            }),
            _ if more => return Err(no_progress("no row of a page has a readable key behind the last one")),
            _ => Walk::Resting { hwm: self.mark(None, seen, hi0) },
        };
        // What changed during the walk is asked for at once: the hand-over is no end.
        Ok(Step { rows, walk, more: true, total })
    }

    /// Keys come in ascending order, all behind `start`; the same row may come twice.
    fn check_key(&self, start: Option<&Key>, last: Option<&Key>, key: &Key) -> Result<(), Fault> {
        let order = start.and_then(|start| self.keys.compare(start, key));
        if matches!(order, Some(Ordering::Equal | Ordering::Greater)) {
            return Err(no_progress(&format!("the row {key} was asked to be left behind, and came again")));
        }
        if last.and_then(|last| self.keys.compare(last, key)) == Some(Ordering::Greater) {
            return Err(order_ignored(&format!("the row {key} comes too late")));
        }
        Ok(())
    }

    fn first_of_poll(&self, hwm: Option<Timestamp>, rows: Vec<Seen>, answer: Answer) -> Result<Step, Fault> {
        let lo = self.lower(hwm, answer.set_back);
        if let Some(early) = rows.iter().filter_map(|row| row.modified).find(|modified| *modified < lo) {
            return Err(filter_ignored(&format!("a row of {early} came, asked was from {lo}")));
        }
        let poll = Draft { hwm, hi: answer.hi, at: None, pages: 0 };
        self.poll(poll, rows, answer)
    }

    fn next_of_poll(&self, from: &Poll, rows: Vec<Seen>, answer: Answer) -> Result<Step, Fault> {
        if rows.iter().filter_map(|row| row.modified).any(|modified| modified > from.hi) {
            return Err(filter_ignored(&format!("a row came that is newer than {}", from.hi)));
        }
        let poll = Draft { hwm: from.hwm, hi: from.hi, at: Some(from.at.clone()), pages: from.pages };
        self.poll(poll, rows, answer)
    }

    fn poll(&self, mut poll: Draft, rows: Vec<Seen>, answer: Answer) -> Result<Step, Fault> {
        let count = rows.len();
        let start = poll.at.clone();
        let mut delivered = Vec::with_capacity(count);
        let mut beyond = false;
        for row in rows {
            let (Some(key), modified) = (row.key.clone(), row.modified) else {
                delivered.push(row);
                continue;
            };
            let Some(modified) = modified else {
                if let Observation::Change(_) = row.observation {
                    return Err(filter_ignored(&format!("the row {key} came without a modification time")));
                }
                delivered.push(row);
                continue;
            };
            if modified > poll.hi && self.bounded() {
                // Too young to rest the mark on, but read all the same: whoever edits a row and runs
                // at once sees it go over. The next poll reads it again, and knows its version.
                beyond = true;
                delivered.push(row);
                continue;
            }
            let position = Position { modified, key };
            if self.advances(poll.at.as_ref(), start.as_ref(), &position)? {
                poll.at = Some(position);
                delivered.push(row);
            }
        }
        let more = !beyond && self.is_more(count, answer);
        if more && count > 0 && poll.at == start {
            return Err(no_progress(
                "none of the rows of a page comes behind the last row of the page before",
            ));
        }
        let walk = match (more, poll.at) {
            (true, Some(at)) => Walk::Poll(Poll { hwm: poll.hwm, hi: poll.hi, at, pages: poll.pages + 1 }),
            (_, at) => {
                let seen = at.map(|at| at.modified);
                return Ok(Step {
                    rows: delivered,
                    walk: Walk::Resting { hwm: self.mark(poll.hwm, seen, poll.hi) },
                    more: false,
                    total: None,
                });
            }
        };
        Ok(Step { rows: delivered, walk, more: true, total: None })
    }

    /// Whether a row comes behind the one before it; `false` for the same row once more within a
    /// page.
    fn advances(
        &self,
        last: Option<&Position>,
        start: Option<&Position>,
        row: &Position,
    ) -> Result<bool, Fault> {
        let Some(last) = last else { return Ok(true) };
        let order = last
            .modified
            .cmp(&row.modified)
            .then_with(|| self.keys.compare(&last.key, &row.key).unwrap_or(Ordering::Less));
        match order {
            Ordering::Less => Ok(true),
            Ordering::Equal if start != Some(row) => Ok(false),
            _ if start.is_some_and(|start| self.not_behind(start, row)) => Err(no_progress(&format!(
                "the row {} of {} was asked to be left behind, and came again",
                row.key, row.modified
            ))),
            _ => Err(order_ignored(&format!("the row {} of {} comes too late", row.key, row.modified))),
        }
    }

    fn not_behind(&self, start: &Position, row: &Position) -> bool {
        let by_key = || self.keys.compare(&start.key, &row.key).unwrap_or(Ordering::Less);
        start.modified.cmp(&row.modified).then_with(by_key) != Ordering::Less
    }

    fn is_more(&self, count: usize, answer: Answer) -> bool {
        if answer.has_next || count as u64 >= answer.asked {
            return true;
        }
        match self.variant {
            #[cfg(test)]
            Variant::ShortIsLast => false,
            _ => count >= BELIEVED,
        }
    }

    fn bounded(&self) -> bool {
        match self.variant {
            #[cfg(test)]
            Variant::NoUpperBound => false,
            _ => true,
        }
    }

    /// The high-water mark after a walk: the newest row seen, never beyond the bound, never back.
    fn mark(&self, hwm: Option<Timestamp>, seen: Option<Timestamp>, hi: Timestamp) -> Option<Timestamp> {
        match self.variant {
            #[cfg(test)]
            Variant::PastSeen => hwm.max(Some(hi)),
            #[cfg(test)]
            Variant::NoUpperBound => hwm.max(seen),
            _ => hwm.max(seen.map(|seen| seen.min(hi))),
        }
    }
}

/// A poll while one of its pages is read.
struct Draft {
    hwm: Option<Timestamp>,
    hi: Timestamp,
    at: Option<Position>,
    pages: u64,
}

/// A field that is absent from every row of a page has vanished from the set (a right was taken, or
/// the projection changed): the flow stops, so that nobody takes it for empty.
fn absent_everywhere(rows: &[Seen]) -> Result<(), Fault> {
    let Some(field) = rows.first().and_then(|row| row.absent.as_ref()) else { return Ok(()) };
    if !rows.iter().all(|row| row.absent.as_ref() == Some(field)) {
        return Ok(());
    }
    Err(Fault {
        class: FaultClass::Access,
        code: "FIELD_MISSING".into(),
        message: format!("the field {field} is absent from every row"),
        fields: vec![field.clone()],
        hint: Some(
            "look whether the service user may read it (doctor compares all fields); \
             if the server leaves nulls out, set absent_is_null"
                .into(),
        ),
    })
}

fn protocol(code: &str, message: &str, hint: &str) -> Fault {
    Fault {
        class: FaultClass::Protocol,
        code: code.into(),
        message: message.into(),
        fields: Vec::new(),
        hint: Some(hint.into()),
    }
}

pub(crate) fn no_progress(message: &str) -> Fault {
    protocol(
        "PAGING_NO_PROGRESS",
        message,
        "the server does not compare as it shows: try another `precision` or `key_order`; doctor tells which",
    )
}

fn filter_ignored(message: &str) -> Fault {
    protocol(
        "FILTER_IGNORED",
        message,
        "the server does not filter by the modified attribute: choose another one; doctor tells whether it works",
    )
}

pub(crate) fn order_ignored(message: &str) -> Fault {
    protocol(
        "ORDER_IGNORED",
        message,
        "if the server sorts keys by rules of its own, set key_order = \"server\"",
    )
}
