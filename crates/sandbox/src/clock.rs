//! The server's clock: the shared clock plus an offset that tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Response, header};
use jiff::{SignedDuration, Timestamp};
use wire::Clock;

/// Time as one server sees it. Clones share the offset.
#[derive(Debug, Clone)]
pub struct ServerClock {
    base: Arc<dyn Clock>,
    offset_ms: Arc<AtomicI64>,
}

impl ServerClock {
    /// Agrees with `base` until it is moved.
    pub fn new(base: Arc<dyn Clock>) -> Self {
        Self { base, offset_ms: Arc::default() }
    }

    /// The server's wall time. Stays at the ends of the calendar rather than leaving it.
    pub fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed));
        self.base.now().saturating_add(offset).unwrap_or(Timestamp::MAX)
    }

    /// Monotonic time, which no offset touches.
    pub fn elapsed(&self) -> Duration {
        self.base.elapsed()
    }

    /// The clock beneath, for sleeping.
    pub fn base(&self) -> &Arc<dyn Clock> {
        &self.base
    }

    /// Sets how far the server is ahead (positive) of the shared clock.
    pub fn set_offset(&self, offset: SignedDuration) {
        let millis = i64::try_from(offset.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.store(millis, Ordering::Relaxed);
    }

    /// Moves the server's clock by `span`, forwards or back.
    pub fn shift(&self, span: SignedDuration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.fetch_add(millis, Ordering::Relaxed);
    }

    /// How far the server is ahead of the shared clock.
    pub fn offset(&self) -> SignedDuration {
        SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Gives `response` a `Date` header (RFC 9110 section 6.6.1) unless it has one.
    pub fn stamp<T>(&self, response: &mut Response<T>) {
        if !response.headers().contains_key(header::DATE)
            && let Some(value) = http_date(self.now())
        {
            response.headers_mut().insert(header::DATE, value);
        }
    }
}

/// `when` as an HTTP date, or `None` outside the years that the format can carry.
pub(crate) fn http_date(when: Timestamp) -> Option<HeaderValue> {
    // 1970-01-01 and 9999-12-31: what IMF-fixdate and its formatter can say.
    (0..=253_402_300_799)
        .contains(&when.as_second())
        .then(|| u64::try_from(when.as_second()).ok())
        .flatten()
        .map(|seconds| httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)))
        .and_then(|text| HeaderValue::from_str(&text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual_clock::ManualClock;

    #[test]
    fn an_offset_moves_the_date_and_not_the_monotonic_time() {
        let base = Arc::new(ManualClock::at("2026-03-01T10:00:00.750Z"));
        let clock = ServerClock::new(base);
        let before = clock.elapsed();
        clock.set_offset(SignedDuration::from_mins(-5));
        clock.clone().shift(SignedDuration::from_secs(1));
        assert_eq!(clock.now().to_string(), "2026-03-01T09:55:01.75Z");
        assert_eq!(clock.elapsed(), before);
        let mut response = Response::new(());
        clock.stamp(&mut response);
        assert_eq!(response.headers()["date"], "Sun, 01 Mar 2026 09:55:01 GMT");
    }

    #[test]
    fn a_clock_before_the_epoch_sends_no_date() {
        let clock = ServerClock::new(Arc::new(ManualClock::at("1969-12-31T23:59:59Z")));
        let mut response = Response::new(());
        clock.stamp(&mut response);
        assert!(!response.headers().contains_key("date"));
    }
}
