//! Products of orders: from the order's price book, and added up (Object Reference, "Order Products").

use rust_decimal::Decimal;

use super::order::is_active;
use crate::salesforce::desk::{Desk, Draft};
use crate::salesforce::problem::Problem;
use crate::salesforce::record::{Cell, Record};

impl Desk<'_> {
    pub(super) fn order_item(&self, draft: &mut Draft) -> Result<(), Problem> {
        let order = draft.record.str("OrderId").and_then(|id| self.store.living(id)).cloned();
        // Without an order the required fields complain.
        let Some(order) = order else { return Ok(()) };
        self.open(&order)?;
        if draft.is_new() {
            self.priced(&mut draft.record, &order)?;
            let number = format!("{:010}", draft.record.number);
            draft.record.set("OrderItemNumber", Cell::text(&number));
        }
        let record = &mut draft.record;
        let (quantity, price) = (record.number("Quantity"), record.number("UnitPrice"));
        let (Some(quantity), Some(price)) = (quantity, price) else {
            let missing = if price.is_none() { "UnitPrice" } else { "Quantity" };
            let message = format!("Required fields are missing: [{missing}]");
            return Err(Problem::bad("REQUIRED_FIELD_MISSING", message).about(missing));
        };
        if quantity.is_zero() {
            let message = "Quantity: the quantity of an order product cannot be zero";
            return Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about("Quantity"));
        }
        record.set("TotalPrice", Cell::Number((quantity * price).round_dp(2).normalize()));
        record.set("AvailableQuantity", Cell::Number(quantity));
        Ok(())
    }

    /// Products of activated orders stay, unless the user may edit them.
    pub(super) fn open(&self, order: &Record) -> Result<(), Problem> {
        if !is_active(order) || self.switches.edits_activated {
            return Ok(());
        }
        let message = "Products of an activated order cannot be added, edited or deleted";
        Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about("OrderId"))
    }

    /// Takes the product and the list price from the entry, which has to fit the order.
    fn priced(&self, item: &mut Record, order: &Record) -> Result<(), Problem> {
        let refused =
            |message: &str, field: &str| Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about(field));
        let Some(book) = order.str("Pricebook2Id") else {
            return refused("The order has no price book: set it before adding products", "OrderId");
        };
        let entry = item.str("PricebookEntryId").and_then(|id| self.store.living(id)).cloned();
        let Some(entry) = entry else { return Ok(()) };
        if entry.str("Pricebook2Id") != Some(book) {
            return refused(
                "pricebook entry is in a different pricebook than the one assigned to the order",
                "PricebookEntryId",
            );
        }
        if entry.get("CurrencyIsoCode") != order.get("CurrencyIsoCode") {
            return refused(
                "pricebook entry currency code does not match order currency code",
                "PricebookEntryId",
            );
        }
        if !entry.truth("IsActive") {
            return refused("pricebook entry is inactive", "PricebookEntryId");
        }
        if !item.get("Product2Id").is_null() && item.get("Product2Id") != entry.get("Product2Id") {
            return refused("the product is not that of the pricebook entry", "Product2Id");
        }
        item.set("Product2Id", entry.get("Product2Id").clone());
        item.set("ListPrice", entry.get("UnitPrice").clone());
        item.set("CurrencyIsoCode", order.get("CurrencyIsoCode").clone());
        Ok(())
    }

    /// The order's total follows its products.
    pub(super) fn add_up(&mut self, item: &Record) {
        let order = item.str("OrderId").and_then(|id| self.store.living(id)).cloned();
        let Some(order) = order else { return };
        let items = self.items(&order.id);
        let total: Decimal = items.iter().filter_map(|item| item.number("TotalPrice")).sum();
        let mut order = Record::clone(&order);
        order.set("TotalAmount", Cell::Number(total.normalize()));
        self.store.derive(order);
    }
}
