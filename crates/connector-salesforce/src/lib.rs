//! Salesforce as a sink and a source: one file per entity.
//!
//! [`SalesforceSink`] looks records up and writes them over `sfdc-client`; [`SalesforceSource`] tells
//! what changed; [`SalesforceProbe`] examines an org without writing to it.
//!
//! | what | where |
//! |---|---|
//! | Accounts, person accounts, Contacts | [`account`], [`person_account`], [`contact`] |
//! | Orders, their items, invoices on them | [`order`], [`order_item`], `invoice` |
//! | Products and price books | [`product`], [`price_book`] |
//! | fields that are ours alone: packed upserts, Bulk jobs | `plain_records`, `batch`, `bulk_load`, `bulk_jobs` |
//! | fields that people change too: one conditional call each | `guarded` |
//! | records that were merged away | `merges`, `departures` |
//! | what an org lacks, and making it | [`setup`] |
//! | changes, by stamp and id | [`source`], `poll` |
//! | change events, which tell what to look at before a poll does | [`event_feed`], [`event_state`], `event_page` |

pub mod account;
pub mod contact;
pub mod describer;
pub mod event_feed;
pub mod event_state;
mod invoice;
pub mod order;
pub mod order_item;
pub mod org_id;
pub mod person_account;
pub mod price_book;
pub mod probe;
pub mod product;
pub mod settings;
pub mod setup;
pub mod sink;
pub mod source;

mod batch;
mod bulk_jobs;
mod bulk_load;
mod columns;
mod convert;
mod departures;
mod event_page;
mod faults;
mod guarded;
mod lookup;
mod merges;
mod objects;
mod order_job;
mod order_mend;
mod order_revert;
mod order_state;
mod order_status;
mod order_writer;
mod org;
mod plain_records;
mod poll;
mod removal;
mod schema;

#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod guarded_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod sandbox_org;
#[cfg(test)]
mod scripted_org;
#[cfg(test)]
mod sink_tests;
#[cfg(test)]
mod source_tests;

pub use describer::SalesforceDescriber;
pub use event_feed::{EventFeed, EventWay};
pub use event_state::{EventState, MissedNote, MissedRemedy, StreamDown};
pub use objects::shipped;
pub use order::{Activated, Activation, OrderSettings};
pub use org_id::OrgId;
pub use probe::{Needed, SalesforceProbe};
pub use product::ProductStrategy;
pub use settings::{ObjectSettings, SalesforceSettings};
pub use setup::{Setup, Wanted};
pub use sink::SalesforceSink;
pub use source::{SalesforceSource, SourceSettings};
