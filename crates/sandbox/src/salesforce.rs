//! A Salesforce org: sessions, describe, SOQL, rows, upserts by external id, collections, limits.
//!
//! It answers as the real one does, as far as it is known: error arrays with codes, one result a
//! record, stamps without a colon, ids of 18 characters, a usage header and no `Retry-After`.
//!
//! Beside the shared door there are `POST /sandbox/edit?id=…&field=…&value=…` (somebody edits a record
//! now) and `GET /sandbox/accounts` (all records as they are, for whoever compares).

mod collections;
mod condition;
mod describe;
mod problem;
mod record;
mod routes;
mod rows;
mod schema;
mod session;
mod settings;
mod soql;
mod store;
mod validate;

pub use record::{Account, Cell, Effect};
pub use routes::SalesforceSandbox;
pub use settings::{SalesforceSettings, SalesforceSwitches, TokenTrouble};
