//! A Salesforce org: sessions, describe, SOQL, rows, upserts by external id, collections, limits.
//!
//! It answers as the real one does, as far as it is known: error arrays with codes, one result a
//! record, stamps without a colon, ids of 18 characters, a usage header and no `Retry-After`.
//!
//! # How it fits together
//! [`schema`] describes the objects; rows, queries, describe and setup all follow it. A [`call`] is
//! one request by one user: it reads through a view and writes at a [`desk`], where every record
//! passes its values, the [`rules`] of its object, and what is switched on. The [`store`] keeps
//! records, effects and [`changes`], of which change events are made ([`events`]).
//!
//! # The door
//! | call | what it does |
//! |---|---|
//! | `GET /sandbox/accounts`, `GET /sandbox/records?object=…` | all records as they are, for whoever compares |
//! | `GET /sandbox/effects?from=1` | what the API did to records, in order |
//! | `GET /sandbox/changes?after=0` | what anybody did to records within three days |
//! | `POST /sandbox/edit?id=…&field=…&value=…` | somebody edits a record; `key=…` instead of `id=…`: an Account by external id |
//! | `POST /sandbox/insert` | somebody makes an Account: `{"Name": "…"}`; `?object=…`: any record, by its rules |
//! | `POST /sandbox/delete?id=…`, `POST /sandbox/undelete?id=…` | somebody deletes it, or takes it back |
//! | `POST /sandbox/purge?id=…` | somebody deletes it for good |
//! | `POST /sandbox/merge?winner=…&losers=…,…` | somebody merges Accounts or Contacts |
//! | `GET`, `POST /sandbox/switches` | shows, or changes those named in, [`SalesforceSwitches`] |
//! | `POST /sandbox/expire-sessions`, `POST /sandbox/expire-cursors`, `POST /sandbox/end-streams` | all sessions, query locators, or streams of events, end |

mod admin;
mod assertion;
mod bulk;
#[cfg(test)]
mod bulk_tests;
mod call;
mod changes;
mod collection_calls;
mod collections;
mod composite;
#[cfg(test)]
mod composite_tests;
mod cursors;
mod describe;
mod desk;
mod events;
mod fill;
mod identifier;
mod members;
mod org;
#[cfg(test)]
mod org_tests;
mod problem;
#[cfg(test)]
mod query_tests;
mod recent;
mod record;
mod replication;
mod routes;
mod row_calls;
mod rules;
#[cfg(test)]
mod rules_tests;
mod schema;
mod search;
mod seed;
mod session;
mod settings;
mod setup;
#[cfg(test)]
mod setup_tests;
mod soap;
mod soql;
mod store;
#[cfg(test)]
mod switch_tests;
mod switches;
#[cfg(test)]
mod test_client;
mod token_trouble;
mod values;

pub use changes::{Change, ChangeKind};
pub use events::{EVENT_CA, EventLine, EventServerHandle, serve_events};
pub use org::SalesforceSandbox;
pub use record::{Account, Cell, Effect, Record};
pub use settings::SalesforceSettings;
pub use switches::{BulkSwitches, DuplicateRule, EventSwitches, Matching, SalesforceSwitches};
pub use token_trouble::TokenTrouble;
