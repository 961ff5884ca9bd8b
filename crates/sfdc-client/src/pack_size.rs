//! How many records go into one call: grown while the org is quick, halved when it is slow.

use std::time::Duration;

use crate::collections::MAX_RECORDS;
use crate::composite::MAX_HEAVY;

/// The most records in a composite call of collections.
pub const MAX_PACKED: usize = MAX_RECORDS * MAX_HEAVY;
/// The fewest that a slow org is given.
const LEAST: usize = 10;
/// What a new connection begins with.
const FIRST: usize = 2 * MAX_RECORDS;
/// What a quick answer adds once the org is known; before that, and below this, it doubles: a call
/// takes at most twice as long as the one before.
const STEP: usize = MAX_RECORDS;
/// A call that takes no longer than this may grow.
const QUICK: Duration = Duration::from_secs(20);
/// A call that takes longer than this is halved: half the 120 s after which clients and proxies give
/// up (the org itself ends calls after ten minutes).
const SLOW: Duration = Duration::from_secs(60);

/// How many records the next call takes: an org that nobody knows yet is given twice as many each time
/// it was quick, one call after the other; from then on additive increase, multiplicative decrease on
/// the measured duration, so that a call stays far below 120 s however slow the org's triggers are.
///
/// ```
/// use std::time::Duration;
/// use sfdc_client::PackSize;
/// let mut size = PackSize::default();
/// for _ in 0..2 {
///     size.took(size.records(), Duration::from_secs(2));
/// }
/// assert_eq!(size.records(), 1_000);
/// size.took(1_000, Duration::from_secs(80));
/// assert_eq!(size.records(), 500);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackSize {
    records: usize,
    known: bool,
}

impl Default for PackSize {
    fn default() -> Self {
        Self { records: FIRST, known: false }
    }
}

impl PackSize {
    /// How many records the next call takes.
    pub fn records(self) -> usize {
        self.records
    }

    /// Whether it is known how much the org takes: before that, one call at a time is enough to learn.
    pub fn is_known(self) -> bool {
        self.known
    }

    /// Learns that a call of `sent` records took so long.
    pub fn took(&mut self, sent: usize, span: Duration) {
        if span > SLOW {
            self.gave_up(sent);
        } else if span > QUICK {
            self.known = true;
        } else if sent >= self.records {
            // A call that was not full says nothing about larger ones.
            let step = if self.known { STEP.min(self.records) } else { self.records };
            self.records = (self.records + step).min(MAX_PACKED);
            self.known |= self.records == MAX_PACKED;
        }
    }

    /// Learns that a call of `sent` records took too long for an answer.
    pub fn gave_up(&mut self, sent: usize) {
        self.known = true;
        self.records = (self.records.min(sent) / 2).max(LEAST);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The calls of a load, by an org that takes so long for a record.
    fn calls(mut records: usize, each: Duration) -> Vec<(usize, Duration)> {
        let mut size = PackSize::default();
        let mut calls = Vec::new();
        while records > 0 {
            let sent = size.records().min(records);
            let span = each * u32::try_from(sent).expect("a small number");
            size.took(sent, span);
            calls.push((sent, span));
            records -= sent;
        }
        calls
    }

    #[test]
    fn a_quick_org_takes_a_hundred_thousand_in_little_more_than_a_hundred_calls() {
        assert_eq!(calls(100_000, Duration::from_millis(5)).len(), 101);
    }

    #[test]
    fn a_slow_org_is_given_less() {
        // Half a second a record: 1,000 would take 500 s.
        let calls = calls(10_000, Duration::from_millis(500));
        assert_eq!(calls[0].0, 400);
        assert!(calls.iter().skip(2).all(|(_, span)| *span <= Duration::from_secs(60)), "{calls:?}");
        let mut size = PackSize::default();
        for _ in 0..20 {
            size.gave_up(size.records());
        }
        assert_eq!(size.records(), LEAST);
    }

    proptest! {
        #[test]
        fn after_its_first_calls_no_call_comes_near_the_limit(milliseconds in 1_u64..3_000) {
            let calls = calls(50_000, Duration::from_millis(milliseconds));
            for (place, (sent, span)) in calls.iter().enumerate().skip(6) {
                prop_assert!(*span <= Duration::from_secs(60), "call {place}: {sent} records, {span:?}");
            }
        }
    }
}
