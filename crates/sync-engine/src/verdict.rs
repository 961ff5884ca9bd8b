//! What a refusal means for a record: pure.

use std::time::Duration;

use crate::{Fault, FaultClass, ParkedClass};

/// What happens to a refused record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It waits; tried again by itself after the time, if there is one.
    Park(ParkedClass, Option<Duration>),
    /// Not about this record: the run stops, and the record comes again with the next one.
    Stop,
}

/// The longest time between two tries.
const LONGEST: Duration = Duration::from_hours(24);

/// Decides by the class of the refusal. `tries` counts earlier tries, `retry` is the first wait.
pub(crate) fn verdict(fault: &Fault, tries: u32, retry: Duration) -> Verdict {
    match fault.class {
        FaultClass::Auth | FaultClass::Access | FaultClass::Quota => Verdict::Stop,
        FaultClass::Transient
        | FaultClass::Throttle
        | FaultClass::Collateral
        | FaultClass::Stale
        | FaultClass::Conflict => Verdict::Park(ParkedClass::Retry, Some(backoff(tries, retry))),
        FaultClass::Dependency => Verdict::Park(ParkedClass::Orphan, Some(backoff(tries, retry))),
        FaultClass::Data | FaultClass::Identity | FaultClass::Protocol => {
            Verdict::Park(ParkedClass::Quarantine, None)
        }
    }
}

fn backoff(tries: u32, first: Duration) -> Duration {
    first.saturating_mul(1 << tries.min(20)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(class: FaultClass) -> Fault {
        Fault { class, code: "X".into(), message: "x".into(), fields: vec![], hint: None }
    }

    #[test]
    fn passing_refusals_wait_longer_each_time_but_never_more_than_a_day() {
        let retry = Duration::from_mins(1);
        let wait = |tries| verdict(&fault(FaultClass::Transient), tries, retry);
        assert_eq!(wait(0), Verdict::Park(ParkedClass::Retry, Some(Duration::from_mins(1))));
        assert_eq!(wait(3), Verdict::Park(ParkedClass::Retry, Some(Duration::from_mins(8))));
        assert_eq!(wait(4_000_000_000), Verdict::Park(ParkedClass::Retry, Some(LONGEST)));
    }

    #[test]
    fn refusals_of_data_wait_for_a_person_and_refusals_of_us_stop_the_run() {
        let at_once = |class| verdict(&fault(class), 0, Duration::from_secs(1));
        assert_eq!(at_once(FaultClass::Data), Verdict::Park(ParkedClass::Quarantine, None));
        assert_eq!(at_once(FaultClass::Identity), Verdict::Park(ParkedClass::Quarantine, None));
        assert_eq!(at_once(FaultClass::Access), Verdict::Stop);
        assert_eq!(at_once(FaultClass::Quota), Verdict::Stop);
    }
}
