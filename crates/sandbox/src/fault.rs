//! What can go wrong between a client and a server, as values.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One thing that goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// The server acts, and the answer never arrives.
    LostAnswer,
    /// The caller hears nothing, and the server acts later.
    LateLanding {
        /// How much later.
        #[serde(rename = "after_ms", with = "millis")]
        after: Duration,
    },
    /// Nothing reaches the server. On a socket this is a connection closed without acting, which a
    /// client cannot tell from a lost answer.
    Unreached,
    /// 429, and the server does not act.
    TooManyRequests {
        /// The `Retry-After` header, if there is one.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// 503 with an HTML body, as a proxy in front of the server sends it; the server does not act.
    Unavailable,
    /// 500 in the server's own words; the server does not act.
    ServerError,
    /// 401 in the server's own words; the server does not act.
    ExpiredToken,
    /// The server acts, and its answer arrives in small pieces.
    SlowBody {
        /// Bytes in a piece; at least 1.
        chunk: usize,
        /// Time between two pieces.
        #[serde(rename = "pause_ms", with = "millis")]
        pause: Duration,
    },
    /// The server acts, and the connection closes in the middle of its answer.
    TruncatedBody,
    /// The server acts, and its answer is whole for HTTP but broken as JSON.
    MalformedJson,
}

impl Fault {
    /// A short stable name, for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LostAnswer => "lost_answer",
            Self::LateLanding { .. } => "late_landing",
            Self::Unreached => "unreached",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Unavailable => "unavailable",
            Self::ServerError => "server_error",
            Self::ExpiredToken => "expired_token",
            Self::SlowBody { .. } => "slow_body",
            Self::TruncatedBody => "truncated_body",
            Self::MalformedJson => "malformed_json",
        }
    }
}

/// A `Retry-After` header (RFC 9110 section 10.2.3) in either of its forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// `Retry-After: 7`.
    Seconds(u64),
    /// An HTTP date so many seconds from the server's now; negative lies in the past.
    DateIn(i64),
}

/// Durations as whole milliseconds in JSON.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_travel_as_json() {
        for (fault, json) in [
            (Fault::LostAnswer, r#"{"kind":"lost_answer"}"#),
            (
                Fault::LateLanding { after: Duration::from_mins(1) },
                r#"{"kind":"late_landing","after_ms":60000}"#,
            ),
            (
                Fault::TooManyRequests { retry_after: Some(RetryAfter::DateIn(-30)) },
                r#"{"kind":"too_many_requests","retry_after":{"date_in":-30}}"#,
            ),
            (
                Fault::SlowBody { chunk: 1, pause: Duration::from_millis(50) },
                r#"{"kind":"slow_body","chunk":1,"pause_ms":50}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&fault).expect("json"), json);
            assert_eq!(serde_json::from_str::<Fault>(json).expect(json), fault);
            assert!(json.contains(fault.name()));
        }
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"gremlins"}"#).is_err());
    }
}
