//! Deleting, taking back, merging: what goes along and what stands in the way.

use std::sync::Arc;

use http::StatusCode;

use super::order::is_active;
use crate::salesforce::desk::{Desk, Draft};
use crate::salesforce::problem::Problem;
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::{ACCOUNT, CONTACT, ORDER, ORDER_ITEM, PRICEBOOK, PRICEBOOK_ENTRY, PRODUCT};

/// What goes when its parent goes: parent, child, the child's reference.
const CASCADES: &[(usize, usize, &str)] = &[
    (ACCOUNT, CONTACT, "AccountId"),
    (ACCOUNT, ORDER, "AccountId"),
    (ORDER, ORDER_ITEM, "OrderId"),
    (PRODUCT, PRICEBOOK_ENTRY, "Product2Id"),
    (PRICEBOOK, PRICEBOOK_ENTRY, "Pricebook2Id"),
];
/// What moves to the winner of a merge: object, reference.
const MOVES: &[(usize, usize, &str)] = &[
    (ACCOUNT, CONTACT, "AccountId"),
    (ACCOUNT, ORDER, "AccountId"),
    (ACCOUNT, ACCOUNT, "ParentId"),
    (CONTACT, CONTACT, "ReportsToId"),
    (CONTACT, ORDER, "BillToContactId"),
    (CONTACT, ORDER, "ShipToContactId"),
];
/// Most losers of one merge.
const LOSERS: usize = 2;

impl Desk<'_> {
    /// Moves a record to the recycle bin, with what hangs on it; where the object knows no recycle
    /// bin, or if `hard`, it is gone.
    pub(crate) fn delete(&mut self, record: &Arc<Record>, hard: bool) -> Result<(), Problem> {
        self.writes_allowed()?;
        self.deletable(record)?;
        for (_, child, reference) in CASCADES.iter().filter(|(parent, ..)| *parent == record.table) {
            for child in self.store.children(*child, reference, &record.id) {
                self.delete(&child, hard)?;
            }
        }
        let mut gone = Record::clone(record);
        gone.deleted = true;
        if hard {
            self.store.purge(&gone, &self.author);
        } else {
            let undeletable = record.object.undeletable;
            let after = self.store.write(gone, &self.author);
            if !undeletable {
                self.store.forget(&after);
            }
        }
        self.rules_after(record, None);
        Ok(())
    }

    /// Whether nothing stands in the way.
    fn deletable(&self, record: &Record) -> Result<(), Problem> {
        let refused = |message: &str| Err(Problem::bad("DELETE_FAILED", message));
        match record.table {
            ORDER if is_active(record) => refused("Only draft orders can be deleted"),
            ORDER_ITEM => {
                let order = record.str("OrderId").and_then(|id| self.store.living(id));
                order.map_or(Ok(()), |order| self.open(order))
            }
            ACCOUNT => {
                let orders = self.store.children(ORDER, "AccountId", &record.id);
                if orders.iter().any(|order| is_active(order)) {
                    return refused("The account has activated orders");
                }
                Ok(())
            }
            PRODUCT if !self.store.children(ORDER_ITEM, "Product2Id", &record.id).is_empty() => {
                refused("The product is used in orders")
            }
            PRICEBOOK_ENTRY
                if !self.store.children(ORDER_ITEM, "PricebookEntryId", &record.id).is_empty() =>
            {
                refused("The price book entry is used in orders")
            }
            PRICEBOOK if record.truth("IsStandard") => refused("The standard price book cannot be deleted"),
            _ => Ok(()),
        }
    }

    /// Takes a record out of the recycle bin, with what went along with it.
    pub(crate) fn undelete(&mut self, record: &Arc<Record>) -> Result<(), Problem> {
        if !record.deleted || !record.object.undeletable {
            let message = "entity is not in the recycle bin";
            return Err(Problem::bad("UNDELETE_FAILED", message));
        }
        let mut back = Record::clone(record);
        back.deleted = false;
        back.set("MasterRecordId", Cell::Null);
        let draft = Draft { record: back, before: Some(record.clone()) };
        self.unique(&draft)?;
        let went = record.modified;
        self.store.write(draft.record, &self.author);
        for (_, child, reference) in CASCADES.iter().filter(|(parent, ..)| *parent == record.table) {
            for child in self.store.pointing(*child, reference, &record.id) {
                if child.deleted && child.modified == went {
                    self.undelete(&child)?;
                }
            }
        }
        Ok(())
    }

    /// Merges records of one object: the losers go to the recycle bin, what hung on them hangs on
    /// the winner, and their values are lost.
    pub(crate) fn merge(&mut self, winner: &str, losers: &[&str]) -> Result<(), Problem> {
        let master = self.store.living(winner).cloned().ok_or_else(Problem::not_found)?;
        if !matches!(master.table, ACCOUNT | CONTACT) || losers.is_empty() || losers.len() > LOSERS {
            let message = "one or two Accounts or Contacts are merged into another one";
            return Err(Problem::bad("INVALID_OPERATION", message));
        }
        let mut merged = Vec::new();
        for loser in losers {
            let loser = self.store.living(loser).cloned().ok_or_else(Problem::not_found)?;
            if loser.table != master.table || loser.id == master.id {
                let message = "only different records of the same object are merged";
                return Err(Problem::new(StatusCode::BAD_REQUEST, "INVALID_OPERATION", message));
            }
            merged.push(loser);
        }
        for loser in &merged {
            self.lose(loser, &master.id);
        }
        let winner = Record::clone(&master);
        self.store.touch(winner, &self.author);
        Ok(())
    }

    fn lose(&mut self, loser: &Record, winner: &str) {
        for (_, child, reference) in MOVES.iter().filter(|(of, ..)| *of == loser.table) {
            for child in self.store.children(*child, reference, &loser.id) {
                let mut moved = Record::clone(&child);
                moved.set(reference, Cell::text(winner));
                self.store.write_quietly(moved, &self.author);
            }
        }
        let mut gone = loser.clone();
        gone.deleted = true;
        gone.set("MasterRecordId", Cell::text(winner));
        self.store.write(gone, &self.author);
    }
}
