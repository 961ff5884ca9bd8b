//! The procurement calendar of a link, from its configuration and its calendar files.

use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use schedule::ics::{self, Reading};
use schedule::{Calendar, Kind, ScheduleError, Span};

use super::{CalendarTable, Config, ConfigError, Place, document};

/// How far back and ahead calendar files are read.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 40);
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 400);

/// The time for which a calendar that is read at `now` knows everything.
pub(crate) fn horizon(now: Timestamp) -> Range<Timestamp> {
    now.saturating_sub(BACK).unwrap_or(Timestamp::MIN)..now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX)
}

/// The calendar of a link, as seen at `now`.
pub(crate) fn calendar(config: &Config, now: Timestamp) -> Result<Calendar, ConfigError> {
    let table = &config.link.calendar;
    let mut events = Vec::new();
    for file in files(config)? {
        events.extend(read(&file, table, now)?);
    }
    let weekly = table.weekly.iter().map(super::WeeklyTable::window).collect();
    Ok(Calendar::new(table.zone.0.clone(), weekly, events))
}

/// The calendar files of a link.
pub(crate) fn files(config: &Config) -> Result<Vec<PathBuf>, ConfigError> {
    let Some(path) = &config.link.calendar.file else { return Ok(Vec::new()) };
    let path = config.folder.join(path);
    if !path.is_dir() {
        return Ok(vec![path]);
    }
    let failed = |error: std::io::Error| ConfigError::new(&path, format!("cannot be read: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|end| end.eq_ignore_ascii_case("ics")) {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(ConfigError::new(&path, "there is no calendar file in this folder")
            .hint("put files ending in .ics there, or take `file` out of [calendar]"));
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path, table: &CalendarTable, now: Timestamp) -> Result<Vec<(Kind, Span)>, ConfigError> {
    let text = document::read(file)?;
    let kind = file.file_stem().and_then(|name| Kind::of(&name.to_string_lossy()));
    ics::read(&text, &Reading { kind, zone: &table.zone.0, within: horizon(now) })
        .map_err(|error| wrong(file, &text, &error))
}

fn wrong(file: &Path, text: &str, error: &ScheduleError) -> ConfigError {
    let hint = "export the calendar again as an iCalendar file (.ics), or mend the line";
    let (line, reason) = match error {
        ScheduleError::Line { line, detail } => (*line, detail.clone()),
        // The event's name stands in the file, unless it is folded over two lines.
        ScheduleError::Event { name, .. } => {
            let found = text.lines().position(|line| !name.is_empty() && line.contains(name.as_str()));
            (found.map_or(1, |at| at + 1), error.to_string())
        }
        other => (1, other.to_string()),
    };
    let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned();
    let width = shown.chars().count().max(1);
    let place = Some(Box::new(Place { line, column: 1, text: shown, width, hides: false }));
    ConfigError { file: file.to_owned(), place, reason, hint: Some(hint.to_owned()) }
}
