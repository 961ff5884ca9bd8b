//! What the tenant has: logical units, their views, and the services that show them.
//!
//! One description per unit; metadata, reads, writes and checks all come from it. Names are those of
//! public integrations with IFS where such were found, and the names that purchasing departments use
//! for them beside (`SupplierSet`, `CustomerSet`, `PostingProposalHeadSet`).

mod customers;
mod enums;
mod finance;
mod history;
mod purchasing;
mod services;
mod suppliers;

pub(crate) use customers::{CUSTOMER_INFO, CUSTOMER_VIEW};
pub(crate) use enums::members;
pub(crate) use history::{HISTORY_LOG, HISTORY_LOG_ATTRIBUTE};
#[cfg(test)]
pub(crate) use purchasing::PURCHASE_ORDER_LINE;
pub(crate) use services::{Service, ServiceKind, entities, service};
pub use suppliers::SUPPLIER;
pub(crate) use suppliers::SUPPLIER_INFO;
#[cfg(test)]
pub(crate) use suppliers::SUPPLIER_VIEW;
