//! An early run: somebody says that something has changed.

use jiff::{SignedDuration, Timestamp};

use crate::{Calendar, Last, Next, Reason};

/// So long after the first word: what changes together is told one after the other.
const SETTLE: SignedDuration = SignedDuration::from_secs(1);
/// So long after the last beginning at the earliest: many words in a row are one run.
const REST: SignedDuration = SignedDuration::from_secs(5);

/// When a flow runs because of what was said at `since`: as soon as the calendar lets it. `None` while its last
/// run has failed: the retry takes up what was said too, and a stream of words must not hurry it.
pub fn told(calendar: &Calendar, last: &Last, since: Timestamp, now: Timestamp) -> Option<Next> {
    if last.failures > 0 {
        return None;
    }
    // A wall clock that was set back makes no run late.
    let since = since.min(now).checked_add(SETTLE).ok()?;
    let rested = last.began.and_then(|began| began.min(now).checked_add(REST).ok());
    let due = rested.map_or(since, |rested| rested.max(since));
    let wanted = due.max(now);
    let at = calendar.opens(wanted)?;
    let held = (at > wanted).then(|| calendar.door(wanted));
    Some(Next { at, due, reason: Reason::Told, held })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::{moment, office};

    #[test]
    fn it_runs_soon_but_not_without_rest_and_not_while_it_fails() {
        let now = moment("2026-11-27T12:00:00Z");
        let began = |text: &str| Last { began: Some(moment(text)), ..Last::default() };
        let at = |last: &Last| told(&office(), last, now, now).map(|next| next.at.to_string());
        assert_eq!(at(&began("2026-11-27T11:00:00Z")).as_deref(), Some("2026-11-27T12:00:01Z"));
        assert_eq!(at(&began("2026-11-27T11:59:58Z")).as_deref(), Some("2026-11-27T12:00:03Z"));
        assert_eq!(at(&began("2026-11-28T12:00:00Z")).as_deref(), Some("2026-11-27T12:00:05Z"), "set back");
        assert_eq!(at(&Last { failures: 1, ..began("2026-11-27T11:00:00Z") }), None);
    }

    #[test]
    fn what_is_said_while_it_is_closed_waits_for_the_opening() {
        let now = moment("2026-11-28T12:00:00Z");
        let next = told(&office(), &Last::default(), now, now).unwrap();
        assert_eq!(next.at.to_string(), "2026-11-30T07:00:00Z");
        assert!(next.held.is_some());
    }
}
