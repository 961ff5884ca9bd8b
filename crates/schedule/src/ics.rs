//! Calendar files (iCalendar, RFC 5545): events become stretches of the procurement calendar.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarStatus, ICalendarValue,
};
use calcard::{Entry, Parser};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::{Kind, ScheduleError, Span};

mod floating;

/// How often one event may come back within the time that is looked at.
const OCCURRENCES: usize = 20_000;

/// What a calendar file is read with.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// The kind of events that name none, such as the kind that the file's own name says.
    pub kind: Option<Kind>,
    /// The zone of events that name none.
    pub zone: &'a TimeZone,
    /// The time that matters; what lies outside is left out.
    pub within: Range<Timestamp>,
}

/// The stretches that a calendar file describes.
///
/// An event says what it means by its category (`OPEN`, `RUSH`, `HOLIDAY`, `BLACKOUT`). Cancelled events do
/// not count; recurrence rules, exceptions and moved occurrences do.
pub fn read(text: &str, reading: &Reading<'_>) -> Result<Vec<(Kind, Span)>, ScheduleError> {
    let mut parser = Parser::new(text);
    let mut found = Vec::new();
    let mut calendars = 0_u32;
    loop {
        match parser.entry() {
            Entry::Eof if calendars > 0 => return Ok(found),
            Entry::Eof => return Err(no_calendar(1, "this is no calendar: it has no BEGIN:VCALENDAR")),
            Entry::ICalendar(calendar) => {
                calendars += 1;
                for series in series(&calendar) {
                    found.extend(occurrences(&calendar, &series, reading)?);
                }
            }
            Entry::InvalidLine(line) => {
                return Err(no_calendar(line_of(text, &line), "this line belongs to no calendar"));
            }
            Entry::UnterminatedComponent(name) => {
                return Err(no_calendar(text.lines().count(), &format!("BEGIN:{name} has no END:{name}")));
            }
            other => return Err(no_calendar(1, &format!("this is no calendar: {other:?}"))),
        }
    }
}

fn no_calendar(line: usize, detail: &str) -> ScheduleError {
    ScheduleError::Line { line, detail: detail.to_owned() }
}

fn line_of(text: &str, wanted: &str) -> usize {
    text.lines().position(|line| line.trim() == wanted.trim()).map_or(1, |at| at + 1)
}

/// The events of a calendar, those of one series together: the library tells moved occurrences of two
/// series apart only if it sees one series at a time.
fn series(calendar: &ICalendar) -> Vec<Vec<&ICalendarComponent>> {
    let mut by_uid: BTreeMap<&str, Vec<&ICalendarComponent>> = BTreeMap::new();
    let mut single = Vec::new();
    for component in &calendar.components {
        if component.component_type != ICalendarComponentType::VEvent {
            continue;
        }
        match component.uid() {
            Some(uid) => by_uid.entry(uid).or_default().push(component),
            None => single.push(vec![component]),
        }
    }
    single.extend(by_uid.into_values());
    single
}

/// All occurrences of one series.
fn occurrences(
    calendar: &ICalendar,
    series: &[&ICalendarComponent],
    reading: &Reading<'_>,
) -> Result<Vec<(Kind, Span)>, ScheduleError> {
    let zone = floating::zone_of(calendar, series, reading.zone)?;
    let mut alone = ICalendar::default();
    for component in series {
        alone.components.push(floating::of(component, calendar, &zone, reading.within.end)?);
    }
    let expanded = alone.expand_dates(calcard::common::timezone::Tz::Floating, OCCURRENCES);
    if let Some(error) = expanded.errors.first() {
        let name = series.first().map(|first| name(first).to_string()).unwrap_or_default();
        return Err(ScheduleError::Event { name, detail: error.error.to_string() });
    }
    let mut found = Vec::new();
    for event in &expanded.events {
        let place = usize::try_from(event.comp_id).unwrap_or(usize::MAX);
        let Some(component) = series.get(place) else { continue };
        if component.status() == Some(&ICalendarStatus::Cancelled) {
            continue;
        }
        let (from, to) = event.timestamps();
        let (Some(from), Some(to)) = (instant(from, &zone), instant(to, &zone)) else { continue };
        if from < to && from < reading.within.end && to > reading.within.start {
            found.push((kind(component, reading.kind)?, Span { from, to, name: name(component) }));
        }
    }
    Ok(found)
}

/// The moment at which the clocks of `zone` show what `seconds` since 1970 look like in UTC.
fn instant(seconds: i64, zone: &TimeZone) -> Option<Timestamp> {
    let civil: DateTime = TimeZone::UTC.to_datetime(Timestamp::from_second(seconds).ok()?);
    zone.to_ambiguous_timestamp(civil).compatible().ok()
}

fn name(component: &ICalendarComponent) -> Arc<str> {
    let summary = component.property(&ICalendarProperty::Summary);
    summary
        .and_then(|entry| entry.values.first())
        .and_then(ICalendarValue::as_text)
        .unwrap_or_default()
        .into()
}

