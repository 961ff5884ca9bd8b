//! Refusals that a fault plan asks for, and how a server without manners of its own says them.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use wire::Response;

use crate::clock::{ServerClock, http_date};
use crate::fault::RetryAfter;

/// Why the server does not act on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many calls: 429. The gate adds `Retry-After`.
    TooManyRequests,
    /// A proxy's own page instead of the server: 503 with HTML.
    Unavailable,
    /// The server fell over: 500.
    ServerError,
    /// The token is no longer good: 401.
    ExpiredToken,
}

impl Refusal {
    /// The status that it is said with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ExpiredToken => StatusCode::UNAUTHORIZED,
        }
    }

    /// The refusal as a bare server or proxy says it: an HTML page.
    pub fn plain(self) -> Response {
        let status = self.status();
        let reason = status.canonical_reason().unwrap_or("Error");
        let page = format!(
            "<html>\r\n<head><title>{0} {reason}</title></head>\r\n<body>\r\n<center><h1>{0} {reason}</h1>\
             </center>\r\n</body>\r\n</html>\r\n",
            status.as_u16()
        );
        let mut response = Response::new(Bytes::from(page));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        response
    }
}

/// Adds a `Retry-After` header in the form asked for, by the server's clock.
pub fn set_retry_after(response: &mut Response, when: RetryAfter, clock: &ServerClock) {
    let value = match when {
        RetryAfter::Seconds(seconds) => Some(HeaderValue::from(seconds)),
        RetryAfter::DateIn(seconds) => {
            clock.now().checked_add(SignedDuration::from_secs(seconds)).ok().and_then(http_date)
        }
    };
    if let Some(value) = value {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::manual_clock::ManualClock;

    #[test]
    fn a_plain_refusal_is_html() {
        let response = Refusal::Unavailable.plain();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["content-type"], "text/html");
        assert!(response.body().starts_with(b"<html>"));
    }

    #[test]
    fn retry_after_has_two_forms() {
        let clock = ServerClock::new(Arc::new(ManualClock::at("2026-03-01T10:00:00Z")));
        let mut response = Refusal::TooManyRequests.plain();
        set_retry_after(&mut response, RetryAfter::Seconds(7), &clock);
        assert_eq!(response.headers()["retry-after"], "7");
        set_retry_after(&mut response, RetryAfter::DateIn(90), &clock);
        assert_eq!(response.headers()["retry-after"], "Sun, 01 Mar 2026 10:01:30 GMT");
    }
}
