//! The one decision: when a flow runs next, and why.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{Calendar, Deadline, Door, Last, Reason, Timing, backoff};

/// How late a run may begin before it counts as missed: a busy machine is no downtime.
const GRACE: SignedDuration = SignedDuration::from_secs(90);
/// How many missed runs are counted.
const COUNTED: u32 = 1_000;

/// When one flow runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// When it is due by itself; `None` leaves it to people, events and deadlines.
    pub timing: Option<Timing>,
    /// When it is due, besides, while a rush is on.
    pub rush: Option<Timing>,
    /// Its deadlines.
    pub deadlines: Vec<Deadline>,
}

/// The next run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Next {
    /// When it begins.
    pub at: Timestamp,
    /// When it is due: earlier than `at` if it waits for the calendar.
    pub due: Timestamp,
    /// Why it takes place.
    pub reason: Reason,
    /// What it waits for, if it waits for the calendar.
    pub held: Option<Door>,
}

/// When a flow runs next, and why: `None` if it never does by itself, or if the calendar never opens as far
/// as it is known.
///
/// - What falls due while the calendar is closed waits for the next opening, and is one run there.
/// - What was missed while nobody was there to begin it is made up for by one run.
/// - A deadline's run begins at its cut-off even if the working window ends there; only a blackout holds it.
/// - What was stopped on request goes on as soon as the calendar lets it.
/// - A wall clock that was set back makes no run later than its schedule says.
pub fn next(schedule: &Schedule, calendar: &Calendar, last: &Last, now: Timestamp) -> Option<Next> {
    let planned = Planned { schedule, calendar, last: *last, now };
    let (due, reason) = planned.due()?;
    let wanted = due.max(now);
    let at = match reason {
        Reason::Deadline { .. } => calendar.lifts(wanted)?,
        _ => calendar.opens(wanted)?,
    };
    let held = (at > wanted).then(|| calendar.door(wanted));
    Some(Next { at, due, reason, held })
}

struct Planned<'a> {
    schedule: &'a Schedule,
    calendar: &'a Calendar,
    last: Last,
    now: Timestamp,
}

impl Planned<'_> {
    fn due(&self) -> Option<(Timestamp, Reason)> {
        let Some(began) = self.last.began else {
            return self.schedule.timing.is_some().then_some((self.now, Reason::First));
        };
        let began = began.min(self.now);
        if self.last.stopped.is_some() {
            return Some((self.now, Reason::GoesOn));
        }
        if self.last.failures > 0 {
            let rest = backoff(self.last.failures, self.last.lasting);
            let ended = self.last.ended.unwrap_or(began).min(self.now);
            let again = ended.checked_add(SignedDuration::try_from(rest).ok()?).ok()?;
            let retry = (again, Reason::Retry { failures: self.last.failures });
            return first([Some(retry), self.deadline(ended.max(began))]);
        }
        let (due, reason) = first([self.deadline(began), self.timing(began), self.rush(began)])?;
        Some(self.missed(due, began).unwrap_or((due, reason)))
    }

    fn timing(&self, after: Timestamp) -> Option<(Timestamp, Reason)> {
        let timing = self.schedule.timing.as_ref()?;
        let due = timing.after(after, self.calendar.zone())?;
        Some((due, Reason::Due { timing: timing.to_string() }))
    }

    /// While a rush is on, and at its beginning.
    fn rush(&self, after: Timestamp) -> Option<(Timestamp, Reason)> {
        let timing = self.schedule.rush.as_ref()?;
        let due = timing.after(after, self.calendar.zone())?;
        let rush = self.calendar.rush(due)?;
        // A run that began within the rush has begun it.
        let begins = if rush.holds(due) { due } else { rush.from };
        Some((begins, Reason::Rush { name: named(&rush.name), timing: timing.to_string() }))
    }

    fn deadline(&self, after: Timestamp) -> Option<(Timestamp, Reason)> {
        let cutoffs = self.schedule.deadlines.iter().filter_map(|deadline| {
            let cutoff = deadline.after(after, self.calendar)?;
            Some((cutoff.before, Reason::Deadline { name: deadline.name.clone() }))
        });
        cutoffs.min_by_key(|(due, _)| *due)
    }

    /// The runs that open hours would have seen since the last one ended, if that is noticed late.
    fn missed(&self, due: Timestamp, began: Timestamp) -> Option<(Timestamp, Reason)> {
        // What fell due while the last run was under way is not missed before that has ended.
        let ended = self.last.ended.unwrap_or(began).min(self.now);
        let mut since = None;
        let mut missed = 0;
        let mut wanted = Some(due.max(ended));
        while let Some(begins) = wanted.and_then(|moment| self.calendar.opens(moment)) {
            if begins > self.now || missed == COUNTED {
                break;
            }
            missed += 1;
            since.get_or_insert(begins);
            wanted = self.following(begins);
        }
        let since = since.filter(|since| self.now.duration_since(*since) > GRACE)?;
        Some((due, Reason::CatchUp { missed, since }))
    }

    fn following(&self, moment: Timestamp) -> Option<Timestamp> {
        let timing = self.schedule.timing.as_ref()?;
        timing.after(moment, self.calendar.zone())
    }
}

