//! Which invented rows a table begins with.

use super::entity::Entity;
use super::settings::IfsSettings;
use super::table::Table;
use crate::world::{self, Partner, RowSeed};

/// The table of a unit as it is at the beginning.
pub(crate) fn seeded(entity: &'static Entity, settings: &IfsSettings) -> Table {
    Table::seeded(entity, rows(entity.lu, settings))
}

fn rows(unit: &str, settings: &IfsSettings) -> Box<dyn Iterator<Item = RowSeed>> {
    let (seed, suppliers, customers) = (settings.seed, settings.suppliers, settings.customers);
    match unit {
        "SupplierInfoGeneral" => Box::new(world::suppliers(seed, suppliers).map(Into::into)),
        "SupplierInfoAddress" => Box::new(world::addresses(Partner::Supplier, seed, suppliers)),
        "SupplierInfoCommMethod" => Box::new(world::methods(Partner::Supplier, seed, suppliers)),
        "SupplierInfoContact" => Box::new(world::contacts(Partner::Supplier, seed, suppliers)),
        "SupplierPayment" => Box::new(world::payments(seed, suppliers)),
        "CustomerInfo" => Box::new(world::customers(seed, customers)),
        "CustomerInfoAddress" => Box::new(world::addresses(Partner::Customer, seed, customers)),
        "CustomerInfoCommMethod" => Box::new(world::methods(Partner::Customer, seed, customers)),
        "CustomerInfoContact" => Box::new(world::contacts(Partner::Customer, seed, customers)),
        "PurchaseOrder" => Box::new(world::orders(seed, settings.orders, suppliers, settings.orphan_orders)),
        "PurchaseOrderLine" => Box::new(world::lines(seed, settings.orders)),
        "PostingProposalHead" => Box::new(world::invoices(seed, settings.invoices, settings.orders)),
        "Account" => Box::new(world::accounts(seed, settings.accounts)),
        "GenLedVoucher" => Box::new(world::vouchers(seed, settings.journal_entries)),
        "GenLedVoucherRow" => {
            Box::new(world::voucher_rows(seed, settings.journal_entries, settings.accounts))
        }
        _ => Box::new(std::iter::empty()),
    }
}
