//! What is known of the last run of a flow.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of the last run of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it ended; `None` if it was cut off.
    pub ended: Option<Timestamp>,
    /// How many runs in a row have failed.
    pub failures: u32,
    /// Whether the last failure is one that time does not mend, such as a refused credential.
    pub lasting: bool,
    /// When the run began that was stopped on request and has not been finished since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Timestamp>,
}

impl Last {
    /// What is known of a sweep: one that never took place waits for its time, since the first run of
    /// all carries everything anyhow.
    #[must_use]
    pub fn of_a_sweep(self, changes: Self, now: Timestamp) -> Self {
        Self { began: self.began.or(changes.began).or(Some(now)), ..self }
    }

    /// A run begins.
    pub fn begin(&mut self, now: Timestamp) {
        self.began = Some(now);
        self.ended = None;
    }

    /// It ended well.
    pub fn succeed(&mut self, now: Timestamp) {
        *self = Self { began: self.began, ended: Some(now), ..Self::default() };
    }

    /// It was stopped on request, and goes on as soon as it may: that is no failure.
    pub fn stop(&mut self, now: Timestamp) {
        *self = Self { ended: Some(now), stopped: self.stopped.or(self.began), ..*self };
    }

    /// It failed.
    pub fn fail(&mut self, now: Timestamp, lasting: bool) {
        let failures = self.failures.saturating_add(1);
        *self = Self { began: self.began, ended: Some(now), failures, lasting, stopped: None };
    }

    /// The same after a restart: a run that began and never ended was cut off with its process, and is
    /// taken up again like one that failed.
    #[must_use]
    pub fn after_restart(mut self) -> Self {
        if let (Some(began), None) = (self.began, self.ended) {
            self.fail(began, false);
        }
        self
    }
}

/// The wait after the first failure.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait while the trouble may pass by itself.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// The longest wait while somebody has to do something.
const LONGEST_LASTING: Duration = Duration::from_hours(1);

/// How long a flow rests after so many failures in a row: twice as long each time.
pub fn backoff(failures: u32, lasting: bool) -> Duration {
    let longest = if lasting { LONGEST_LASTING } else { LONGEST_WAIT };
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(doubled).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_doubles_up_to_a_limit() {
        let waits: Vec<u64> = [1, 2, 3, 6, 40].map(|failures| backoff(failures, false).as_secs()).to_vec();
        assert_eq!(waits, [30, 60, 120, 600, 600]);
        assert_eq!(backoff(40, true), Duration::from_hours(1));
    }

    #[test]
    fn a_run_that_was_cut_off_with_its_process_is_taken_up_soon() {
        let began = Timestamp::UNIX_EPOCH;
        let mut last = Last::default();
        assert_eq!(last.after_restart(), last);
        last.begin(began);
        let cut = last.after_restart();
        assert_eq!((cut.failures, cut.ended), (1, Some(began)));
        last.succeed(began);
        assert_eq!(last.after_restart(), last);
    }

    #[test]
    fn failures_are_counted_until_one_succeeds() {
        let mut last = Last::default();
        let now = Timestamp::UNIX_EPOCH;
        last.begin(now);
        last.fail(now, true);
        last.fail(now, false);
        assert_eq!((last.failures, last.lasting), (2, false));
        last.succeed(now);
        assert_eq!(last, Last { began: Some(now), ended: Some(now), ..Last::default() });
    }

    #[test]
    fn a_run_that_was_stopped_on_request_has_not_failed_and_began_when_it_first_did() {
        let moment = |second| Timestamp::from_second(second).unwrap();
        let mut last = Last { failures: 2, ..Last::default() };
        for second in [10, 20] {
            last.begin(moment(second));
            last.stop(moment(second + 5));
        }
        assert_eq!((last.failures, last.stopped, last.ended), (2, Some(moment(10)), Some(moment(25))));
        assert_eq!(last.after_restart(), last);
        last.succeed(moment(30));
        assert_eq!(last.stopped, None);
    }
}
