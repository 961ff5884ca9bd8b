//! Jobs that query records.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::csv::write_line;
use super::ingest::{Delimiter, Ending};
use super::{Job, Phase};
use crate::salesforce::org::State;
use crate::salesforce::problem::Problem;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Flat, View, flat, parse, select};
use crate::salesforce::store::Store;

/// A job that queries records.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) job: Job,
    pub(super) soql: String,
    /// Whether deleted records are found too.
    pub(super) all: bool,
    pub(super) object: String,
    pub(super) ending: Ending,
    pub(super) delimiter: Delimiter,
    pub(super) head: String,
    /// What was found, a line for each.
    pub(super) lines: Vec<String>,
}

impl Query {
    pub(super) fn shown(&self, whole: bool) -> Value {
        let operation = if self.all { "queryAll" } else { "query" };
        let mut members = self.job.shown(operation, &self.object);
        members.insert("lineEnding".to_owned(), json!(self.ending.name()));
        members.insert("columnDelimiter".to_owned(), json!(self.delimiter.name()));
        if whole {
            members.insert("jobType".to_owned(), json!("V2Query"));
            members.insert("numberRecordsProcessed".to_owned(), json!(self.lines.len()));
            members.insert("retries".to_owned(), json!(0));
            members.insert("totalProcessingTime".to_owned(), json!(self.lines.len()));
            members.insert("isPkChunkingSupported".to_owned(), json!(true));
        }
        Value::Object(members)
    }
}

/// What a query job may ask for: the names of its columns, and what it shows.
pub(super) fn planned(view: View<'_>, soql: &str) -> Result<(String, Vec<Flat>), Problem> {
    let query = parse(soql, view)?;
    let object = view.store.object(query.table).ok_or_else(Problem::not_found)?.name.clone();
    let columns = flat(view, &query).map_err(|message| Problem::bad("API_ERROR", message))?;
    Ok((object, columns))
}

/// Lets a job do what is due by now.
pub(super) fn advance(state: &mut State, id: &str, now: Timestamp, elapsed: Duration) {
    let switches = state.switches.bulk.clone();
    let Some(found) = state.jobs.queries.get(id) else { return };
    if found.job.state.ended() {
        return;
    }
    let due = found.job.due(elapsed, &switches);
    let mut query = found.clone();
    if due != Phase::JobComplete {
        if due != query.job.state {
            query.job.to(due, now, elapsed);
            state.jobs.queries.insert(id.to_owned(), query);
        }
        return;
    }
    let ended = switches.fails.map_or(Ok(()), Err).and_then(|()| run(state, &mut query, now));
    let phase = if ended.is_ok() { Phase::JobComplete } else { Phase::Failed };
    query.job.message = ended.err();
    query.job.to(phase, now, elapsed);
    state.jobs.queries.insert(id.to_owned(), query);
}

fn run(state: &State, query: &mut Query, now: Timestamp) -> Result<(), String> {
    let view = View {
        store: &state.store,
        switches: &state.switches,
        user: query.job.user.bit(),
        now,
        tooling: false,
    };
    let problem = |problem: Problem| format!("{}: {}", problem.code, problem.message);
    let (_, columns) = planned(view, &query.soql).map_err(problem)?;
    let parsed = parse(&query.soql, view).map_err(problem)?;
    let delimiter = query.delimiter.letter();
    let mut head = String::new();
    write_line(&mut head, columns.iter().map(|column| column.name.as_str()), delimiter);
    query.head = head;
    let found = select(view.store, &parsed, query.all);
    query.lines = found.iter().map(|record| line(view.store, record, &columns, delimiter)).collect();
    Ok(())
}

fn line(store: &Store, record: &Record, columns: &[Flat], delimiter: char) -> String {
    let cells: Vec<String> = columns.iter().map(|column| column.text(store, record)).collect();
    let mut out = String::new();
    write_line(&mut out, cells.iter().map(String::as_str), delimiter);
    out
}
