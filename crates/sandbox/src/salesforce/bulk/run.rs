//! Running an ingest job: rows in order, 200 in a transaction.

use std::time::Duration;

use jiff::Timestamp;

use super::Phase;
use super::ingest::{Ingest, Operation};
use super::table_text::TableText;
use crate::salesforce::desk::{Desk, Written};
use crate::salesforce::members::Members;
use crate::salesforce::org::State;
use crate::salesforce::problem::Problem;
use crate::salesforce::schema::Column;
use crate::salesforce::store::Author;

/// Rows of one transaction, as triggers see them.
const CHUNK: usize = 200;

/// Lets a job do what is due by now.
pub(super) fn advance(state: &mut State, id: &str, now: Timestamp, elapsed: Duration) {
    let switches = state.switches.bulk.clone();
    let Some(found) = state.jobs.ingest.get_mut(id) else { return };
    if found.job.state.ended() {
        return;
    }
    let due = found.job.due(elapsed, &switches);
    if due != Phase::JobComplete {
        if due != found.job.state {
            found.job.to(due, now, elapsed);
        }
        return;
    }
    let mut ingest = found.clone();
    let ended = match read(state, &mut ingest).and_then(|()| switches.fails.clone().map_or(Ok(()), Err)) {
        Err(message) => Err(message),
        Ok(()) => run(state, &mut ingest, now, switches.stops_after),
    };
    let phase = if ended.is_ok() { Phase::JobComplete } else { Phase::Failed };
    ingest.job.message = ended.err();
    ingest.job.to(phase, now, elapsed);
    ingest.text = None;
    state.jobs.ingest.insert(id.to_owned(), ingest);
}

/// Reads the file; what is wrong with all of it fails the job.
fn read(state: &State, ingest: &mut Ingest) -> Result<(), String> {
    let text = ingest.text.take().unwrap_or_default();
    if !ingest.ending.fits(&text) {
        return Err(format!(
            "LineEnding is invalid on user data. Current LineEnding setting is {}",
            ingest.ending.name()
        ));
    }
    ingest.rows = TableText::read(&text, ingest.delimiter.letter())?;
    let Some(object) = state.store.object(ingest.table) else { return Err("InvalidEntity".to_owned()) };
    for column in &ingest.rows.columns {
        let parent = column.rsplit_once(':').map_or(column.as_str(), |(_, path)| path);
        let known = match parent.split_once('.') {
            None => Column::named(object, column).is_some(),
            Some((relationship, _)) => object.reference(relationship).is_some(),
        };
        if !known {
            return Err(format!("InvalidBatch : Field name not found : {column}"));
        }
    }
    Ok(())
}

/// Writes the rows.
///
/// # Errors
/// The message of a job that stopped on its way.
fn run(
    state: &mut State,
    ingest: &mut Ingest,
    now: Timestamp,
    stops_after: Option<usize>,
) -> Result<(), String> {
    let most = stops_after.unwrap_or(usize::MAX);
    let origin = format!("com/salesforce/api/bulkapi/{};", ingest.job.version);
    let user = ingest.job.user;
    let rows = ingest.rows.rows.get(..most.min(ingest.rows.rows.len())).unwrap_or_default();
    for chunk in rows.chunks(CHUNK) {
        state.store.next_commit();
        let author = Author { user: user.id().into(), origin: origin.as_str().into(), now, api: true };
        let mut desk = state.desk(author, user.bit(), false);
        let outcomes = chunk_outcomes(&mut desk, ingest, chunk);
        let done = outcomes.into_iter().map(|outcome| match outcome {
            Ok(Written { id, created }) => Ok((id, created)),
            Err(problem) => Err(problem.line()),
        });
        ingest.outcomes.extend(done);
    }
    if ingest.outcomes.len() < ingest.rows.rows.len() {
        return Err("InternalServerError : the job stopped before all records were processed".to_owned());
    }
    Ok(())
}

fn chunk_outcomes(
    desk: &mut Desk<'_>,
    ingest: &Ingest,
    chunk: &[Vec<String>],
) -> Vec<Result<Written, Problem>> {
    let columns = &ingest.rows.columns;
    let members: Vec<Members<'_>> = chunk
        .iter()
        .map(|row| Members::of_line(columns.iter().map(String::as_str).zip(row.iter().map(String::as_str))))
        .collect();
    let whole = |row: &Vec<String>| {
        if row.len() == columns.len() {
            return Ok(ingest.table);
        }
        let message = format!("The row has {} cells, and the file has {} columns", row.len(), columns.len());
        Err(Problem::bad("MALFORMED_CSV", message))
    };
    if matches!(ingest.operation, Operation::Delete | Operation::HardDelete) {
        let hard = ingest.operation == Operation::HardDelete;
        return members.iter().map(|members| delete(desk, ingest.table, members, hard)).collect();
    }
    let tables: Vec<Result<usize, Problem>> = chunk.iter().map(whole).collect();
    desk.together(tables.into_iter().zip(&members), ingest.verb, false)
}

fn delete(desk: &mut Desk<'_>, table: usize, members: &Members<'_>, hard: bool) -> Result<Written, Problem> {
    let id = members.text("Id");
    let id = id.ok_or_else(|| Problem::bad("MISSING_ARGUMENT", "Id not specified").about("Id"))?;
    let record = desk.living(table, &id)?;
    desk.store.begin();
    match desk.delete(&record, hard) {
        Ok(()) => {
            desk.store.keep();
            Ok(Written { id: record.id.clone(), created: false })
        }
        Err(problem) => {
            desk.store.roll_back();
            Err(problem)
        }
    }
}
