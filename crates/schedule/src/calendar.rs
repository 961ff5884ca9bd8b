//! The procurement calendar: when flows may run, and when they should run more often.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::spans::Spans;
use crate::{Kind, Span, Weekly};

/// How far ahead a weekly window is looked for: it comes back within a week, and may last a day more.
const WEEK: i64 = 8;
/// How many changes are looked through for an opening: years of several windows a day.
const CHANGES: usize = 10_000;

/// When flows may run, and when they should run more often.
///
/// A blackout wins over a holiday, a holiday over a rush, a rush over a window. Where no window is declared
/// at all, every hour that is neither a holiday nor a blackout is open.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    weekly: Vec<Weekly>,
    spans: Arc<[Spans; 4]>,
}

/// Whether flows may run at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Door {
    /// They may.
    Open,
    /// They may, and should run more often.
    Rush {
        /// The name of the rush.
        name: Arc<str>,
    },
    /// They wait.
    Closed {
        /// What keeps them: a holiday or a blackout; `None` outside of the working windows.
        by: Option<Kind>,
        /// Its name; empty outside of the working windows.
        name: Arc<str>,
    },
}

impl Door {
    /// Whether flows may run.
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::Closed { .. })
    }
}

impl Calendar {
    /// A calendar that is always open.
    pub fn open(zone: TimeZone) -> Self {
        Self { zone, weekly: Vec::new(), spans: Arc::default() }
    }

    /// A calendar of weekly windows and single stretches.
    pub fn new(zone: TimeZone, weekly: Vec<Weekly>, events: impl IntoIterator<Item = (Kind, Span)>) -> Self {
        let mut by_kind: [Vec<Span>; 4] = Default::default();
        for (kind, span) in events {
            by_kind[place(kind)].push(span);
        }
        Self { zone, weekly, spans: Arc::new(by_kind.map(Spans::of)) }
    }

    /// The same calendar with nothing but its blackouts.
    pub fn blackouts(&self) -> Self {
        let weekly = self.weekly.iter().filter(|window| window.kind == Kind::Blackout).cloned().collect();
        let mut spans: [Spans; 4] = Default::default();
        spans[place(Kind::Blackout)] = self.spans[place(Kind::Blackout)].clone();
        Self { zone: self.zone.clone(), weekly, spans: Arc::new(spans) }
    }

    /// The zone in which its weekly windows stand.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether it never closes and has no rush.
    pub fn is_plain(&self) -> bool {
        self.weekly.is_empty() && self.spans.iter().all(Spans::is_empty)
    }

    /// Whether flows may run at `moment`.
    pub fn door(&self, moment: Timestamp) -> Door {
        for kind in [Kind::Blackout, Kind::Holiday] {
            if let Some(name) = self.at(kind, moment) {
                return Door::Closed { by: Some(kind), name };
            }
        }
        if let Some(name) = self.at(Kind::Rush, moment) {
            return Door::Rush { name };
        }
        if !self.declares(Kind::Open) || self.at(Kind::Open, moment).is_some() {
            return Door::Open;
        }
        Door::Closed { by: None, name: "".into() }
    }

    /// The first moment from `moment` on at which flows may run, as far as the calendar knows.
    pub fn opens(&self, moment: Timestamp) -> Option<Timestamp> {
        self.first(moment, Door::is_open)
    }

    /// The first moment from `moment` on that is in no blackout.
    pub fn lifts(&self, moment: Timestamp) -> Option<Timestamp> {
        self.first(moment, |door| !matches!(door, Door::Closed { by: Some(Kind::Blackout), .. }))
    }

    /// The first rush that has not ended by `moment`.
    pub fn rush(&self, moment: Timestamp) -> Option<Span> {
        let single = self.spans[place(Kind::Rush)].at_or_after(moment).cloned();
        let weekly = self.weekly.iter().filter(|window| window.kind == Kind::Rush);
        let weekly = weekly.flat_map(|window| window.around(moment, &self.zone, WEEK));
        weekly.chain(single).filter(|span| span.to > moment).min()
    }

    /// The next moment after `moment` at which something may begin or end.
    pub fn change(&self, moment: Timestamp) -> Option<Timestamp> {
        let single = self.spans.iter().filter_map(|spans| spans.edge_after(moment));
        let weekly = self.weekly.iter().flat_map(|window| window.around(moment, &self.zone, WEEK));
        let weekly = weekly.flat_map(|span| [span.from, span.to]).filter(|edge| *edge > moment);
        single.chain(weekly).min()
    }

    /// How much of the time from `from` to `to` was open.
    pub fn open_between(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let mut open = SignedDuration::ZERO;
        let mut at = from;
        for _ in 0..CHANGES {
            if at >= to {
                break;
            }
            let next = self.change(at).unwrap_or(to).min(to);
            if self.door(at).is_open() {
                open = open.saturating_add(next.duration_since(at));
            }
            at = next;
        }
        open
    }

    fn first(&self, moment: Timestamp, wanted: impl Fn(&Door) -> bool) -> Option<Timestamp> {
        let mut at = moment;
        for _ in 0..CHANGES {
            if wanted(&self.door(at)) {
                return Some(at);
            }
            at = self.change(at)?;
        }
        None
    }

