//! `Retry-After`: how long a server asks to be left alone (RFC 9110, 10.2.3).

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::Timestamp;

/// A server that asks for less gets this.
pub const LEAST: Duration = Duration::from_secs(1);

/// The wait that `headers` ask for, at least [`LEAST`]: whole seconds, or an HTTP date against
/// `now`. `None` if there is no such header or it cannot be read.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean: longer than anybody waits.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)).max(LEAST));
    }
    let due = Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()?;
    // A date in the past is no wait at all.
    Some(Duration::try_from(due.duration_since(now)).unwrap_or_default().max(LEAST))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn seconds_and_dates() {
        let now: Timestamp = "2025-03-01T12:00:00Z".parse().expect("a timestamp");
        for (value, wait) in [
            ("30", Some(30)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sat, 01 Mar 2025 12:02:00 GMT", Some(120)),
            ("Sat, 01 Mar 2025 11:00:00 GMT", Some(1)),
            ("Thu, 01 Mar 2035 12:00:00 GMT", Some(3652 * 86_400)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
            assert_eq!(retry_after(&headers, now), wait.map(Duration::from_secs), "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
