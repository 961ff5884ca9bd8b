//! `[events]`: whether a flow that begins in Salesforce listens to change events.

use std::time::Duration;

use serde::Deserialize;
use sfdc_client::events::{Topic, TopicError};

use super::Interval;

/// The org's standard channel, which has a topic for each object.
const STANDARD: &str = "ChangeEvents";

/// `[events]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EventsTable {
    /// Whether they are listened to. Polls take place all the same.
    #[serde(default)]
    pub enabled: bool,
    /// The channel that tells them: a custom one, or `ChangeEvents` for the object's own topic. The one
    /// that `salesforce setup` makes if it is left out.
    #[serde(default)]
    pub channel: Option<String>,
    /// How long a run waits for events that are under way; 3 s if it is left out.
    #[serde(default)]
    pub wait: Option<Interval>,
    /// How far apart runs of the daemon are that events bring about, at least; 15 s if it is left out.
    #[serde(default)]
    pub pause: Option<Interval>,
}

impl EventsTable {
    /// The topic that tells changes of `object`.
    pub(crate) fn topic(&self, object: &str) -> Result<Topic, TopicError> {
        match self.channel.as_deref() {
            Some(STANDARD) => Topic::of(object),
            channel => Topic::channel(channel.unwrap_or(connector_salesforce::setup::CHANNEL)),
        }
    }

    /// How long a run waits.
    pub(crate) fn patience(&self) -> Duration {
        self.wait.map_or(Duration::from_secs(3), |wait| wait.0)
    }

    /// How far apart runs are that events bring about.
    pub(crate) fn pause(&self) -> Duration {
        self.pause.map_or(Duration::from_secs(15), |pause| pause.0)
    }
}
