//! Time: one clock for the whole product, real or virtual.

use std::fmt::Debug;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
pub use jiff::Timestamp;

/// Where time comes from.
///
/// # Contract
/// - [`now`](Clock::now) is wall time and may jump, forwards or backwards. Nothing but records and
///   messages may depend on it.
/// - [`elapsed`](Clock::elapsed) never goes back. Every waiting, timeout and rate uses it.
/// - [`sleep`](Clock::sleep) returns after at least `span` of `elapsed` time.
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// The wall time.
    fn now(&self) -> Timestamp;
    /// Monotonic time since some fixed moment.
    fn elapsed(&self) -> Duration;
    /// Waits for `span`.
    async fn sleep(&self, span: Duration);
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn elapsed(&self) -> Duration {
        static START: OnceLock<std::time::Instant> = OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// A clock on tokio's time, for tests and the simulation: with a paused runtime, waiting costs
/// nothing and every run takes the same course.
///
/// The wall time starts at a given moment and can be moved; `elapsed` cannot.
#[derive(Debug)]
pub struct VirtualClock {
    base: Timestamp,
    start: tokio::time::Instant,
    /// How far the wall clock was moved, in milliseconds.
    moved: AtomicI64,
}

impl VirtualClock {
    /// Starts now, at wall time `base`.
    #[expect(clippy::disallowed_methods, reason = "this is one of the clocks that everybody else takes")]
    pub fn new(base: Timestamp) -> Self {
        Self { base, start: tokio::time::Instant::now(), moved: AtomicI64::new(0) }
    }

    /// Moves the wall clock by `milliseconds`, back if negative, as an administrator or a time
    /// server would.
    pub fn jump(&self, milliseconds: i64) {
        self.moved.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let moved = SignedDuration::from_millis(self.moved.load(Ordering::Relaxed));
        let passed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        self.base.saturating_add(passed.saturating_add(moved)).unwrap_or(self.base)
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is one of the clocks that everybody else takes")]
    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_moves_both_and_a_jump_only_the_wall() {
        let base: Timestamp = "2025-03-01T12:00:00Z".parse().expect("a timestamp");
        let clock = VirtualClock::new(base);
        clock.sleep(Duration::from_secs(3600)).await;
        assert_eq!(
            (clock.elapsed().as_secs(), clock.now().to_string().as_str()),
            (3600, "2025-03-01T13:00:00Z")
        );
        clock.jump(-86_400_000);
        assert_eq!(
            (clock.elapsed().as_secs(), clock.now().to_string().as_str()),
            (3600, "2025-02-28T13:00:00Z")
        );
        clock.jump(i64::MAX);
        assert_eq!(clock.elapsed().as_secs(), 3600);
        clock.now();
    }
}
