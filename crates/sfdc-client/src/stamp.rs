//! Stamps and dates as Salesforce writes and reads them.

use jiff::Timestamp;

/// As JSON shows a stamp: `2026-01-02T03:04:05.000+0000`, the offset without a colon.
const SHOWN: &str = "%Y-%m-%dT%H:%M:%S%.f%z";
/// As HTTP headers show one (RFC 9110, 5.6.7).
const HTTP: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// Reads a stamp of an answer, with or without a colon in the offset.
pub fn read(text: &str) -> Option<Timestamp> {
    Timestamp::strptime(SHOWN, text).or_else(|_| text.parse()).ok()
}

/// Writes a stamp for a body or a query, to the millisecond.
pub fn written(stamp: Timestamp) -> String {
    stamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Writes a stamp for a conditional header: whole seconds, rounded down.
pub(crate) fn http(stamp: Timestamp) -> String {
    stamp.strftime(HTTP).to_string()
}

/// Reads the stamp of a header such as `Date` or `Last-Modified`.
pub fn read_http(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_moment() {
        let stamp: Timestamp = "2026-01-02T03:04:05.678Z".parse().expect("a stamp");
        for text in [
            "2026-01-02T03:04:05.678+0000",
            "2026-01-02T04:04:05.678+0100",
            "2026-01-02T03:04:05.678Z",
            "2026-01-02T03:04:05.678+00:00",
        ] {
            assert_eq!(read(text), Some(stamp), "{text}");
        }
        assert_eq!(written(stamp), "2026-01-02T03:04:05.678Z");
        assert_eq!(http(stamp), "Fri, 02 Jan 2026 03:04:05 GMT");
        assert_eq!(read_http(&http(stamp)).map(Timestamp::as_second), Some(stamp.as_second()));
        for bad in ["", "2026-01-02", "2026-01-02T25:04:05.000+0000", "yesterday"] {
            assert_eq!((read(bad), read_http(bad)), (None, None), "{bad}");
        }
    }
}
