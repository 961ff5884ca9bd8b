//! Invented data, the same for the same seed.

mod customers;
mod dice;
mod invoices;
mod ledger;
mod orders;
mod partners;
mod row_seed;
mod suppliers;
mod words;

pub(crate) use customers::customers;
pub(crate) use invoices::invoices;
pub(crate) use ledger::{accounts, voucher_rows, vouchers};
pub(crate) use orders::{lines, orders};
pub(crate) use partners::{Partner, addresses, contacts, methods, payments};
pub use row_seed::RowSeed;
pub use suppliers::{SupplierSeed, suppliers};
