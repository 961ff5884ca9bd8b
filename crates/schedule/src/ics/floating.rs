//! Events as the clock on the wall of their own zone shows them.
//!
//! A recurrence rule is about that clock: its rows are made without any zone, and only the results are
//! placed in one. So a start that the clock skips or repeats once a year is nothing special, and the last
//! occurrence of a rule may be named in UTC, as the standard demands.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarEntry, ICalendarParameterName, ICalendarProperty, ICalendarValue,
};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::name;
use crate::{ScheduleError, zone};

/// The zone of a series: that of its first start.
pub(super) fn zone_of(
    calendar: &ICalendar,
    series: &[&ICalendarComponent],
    otherwise: &TimeZone,
) -> Result<TimeZone, ScheduleError> {
    let start = series.iter().find_map(|component| {
        component.property(&ICalendarProperty::Dtstart).map(|entry| (*component, entry))
    });
    let Some((component, entry)) = start else { return Ok(otherwise.clone()) };
    if entry.values.iter().filter_map(ICalendarValue::as_partial_date_time).any(has_offset) {
        return Ok(TimeZone::UTC);
    }
    Ok(named(calendar, component, entry)?.unwrap_or_else(|| otherwise.clone()))
}

/// `component` with all its times as the clocks of `zone` show them; a rule without an end ends at `end`.
pub(super) fn of(
    component: &ICalendarComponent,
    calendar: &ICalendar,
    zone: &TimeZone,
    end: Timestamp,
) -> Result<ICalendarComponent, ScheduleError> {
    let mut floating = component.clone();
    for entry in &mut floating.entries {
        let own = named(calendar, component, entry)?;
        let own = own.as_ref().unwrap_or(zone);
        for value in &mut entry.values {
            match value {
                ICalendarValue::PartialDateTime(time) => **time = shown(time, own, zone),
                ICalendarValue::RecurrenceRule(rule) => {
                    rule.until = match &rule.until {
                        Some(until) => Some(shown(until, own, zone)),
                        None if rule.count.is_none() => Some(partial(zone.to_datetime(end))),
                        None => None,
                    };
                }
                _ => {}
            }
        }
        entry.params.retain(|param| param.name != ICalendarParameterName::Tzid);
    }
    Ok(floating)
}

/// The zone that an entry names.
fn named(
    calendar: &ICalendar,
    component: &ICalendarComponent,
    entry: &ICalendarEntry,
) -> Result<Option<TimeZone>, ScheduleError> {
    let Some(id) = entry.tz_id() else { return Ok(None) };
    let known = calendar.build_tz_resolver().resolve(id).and_then(|zone| zone.name());
    match zone(known.as_deref().unwrap_or(id)) {
        Ok(zone) => Ok(Some(zone)),
        Err(error) => {
            Err(ScheduleError::Event { name: name(component).to_string(), detail: error.to_string() })
        }
    }
}

fn has_offset(time: &PartialDateTime) -> bool {
    time.tz_hour.is_some()
}

/// What the clocks of `zone` show at a time that is given with an offset, or else in the zone `own`.
fn shown(time: &PartialDateTime, own: &TimeZone, zone: &TimeZone) -> PartialDateTime {
    let elsewhere = has_offset(time) || own != zone;
    let moment = if elsewhere && time.hour.is_some() { moment(time, own) } else { None };
    moment.map_or_else(|| time.clone(), |moment| partial(zone.to_datetime(moment)))
}

fn moment(time: &PartialDateTime, own: &TimeZone) -> Option<Timestamp> {
    let part = |part: Option<u8>| i8::try_from(part.unwrap_or(0)).ok();
    let civil = DateTime::new(
        i16::try_from(time.year?).ok()?,
        part(Some(time.month?))?,
        part(Some(time.day?))?,
        part(time.hour)?,
        part(time.minute)?,
        part(time.second)?,
        0,
    )
    .ok()?;
    if !has_offset(time) {
        return own.to_ambiguous_timestamp(civil).compatible().ok();
    }
    let seconds = i32::from(part(time.tz_hour)?) * 3600 + i32::from(part(time.tz_minute)?) * 60;
    let offset = Offset::from_seconds(if time.tz_minus { -seconds } else { seconds }).ok()?;
    offset.to_timestamp(civil).ok()
}

fn partial(time: DateTime) -> PartialDateTime {
    let part = |part: i8| Some(part.unsigned_abs());
    PartialDateTime {
        year: Some(time.year().unsigned_abs()),
        month: part(time.month()),
        day: part(time.day()),
        hour: part(time.hour()),
        minute: part(time.minute()),
        second: part(time.second()),
        ..PartialDateTime::default()
    }
}
