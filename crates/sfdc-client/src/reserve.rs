//! Calls of the daily allowance that are kept for other users of the org.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wire::Clock;

use crate::Usage;

/// After so long without news of the usage one call is let through to ask: the allowance is counted
/// over the last 24 hours, so it comes back by and by.
const NEWS: Duration = Duration::from_secs(5 * 60);

/// Nothing was sent: the rest of the allowance is kept for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{left} calls of the day's {allowed} are left, and {kept} are kept for others")]
pub struct ReserveReached {
    /// How many calls were left when the org last told.
    pub left: u64,
    /// How many the org allows in 24 hours.
    pub allowed: u64,
    /// How many are kept.
    pub kept: u64,
}

/// How many calls are kept for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// So many.
    Calls(u64),
    /// So many hundredths of the allowance.
    Percent(u8),
}

impl Reserve {
    /// How many calls that are of this allowance.
    pub fn of(self, allowed: u64) -> u64 {
        match self {
            Self::Calls(calls) => calls,
            Self::Percent(percent) => {
                let kept = u128::from(allowed) * u128::from(percent.min(100)) / 100;
                u64::try_from(kept).unwrap_or(u64::MAX)
            }
        }
    }

    /// Whether `calls` more can be made after `usage` without touching the reserve.
    pub fn allows(self, usage: Usage, calls: u64) -> Result<(), ReserveReached> {
        let kept = self.of(usage.allowed);
        if usage.left() >= kept.saturating_add(calls) {
            return Ok(());
        }
        Err(ReserveReached { left: usage.left(), allowed: usage.allowed, kept })
    }
}

/// What the org said about its usage, and what is kept of it.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    state: Mutex<State>,
    kept: Option<(Reserve, Arc<dyn Clock>)>,
}

#[derive(Debug, Default)]
struct State {
    usage: Option<Usage>,
    /// When the org told, or when a call was let through to ask.
    told: Duration,
}

impl Meter {
    pub(crate) fn keeping(reserve: Reserve, clock: Arc<dyn Clock>) -> Self {
        Self { state: Mutex::default(), kept: Some((reserve, clock)) }
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        self.lock().usage
    }

    pub(crate) fn note(&self, usage: Usage) {
        let now = self.now();
        *self.lock() = State { usage: Some(usage), told: now };
    }

    /// Whether one more call may be made now.
    pub(crate) fn admit(&self) -> Result<(), ReserveReached> {
        let Some((reserve, _)) = &self.kept else { return Ok(()) };
        let now = self.now();
        let mut state = self.lock();
        let Some(usage) = state.usage else { return Ok(()) };
        match reserve.allows(usage, 1) {
            Err(_) if now.saturating_sub(state.told) >= NEWS => {
                state.told = now;
                Ok(())
            }
            other => other,
        }
    }

    fn now(&self) -> Duration {
        self.kept.as_ref().map(|(_, clock)| clock.elapsed()).unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use wire::scripted;

    use super::*;

    fn usage(used: u64) -> Usage {
        Usage { used, allowed: 1_000, app: None }
    }

    #[test]
    fn the_reserve_is_a_number_or_a_share() {
        assert_eq!(Reserve::Calls(7).of(1_000), 7);
        assert_eq!(Reserve::Percent(20).of(15_000), 3_000);
        assert_eq!(Reserve::Percent(200).of(u64::MAX), u64::MAX);
        assert_eq!(Reserve::Calls(100).allows(usage(890), 10), Ok(()));
        let refused = ReserveReached { left: 110, allowed: 1_000, kept: 100 };
        assert_eq!(Reserve::Calls(100).allows(usage(890), 11), Err(refused));
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_in_five_minutes_asks_whether_it_goes_on() {
        let clock = scripted::clock();
        let meter = Meter::keeping(Reserve::Percent(10), clock.clone());
        assert!(meter.admit().is_ok(), "nothing is known yet");
        meter.note(usage(899));
        assert!(meter.admit().is_ok());
        meter.note(usage(900));
        assert!(meter.admit().is_err());
        clock.sleep(NEWS).await;
        assert!(meter.admit().is_ok(), "one may ask");
        assert!(meter.admit().is_err(), "only one");
        meter.note(usage(500));
        assert!(meter.admit().is_ok());
        assert!(Meter::default().admit().is_ok());
    }
}
