//! What the org's objects demand beyond their fields, before and after a record is written.

mod account;
mod deletion;
mod duplicate;
mod order;
mod order_item;
mod permission;
mod price_book;

pub(crate) use permission::grant;

use super::desk::{Desk, Draft};
use super::problem::Problem;
use super::record::{Cell, Record};
use super::schema::{
    ACCOUNT, ASSIGNMENT, CONTACT, FIELD_PERMISSIONS, ORDER, ORDER_ITEM, PERMISSION_SET, PRICEBOOK,
    PRICEBOOK_ENTRY, PRODUCT, USER,
};

impl Desk<'_> {
    /// Judges a record before it is written, and fills in what the org derives.
    pub(crate) fn rules_before(&self, draft: &mut Draft) -> Result<(), Problem> {
        match draft.record.table {
            ACCOUNT => self.account(draft),
            CONTACT | USER => {
                person_name(&mut draft.record);
                Ok(())
            }
            ORDER => self.order(draft),
            ORDER_ITEM => self.order_item(draft),
            PRICEBOOK => Self::price_book(draft),
            PRICEBOOK_ENTRY => self.price_book_entry(draft),
            ASSIGNMENT => self.assignment(draft),
            FIELD_PERMISSIONS => self.field_permissions(draft),
            _ => Ok(()),
        }
    }

    /// Lets other records follow one that was written, or is gone.
    pub(crate) fn rules_after(&mut self, record: &Record, before: Option<&Record>) {
        match record.table {
            ACCOUNT => self.person_contact(record),
            ORDER_ITEM => self.add_up(record),
            PRODUCT => self.rename_entries(record, before),
            ASSIGNMENT | FIELD_PERMISSIONS | PERMISSION_SET => self.grant(),
            _ => {}
        }
    }
}

/// First and last name as one.
fn person_name(record: &mut Record) {
    let parts = ["FirstName", "LastName"].map(|name| record.str(name).unwrap_or_default().to_owned());
    let name = parts.join(" ");
    let name = name.trim();
    record.set("Name", if name.is_empty() { Cell::Null } else { Cell::text(name) });
}
