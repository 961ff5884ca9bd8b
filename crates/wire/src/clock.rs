//! Time: one clock for the whole product, real or virtual.

use std::fmt::Debug;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
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
    // The one place that reads the machine's clock.
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[allow(clippy::disallowed_methods)]
    fn elapsed(&self) -> Duration {
        static START: OnceLock<std::time::Instant> = OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed()
    }

    #[allow(clippy::disallowed_methods)]
    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}
