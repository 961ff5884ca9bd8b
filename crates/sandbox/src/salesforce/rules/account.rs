//! Accounts: hierarchies without loops, and person accounts with the contact behind them.

use super::person_name;
use crate::salesforce::desk::{Desk, Draft};
use crate::salesforce::problem::Problem;
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::CONTACT;

/// Fields of a person account and of the contact behind it.
const SHARED: &[(&str, &str)] = &[
    ("LastName", "LastName"),
    ("FirstName", "FirstName"),
    ("Salutation", "Salutation"),
    ("Name", "Name"),
    ("Phone", "Phone"),
    ("PersonEmail", "Email"),
    ("PersonMobilePhone", "MobilePhone"),
    ("PersonHomePhone", "HomePhone"),
    ("PersonTitle", "Title"),
    ("PersonDepartment", "Department"),
    ("PersonBirthdate", "Birthdate"),
    ("PersonMailingStreet", "MailingStreet"),
    ("PersonMailingCity", "MailingCity"),
    ("PersonMailingState", "MailingState"),
    ("PersonMailingPostalCode", "MailingPostalCode"),
    ("PersonMailingCountry", "MailingCountry"),
    ("OwnerId", "OwnerId"),
];

impl Desk<'_> {
    pub(super) fn account(&self, draft: &mut Draft) -> Result<(), Problem> {
        self.no_loop(draft)?;
        if draft.record.object.place("IsPersonAccount").is_none() {
            return Ok(());
        }
        self.person(draft)
    }

    /// No account is above itself.
    fn no_loop(&self, draft: &Draft) -> Result<(), Problem> {
        let mut above = draft.record.str("ParentId").map(str::to_owned);
        // Real hierarchies are a few levels deep; a loop would not end.
        for _ in 0..1_000 {
            let Some(id) = above else { return Ok(()) };
            if id == draft.record.id {
                break;
            }
            above = self.store.living(&id).and_then(|parent| parent.str("ParentId").map(str::to_owned));
        }
        let message = "There's a problem with this account's parent: an account cannot be its own ancestor";
        Err(Problem::bad("CIRCULAR_DEPENDENCY", message).about("ParentId"))
    }

    /// Whether the account is a person is said by its record type and never changes.
    fn person(&self, draft: &mut Draft) -> Result<(), Problem> {
        let record = &draft.record;
        let kind = record.str("RecordTypeId").and_then(|id| self.store.living(id));
        let by_type = kind.map(|kind| kind.truth("IsPersonType"));
        let was = draft.before.as_ref().map(|before| before.truth("IsPersonAccount"));
        let is_person = by_type.or(was).unwrap_or_else(|| !record.get("LastName").is_null());
        if was.is_some_and(|was| was != is_person) {
            let message = "Accounts and person accounts cannot be turned into each other";
            return Err(Problem::bad("INVALID_PERSON_ACCOUNT_OPERATION", message).about("RecordTypeId"));
        }
        let mixed = if is_person { draft.changes("Name") } else { draft.changes("LastName") };
        if mixed {
            let field = if is_person { "Name" } else { "LastName" };
            let message = format!("Account: bad field names on insert/update call: {field}");
            return Err(Problem::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).about(field));
        }
        draft.record.set("IsPersonAccount", Cell::Bool(is_person));
        if is_person {
            if draft.record.get("LastName").is_null() {
                let message = "Required fields are missing: [LastName]";
                return Err(Problem::bad("REQUIRED_FIELD_MISSING", message).about("LastName"));
            }
            person_name(&mut draft.record);
        }
        Ok(())
    }

    /// The contact behind a person account follows it.
    pub(super) fn person_contact(&mut self, account: &Record) {
        if !account.truth("IsPersonAccount") {
            return;
        }
        let existing = account.str("PersonContactId").and_then(|id| self.store.by_id(id)).cloned();
        let is_new = existing.is_none();
        let contact = existing.map(|contact| Record::clone(&contact));
        let Some(mut contact) = contact.or_else(|| self.store.blank(CONTACT, &self.author)) else { return };
        for (from, to) in SHARED {
            contact.set(to, account.get(from).clone());
        }
        contact.set("AccountId", Cell::text(&account.id));
        contact.set("IsPersonAccount", Cell::Bool(true));
        contact.deleted = account.deleted;
        let contact = self.store.write(contact, &self.author);
        if is_new {
            let mut account = account.clone();
            account.set("PersonContactId", Cell::text(&contact.id));
            self.store.derive(account);
        }
    }
}
