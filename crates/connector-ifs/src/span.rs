//! Spans of time as configurations write them, such as `15min`.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

/// Reads a span that may be left out.
pub(crate) fn optional_span<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let span = text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    span.map(Some)
        .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no span of time, such as \"15min\"")))
}
