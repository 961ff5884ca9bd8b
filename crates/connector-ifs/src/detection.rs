//! How changes of an entity are found, and how deletions are.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::span::optional_span;
use crate::time_zone::TimeZonePolicy;

/// How changes are found once every row has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Detection {
    /// By the modified attribute.
    #[default]
    Modified,
    /// By the history log, which must be switched on for the logical units.
    History,
    /// By reading keys and ETags, or whole rows, of everything each time.
    Sweep,
    /// Only where somebody says that a row changed (an event of IFS that calls us). Give it a sweep
    /// beside: nobody repeats a call that got lost.
    Hints,
}

/// The history log of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistorySettings {
    /// Where it is.
    pub place: Place,
    /// The logical units whose entries are followed: the entity's own, and those of its children.
    pub units: Vec<String>,
    /// What its times mean, where that differs from the entity's.
    pub time_zone: Option<TimeZonePolicy>,
}

impl HistorySettings {
    /// The log for `units`, where IFS Cloud has it.
    pub fn of(units: &[&str]) -> Self {
        Self {
            place: Place::projection("HistoryLogHandling", "HistoryLogOverviewSet"),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
            time_zone: None,
        }
    }
}

/// What one row is known by from one sweep to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fingerprint {
    /// Its content, children included: the whole rows are read.
    #[default]
    Content,
    /// Its `ETag`: only keys are read, then the rows whose `ETag` changed. Those are read once more
    /// by the next sweep, since the `ETag`s of IFS know whole seconds only. Changes of children do
    /// not show.
    Etag,
}

/// A comparison of all rows with what was there before. It also finds deletions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepSettings {
    /// How long after the end of one sweep the next one may begin.
    pub every: Duration,
    /// What rows are compared by.
    pub by: Fingerprint,
    /// How long a row must be missing before it is believed to be gone.
    pub confirm_after: Duration,
    /// More missing rows than this, and more than `most_gone_percent`, stop the flow instead.
    pub most_gone: usize,
    /// See `most_gone`.
    pub most_gone_percent: usize,
    /// More rows than this are not remembered: the cursor would become too large.
    pub most_rows: usize,
}

impl Default for SweepSettings {
    fn default() -> Self {
        Self {
            every: Duration::from_hours(24),
            by: Fingerprint::Content,
            confirm_after: Duration::from_mins(10),
            most_gone: 50,
            most_gone_percent: 2,
            most_rows: 200_000,
        }
    }
}

impl SweepSettings {
    /// How many of `known` rows may be missing.
    pub(crate) fn allowed(&self, known: usize) -> usize {
        self.most_gone.max(known.saturating_mul(self.most_gone_percent) / 100)
    }
}

/// What a configuration says about the history log; what is left out keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HistoryOverrides {
    /// Where it is.
    pub place: Option<Place>,
    /// The logical units whose entries are followed.
    pub units: Option<Vec<String>>,
    /// What its times mean.
    pub time_zone: Option<TimeZonePolicy>,
}

/// What a configuration says about sweeps; what is left out keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SweepOverrides {
    /// How long after the end of one sweep the next one may begin, such as `24h`.
    #[serde(deserialize_with = "optional_span")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub every: Option<Duration>,
    /// What rows are compared by: `content` or `etag`.
    pub by: Option<Fingerprint>,
    /// How long a row must be missing before it is believed to be gone, such as `10min`.
    #[serde(deserialize_with = "optional_span")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub confirm_after: Option<Duration>,
    /// More missing rows than this, and more than `most_gone_percent`, stop the flow instead.
    pub most_gone: Option<usize>,
    /// See `most_gone`.
    pub most_gone_percent: Option<usize>,
    /// More rows than this are not remembered.
    pub most_rows: Option<usize>,
}

impl HistoryOverrides {
    /// These over `defaults`.
    pub(crate) fn over(self, defaults: HistorySettings) -> HistorySettings {
        HistorySettings {
            place: self.place.unwrap_or(defaults.place),
            units: self.units.unwrap_or(defaults.units),
            time_zone: self.time_zone.or(defaults.time_zone),
        }
    }
}

impl SweepOverrides {
    /// These over `defaults`.
    pub(crate) fn over(&self, defaults: &SweepSettings) -> SweepSettings {
        SweepSettings {
            every: self.every.unwrap_or(defaults.every),
            by: self.by.unwrap_or(defaults.by),
            confirm_after: self.confirm_after.unwrap_or(defaults.confirm_after),
            most_gone: self.most_gone.unwrap_or(defaults.most_gone),
            most_gone_percent: self.most_gone_percent.unwrap_or(defaults.most_gone_percent),
            most_rows: self.most_rows.unwrap_or(defaults.most_rows),
        }
    }
}
