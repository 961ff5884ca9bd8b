//! Price books: one standard book, standard prices first (Object Reference, "Price Book Entries").

use std::sync::Arc;

use crate::salesforce::desk::{Desk, Draft};
use crate::salesforce::problem::Problem;
use crate::salesforce::record::Record;
use crate::salesforce::schema::PRICEBOOK_ENTRY;

impl Desk<'_> {
    pub(super) fn price_book(draft: &mut Draft) -> Result<(), Problem> {
        if draft.record.truth("IsStandard") && draft.changes("Name") && !draft.is_new() {
            let message = "The standard price book cannot be renamed";
            return Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about("Name"));
        }
        Ok(())
    }

    pub(super) fn price_book_entry(&self, draft: &mut Draft) -> Result<(), Problem> {
        let record = &draft.record;
        let book = record.str("Pricebook2Id").and_then(|id| self.store.living(id)).cloned();
        let product = record.str("Product2Id").and_then(|id| self.store.living(id)).cloned();
        // Without them the required fields complain.
        let (Some(book), Some(product)) = (book, product) else { return Ok(()) };
        let siblings: Vec<Arc<Record>> = self
            .store
            .children(PRICEBOOK_ENTRY, "Product2Id", &product.id)
            .into_iter()
            .filter(|entry| {
                entry.id != record.id && entry.get("CurrencyIsoCode") == record.get("CurrencyIsoCode")
            })
            .collect();
        if draft.is_new() && siblings.iter().any(|entry| entry.str("Pricebook2Id") == Some(&book.id)) {
            let message = "This price definition already exists in this price book";
            return Err(Problem::bad("DUPLICATE_VALUE", message).about("Pricebook2Id"));
        }
        if book.truth("IsStandard") {
            if draft.record.truth("UseStandardPrice") {
                let message = "The standard price book cannot use the standard price";
                return Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about("UseStandardPrice"));
            }
        } else {
            self.follow_standard(draft, &siblings)?;
        }
        draft.record.set("Name", product.get("Name").clone());
        draft.record.set("ProductCode", product.get("ProductCode").clone());
        Ok(())
    }

    /// A custom book has a price only where the standard book has one.
    fn follow_standard(&self, draft: &mut Draft, siblings: &[Arc<Record>]) -> Result<(), Problem> {
        let is_standard = |entry: &&Arc<Record>| {
            let book = entry.str("Pricebook2Id").and_then(|id| self.store.living(id));
            entry.truth("IsActive") && book.is_some_and(|book| book.truth("IsStandard"))
        };
        let Some(standard) = siblings.iter().find(is_standard) else {
            let message = "No standard price defined for this product";
            return Err(Problem::bad("STANDARD_PRICE_NOT_DEFINED", message).about("Pricebook2Id"));
        };
        if draft.record.truth("UseStandardPrice") {
            draft.record.set("UnitPrice", standard.get("UnitPrice").clone());
        }
        Ok(())
    }

    /// Entries are named as their product is.
    pub(super) fn rename_entries(&mut self, product: &Record, before: Option<&Record>) {
        let Some(before) = before else { return };
        if before.get("Name") == product.get("Name")
            && before.get("ProductCode") == product.get("ProductCode")
        {
            return;
        }
        for entry in self.store.children(PRICEBOOK_ENTRY, "Product2Id", &product.id) {
            let mut entry = Record::clone(&entry);
            entry.set("Name", product.get("Name").clone());
            entry.set("ProductCode", product.get("ProductCode").clone());
            self.store.derive(entry);
        }
    }
}
