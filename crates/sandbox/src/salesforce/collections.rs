//! Collections: up to 200 records in one call, with one result for each.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Desk, Ready, Verb, limit_exceeded};
use super::members::Members;
use super::problem::Problem;
use super::schema::KEY;

/// The most records in one call.
pub(crate) const MOST: usize = 200;

/// The body of a collections call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Collection<'a> {
    #[serde(default)]
    pub(crate) all_or_none: bool,
    #[serde(borrow)]
    pub(crate) records: Vec<Members<'a>>,
}

type Outcome<T> = Result<T, Problem>;

impl Desk<'_> {
    /// Writes a collection; one result for each record, in order.
    pub(crate) fn collection(&mut self, collection: &Collection<'_>, verb: Verb) -> Vec<Value> {
        let twice = twice(&collection.records, verb);
        let mut batch = Batch::default();
        let mut outcomes: Vec<Outcome<Ready>> = Vec::with_capacity(collection.records.len());
        for members in &collection.records {
            let outcome = once(members, &twice)
                .and_then(|()| members.check_type())
                .and_then(|()| self.ready(members, verb))
                .and_then(|ready| batch.admit(ready, self.switches.not_unique));
            outcomes.push(outcome);
        }
        let culprit =
            |outcome: &Outcome<Ready>| outcome.as_ref().is_ok_and(|ready| self.meets_limit(&ready.record));
        if outcomes.iter().any(culprit) {
            // One transaction, one fate: whoever was fine fails too.
            outcomes =
                outcomes.into_iter().map(|outcome| outcome.and_then(|_| Err(limit_exceeded()))).collect();
        }
        let outcomes = all_or_none(outcomes, collection.all_or_none);
        outcomes.into_iter().map(|outcome| self.finish(outcome, verb)).collect()
    }

    fn finish(&mut self, outcome: Outcome<Ready>, verb: Verb) -> Value {
        match outcome {
            Err(problem) => problem.result(),
            Ok(Ready { record, created }) => {
                let id = record.id.clone();
                self.store.write(record, created, self.now);
                match verb {
                    Verb::Upsert => json!({ "id": id, "success": true, "errors": [], "created": created }),
                    _ => json!({ "id": id, "success": true, "errors": [] }),
                }
            }
        }
    }

    /// Deletes a collection; one result for each id, in order.
    pub(crate) fn delete_all(&mut self, ids: &[&str], together: bool) -> Vec<Value> {
        let found =
            |id: &&str| self.deletable(id).map_err(|problem| problem.with_status(StatusCode::BAD_REQUEST));
        let outcomes = all_or_none(ids.iter().map(found).collect(), together);
        let mut results = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            results.push(match outcome {
                Err(problem) => problem.result(),
                Ok(mut record) => {
                    record.deleted = true;
                    let id = record.id.clone();
                    self.store.write(record, false, self.now);
                    json!({ "id": id, "success": true, "errors": [] })
                }
            });
        }
        results
    }
}

/// What the records before in the same call already took.
#[derive(Default)]
struct Batch {
    /// Ids by external id without case.
    keys: BTreeMap<String, String>,
    ids: BTreeSet<String>,
}

impl Batch {
    fn admit(&mut self, ready: Ready, not_unique: bool) -> Outcome<Ready> {
        let id = ready.record.id.clone();
        if !self.ids.insert(id.clone()) {
            return Err(Problem::bad("DUPLICATE_VALUE", format!("duplicate id in list: {id}")).about("Id"));
        }
        if let Some(key) = ready.record.key().filter(|_| !not_unique)
            && let Some(holder) = self.keys.insert(key.to_lowercase(), id)
        {
            return Err(Problem::duplicate(&holder));
        }
        Ok(ready)
    }
}

fn all_or_none<T>(outcomes: Vec<Outcome<T>>, together: bool) -> Vec<Outcome<T>> {
    if !together || outcomes.iter().all(Result::is_ok) {
        return outcomes;
    }
    let message =
        "Record rolled back because not all records were valid and the request was using AllOrNone header";
    let roll_back = |_| Err(Problem::bad("ALL_OR_NONE_OPERATION_ROLLED_BACK", message));
    outcomes.into_iter().map(|outcome| outcome.and_then(roll_back)).collect()
}

/// External ids, without case, that occur more than once in an upsert.
fn twice(records: &[Members<'_>], verb: Verb) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    if verb == Verb::Upsert {
        for key in records.iter().filter_map(Members::key).map(|key| key.to_lowercase()) {
            if !seen.insert(key.clone()) {
                twice.insert(key);
            }
        }
    }
    twice
}

fn once(members: &Members<'_>, twice: &BTreeSet<String>) -> Outcome<()> {
    if twice.is_empty() {
        return Ok(());
    }
    match members.key().filter(|key| twice.contains(&key.to_lowercase())) {
        None => Ok(()),
        Some(key) => {
            let message = format!("Duplicate external id specified: {key}");
            Err(Problem::bad("DUPLICATE_VALUE", message).about(KEY))
        }
    }
}
