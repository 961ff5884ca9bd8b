//! A reader's weeks: every run is where somebody who reads the calendar expects it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::ics::{self, Reading};
use crate::{Calendar, Deadline, Kind, Last, Schedule, Timing, Weekday, Weekly, next, zone};

/// A company near Stockholm: working hours, Good Friday to Easter Monday off, a rush on the last day of each
/// month, maintenance one night.
const EVENTS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
BEGIN:VEVENT\r\nUID:easter\r\nSUMMARY:Easter\r\nCATEGORIES:HOLIDAY\r\n\
DTSTART;VALUE=DATE:20260403\r\nDTEND;VALUE=DATE:20260407\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:rush\r\nSUMMARY:Month end\r\nCATEGORIES:RUSH\r\n\
DTSTART;TZID=Europe/Stockholm:20260131T060000\r\nDTEND;TZID=Europe/Stockholm:20260131T220000\r\n\
RRULE:FREQ=MONTHLY;BYMONTHDAY=-1\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:upgrade\r\nSUMMARY:Upgrade\r\nCATEGORIES:BLACKOUT\r\n\
DTSTART;TZID=Europe/Stockholm:20260401T080000\r\nDURATION:PT2H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn calendar() -> Calendar {
    let zone = zone("Europe/Stockholm").unwrap();
    let within = "2026-01-01T00:00:00Z".parse().unwrap().."2027-01-01T00:00:00Z".parse().unwrap();
    let events = ics::read(EVENTS, &Reading { kind: None, zone: &zone, within }).unwrap();
    let weekly = Weekly {
        kind: Kind::Open,
        name: "working hours".into(),
        days: Weekday::WORKING.to_vec(),
        from: "07:00".parse().unwrap(),
        to: "18:00".parse().unwrap(),
    };
    Calendar::new(zone, vec![weekly], events)
}

/// Every run from `from` to `to`, each lasting a minute, with nobody there during `down`.
fn runs(schedule: &Schedule, from: &str, to: &str, down: Option<(&str, &str)>) -> Vec<String> {
    let calendar = calendar();
    let moment = |text: &str| text.parse::<Timestamp>().unwrap();
    let down = down.map(|(from, to)| (moment(from), moment(to)));
    let (mut now, end) = (moment(from), moment(to));
    let mut last = Last { began: Some(now), ended: Some(now), ..Last::default() };
    let mut lines = Vec::new();
    while let Some(planned) = next(schedule, &calendar, &last, now) {
        if let Some((stops, starts)) = down.filter(|(stops, starts)| (*stops..*starts).contains(&planned.at))
        {
            assert!(now < stops, "nobody decides anything while nobody is there");
            now = starts;
            continue;
        }
        if planned.at >= end {
            return lines;
        }
        let at = planned.at.to_zoned_datetime(calendar.zone().clone());
        lines.push(format!("{} {}", at.strftime("%a %d %H:%M"), planned.reason));
        last.begin(planned.at);
        now = planned.at + SignedDuration::from_mins(1);
        last.succeed(now);
    }
    lines
}

fn counted(lines: &[String], day: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(day)).count()
}

#[test]
fn a_week_with_a_month_end_a_blackout_a_holiday_and_the_spring_night() {
    let schedule = Schedule {
        timing: Some(Timing::every(Duration::from_hours(1)).unwrap()),
        rush: Some(Timing::every(Duration::from_mins(10)).unwrap()),
        deadlines: vec![Deadline {
            name: "orders".into(),
            before: "16:30".parse().unwrap(),
            by: "16:45".parse().unwrap(),
            days: Weekday::ALL.to_vec(),
        }],
    };
    // From Friday before the clocks change to Wednesday after Easter.
    let lines = runs(&schedule, "2026-03-27T15:00:00Z", "2026-04-08T00:00:00Z", None);
    let expected = [
        "Fri 27 16:30 deadline orders",
        "Fri 27 17:30 every 1h",
        // The weekend and the night on which clocks change are closed.
        "Mon 30 07:00 every 1h",
        "Mon 30 08:00 every 1h",
    ];
    assert_eq!(&lines[..4], expected, "{lines:#?}");
    // Monday: 07:00 to 16:00, the deadline at 16:30, 17:30.
    assert_eq!(counted(&lines, "Mon 30"), 12, "{lines:#?}");
    // The month end: every ten minutes from 06:00 to 22:00, the deadline among them.
    assert_eq!(counted(&lines, "Tue 31"), 96, "{lines:#?}");
    let tuesday: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("Tue 31 ")).collect();
    // What fell due on Monday evening waited for the opening; from then on the rush sets the pace.
    assert_eq!(&tuesday[..2], ["06:00 every 1h", "06:10 every 10m during Month end"], "{tuesday:#?}");
    assert!(lines.contains(&"Tue 31 16:30 deadline orders".to_owned()), "{lines:#?}");
    // The upgrade keeps Wednesday's eight and nine o'clock waiting until ten.
    let wednesday: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("Wed 01 ")).collect();
    assert_eq!(&wednesday[..3], ["07:00 every 1h", "10:00 every 1h", "11:00 every 1h"], "{wednesday:#?}");
    // Nothing from Good Friday to Easter Monday, and Tuesday begins as every day.
    for day in ["Fri 03", "Sat 04", "Sun 05", "Mon 06"] {
        assert_eq!(counted(&lines, day), 0, "{day}");
    }
    assert_eq!(lines.iter().find(|line| line.starts_with("Tue 07")).unwrap(), "Tue 07 07:00 every 1h");
}

#[test]
fn a_nightly_run_takes_place_once_on_both_nights_on_which_clocks_change() {
    let calendar = Calendar::open(zone("Europe/Stockholm").unwrap());
    let schedule = Schedule { timing: Some(Timing::cron("30 2 * * *").unwrap()), ..Schedule::default() };
    for (from, expected) in [
        ("2026-03-27T12:00:00Z", ["28 02:30 +01:00", "29 03:00 +02:00", "30 02:30 +02:00"]),
        ("2026-10-23T12:00:00Z", ["24 02:30 +02:00", "25 02:30 +02:00", "26 02:30 +01:00"]),
    ] {
        let mut now: Timestamp = from.parse().unwrap();
        let mut last = Last { began: Some(now), ended: Some(now), ..Last::default() };
        for wanted in expected {
            let planned = next(&schedule, &calendar, &last, now).unwrap();
            let at = planned.at.to_zoned_datetime(calendar.zone().clone());
            assert_eq!(at.strftime("%d %H:%M %:z").to_string(), wanted);
            last.begin(planned.at);
            now = planned.at + SignedDuration::from_secs(5);
            last.succeed(now);
        }
    }
}

#[test]
fn nine_hours_of_downtime_are_made_up_for_by_one_run() {
    let schedule =
        Schedule { timing: Some(Timing::every(Duration::from_mins(30)).unwrap()), ..Schedule::default() };
    // Down from 03:30 to 12:30 on the clock on the wall.
    let down = Some(("2026-03-25T02:30:00Z", "2026-03-25T11:30:00Z"));
    let lines = runs(&schedule, "2026-03-24T16:00:00Z", "2026-03-25T13:00:00Z", down);
    assert_eq!(
        lines,
        [
            "Tue 24 17:30 every 30m",
            "Wed 25 12:30 makes up for 12 missed since 2026-03-25T06:00:00Z",
            "Wed 25 13:00 every 30m",
            "Wed 25 13:30 every 30m",
        ]
    );
}
