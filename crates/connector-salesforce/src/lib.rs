//! Salesforce as a sink: one file per entity.
//!
//! [`SalesforceSink`] looks records up and upserts them by external id over `sfdc-client`;
//! [`SalesforceProbe`] examines an org without writing to it.

pub mod account;
pub mod probe;
pub mod settings;
pub mod sink;

mod batch;
mod convert;
mod faults;
mod lookup;
mod schema;

#[cfg(test)]
mod scripted_org;
#[cfg(test)]
mod sink_tests;

pub use probe::{Needed, SalesforceProbe};
pub use settings::{ObjectSettings, SalesforceSettings};
pub use sink::SalesforceSink;
