//! Our zoned time as the cron library wants to see it.

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::time::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, ZonedDateTime};

/// A zoned time.
#[derive(Debug, Clone)]
pub(crate) struct CronTime(pub(crate) ZonedDateTime);

fn unsigned(number: i8) -> u32 {
    u32::from(number.unsigned_abs())
}

fn signed(number: u32) -> Result<i8, CronError> {
    i8::try_from(number).map_err(|_| CronError::InvalidTime)
}

impl CronDateTime for CronTime {
    fn to_civil(&self) -> CivilDateTime {
        let time = self.0.datetime();
        // Our own type has checked the parts.
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(
                i32::from(time.year()),
                unsigned(time.month()),
                unsigned(time.day()),
            ),
            CivilTime::from_parts_unchecked(
                unsigned(time.hour()),
                unsigned(time.minute()),
                unsigned(time.second()),
            ),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(unsigned(self.0.weekday().to_sunday_zero_offset()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
        let (month, day) = (signed(civil.month())?, signed(civil.day())?);
        let (hour, minute, second) =
            (signed(civil.hour())?, signed(civil.minute())?, signed(civil.second())?);
        let time =
            DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| CronError::InvalidDate)?;
        let found = self.0.time_zone().to_ambiguous_zoned_datetime(time);
        let offset = found.offset();
        let later = found.clone().later();
        let earlier = found.earlier();
        let (Ok(earlier), Ok(later)) = (earlier, later) else { return Err(CronError::InvalidTime) };
        Ok(match offset {
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(Self(earlier)),
            AmbiguousOffset::Fold { .. } => Resolution::Ambiguous(Self(earlier), Self(later)),
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}
