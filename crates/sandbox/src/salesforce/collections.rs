//! Writing: single rows and collections, with one result a record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::problem::Problem;
use super::record::{Account, Cell};
use super::schema::KEY;
use super::settings::SalesforceSwitches;
use super::store::Store;
use super::validate::{Members, fill, key_of};

/// The most records in one call.
pub(crate) const MOST: usize = 200;

/// The body of a collections call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Collection<'a> {
    #[serde(default)]
    pub(crate) all_or_none: bool,
    #[serde(borrow)]
    pub(crate) records: Vec<BTreeMap<String, &'a RawValue>>,
}

/// What a call does with each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Update,
    Upsert,
}

/// Everything a write needs.
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) switches: &'a mut SalesforceSwitches,
    pub(crate) now: Timestamp,
}

/// A record that passed all checks.
struct Ready {
    record: Account,
    created: bool,
}

impl Desk<'_> {
    /// Writes a collection; one result for each record, in order.
    pub(crate) fn collection(&mut self, collection: &Collection<'_>, verb: Verb) -> Vec<Value> {
        let mut outcomes: Vec<Result<Ready, Problem>> = Vec::with_capacity(collection.records.len());
        let twice = twice(&collection.records, verb);
        for members in &collection.records {
            let duplicate = key_of(members).filter(|key| twice.contains(&key.to_lowercase()));
            outcomes.push(match duplicate {
                Some(key) => {
                    let message = format!("Duplicate external id specified: {key}");
                    Err(Problem::bad("DUPLICATE_VALUE", message).about(KEY))
                }
                None => self.ready(members, verb),
            });
        }
        if let Some(problem) = self.limit(&outcomes) {
            outcomes = outcomes.iter().map(|_| Err(problem.clone())).collect();
        }
        if collection.all_or_none && outcomes.iter().any(Result::is_err) {
            let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
            let rolled_back = |outcome: Result<Ready, Problem>| {
                outcome.and_then(|_| Err(Problem::bad("ALL_OR_NONE_OPERATION_ROLLED_BACK", message)))
            };
            outcomes = outcomes.into_iter().map(rolled_back).collect();
        }
        outcomes.into_iter().map(|outcome| self.finish(outcome, verb)).collect()
    }

    /// Writes one record; says its id and whether it was made.
    pub(crate) fn single(&mut self, members: &Members<'_>, verb: Verb) -> Result<(String, bool), Problem> {
        let Ready { record, created } = self.ready(members, verb)?;
        let id = record.id.clone();
        self.store.write(record, created, self.now);
        Ok((id, created))
    }

    fn finish(&mut self, outcome: Result<Ready, Problem>, verb: Verb) -> Value {
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

    /// The record as it will be, if all checks pass.
    fn ready(&mut self, members: &Members<'_>, verb: Verb) -> Result<Ready, Problem> {
        let existing = self.existing(members, verb)?;
        let created = existing.is_none();
        let mut record = existing.unwrap_or_else(|| self.store.blank(self.now));
        let own: Members<'_> = members
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("Id"))
            .map(|(name, raw)| (name.clone(), *raw))
            .collect();
        fill(&mut record, &own, self.switches)?;
        self.unique(&record)?;
        if self.switches.locked_rows > 0 {
            self.switches.locked_rows -= 1;
            let words = "unable to obtain exclusive access to this record or 1 records";
            return Err(Problem::bad("UNABLE_TO_LOCK_ROW", words));
        }
        Ok(Ready { record, created })
    }

    fn existing(&self, members: &Members<'_>, verb: Verb) -> Result<Option<Account>, Problem> {
        match verb {
            Verb::Create => Ok(None),
            Verb::Update => {
                let id = members
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case("Id"))
                    .map(|(_, raw)| raw.get());
                let id: String = id.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
                match self.store.get(&id) {
                    None => Err(Problem::bad("MALFORMED_ID", format!("bad id {id}")).about("Id")),
                    Some(record) if record.deleted => {
                        Err(Problem::bad("ENTITY_IS_DELETED", "entity is deleted"))
                    }
                    Some(record) => Ok(Some(Account::clone(record))),
                }
            }
            Verb::Upsert => {
                let Some(key) = key_of(members) else {
                    return Err(Problem::bad("MISSING_ARGUMENT", format!("{KEY} not specified")).about(KEY));
                };
                let found = self.store.by_key(&key, self.switches.case_sensitive);
                match found.as_slice() {
                    [] => Ok(None),
                    [one] => Ok(Some(Account::clone(one))),
                    several => {
                        let message = format!(
                            "{KEY}: more than one record found for external id field: {}",
                            ids(several)
                        );
                        Err(Problem::bad("DUPLICATE_EXTERNAL_ID", message).about(KEY))
                    }
                }
            }
        }
    }

    /// The external id belongs to one record only.
    fn unique(&self, record: &Account) -> Result<(), Problem> {
        let Some(key) = record.text(KEY).filter(|_| !self.switches.not_unique) else { return Ok(()) };
        let others = self.store.by_key(&key, self.switches.case_sensitive);
        match others.iter().find(|other| other.id != record.id) {
            None => Ok(()),
            Some(holder) => {
                let id: String = holder.id.chars().take(15).collect();
                let message =
                    format!("duplicate value found: {KEY} duplicates value on record with id: {id}");
                Err(Problem::bad("DUPLICATE_VALUE", message).about(KEY))
            }
        }
    }

    /// A trigger that runs into a limit ends the whole transaction.
    fn limit(&self, outcomes: &[Result<Ready, Problem>]) -> Option<Problem> {
        let culprit = self.switches.limit_name.as_deref()?;
        let meets = |outcome: &Result<Ready, Problem>| {
            outcome
                .as_ref()
                .is_ok_and(|ready| ready.record.text("Name").is_some_and(|name| name.contains(culprit)))
        };
        outcomes.iter().any(meets).then(|| {
            let words = "AccountTrigger: System.LimitException: Apex CPU time limit exceeded";
            Problem::bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", words)
        })
    }

    /// Moves a record to the recycle bin.
    pub(crate) fn delete(&mut self, id: &str) -> Result<(), Problem> {
        match self.store.get(id) {
            None => Err(Problem::not_found()),
            Some(record) if record.deleted => {
                Err(Problem::new(http::StatusCode::NOT_FOUND, "ENTITY_IS_DELETED", "entity is deleted"))
            }
            Some(record) => {
                let mut record = Account::clone(record);
                record.deleted = true;
                self.store.write(record, false, self.now);
                Ok(())
            }
        }
    }

    /// A row's members, with its external id put in.
    pub(crate) fn keyed(
        &mut self,
        key: &str,
        members: &Members<'_>,
        only_update: bool,
    ) -> Result<(String, bool), Problem> {
        if members.keys().any(|name| name.eq_ignore_ascii_case(KEY)) {
            let message = format!("The {KEY} field should not be specified in the sobject data.");
            return Err(Problem::bad("INVALID_FIELD", message).about(KEY));
        }
        let found = self.store.by_key(key, self.switches.case_sensitive);
        let existing = match found.as_slice() {
            [] if only_update => return Err(Problem::not_found()),
            [] => None,
            [one] => Some(Account::clone(one)),
            several => {
                return Err(Problem::new(
                    http::StatusCode::MULTIPLE_CHOICES,
                    "MULTIPLE_CHOICES",
                    ids(several),
                ));
            }
        };
        let created = existing.is_none();
        let mut record = existing.unwrap_or_else(|| self.store.blank(self.now));
        record.set(KEY, Cell::Text(key.trim().into()));
        fill(&mut record, members, self.switches)?;
        let id = record.id.clone();
        self.store.write(record, created, self.now);
        Ok((id, created))
    }
}

fn ids(records: &[&std::sync::Arc<Account>]) -> String {
    records.iter().map(|record| record.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// External ids that occur more than once in an upsert.
fn twice(records: &[BTreeMap<String, &RawValue>], verb: Verb) -> Vec<String> {
    if verb != Verb::Upsert {
        return Vec::new();
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for key in records.iter().filter_map(key_of) {
        *counts.entry(key.to_lowercase()).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(key, _)| key).collect()
}
