//! The coming runs, for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schedule::{Calendar, Door, Kind, Last, Next, Schedule, next};
use serde::Serialize;

use crate::config::FlowFile;
use crate::daemon::memory::FlowMemory;
use crate::view::parked::{bare_table, trimmed};

/// One coming run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Coming {
    /// The flow.
    pub(crate) flow: String,
    /// Whether everything is compared.
    pub(crate) full: bool,
    /// When and why.
    #[serde(rename = "next")]
    pub(crate) plan: Next,
}

/// The next `count` runs of a flow, if each of them goes well and takes no time.
pub(crate) fn coming(
    (name, file): (&str, &FlowFile),
    calendar: &Calendar,
    memory: &FlowMemory,
    now: Timestamp,
    count: usize,
) -> Vec<Coming> {
    let table = &file.schedule;
    let blackouts;
    let calendar = if table.ignore_calendar {
        blackouts = calendar.blackouts();
        &blackouts
    } else {
        calendar
    };
    let runs = |schedule: &Schedule, last: Last, full: bool| {
        let (mut last, mut now) = (last, now);
        let mut found = Vec::new();
        while found.len() < count {
            let Some(plan) = next(schedule, calendar, &last, now) else { break };
            now = plan.at;
            last.begin(now);
            last.succeed(now);
            found.push(Coming { flow: name.to_owned(), full, plan });
        }
        found
    };
    let mut all = runs(&table.changes(), memory.changes, false);
    if let Some(sweeps) = table.sweeps() {
        all.extend(runs(&sweeps, memory.sweep.of_a_sweep(memory.changes, now), true));
    }
    all.sort_by_key(|coming| (coming.plan.at, coming.full));
    all.truncate(count);
    all
}

/// One line for each run, in the zone of the calendar.
pub(crate) fn list(coming: &[Coming], zone: &TimeZone) -> String {
    if coming.is_empty() {
        return "no run is to come: the flows are switched off or run by hand".into();
    }
    let mut table = bare_table(&["when", "flow", "what", "why", "waited for"]);
    for one in coming {
        let what = if one.full { "everything" } else { "changes" };
        table.add_row([
            shown(one.plan.at, zone),
            one.flow.clone(),
            what.to_owned(),
            one.plan.reason.to_string(),
            one.plan.held.as_ref().map(|door| waits(door, one.plan.due, zone)).unwrap_or_default(),
        ]);
    }
    trimmed(&table)
}

/// A moment on the clocks of a zone.
pub(crate) fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string()
}

/// What a run waits for, or has waited for.
fn waits(door: &Door, due: Timestamp, zone: &TimeZone) -> String {
    let what = match door {
        Door::Closed { by: Some(Kind::Blackout), name } => named("blackout", name),
        Door::Closed { by: Some(_), name } => named("holiday", name),
        _ => "the working hours".into(),
    };
    format!("{what}, due {}", due.to_zoned_datetime(zone.clone()).strftime("%a %H:%M"))
}

fn named(kind: &str, name: &str) -> String {
    if name.is_empty() { kind.to_owned() } else { format!("{kind} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coming_runs_are_listed_with_what_they_wait_for() {
        let file: FlowFile = toml::from_str(
            "mapping = { custom = \"x\" }\nsource = { system = \"ifs\", entity = \"SupplierSet\" }\n\
             target = { system = \"salesforce\", entity = \"Account\" }\n\
             [schedule]\nevery = \"6h\"\nfull = \"0 9 * * SUN\"\n",
        )
        .unwrap();
        let weekly: crate::config::CalendarTable =
            toml::from_str("zone = \"Europe/Stockholm\"\n[[weekly]]\nfrom = \"07:00\"\nto = \"18:00\"\n")
                .unwrap();
        let windows = weekly.weekly.iter().map(crate::config::WeeklyTable::window).collect();
        let calendar = Calendar::new(weekly.zone.0.clone(), windows, []);
        let mut memory = FlowMemory::default();
        let now: Timestamp = "2026-11-27T15:30:00Z".parse().unwrap();
        memory.changes.begin(now);
        memory.changes.succeed(now);
        let coming = coming(("suppliers", &file), &calendar, &memory, now, 3);
        insta::assert_snapshot!(list(&coming, calendar.zone()), @r"
        when                            flow       what        why                 waited for
        Mon 2026-11-30 07:00:00 +01:00  suppliers  changes     every 6h            the working hours, due Fri 22:30
        Mon 2026-11-30 07:00:00 +01:00  suppliers  everything  cron `0 9 * * SUN`  the working hours, due Sun 09:00
        Mon 2026-11-30 13:00:00 +01:00  suppliers  changes     every 6h
        ");
    }
}