fn named(name: &Arc<str>) -> Arc<str> {
    if name.is_empty() { "the rush".into() } else { name.clone() }
}

fn first<const N: usize>(candidates: [Option<(Timestamp, Reason)>; N]) -> Option<(Timestamp, Reason)> {
    candidates.into_iter().flatten().min_by_key(|(due, _)| *due)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::office::{moment, office};
    use crate::{Kind, Span, Weekday, Weekly};

    fn every(minutes: u64) -> Schedule {
        let timing = Timing::every(Duration::from_mins(minutes)).unwrap();
        Schedule { timing: Some(timing), ..Schedule::default() }
    }

    fn ran(began: &str, ended: &str) -> Last {
        Last { began: Some(moment(began)), ended: Some(moment(ended)), ..Last::default() }
    }

    #[test]
    fn the_first_run_is_now() {
        let now = moment("2026-11-27T12:00:00Z");
        let next = next(&every(5), &office(), &Last::default(), now).unwrap();
        assert_eq!((next.at, next.reason, next.held), (now, Reason::First, None));
    }

    #[test]
    fn a_flow_without_a_timing_waits_for_somebody() {
        let now = moment("2026-11-27T12:00:00Z");
        assert_eq!(next(&Schedule::default(), &office(), &Last::default(), now), None);
    }

    #[test]
    fn an_interval_counts_from_the_last_beginning() {
        let last = ran("2026-11-27T12:00:00Z", "2026-11-27T12:01:00Z");
        let next = next(&every(5), &office(), &last, moment("2026-11-27T12:02:00Z")).unwrap();
        assert_eq!(next.at.to_string(), "2026-11-27T12:05:00Z");
        assert_eq!(next.reason, Reason::Due { timing: "every 5m".into() });
    }

    #[test]
    fn a_run_that_took_longer_than_its_interval_is_followed_at_once_and_by_one() {
        let last = ran("2026-11-27T12:00:00Z", "2026-11-27T12:17:00Z");
        let now = moment("2026-11-27T12:17:00Z");
        let next = next(&every(5), &office(), &last, now).unwrap();
        assert_eq!((next.at, next.reason.to_string().as_str()), (now, "every 5m"));
    }

    #[test]
    fn what_was_stopped_on_request_goes_on_at_once_whenever_it_would_be_due() {
        let mut last = Last::default();
        last.begin(moment("2026-11-27T12:00:00Z"));
        last.stop(moment("2026-11-27T12:01:00Z"));
        for (now, at) in [
            ("2026-11-27T12:01:03Z", "2026-11-27T12:01:03Z"),
            ("2026-11-27T20:00:00Z", "2026-11-30T07:00:00Z"),
        ] {
            let next = next(&every(60), &office(), &last, moment(now)).unwrap();
            assert_eq!((next.at, next.reason), (moment(at), Reason::GoesOn));
        }
    }

    #[test]
    fn what_falls_due_while_closed_waits_for_the_opening() {
        let last = ran("2026-11-27T17:58:00Z", "2026-11-27T17:58:10Z");
        let next = next(&every(5), &office(), &last, moment("2026-11-27T17:59:00Z")).unwrap();
        assert_eq!(next.due.to_string(), "2026-11-27T18:03:00Z");
        assert_eq!(next.at.to_string(), "2026-11-30T07:00:00Z");
        assert_eq!(next.held, Some(Door::Closed { by: None, name: "".into() }));
    }

    #[test]
    fn the_opening_itself_is_not_a_catch_up_but_a_late_start_is_one() {
        let last = ran("2026-11-27T17:58:00Z", "2026-11-27T17:58:10Z");
        let reason = |now: &str| next(&every(60), &office(), &last, moment(now)).unwrap().reason;
        assert_eq!(reason("2026-11-30T07:00:01Z"), Reason::Due { timing: "every 1h".into() });
        let since = moment("2026-11-30T07:00:00Z");
        assert_eq!(reason("2026-11-30T09:30:00Z"), Reason::CatchUp { missed: 3, since });
    }

    #[test]
    fn a_deadline_is_served_at_its_cut_off_although_the_window_ends_there() {
        let deadline = Deadline {
            name: "orders".into(),
            before: "18:00".parse().unwrap(),
            by: "18:15".parse().unwrap(),
            days: Weekday::ALL.to_vec(),
        };
        let schedule = Schedule { deadlines: vec![deadline], ..every(60) };
        let last = ran("2026-11-27T17:30:00Z", "2026-11-27T17:31:00Z");
        let next = next(&schedule, &office(), &last, moment("2026-11-27T17:40:00Z")).unwrap();
        assert_eq!(next.at.to_string(), "2026-11-27T18:00:00Z");
        assert_eq!(next.reason, Reason::Deadline { name: "orders".into() });
    }

    #[test]
    fn a_rush_begins_with_a_run_and_is_tighter() {
        let rush = Span {
            from: moment("2026-11-30T08:00:00Z"),
            to: moment("2026-11-30T09:00:00Z"),
            name: "month end".into(),
        };
        let calendar = Calendar::new(TimeZone::UTC, vec![], [(Kind::Rush, rush)]);
        let tight = Some(Timing::every(Duration::from_mins(1)).unwrap());
        let schedule = Schedule { rush: tight, ..every(60) };
        let at = |began: &str| {
            let last = ran(began, began);
            next(&schedule, &calendar, &last, moment(began)).unwrap().at.to_string()
        };
        assert_eq!(at("2026-11-30T07:30:00Z"), "2026-11-30T08:00:00Z");
        assert_eq!(at("2026-11-30T08:00:00Z"), "2026-11-30T08:01:00Z");
        assert_eq!(at("2026-11-30T08:59:30Z"), "2026-11-30T09:59:30Z");
    }

    #[test]
    fn failures_are_tried_again_after_a_rest_even_where_the_schedule_is_rare() {
        let mut last = ran("2026-11-27T12:00:00Z", "2026-11-27T12:00:10Z");
        last.failures = 2;
        let again = next(&every(600), &office(), &last, moment("2026-11-27T12:00:10Z")).unwrap();
        assert_eq!(again.at.to_string(), "2026-11-27T12:01:10Z");
        last.lasting = true;
        last.failures = 30;
        let again = next(&every(1), &office(), &last, moment("2026-11-27T12:00:10Z")).unwrap();
        assert_eq!(again.at.to_string(), "2026-11-27T13:00:10Z");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_run_late() {
        let last = ran("2026-11-28T12:00:00Z", "2026-11-28T12:00:10Z");
        let now = moment("2026-11-27T12:00:00Z");
        let again = next(&every(5), &office(), &last, now).unwrap();
        assert_eq!(again.at.to_string(), "2026-11-27T12:05:00Z");
    }

    fn calendars() -> impl Strategy<Value = Calendar> {
        let window = (0_u16..24, 1_u16..=24, prop::sample::subsequence(Weekday::ALL.to_vec(), 1..=7));
        let span = (0_i64..2_000_000, 1_i64..200_000, prop::sample::select(Kind::ALL.to_vec()));
        let zones =
            prop::sample::select(vec!["UTC", "Europe/Stockholm", "America/Sao_Paulo", "Asia/Kolkata"]);
        (prop::collection::vec(window, 0..3), prop::collection::vec(span, 0..6), zones).prop_map(
            |(windows, spans, zone)| {
                let weekly = windows.into_iter().map(|(from, to, days)| Weekly {
                    kind: Kind::Open,
                    name: "w".into(),
                    days,
                    from: format!("{from:02}:00").parse().unwrap(),
                    to: format!("{to:02}:00").parse().unwrap(),
                });
                let base = moment("2026-03-20T00:00:00Z").as_second();
                let spans = spans.into_iter().map(|(from, length, kind)| {
                    let at = |second: i64| Timestamp::from_second(base + second).unwrap();
                    (kind, Span { from: at(from), to: at(from + length), name: "s".into() })
                });
                let weekly = weekly.collect();
                Calendar::new(crate::zone(zone).unwrap(), weekly, spans.collect::<Vec<_>>())
            },
        )
    }

    fn schedules() -> impl Strategy<Value = Schedule> {
        let cron = prop::sample::select(vec!["0 7 * * *", "*/20 * * * *", "30 2 * * *", "0 12 * * MON"]);
        let timing = prop_oneof![
            (1_u64..3_000).prop_map(|minutes| Timing::every(Duration::from_mins(minutes)).unwrap()),
            cron.prop_map(|cron| Timing::cron(cron).unwrap()),
        ];
        (timing, prop::option::of(1_u64..30)).prop_map(|(timing, rush)| Schedule {
            timing: Some(timing),
            rush: rush.map(|minutes| Timing::every(Duration::from_mins(minutes)).unwrap()),
            deadlines: Vec::new(),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the calendar, a run begins in open hours, never before it is due, never in the past; and
        /// asking again later, with nothing done since, never moves it earlier than it would have been.
        #[test]
        fn runs_begin_in_open_hours_and_keep_their_time(
            calendar in calendars(),
            schedule in schedules(),
            began in 0_i64..1_500_000,
            passed in 0_i64..400_000,
            failures in 0_u32..5,
        ) {
            let base = moment("2026-03-20T00:00:00Z").as_second();
            let began = Timestamp::from_second(base + began).unwrap();
            let now = Timestamp::from_second(began.as_second() + passed).unwrap();
            let last = Last { began: Some(began), ended: Some(began), failures, ..Last::default() };
            let Some(planned) = next(&schedule, &calendar, &last, now) else { return Ok(()) };
            prop_assert!(planned.at >= now && planned.at >= planned.due && planned.due > began);
            prop_assert!(calendar.door(planned.at).is_open());
            prop_assert_eq!(planned.held.is_some(), planned.at > planned.due.max(now));
            // Nothing changes until it comes.
            let halfway = now + planned.at.duration_since(now) / 2;
            let again = next(&schedule, &calendar, &last, halfway).unwrap();
            prop_assert_eq!((again.at, again.due), (planned.at, planned.due));
            // And at its time it is there.
            let then = next(&schedule, &calendar, &last, planned.at).unwrap();
            prop_assert_eq!(then.at, planned.at);
        }

        /// However long nobody was there, one run makes up for all, and the next one keeps to the schedule.
        #[test]
        fn one_run_makes_up_for_all(calendar in calendars(), schedule in schedules(), down in 1_i64..900_000) {
            let began = moment("2026-03-21T10:00:00Z");
            let now = Timestamp::from_second(began.as_second() + down).unwrap();
            let mut last = Last::default();
            last.begin(began);
            last.succeed(began);
            let Some(first) = next(&schedule, &calendar, &last, now) else { return Ok(()) };
            last.begin(first.at);
            last.succeed(first.at);
            let Some(second) = next(&schedule, &calendar, &last, first.at) else { return Ok(()) };
            prop_assert!(second.at > first.at);
            let caught_up = matches!(second.reason, Reason::CatchUp { .. });
            prop_assert!(!caught_up);
        }
    }
}
