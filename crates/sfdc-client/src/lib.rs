//! A Salesforce client: REST in all its forms, SOQL by values, errors that say what helps.
//!
//! It speaks through a ready-made [`wire::HttpTransport`]: tokens, retries, limits and the audit log
//! are inside, and this crate never keeps a secret longer than it takes to sign with it.
//!
//! | to … | use |
//! |---|---|
//! | log in with a certificate | [`JwtBearer`] |
//! | know which org and user we are | [`Client::identity`], [`session`] |
//! | look at objects and fields | [`Client::objects`], [`Client::describe`] |
//! | ask for records | [`Select`], [`Client::query`], [`Client::pages`], [`Packer::look_up`] |
//! | read, create, change, upsert, delete one | [`Client::row`] and its neighbours in [`rows`], with a [`Condition`] |
//! | write up to 200 | [`Client::upsert`], [`Client::create_all`], [`Client::update_all`], [`Client::delete_all`] |
//! | write any number in few calls | [`Packer::upsert`] |
//! | write, or read, thousands as a job | [`Bulk::ingest`], [`Bulk::query`] |
//! | write an order with its lines | [`Graph`], [`Client::graphs`] |
//! | send several things in one call | [`Client::composite`], [`Client::batch`], [`Client::create_trees`] |
//! | learn what changed | [`Client::updated`], [`Client::deleted`] |
//! | subscribe to change events | [`events::Subscriber`] |
//! | change what the org is made of | [`Client::deploy`], [`Client::make_component`] |
//! | choose the way and know its price | [`lanes`] |
//! | spare the daily allowance | [`Client::usage`], [`Client::limits`], [`Client::with_reserve`] |
//! | know what an error means | [`ErrorTable`], [`ApiError::verdict`], [`token_advice`] |
//!
//! # What may be sent again
//! Every call says what sending it twice would do ([`wire::Effect`]): reads and deletes, conditional
//! changes and creates with a unique value may be repeated by the transport after a lost answer;
//! upserts and unconditional changes may not, because landing late they could put an older value
//! over a newer one. [`SfdcError::may_have_acted`] tells when to look first.
//!
//! # What is believed
//! Each record has its own outcome. A result that is missing, or names another record than was sent,
//! is [`RecordResult::Missing`]: nobody knows.

pub mod batch;
pub mod bulk;
pub mod changes;
pub mod client;
pub mod codes;
pub mod collections;
#[cfg(test)]
mod collections_tests;
pub mod composite;
pub mod conditions;
pub mod describe;
pub mod duplicates;
pub mod error;
pub mod events;
pub mod filter;
pub mod graph;
#[cfg(test)]
mod graph_tests;
pub mod id;
pub mod identity;
pub mod jwt;
pub mod lanes;
pub mod limits;
pub mod literal;
pub mod metadata;
pub mod options;
pub mod pack_size;
pub mod packed_lookup;
pub mod packing;
#[cfg(test)]
mod packing_tests;
pub mod part;
pub mod query;
pub mod record_body;
pub mod record_ids;
pub mod record_result;
pub mod reserve;
pub mod row;
pub mod row_at;
pub mod rows;
#[cfg(test)]
mod rows_tests;
pub mod session;
pub mod soql;
pub mod stamp;
pub mod token_errors;
pub mod tooling;
pub mod tree;
pub mod usage;
pub mod versions;

pub use batch::AfterFailure;
pub use bulk::Bulk;
pub use changes::{Deletion, Deletions, Updates, Window, WindowError};
pub use client::Client;
pub use codes::{ErrorClass, ErrorTable, ErrorTableError, Level, Verdict};
pub use collections::{Creation, Item, Together, UpsertKey};
pub use conditions::{Condition, Freshness, Validator};
pub use describe::{Describe, DescribeField, Described, ObjectSummary, PicklistValue};
pub use duplicates::{DuplicateResult, DuplicateValue};
pub use error::{ApiError, ApiFailure, SfdcError};
pub use filter::{Filter, Operator, Pattern};
pub use graph::{Graph, GraphFailure, GraphOutcome};
pub use id::{IdError, RecordId};
pub use identity::Identity;
pub use jwt::{JwtBearer, JwtClaims, KeyError};
pub use limits::Allowance;
pub use literal::{Literal, Moving};
pub use metadata::{DeployResult, Deploying};
pub use options::{AutoAssign, DuplicateRule, Options};
pub use pack_size::{MAX_PACKED, PackSize};
pub use packing::{Packed, Packer};
pub use part::{Part, PartAnswer, PartOutcome};
pub use query::{QueryPage, Records, Rows};
pub use record_body::RecordBody;
pub use record_result::RecordResult;
pub use reserve::{Reserve, ReserveReached};
pub use row::{Row, Scalar};
pub use row_at::RowAt;
pub use rows::{Deleted, Got, Updated, Upserted, Upserting};
pub use soql::{Aggregate, Select, SoqlError, Sort};
pub use token_errors::{TokenAdvice, TokenTrouble, token_advice};
pub use tree::{TreeNode, TreeOutcome};
pub use usage::Usage;
pub use versions::Version;
