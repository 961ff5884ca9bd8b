//! What people do with purchase orders, their lines and their invoices.

use sandbox::ifs::Row;

use super::people::People;
use crate::simulation::journal::System;

impl People<'_> {
    pub(super) fn edit_order(&self) {
        let Some(row) = self.some_row("PurchaseOrder") else { return };
        let note = self.word("Note");
        let supplier = self.some_row("SupplierInfoGeneral").map(|row| row.key().to_string());
        let change = match self.below(4) {
            0 => ("NoteText", Some(note.as_str())),
            1 => ("Objstate", self.pick(&["Released", "Confirmed", "Closed", "Cancelled"])),
            2 => ("VendorNo", supplier.as_deref()),
            _ => ("BuyerCode", self.pick(&["ANNA", "BEN"])),
        };
        if change.1.is_some() {
            self.in_ifs("PurchaseOrder", &row, &[change]);
        }
    }

    pub(super) fn edit_line(&self) {
        let Some(row) = self.some_row("PurchaseOrderLine") else { return };
        let (number, text) = ((1 + self.below(90)).to_string(), self.word("Part"));
        let change = match self.below(4) {
            0 => ("BuyQtyDue", number.as_str()),
            1 => ("BuyUnitPrice", number.as_str()),
            2 => ("Description", text.as_str()),
            _ => ("Objstate", self.pick(&["Released", "Received", "Cancelled"]).unwrap_or("Released")),
        };
        self.in_ifs("PurchaseOrderLine", &row, &[(change.0, Some(change.1))]);
    }

    /// A line of these values in an order, under a number that is free there.
    fn enter_line(&self, order: &str, like: Option<&Row>) {
        let number = (20 + self.world.dice.below(900)).to_string();
        let value = |name: &str, otherwise: &str| {
            like.and_then(|row| row.get(name).text()).unwrap_or_else(|| otherwise.to_owned())
        };
        let (text, quantity) = (value("Description", "Added"), value("BuyQtyDue", "3"));
        let (price, unit) = (value("BuyUnitPrice", "4.5"), value("BuyUnitMeas", "PCS"));
        let values = [
            ("OrderNo", Some(order)),
            ("LineNo", Some(number.as_str())),
            ("ReleaseNo", Some("1")),
            ("Description", Some(text.as_str())),
            ("BuyQtyDue", Some(quantity.as_str())),
            ("BuyUnitPrice", Some(price.as_str())),
            ("BuyUnitMeas", Some(unit.as_str())),
            ("Rental", Some("false")),
            ("Objstate", Some("Released")),
        ];
        self.enter("PurchaseOrderLine", &values);
    }

    pub(super) fn add_line(&self) {
        let Some(order) = self.some_row("PurchaseOrder") else { return };
        self.enter_line(&order.key(), None);
    }

    /// A line is taken out of one order and entered into another one, in one transaction or in two.
    pub(super) fn move_line(&self) {
        let (Some(line), Some(order)) = (self.some_row("PurchaseOrderLine"), self.some_row("PurchaseOrder"))
        else {
            return;
        };
        if self.world.dice.one_in(2) {
            self.enter_line(&order.key(), Some(&line));
            self.remove("PurchaseOrderLine", &line);
        } else {
            self.remove("PurchaseOrderLine", &line);
            self.enter_line(&order.key(), Some(&line));
        }
        // Whoever takes a line out saves the order: nothing else shows that it is gone.
        let from = line.get("OrderNo").text().unwrap_or_default();
        self.world.by_people(System::Ifs, || {
            self.world.ifs.edit_of("PurchaseOrder", &[&from], &[("BuyerCode", Some("ANNA"))])
        });
    }

    pub(super) fn edit_invoice(&self) {
        let Some(row) = self.some_row("PostingProposalHead") else { return };
        let order = self.some_row("PurchaseOrder").map(|row| row.key().to_string());
        let amount = format!("{}.5", 1 + self.below(900));
        let change = match self.below(3) {
            0 => ("NetCurrAmount", Some(amount.as_str())),
            1 => ("Objstate", self.pick(&["Approved", "Posted", "Cancelled"])),
            _ => ("PoRefNumber", order.as_deref()),
        };
        self.in_ifs("PostingProposalHead", &row, &[change]);
    }

    pub(super) fn add_invoice(&self) {
        let Some(order) = self.some_row("PurchaseOrder") else { return };
        let number = (60_000 + self.world.dice.below(9_000)).to_string();
        let order = order.key().to_string();
        let values = [
            ("Company", Some("10")),
            ("InvoiceId", Some(number.as_str())),
            ("ProposalId", Some("1")),
            ("InvoiceNo", Some(number.as_str())),
            ("PoRefNumber", Some(order.as_str())),
            ("NetCurrAmount", Some("12.25")),
            ("VatCurrAmount", Some("2.33")),
            ("GrossCurrAmount", Some("14.58")),
            ("Currency", Some("EUR")),
            ("InvoiceDate", Some("2025-11-03")),
            ("DueDate", Some("2025-12-03")),
            ("Objstate", Some("Posted")),
        ];
        self.enter("PostingProposalHead", &values);
    }

    pub(super) fn enter_order(&self) {
        let number = (700_000 + self.world.dice.below(90_000)).to_string();
        let supplier = self.some_row("SupplierInfoGeneral").map(|row| row.key().to_string());
        let missing = format!("M{}", self.world.dice.below(3));
        let vendor = supplier.filter(|_| !self.world.dice.one_in(3)).unwrap_or(missing);
        let values = [
            ("OrderNo", Some(number.as_str())),
            ("VendorNo", Some(vendor.as_str())),
            ("OrderDate", Some("2025-10-01")),
            ("Contract", Some("S01")),
            ("CurrencyCode", Some("EUR")),
            ("Company", Some("10")),
            ("Objstate", Some("Released")),
        ];
        self.enter("PurchaseOrder", &values);
        self.enter_line(&number, None);
    }

    /// A supplier that some order has named for long is entered at last.
    pub(super) fn enter_missing_supplier(&self) {
        let known: Vec<String> = self.world.ifs.rows().iter().map(|row| row.key().to_string()).collect();
        let orders = self.world.ifs.rows_of("PurchaseOrder");
        let wanted = orders.iter().filter_map(|row| row.get("VendorNo").text());
        let Some(missing) = wanted.into_iter().find(|vendor| !known.contains(vendor)) else { return };
        let values = [
            ("SupplierId", Some(missing.as_str())),
            ("Name", Some("Entered late")),
            ("Country", Some("FR")),
            ("Objstate", Some("Active")),
        ];
        self.enter("SupplierInfoGeneral", &values);
    }
}
