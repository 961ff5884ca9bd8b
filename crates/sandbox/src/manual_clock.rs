//! A clock for the tests of this crate: stands still, and sleeping moves it.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use wire::Clock;

/// Time that moves only when somebody sleeps or [`advance`](ManualClock::advance)s it.
#[derive(Debug)]
pub(crate) struct ManualClock {
    start: Timestamp,
    elapsed: Mutex<Duration>,
}

impl ManualClock {
    pub(crate) fn at(start: &str) -> Self {
        Self { start: start.parse().expect("a timestamp"), elapsed: Mutex::default() }
    }

    pub(crate) fn advance(&self, span: Duration) {
        *self.elapsed.lock().expect("clock") += span;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.start + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().expect("clock")
    }

    async fn sleep(&self, span: Duration) {
        self.advance(span);
    }
}
