//! `[schedule]` of a flow: when the daemon runs it.

use std::sync::Arc;
use std::time::Duration;

use schedule::weekly::TimeOfDay;
use schedule::{Deadline, Schedule, Timing, Weekday};
use serde::{Deserialize, Deserializer};

use super::Interval;

/// How often a flow runs that says nothing about it.
pub const USUAL: Duration = Duration::from_mins(5);

/// `[schedule]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduleTable {
    /// So long after the last run began. Every five minutes if neither this nor `cron` is given.
    #[serde(default)]
    pub every: Option<Interval>,
    /// When the clock on the wall matches this cron expression: minute, hour, day of the month, month, day
    /// of the week, in the zone of `[calendar]` in link.toml.
    #[serde(default)]
    pub cron: Option<CronText>,
    /// Besides, while a rush of the calendar is on: so long after the last run began.
    #[serde(default)]
    pub rush: Option<Interval>,
    /// When everything is compared, also what seems unchanged: a cron expression.
    #[serde(default)]
    pub full: Option<CronText>,
    /// Whether the flow runs only by hand (`ml-connector daemon run`).
    #[serde(default)]
    pub by_hand: bool,
    /// Whether the flow runs whatever the calendar says; a blackout holds even so.
    #[serde(default)]
    pub ignore_calendar: bool,
    /// The oldest that what was not yet carried should get, in hours in which the flow may run.
    #[serde(default)]
    pub freshness: Option<Interval>,
    /// `[[schedule.deadlines]]`.
    #[serde(default)]
    pub deadlines: Vec<DeadlineTable>,
}

/// `[[schedule.deadlines]]`: what was changed before one time of day is carried by another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeadlineTable {
    /// Its name, for people.
    pub name: String,
    /// Changes made before this time are meant, such as `16:00`.
    pub before: ClockText,
    /// They are carried by this time, such as `16:15`.
    pub by: ClockText,
    /// On which days; on all of them if left out.
    #[serde(default = "all_days")]
    pub days: Vec<Weekday>,
}

/// A cron expression, checked while the file is read so that errors name the line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CronText(#[cfg_attr(test, schemars(with = "String"))] pub Timing);

impl<'de> Deserialize<'de> for CronText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timing::cron(&String::deserialize(deserializer)?).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A time of day, such as `07:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClockText(#[cfg_attr(test, schemars(with = "String"))] pub TimeOfDay);

impl<'de> Deserialize<'de> for ClockText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl ScheduleTable {
    /// What is wrong with the table as a whole.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let timed = self.every.is_some() || self.cron.is_some() || self.rush.is_some();
        if self.every.is_some() && self.cron.is_some() {
            return Some("[schedule] has both `every` and `cron`");
        }
        if [self.every, self.rush].into_iter().flatten().any(|every| Timing::every(every.0).is_err()) {
            return Some("[schedule] has an `every` or `rush` of less than a second");
        }
        let by_itself = timed || !self.deadlines.is_empty();
        (self.by_hand && by_itself).then_some("[schedule] has `by_hand = true` and a time")
    }

    /// When changes are carried.
    pub fn changes(&self) -> Schedule {
        let usual = Timing::Every(USUAL);
        let timing = match (&self.cron, self.every) {
            _ if self.by_hand => None,
            (Some(cron), _) => Some(cron.0.clone()),
            (None, Some(every)) => Timing::every(every.0).ok(),
            (None, None) => Some(usual),
        };
        let deadlines = self.deadlines.iter().map(DeadlineTable::deadline).collect();
        Schedule { timing, rush: self.rush.and_then(|every| Timing::every(every.0).ok()), deadlines }
    }

    /// When everything is compared.
    pub fn sweeps(&self) -> Option<Schedule> {
        self.full.as_ref().map(|cron| Schedule { timing: Some(cron.0.clone()), ..Schedule::default() })
    }
}

impl DeadlineTable {
    fn deadline(&self) -> Deadline {
        let name: Arc<str> = self.name.as_str().into();
        Deadline { name, before: self.before.0, by: self.by.0, days: self.days.clone() }
    }
}

fn all_days() -> Vec<Weekday> {
    Weekday::ALL.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> ScheduleTable {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn without_a_word_a_flow_runs_every_five_minutes() {
        assert_eq!(table("").changes().timing, Some(Timing::Every(USUAL)));
        assert_eq!(table("by_hand = true").changes().timing, None);
    }

    #[test]
    fn two_times_are_one_too_many() {
        assert!(table("every = \"1min\"\ncron = \"0 7 * * *\"").problem().is_some());
        assert!(table("every = \"1min\"\nby_hand = true").problem().is_some());
        assert_eq!(table("every = \"1min\"").problem(), None);
        for never in ["every = \"0s\"", "rush = \"500ms\""] {
            assert!(table(never).problem().is_some(), "{never}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in ["cron = \"0 7\"", "every = \"soon\"", "full = \"0 0 31 2 *\"", "deadline = 1"] {
            assert!(toml::from_str::<ScheduleTable>(wrong).is_err(), "{wrong}");
        }
        let late = "[[deadlines]]\nname = \"x\"\nbefore = \"25:00\"\nby = \"16:00\"";
        let error = toml::from_str::<ScheduleTable>(late).unwrap_err();
        assert!(error.to_string().contains("time of day"), "{error}");
    }
}
