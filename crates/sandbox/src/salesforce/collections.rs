//! Collections: up to 200 records in one call, with one result for each.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Desk, Verb, Written, limit_exceeded};
use super::identifier::full;
use super::members::Members;
use super::problem::Problem;

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
    /// Writes records of one call; one outcome for each, in order. One transaction, one fate: a
    /// record that runs into a limit takes the others with it.
    pub(crate) fn together<'m>(
        &mut self,
        records: impl ExactSizeIterator<Item = (Outcome<usize>, &'m Members<'m>)>,
        verb: Verb,
        all_or_none: bool,
    ) -> Vec<Outcome<Written>> {
        self.store.begin();
        let mut seen = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(records.len());
        for (table, members) in records {
            outcomes.push(table.and_then(|table| self.once(table, members, verb, &mut seen)));
        }
        let limited =
            |outcome: &Outcome<Written>| outcome.as_ref().is_err_and(|problem| *problem == limit_exceeded());
        if outcomes.iter().any(limited) {
            self.store.roll_back();
            return outcomes.into_iter().map(|outcome| outcome.and_then(|_| Err(limit_exceeded()))).collect();
        }
        if all_or_none && outcomes.iter().any(Result::is_err) {
            self.store.roll_back();
            return outcomes.into_iter().map(|outcome| outcome.and_then(|_| Err(rolled_back()))).collect();
        }
        self.store.keep();
        outcomes
    }

    fn once(
        &mut self,
        table: usize,
        members: &Members<'_>,
        verb: Verb,
        seen: &mut BTreeSet<String>,
    ) -> Outcome<Written> {
        if let (Verb::Update | Verb::Upsert(None), Some(id)) =
            (verb, members.text("Id").and_then(|id| full(&id)))
            && seen.contains(&id)
        {
            return Err(Problem::bad("DUPLICATE_VALUE", format!("duplicate id in list: {id}")).about("Id"));
        }
        let written = self.apply(table, members, verb)?;
        seen.insert(written.id.clone());
        Ok(written)
    }

    /// Writes a collection; one result for each record, in order.
    pub(crate) fn collection(
        &mut self,
        collection: &Collection<'_>,
        upserted: Option<usize>,
        verb: Verb,
    ) -> Vec<Value> {
        let twice = self.twice(&collection.records, upserted, verb);
        let tables: Vec<Outcome<usize>> = collection
            .records
            .iter()
            .enumerate()
            .map(|(number, members)| {
                if let Some(problem) = twice.get(&number) {
                    return Err(problem.clone());
                }
                let table = self.writable(&members.object()?)?;
                match upserted {
                    Some(wanted) if wanted != table => {
                        let message = "all records of an upsert have to be of the same type";
                        Err(Problem::bad("INVALID_TYPE", message))
                    }
                    _ => Ok(table),
                }
            })
            .collect();
        let records = tables.into_iter().zip(&collection.records);
        let outcomes = self.together(records, verb, collection.all_or_none);
        outcomes.iter().map(|outcome| result(outcome, verb)).collect()
    }

    /// Records whose external id occurs more than once in an upsert, by their number.
    fn twice(&self, records: &[Members<'_>], table: Option<usize>, verb: Verb) -> BTreeMap<usize, Problem> {
        let (Verb::Upsert(Some(place)), Some(table)) = (verb, table) else { return BTreeMap::new() };
        let object = self.store.object(table);
        let Some(field) = object.and_then(|object| object.field(place)) else { return BTreeMap::new() };
        let exact = self.is_exact(field);
        let mut numbers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, members) in records.iter().enumerate() {
            if let Some(key) = members.text(&field.name) {
                let key = if exact { key.clone() } else { key.to_lowercase() };
                numbers.entry(key).or_default().push(number);
            }
        }
        let problem = |number: usize| {
            let key = records.get(number).and_then(|members| members.text(&field.name)).unwrap_or_default();
            let message = format!("Duplicate external id specified: {key}");
            (number, Problem::bad("DUPLICATE_VALUE", message).about(&field.name))
        };
        numbers.into_values().filter(|numbers| numbers.len() > 1).flatten().map(problem).collect()
    }

    /// Deletes a collection; one result for each id, in order.
    pub(crate) fn delete_all(&mut self, ids: &[&str], together: bool) -> Vec<Value> {
        self.store.begin();
        let mut outcomes: Vec<Outcome<Written>> = ids.iter().map(|id| self.delete_one(id)).collect();
        if together && outcomes.iter().any(Result::is_err) {
            self.store.roll_back();
            outcomes = outcomes.into_iter().map(|outcome| outcome.and_then(|_| Err(rolled_back()))).collect();
        } else {
            self.store.keep();
        }
        outcomes.iter().map(|outcome| result(outcome, Verb::Update)).collect()
    }

    fn delete_one(&mut self, id: &str) -> Outcome<Written> {
        let table = id.get(..3).and_then(|prefix| {
            self.store
                .tables()
                .iter()
                .position(|table| table.object.prefix == prefix && table.object.writable)
        });
        let malformed = || Problem::bad("MALFORMED_ID", format!("malformed id {id}"));
        let record = self.living(table.ok_or_else(malformed)?, id);
        let record = record.map_err(|problem| problem.with_status(StatusCode::BAD_REQUEST))?;
        self.store.begin();
        match self.delete(&record, false) {
            Ok(()) => {
                self.store.keep();
                Ok(Written { id: record.id.clone(), created: false })
            }
            Err(problem) => {
                self.store.roll_back();
                Err(problem)
            }
        }
    }
}

fn result(outcome: &Outcome<Written>, verb: Verb) -> Value {
    match (outcome, verb) {
        (Err(problem), _) => problem.result(),
        (Ok(Written { id, created }), Verb::Upsert(_)) => {
            json!({ "id": id, "success": true, "errors": [], "created": created })
        }
        (Ok(Written { id, .. }), _) => json!({ "id": id, "success": true, "errors": [] }),
    }
}

/// What a record says that was fine, while others were not.
fn rolled_back() -> Problem {
    let message =
        "Record rolled back because not all records were valid and the request was using AllOrNone header";
    Problem::bad("ALL_OR_NONE_OPERATION_ROLLED_BACK", message)
}
