//! What was changed or deleted within a window of time (REST API Developer Guide, "Get Updated" and
//! "Get Deleted").

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wire::{Request, Response};

use super::call::Call;
use super::problem::{Problem, answer};
use super::record::stamp;
use super::values::instant;
use crate::door::parameter;

/// How far back changes are told of.
const UPDATED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far back deletions are told of: so long records lie in the recycle bin.
const DELETED: SignedDuration = SignedDuration::from_hours(15 * 24);
/// Most ids in an answer.
const MOST: usize = 600_000;

impl Call<'_> {
    pub(crate) fn updated(&self, request: &Request, object: &str) -> Result<Response, Problem> {
        let (start, end) = self.window(request, UPDATED)?;
        let view = self.view();
        let table = view.table(object).map_err(|_| Problem::not_found())?;
        let table = view.store.table(table).ok_or_else(Problem::not_found)?;
        let living = table.all().filter(|record| !record.deleted);
        let changed = living.filter(|record| (start..=end).contains(&record.modified));
        let ids: Vec<&str> = changed.map(|record| record.id.as_str()).collect();
        few(ids.len())?;
        Ok(answer(StatusCode::OK, &json!({ "ids": ids, "latestDateCovered": stamp(end) })))
    }

    pub(crate) fn deleted(&self, request: &Request, object: &str) -> Result<Response, Problem> {
        let (start, end) = self.window(request, DELETED)?;
        let view = self.view();
        let place = view.table(object).map_err(|_| Problem::not_found())?;
        let table = view.store.table(place).ok_or_else(Problem::not_found)?;
        let binned =
            table.all().filter(|record| record.deleted).map(|record| (record.id.as_str(), record.modified));
        let gone = binned.chain(view.store.purged(place)).filter(|(_, at)| (start..=end).contains(at));
        let records: Vec<_> = gone.map(|(id, at)| json!({ "deletedDate": stamp(at), "id": id })).collect();
        few(records.len())?;
        let earliest = self.now.checked_sub(DELETED).unwrap_or(Timestamp::UNIX_EPOCH);
        let body = json!({
            "deletedRecords": records, "earliestDateAvailable": stamp(earliest), "latestDateCovered": stamp(end),
        });
        Ok(answer(StatusCode::OK, &body))
    }

    /// The window asked for; seconds of its start do not count, and nothing is known of the future.
    fn window(&self, request: &Request, reach: SignedDuration) -> Result<(Timestamp, Timestamp), Problem> {
        let bad = |message: &str| Problem::bad("INVALID_REPLICATION_DATE", message);
        let read = |name: &str| {
            // A plus sign that was not encoded arrives as a blank.
            let text = parameter(request, name).map(|text| text.replace(' ', "+"));
            text.and_then(|text| instant(&text)).ok_or_else(|| bad(&format!("{name} is no date with time")))
        };
        let (start, end) = (read("start")?, read("end")?.min(self.now));
        let start = Timestamp::from_second(start.as_second().div_euclid(60) * 60).unwrap_or(start);
        if start >= end {
            return Err(bad("startDate must be before endDate, by a minute at least"));
        }
        if self.now.duration_since(start) > reach {
            return Err(bad("startDate cannot be so long ago"));
        }
        Ok((start, end))
    }
}

fn few(count: usize) -> Result<(), Problem> {
    if count <= MOST {
        return Ok(());
    }
    Err(Problem::bad("EXCEEDED_ID_LIMIT", format!("more than {MOST} records: ask for a shorter window")))
}
