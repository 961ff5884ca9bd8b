//! A Salesforce org: sessions, describe, SOQL, rows, upserts by external id, collections, limits.
//!
//! It answers as the real one does, as far as it is known: error arrays with codes, one result a
//! record, stamps without a colon, ids of 18 characters, a usage header and no `Retry-After`.
//!
//! # The door
//! | call | what it does |
//! |---|---|
//! | `GET /sandbox/accounts` | all records as they are, for whoever compares |
//! | `GET /sandbox/effects?from=1` | what the API did to records, in order |
//! | `POST /sandbox/edit?id=…&field=…&value=…` | somebody edits a record; `key=…` instead of `id=…`: by external id |
//! | `POST /sandbox/insert` | somebody makes a record: `{"Name": "…"}` |
//! | `POST /sandbox/delete?id=…`, `POST /sandbox/undelete?id=…` | somebody deletes it, or takes it back |
//! | `GET`, `POST /sandbox/switches` | shows, or changes those named in, [`SalesforceSwitches`] |
//! | `POST /sandbox/expire-sessions`, `POST /sandbox/expire-cursors` | all sessions, or query locators, end |

mod admin;
mod collection_calls;
mod collections;
mod condition;
mod cursors;
mod describe;
mod desk;
mod like;
mod literal;
mod members;
mod org;
#[cfg(test)]
mod org_tests;
mod problem;
mod record;
mod routes;
mod row_calls;
mod rows;
mod schema;
mod session;
mod settings;
mod soql;
mod soql_tokens;
mod store;
mod validate;

pub use org::SalesforceSandbox;
pub use record::{Account, Cell, Effect};
pub use settings::{Matching, SalesforceSettings, SalesforceSwitches, TokenTrouble};