    fn declares(&self, kind: Kind) -> bool {
        !self.spans[place(kind)].is_empty() || self.weekly.iter().any(|window| window.kind == kind)
    }

    /// The name of whatever of this kind holds `moment`.
    fn at(&self, kind: Kind, moment: Timestamp) -> Option<Arc<str>> {
        if let Some(span) = self.spans[place(kind)].at(moment) {
            return Some(span.name.clone());
        }
        let windows = self.weekly.iter().filter(|window| window.kind == kind);
        let mut around = windows.flat_map(|window| window.around(moment, &self.zone, 0));
        around.find(|span| span.holds(moment)).map(|span| span.name)
    }

    /// Whether flows may run at the last moment before `moment`: what is due at the end of a window still
    /// belongs to it.
    pub(crate) fn door_before(&self, moment: Timestamp) -> Door {
        self.door(moment.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(moment))
    }
}

/// Where the spans of a kind stand.
fn place(kind: Kind) -> usize {
    match kind {
        Kind::Open => 0,
        Kind::Rush => 1,
        Kind::Holiday => 2,
        Kind::Blackout => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::{hours, moment};
    use crate::zone;

    fn office() -> Calendar {
        let span =
            |from: &str, to: &str, name: &str| Span { from: moment(from), to: moment(to), name: name.into() };
        let events = [
            (Kind::Holiday, span("2026-12-23T23:00:00Z", "2026-12-26T23:00:00Z", "Christmas")),
            (Kind::Blackout, span("2026-11-30T08:00:00Z", "2026-11-30T09:00:00Z", "upgrade")),
            (Kind::Rush, span("2026-11-28T23:00:00Z", "2026-11-30T23:00:00Z", "month end")),
        ];
        Calendar::new(zone("Europe/Stockholm").unwrap(), vec![hours()], events)
    }

    #[test]
    fn what_is_stronger_wins() {
        let calendar = office();
        assert_eq!(calendar.door(moment("2026-11-27T10:00:00Z")), Door::Open);
        assert_eq!(calendar.door(moment("2026-11-27T20:00:00Z")), Door::Closed { by: None, name: "".into() });
        assert_eq!(calendar.door(moment("2026-11-29T20:00:00Z")), Door::Rush { name: "month end".into() });
        let upgrade = Door::Closed { by: Some(Kind::Blackout), name: "upgrade".into() };
        assert_eq!(calendar.door(moment("2026-11-30T08:30:00Z")), upgrade);
        assert!(!calendar.door(moment("2026-12-24T10:00:00Z")).is_open());
    }

    #[test]
    fn the_next_opening_is_found_over_weekends_holidays_and_blackouts() {
        let opens = |from: &str| office().opens(moment(from)).unwrap().to_string();
        assert_eq!(opens("2026-11-27T10:00:00Z"), "2026-11-27T10:00:00Z");
        assert_eq!(opens("2026-11-27T17:00:00Z"), "2026-11-28T23:00:00Z");
        assert_eq!(opens("2026-11-30T08:30:00Z"), "2026-11-30T09:00:00Z");
        assert_eq!(opens("2026-12-23T17:30:00Z"), "2026-12-28T06:00:00Z");
    }

    #[test]
    fn open_time_leaves_out_nights_and_weekends() {
        let hours = |from: &str, to: &str| office().open_between(moment(from), moment(to)).as_hours();
        assert_eq!(hours("2026-11-24T00:00:00Z", "2026-11-26T00:00:00Z"), 22);
        assert_eq!(hours("2026-11-27T18:00:00Z", "2026-11-28T20:00:00Z"), 0);
        assert_eq!(hours("2026-11-27T16:00:00Z", "2026-11-27T12:00:00Z"), 0);
    }

    #[test]
    fn blackouts_hold_even_for_those_who_ignore_the_rest() {
        let blackouts = office().blackouts();
        assert!(blackouts.door(moment("2026-11-27T20:00:00Z")).is_open());
        assert!(blackouts.door(moment("2026-12-24T10:00:00Z")).is_open());
        assert!(!blackouts.door(moment("2026-11-30T08:30:00Z")).is_open());
    }

    #[test]
    fn a_calendar_without_windows_is_open() {
        let plain = Calendar::open(TimeZone::UTC);
        assert!(plain.is_plain());
        assert_eq!(plain.door(moment("2026-11-29T20:00:00Z")), Door::Open);
        assert_eq!(plain.change(moment("2026-11-29T20:00:00Z")), None);
    }

    #[test]
    fn the_next_rush_is_the_one_under_way_or_the_next_one() {
        let rush = |from: &str| office().rush(moment(from)).map(|span| span.from.to_string());
        assert_eq!(rush("2026-11-27T10:00:00Z").as_deref(), Some("2026-11-28T23:00:00Z"));
        assert_eq!(rush("2026-11-29T10:00:00Z").as_deref(), Some("2026-11-28T23:00:00Z"));
        assert_eq!(rush("2026-12-01T10:00:00Z"), None);
    }
}
