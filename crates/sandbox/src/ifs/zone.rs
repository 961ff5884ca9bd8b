//! Time zones: what `Z` means at an endpoint (IFS documentation, "Time zone aware APIs").
//!
//! The provider keeps wall times of its own zone. Without `X-Ifs-Time-Zone-Aware-Request: true` it
//! writes them with a `Z` that is not true, and reads them so. With the header an aware endpoint
//! converts, and one that is not aware fails as soon as the request carries a timestamp.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use wire::Request;

use super::cell::Cell;
use super::problem::Problem;
use super::row::Row;
use super::settings::IfsSwitches;

/// How stamps look from outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lens {
    zone: Option<TimeZone>,
    /// The request may not carry timestamps.
    pub(crate) refuses_stamps: bool,
}

impl Lens {
    /// What a request to `service` sees.
    pub(crate) fn of(request: &Request, service: &str, switches: &IfsSwitches) -> Result<Self, Problem> {
        let header = request.headers().get("x-ifs-time-zone-aware-request");
        let asks = header.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
        let aware = !switches.zone_unaware.iter().any(|name| name == "*" || name == service);
        if asks && aware {
            return Ok(Self::default());
        }
        let zone = switches.time_zone.as_deref().map(TimeZone::get).transpose();
        let zone = zone.map_err(|error| Problem::bad(format!("the server's time zone: {error}")))?;
        Ok(Self { zone, refuses_stamps: asks })
    }

    /// Whether stamps look other than they are.
    pub(crate) fn shifts(&self) -> bool {
        self.zone.is_some()
    }

    /// The row as it looks from outside.
    pub(crate) fn outward(&self, row: &Arc<Row>) -> Arc<Row> {
        let Some(zone) = &self.zone else { return row.clone() };
        let mut shifted = Row::clone(row);
        for cell in &mut shifted.cells {
            if let Cell::Timestamp(stamp) = cell {
                *stamp = wall(zone.to_datetime(*stamp), &TimeZone::UTC, *stamp);
            }
        }
        Arc::new(shifted)
    }

    /// A stamp from outside as the database keeps it. Of a wall time that comes twice the first is
    /// meant, and one that is skipped lies behind the gap.
    pub(crate) fn inward(&self, stamp: Timestamp) -> Timestamp {
        match &self.zone {
            None => stamp,
            Some(zone) => wall(TimeZone::UTC.to_datetime(stamp), zone, stamp),
        }
    }
}

fn wall(time: DateTime, zone: &TimeZone, otherwise: Timestamp) -> Timestamp {
    zone.to_timestamp(time).unwrap_or(otherwise)
}
