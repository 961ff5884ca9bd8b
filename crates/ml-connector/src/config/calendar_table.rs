//! `[calendar]` of a link: the zone, the calendar file or folder, weekly windows.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use schedule::{Kind, Weekday, Weekly};
use serde::{Deserialize, Deserializer};

use super::schedule_table::ClockText;

/// `[calendar]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CalendarTable {
    /// The time zone of everything in it and of cron expressions, such as `Europe/Stockholm`; UTC if left out.
    #[serde(default)]
    pub zone: ZoneText,
    /// An iCalendar file, or a folder of them, relative to the link's folder.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// `[[calendar.weekly]]`.
    #[serde(default)]
    pub weekly: Vec<WeeklyTable>,
}

/// `[[calendar.weekly]]`: a window that comes back every week.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WeeklyTable {
    /// What it means: a working window (`open`) if left out.
    #[serde(default = "open")]
    pub kind: Kind,
    /// Its name, for people.
    #[serde(default)]
    pub name: String,
    /// On which days it begins; from Monday to Friday if left out.
    #[serde(default = "working_days")]
    pub days: Vec<Weekday>,
    /// When it begins, such as `07:00`.
    pub from: ClockText,
    /// When it ends: on the next day if that is not later than `from`.
    pub to: ClockText,
}

impl WeeklyTable {
    /// The window.
    pub fn window(&self) -> Weekly {
        let name = self.name.as_str().into();
        Weekly { kind: self.kind, name, days: self.days.clone(), from: self.from.0, to: self.to.0 }
    }
}

/// The name of a time zone, checked while the file is read so that errors name the line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ZoneText(#[cfg_attr(test, schemars(with = "String"))] pub TimeZone);

impl Default for ZoneText {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl<'de> Deserialize<'de> for ZoneText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        schedule::zone(&String::deserialize(deserializer)?).map(Self).map_err(serde::de::Error::custom)
    }
}

fn open() -> Kind {
    Kind::Open
}

fn working_days() -> Vec<Weekday> {
    Weekday::WORKING.to_vec()
}
