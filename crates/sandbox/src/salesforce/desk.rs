//! Writing: one record through all checks.

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use wire::{Entropy, SeededEntropy};

use super::members::Members;
use super::problem::Problem;
use super::record::{Account, Cell};
use super::schema::KEY;
use super::settings::SalesforceSwitches;
use super::store::Store;
use super::validate::{fill, keep, matching};

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
    pub(crate) entropy: &'a SeededEntropy,
    pub(crate) now: Timestamp,
}

/// A record that passed all checks.
pub(crate) struct Ready {
    pub(crate) record: Account,
    pub(crate) created: bool,
}

impl Desk<'_> {
    /// The record as it will be, if all checks pass.
    pub(crate) fn ready(&mut self, members: &Members<'_>, verb: Verb) -> Result<Ready, Problem> {
        let existing = match verb {
            Verb::Update => Some(self.by_id(members)?),
            Verb::Create | Verb::Upsert => {
                if members.text("Id").is_some() {
                    let message = "cannot specify Id in an insert call";
                    return Err(Problem::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).about("Id"));
                }
                if verb == Verb::Create { None } else { self.by_key(members)? }
            }
        };
        self.prepared(existing, None, members)
    }

    /// Creates one record; says its id.
    pub(crate) fn create(&mut self, members: &Members<'_>) -> Result<String, Problem> {
        let ready = self.ready(members, Verb::Create)?;
        self.commit(ready).map(|(id, _)| id)
    }

    /// Changes one record.
    pub(crate) fn change(&mut self, record: Account, members: &Members<'_>) -> Result<(), Problem> {
        let ready = self.prepared(Some(record), None, members)?;
        self.commit(ready).map(drop)
    }

    /// Writes one record under its external id; says its id and whether it was made.
    pub(crate) fn keyed(
        &mut self,
        key: &str,
        members: &Members<'_>,
        only_update: bool,
    ) -> Result<(String, bool), Problem> {
        if members.has(KEY) {
            let message = format!("The {KEY} field should not be specified in the sobject data.");
            return Err(Problem::bad("INVALID_FIELD", message).about(KEY));
        }
        let found = self.store.by_key(key.trim(), self.switches.case_sensitive);
        let existing = found.first().map(|record| Account::clone(record));
        if existing.is_none() && only_update {
            return Err(Problem::not_found());
        }
        // The external id stays as it is spelled already.
        let key = if existing.is_none() { Some(keep(KEY, key, self.switches)?) } else { None };
        let ready = self.prepared(existing, key, members)?;
        self.commit(ready)
    }

    fn commit(&mut self, Ready { record, created }: Ready) -> Result<(String, bool), Problem> {
        if self.meets_limit(&record) {
            return Err(limit_exceeded());
        }
        let id = record.id.clone();
        self.store.write(record, created, self.now);
        Ok((id, created))
    }

    fn prepared(
        &mut self,
        existing: Option<Account>,
        key: Option<Cell>,
        members: &Members<'_>,
    ) -> Result<Ready, Problem> {
        let created = existing.is_none();
        let mut record = existing.unwrap_or_else(|| self.store.blank(self.now));
        if let Some(key) = key {
            record.set(KEY, key);
        }
        fill(&mut record, members, self.switches)?;
        self.unique(&record)?;
        if self.is_locked() {
            let words = "unable to obtain exclusive access to this record or 1 records";
            return Err(Problem::bad("UNABLE_TO_LOCK_ROW", words));
        }
        Ok(Ready { record, created })
    }

    fn is_locked(&mut self) -> bool {
        if self.switches.locked_rows > 0 {
            self.switches.locked_rows -= 1;
            return true;
        }
        // Drawn only where chance is asked for, so that other runs do not depend on it.
        let per_mille = u64::from(self.switches.locked_per_mille);
        per_mille > 0 && self.entropy.next_u64() % 1_000 < per_mille
    }

    fn by_id(&self, members: &Members<'_>) -> Result<Account, Problem> {
        let Some(id) = members.text("Id") else {
            return Err(Problem::bad("MISSING_ARGUMENT", "Id not specified in an update call").about("Id"));
        };
        self.deletable(&id).map_err(|problem| match problem.code {
            "NOT_FOUND" => Problem::bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
            _ => problem.with_status(StatusCode::BAD_REQUEST),
        })
    }

    fn by_key(&self, members: &Members<'_>) -> Result<Option<Account>, Problem> {
        let Some(key) = members.key() else {
            return Err(Problem::bad("MISSING_ARGUMENT", format!("{KEY} not specified")).about(KEY));
        };
        let found = self.store.by_key(&key, self.switches.case_sensitive);
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(Account::clone(one))),
            several => {
                let ids = several.iter().map(|record| record.id.as_str()).collect::<Vec<_>>().join(", ");
                let message = format!("{KEY}: more than one record found for external id field: [{ids}]");
                Err(Problem::bad("DUPLICATE_EXTERNAL_ID", message).about(KEY))
            }
        }
    }

    /// The external id belongs to one record only.
    fn unique(&self, record: &Account) -> Result<(), Problem> {
        let Some(key) = record.key().filter(|_| !self.switches.not_unique) else { return Ok(()) };
        let others = self.store.by_key(key, self.switches.case_sensitive);
        match others.iter().find(|other| other.id != record.id) {
            None => Ok(()),
            Some(holder) => Err(Problem::duplicate(&holder.id)),
        }
    }

    /// Whether a trigger runs into a limit with this record.
    pub(crate) fn meets_limit(&self, record: &Account) -> bool {
        self.switches.limited.as_ref().is_some_and(|rule| matching(record, rule))
    }

    /// A record that lives, by its id of 15 or 18 characters.
    pub(crate) fn deletable(&self, id: &str) -> Result<Account, Problem> {
        let well_formed = matches!(id.len(), 15 | 18) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match self.store.get(id) {
            None if !well_formed => Err(Problem::bad("MALFORMED_ID", format!("malformed id {id}"))),
            None => Err(Problem::not_found()),
            Some(record) if record.deleted => {
                Err(Problem::new(StatusCode::NOT_FOUND, "ENTITY_IS_DELETED", "entity is deleted"))
            }
            Some(record) => Ok(Account::clone(record)),
        }
    }

    /// Moves a record to the recycle bin.
    pub(crate) fn delete(&mut self, id: &str) -> Result<(), Problem> {
        let mut record = self.deletable(id)?;
        record.deleted = true;
        self.store.write(record, false, self.now);
        Ok(())
    }

    /// Living records with this external id.
    pub(crate) fn holders(&self, key: &str) -> Vec<&Arc<Account>> {
        self.store.by_key(key.trim(), self.switches.case_sensitive)
    }
}

/// What a record says whose transaction met a limit.
pub(crate) fn limit_exceeded() -> Problem {
    let words = "AccountTrigger: System.LimitException: Apex CPU time limit exceeded";
    Problem::bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", words)
}
