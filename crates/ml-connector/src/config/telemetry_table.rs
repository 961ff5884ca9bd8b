//! `[telemetry]` of the daemon: where traces and metrics are sent.

use std::time::Duration;

use serde::Deserialize;

use super::{Address, Interval, SecretRef};

/// `[telemetry]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryTable {
    /// The address of a collector that speaks OTLP over HTTP, such as `http://127.0.0.1:4318`; nothing is sent if
    /// it is left out.
    pub otlp: Option<Address>,
    /// A token that is sent along (`Authorization: Bearer …`).
    pub token: Option<SecretRef>,
    /// How often metrics are sent.
    pub every: Interval,
}

impl Default for TelemetryTable {
    fn default() -> Self {
        Self { otlp: None, token: None, every: Interval(Duration::from_mins(1)) }
    }
}
