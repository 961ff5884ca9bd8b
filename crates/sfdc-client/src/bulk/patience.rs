//! How a job is waited for.

use std::time::Duration;

/// How often to ask for a job's state, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// A job that has not ended by then is aborted.
    pub give_up: Duration,
    /// How long an aborted job may take to end.
    pub grace: Duration,
}

impl Default for Patience {
    /// From 1 s to 30 s, up to six hours, with ten minutes for an abort.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            give_up: Duration::from_secs(6 * 3600),
            grace: Duration::from_secs(600),
        }
    }
}

impl Patience {
    /// The pause after the `asked`-th look (from 1), `passed` after the start, at a job that has
    /// done `done` rows of `all`.
    ///
    /// Each pause is double the one before, unless the job's own speed tells when it will end: each
    /// look is a call of the day's allowance, and each second too many is a second lost.
    pub fn pause(&self, asked: u32, passed: Duration, (done, all): (u64, u64)) -> Duration {
        let doubled =
            self.first.saturating_mul(1_u32.checked_shl(asked.saturating_sub(1)).unwrap_or(u32::MAX));
        let longest = self.longest.max(self.first);
        if done == 0 || done >= all {
            return doubled.min(longest);
        }
        let left = passed.as_millis().saturating_mul(u128::from(all - done)) / u128::from(done);
        Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX)).clamp(self.first, longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_the_job_tells_its_speed() {
        let patience = Patience::default();
        let seconds =
            |asked, passed, rows| patience.pause(asked, Duration::from_secs(passed), rows).as_secs();
        assert_eq!([1, 2, 3, 5, 6, 40].map(|asked| seconds(asked, 0, (0, 100))), [1, 2, 4, 16, 30, 30]);
        // 2,000 rows a second: 8 s to go.
        assert_eq!(seconds(3, 2, (4_000, 20_000)), 8);
        assert_eq!(seconds(3, 2, (4_000, 2_000_000)), 30);
        assert_eq!(seconds(3, 2, (19_999, 20_000)), 1);
        assert_eq!(seconds(3, 2, (20_000, 20_000)), 4);
    }
}
