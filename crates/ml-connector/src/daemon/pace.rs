//! How fast a system's daily calls are used up, by whomever.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Over so long the pace is taken.
const WINDOW: SignedDuration = SignedDuration::from_hours(3);

/// How fast a system's daily calls are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    from: (Timestamp, u64),
    /// Takes the place of `from` when that is too long ago.
    between: (Timestamp, u64),
    to: (Timestamp, u64),
}

impl Pace {
    /// The first that is known: so many calls are left.
    pub(crate) fn new(at: Timestamp, left: u64) -> Self {
        Self { from: (at, left), between: (at, left), to: (at, left) }
    }

    /// So many calls are left now.
    pub(crate) fn note(&mut self, at: Timestamp, left: u64) {
        // The day's allowance has come back, or the clock was moved.
        if left > self.to.1 || at < self.to.0 {
            *self = Self::new(at, left);
            return;
        }
        self.to = (at, left);
        if at.duration_since(self.from.0) > WINDOW {
            self.from = std::mem::replace(&mut self.between, self.to);
        }
    }

    /// How long what is left lasts at this pace; `None` while nothing is used.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        let used = self.from.1.checked_sub(self.to.1).filter(|used| *used > 0)?;
        let passed = Duration::try_from(self.to.0.duration_since(self.from.0)).ok()?;
        let nanoseconds = passed.as_nanos().checked_mul(u128::from(self.to.1))? / u128::from(used);
        u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_taken_over_the_last_hours_and_begins_anew_with_the_day() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let mut pace = Pace::new(at(0), 10_000);
        assert_eq!(pace.lasts(), None);
        pace.note(at(60), 9_000);
        assert_eq!(pace.lasts(), Some(Duration::from_hours(9)));
        for hour in 2..12 {
            pace.note(at(hour * 60), 9_000);
        }
        assert_eq!(pace.lasts(), None, "nothing was used for hours");
        pace.note(at(13 * 60), 10_000);
        assert_eq!(pace.lasts(), None);
        pace.note(at(14 * 60), 0);
        assert_eq!(pace.lasts(), Some(Duration::ZERO));
    }
}
