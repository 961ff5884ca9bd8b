//! What the times of an entity mean: IFS writes `Z` behind times of other zones too.
//!
//! Bounds and positions are compared in the source's own time; fields become instants. IFS Cloud
//! documents "Time Zone Aware APIs": without its request header, times are in the zone of the server
//! or site, whatever their offset says.

use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use odata_client::{Cell, CellError};
use serde::{Deserialize, Serialize};

/// What the times of an entity mean.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TimeZonePolicy {
    /// They are what they say: their offset is right.
    #[default]
    Utc,
    /// They are what they say because we ask for it, with the header
    /// `X-Ifs-Time-Zone-Aware-Request: true`.
    UtcAware,
    /// As `UtcAware` where the endpoint takes the header, which is found out at the first call; else as
    /// times of the wall clock in this zone. When the endpoint begins or ceases to take it, everything
    /// is read once more.
    AwareOr(Zone),
    /// They are times of the wall clock in this zone, such as `Europe/Stockholm`, and their offset
    /// means nothing.
    Zone(Zone),
}

/// A zone by its IANA name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Zone(#[cfg_attr(feature = "schema", schemars(with = "String"))] TimeZone);

impl TryFrom<String> for Zone {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        TimeZone::get(&name)
            .map(Self)
            .map_err(|_| format!("`{name}` is no time zone such as Europe/Stockholm"))
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0.iana_name().unwrap_or("UTC").to_owned()
    }
}

impl TimeZonePolicy {
    /// The zone of the wall clock that the times are of, if they are.
    pub(crate) fn zone(&self) -> Option<&Zone> {
        match self {
            Self::Zone(zone) | Self::AwareOr(zone) => Some(zone),
            Self::Utc | Self::UtcAware => None,
        }
    }

    /// The instant of a value.
    pub(crate) fn instant(&self, cell: Cell<'_>) -> Result<Option<Timestamp>, CellError> {
        let Some(zone) = self.zone() else { return cell.timestamp() };
        let Some(wall) = cell.wall_time()? else { return Ok(None) };
        // An hour that the clock shows twice is read as its first one; one that it skips, as if it
        // had not yet been moved.
        zone.0.to_timestamp(wall).map(Some).map_err(|_| out_of_range(cell))
    }

    /// The value in the source's own time, as far as it can be compared there.
    pub(crate) fn position(&self, cell: Cell<'_>) -> Result<Option<Timestamp>, CellError> {
        if self.zone().is_none() {
            return cell.timestamp();
        }
        let Some(wall) = cell.wall_time()? else { return Ok(None) };
        Offset::UTC.to_timestamp(wall).map(Some).map_err(|_| out_of_range(cell))
    }

    /// The source's own time at an instant.
    pub(crate) fn to_source(&self, instant: Timestamp) -> Timestamp {
        match self.zone() {
            Some(zone) => {
                let wall = zone.0.to_datetime(instant);
                Offset::UTC.to_timestamp(wall).unwrap_or(instant)
            }
            None => instant,
        }
    }

    /// How much longer the overlap must be because a wall clock was set back within the last day:
    /// its times come twice.
    pub(crate) fn set_back(&self, instant: Timestamp) -> Duration {
        const DAY: SignedDuration = SignedDuration::from_hours(25);
        let Some(zone) = self.zone() else { return Duration::ZERO };
        let Ok(before) = instant.checked_sub(DAY) else { return Duration::ZERO };
        let lost = zone.0.to_offset(before).seconds() - zone.0.to_offset(instant).seconds();
        Duration::from_secs(u64::try_from(lost).unwrap_or(0))
    }
}

fn out_of_range(cell: Cell<'_>) -> CellError {
    CellError { expected: "a time that exists", found: cell.raw().chars().take(80).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stockholm() -> TimeZonePolicy {
        TimeZonePolicy::Zone(Zone::try_from("Europe/Stockholm".to_owned()).unwrap())
    }

    #[test]
    fn a_wall_clock_that_was_set_back_needs_a_longer_overlap() {
        let policy = stockholm();
        let night: Timestamp = "2026-10-25T01:05:00Z".parse().unwrap();
        assert_eq!(policy.to_source(night).to_string(), "2026-10-25T02:05:00Z");
        assert_eq!(policy.set_back(night), Duration::from_hours(1));
        let later: Timestamp = "2026-10-27T01:05:00Z".parse().unwrap();
        assert_eq!(policy.set_back(later), Duration::ZERO);
        let spring: Timestamp = "2026-03-29T01:05:00Z".parse().unwrap();
        assert_eq!(policy.set_back(spring), Duration::ZERO);
        assert_eq!(TimeZonePolicy::Utc.set_back(night), Duration::ZERO);
    }

    #[test]
    fn zones_are_checked_when_they_are_read() {
        let zone: TimeZonePolicy = serde_json::from_str(r#"{"zone":"Australia/Lord_Howe"}"#).unwrap();
        let howe: Timestamp = "2026-04-04T15:30:00Z".parse().unwrap();
        assert_eq!(zone.set_back(howe), Duration::from_mins(30));
        assert!(serde_json::from_str::<TimeZonePolicy>(r#"{"zone":"Nowhere/Land"}"#).is_err());
        assert_eq!(
            serde_json::from_str::<TimeZonePolicy>(r#""utc_aware""#).unwrap(),
            TimeZonePolicy::UtcAware
        );
    }
}