fn kind(component: &ICalendarComponent, otherwise: Option<Kind>) -> Result<Kind, ScheduleError> {
    let categories = component.properties(&ICalendarProperty::Categories).flat_map(|entry| &entry.values);
    let named = categories.filter_map(ICalendarValue::as_text).find_map(Kind::of);
    named.or(otherwise).ok_or_else(|| ScheduleError::Event {
        name: name(component).to_string(),
        detail: "it does not say what it means; give it one of the categories OPEN, RUSH, HOLIDAY, \
                 BLACKOUT, or name the file holidays.ics, windows.ics, rush.ics or blackout.ics"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone;

    fn event(lines: &str) -> String {
        format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.replace('\n', "\r\n"))
    }

    fn spans(events: &str) -> Result<Vec<String>, ScheduleError> {
        let zone = zone("Europe/Stockholm").unwrap();
        let within = "2026-01-01T00:00:00Z".parse().unwrap().."2027-01-01T00:00:00Z".parse().unwrap();
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
        let read = read(&text, &Reading { kind: None, zone: &zone, within })?;
        let mut lines: Vec<(Timestamp, String)> = read
            .into_iter()
            .map(|(kind, span)| (span.from, format!("{} {} {}", kind.word(), span.from, span.to)))
            .collect();
        lines.sort();
        Ok(lines.into_iter().map(|(_, line)| line).collect())
    }

    #[test]
    fn a_day_is_a_day_in_the_zone_of_the_calendar() {
        let day = event("UID:1\nSUMMARY:Easter\nCATEGORIES:Holiday\nDTSTART;VALUE=DATE:20260329");
        assert_eq!(spans(&day).unwrap(), ["holiday 2026-03-28T23:00:00Z 2026-03-29T22:00:00Z"]);
    }

    #[test]
    fn rules_come_back_at_the_same_time_of_day_all_year() {
        let rush = event(
            "UID:1\nCATEGORIES:RUSH\nDTSTART;TZID=Europe/Stockholm:20260131T080000\n\
             DTEND;TZID=Europe/Stockholm:20260131T200000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4",
        );
        assert_eq!(
            spans(&rush).unwrap(),
            [
                "rush 2026-01-31T07:00:00Z 2026-01-31T19:00:00Z",
                "rush 2026-02-28T07:00:00Z 2026-02-28T19:00:00Z",
                "rush 2026-03-31T06:00:00Z 2026-03-31T18:00:00Z",
                "rush 2026-04-30T06:00:00Z 2026-04-30T18:00:00Z",
            ]
        );
    }

    #[test]
    fn the_last_occurrence_may_be_named_in_utc() {
        let open = event(
            "UID:1\nCATEGORIES:OPEN\nDTSTART;TZID=Europe/Stockholm:20260105T080000\nDURATION:PT1H\n\
             RRULE:FREQ=DAILY;UNTIL=20260107T070000Z\nEXDATE;TZID=Europe/Stockholm:20260106T080000",
        );
        assert_eq!(
            spans(&open).unwrap(),
            [
                "open 2026-01-05T07:00:00Z 2026-01-05T08:00:00Z",
                "open 2026-01-07T07:00:00Z 2026-01-07T08:00:00Z"
            ]
        );
    }

    #[test]
    fn one_occurrence_may_be_moved_and_one_cancelled_without_touching_another_series() {
        let daily = "CATEGORIES:OPEN\nDTSTART:20260105T080000Z\nDTEND:20260105T090000Z\n\
                     RRULE:FREQ=DAILY;COUNT=3";
        let moved = "UID:1\nCATEGORIES:OPEN\nRECURRENCE-ID:20260106T080000Z\nDTSTART:20260106T100000Z\n\
                     DTEND:20260106T110000Z";
        let cancelled = "UID:1\nSTATUS:CANCELLED\nRECURRENCE-ID:20260107T080000Z\n\
                         DTSTART:20260107T080000Z\nDTEND:20260107T090000Z";
        let text = [event(&format!("UID:1\n{daily}")), event(moved), event(cancelled)].concat();
        let one = spans(&text).unwrap();
        assert_eq!(
            one,
            [
                "open 2026-01-05T08:00:00Z 2026-01-05T09:00:00Z",
                "open 2026-01-06T10:00:00Z 2026-01-06T11:00:00Z"
            ]
        );
        let both = spans(&format!("{text}{}", event(&format!("UID:2\n{daily}")))).unwrap();
        assert_eq!(both.len(), 5, "{both:?}");
    }

    #[test]
    fn a_rule_without_an_end_fills_the_time_that_is_looked_at() {
        let weekly = event(
            "UID:1\nCATEGORIES:OPEN\nDTSTART;TZID=America/New_York:20150105T080000\nDURATION:PT10H\n\
             RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        );
        let spans = spans(&weekly).unwrap();
        assert_eq!(spans.len(), 261);
        assert_eq!(spans[0], "open 2026-01-01T13:00:00Z 2026-01-01T23:00:00Z");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let vague = event("UID:1\nSUMMARY:Party\nDTSTART;VALUE=DATE:20260329");
        assert!(spans(&vague).unwrap_err().to_string().contains("`Party`"));
        let nowhere = event("UID:1\nSUMMARY:X\nCATEGORIES:OPEN\nDTSTART;TZID=Mars/Base:20260105T080000");
        assert!(spans(&nowhere).unwrap_err().to_string().contains("Mars/Base"));
        let endless = event("UID:1\nSUMMARY:Y\nCATEGORIES:OPEN\nDURATION:PT1H");
        assert!(spans(&endless).unwrap_err().to_string().contains("DTSTART"));
        let zone = TimeZone::UTC;
        let reading = Reading { kind: None, zone: &zone, within: Timestamp::UNIX_EPOCH..Timestamp::MAX };
        assert!(read("hello\r\n", &reading).is_err());
        assert!(read("", &reading).is_err());
    }
}
