//! Queries that have more to say.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use wire::{Request, Response};

use super::problem::{Problem, json_answer};
use super::record::Record;
use super::soql::{Output, write_record};
use super::store::Store;

/// How long a locator is good (REST API Developer Guide, "Query More Results").
const LIFE: Duration = Duration::from_hours(48);
/// So many open queries are remembered.
const REMEMBERED: usize = 1_000;

/// What a query found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) records: Arc<[Arc<Record>]>,
    pub(crate) outputs: Arc<[Output]>,
    pub(crate) page: usize,
}

/// Queries that have more to say, by locator.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    opened: u64,
    open: BTreeMap<String, (Found, Duration)>,
}

impl Cursors {
    /// No locator is good any more.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    /// The first page of a query.
    pub(crate) fn first(&mut self, found: &Found, store: &Store, version: &str, now: Duration) -> Response {
        let mut id = String::new();
        if found.records.len() > found.page {
            if self.open.len() >= REMEMBERED {
                self.open.pop_first();
            }
            self.opened += 1;
            id = format!("0r8SBX{:012}", self.opened);
            self.open.insert(id.clone(), (found.clone(), now.saturating_add(LIFE)));
        }
        page(found, store, version, (&id, 0))
    }

    /// The page that a locator names.
    pub(crate) fn next(
        &self,
        locator: &str,
        store: &Store,
        version: &str,
        now: Duration,
    ) -> Result<Response, Problem> {
        let place =
            locator.rsplit_once('-').and_then(|(id, offset)| Some((id, offset.parse::<usize>().ok()?)));
        let found = place.and_then(|(id, offset)| {
            let (found, until) = self.open.get(id)?;
            (now < *until && offset <= found.records.len()).then(|| page(found, store, version, (id, offset)))
        });
        found.ok_or_else(|| Problem::bad("INVALID_QUERY_LOCATOR", "invalid query locator"))
    }
}

/// How many rows the client wants in a page; 200 to 2,000, `most` if it does not say.
pub(crate) fn page_size(request: &Request, most: usize) -> usize {
    let options = request.headers().get("sforce-query-options").and_then(|value| value.to_str().ok());
    let asked = options.into_iter().flat_map(|options| options.split([',', ';'])).find_map(|option| {
        let (name, value) = option.split_once('=')?;
        name.trim().eq_ignore_ascii_case("batchSize").then(|| value.trim().parse::<usize>().ok())?
    });
    asked.map_or(most, |asked| asked.clamp(200, 2_000)).max(1)
}

fn page(found: &Found, store: &Store, version: &str, (id, begin): (&str, usize)) -> Response {
    let total = found.records.len();
    let end = total.min(begin.saturating_add(found.page));
    let mut head = format!("{{\"totalSize\":{total},\"done\":{}", end == total);
    if end < total {
        // Writing to a String cannot fail.
        let _ = write!(head, ",\"nextRecordsUrl\":\"/services/data/v{version}/query/{id}-{end}\"");
    }
    let mut out = head.into_bytes();
    out.extend_from_slice(b",\"records\":[");
    for (number, record) in found.records.iter().take(end).skip(begin).enumerate() {
        if number > 0 {
            out.push(b',');
        }
        write_record(&mut out, store, record, &found.outputs, version);
    }
    out.extend_from_slice(b"]}");
    json_answer(StatusCode::OK, out.into())
}
