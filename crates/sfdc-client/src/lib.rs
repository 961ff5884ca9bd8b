//! A Salesforce REST client: SOQL by values, external ids, collections, limits, typed errors.
//!
//! It speaks through a ready-made [`wire::HttpTransport`]: tokens, retries, limits and the audit log
//! are inside, and this crate never sees a secret.

pub mod batch;
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
pub mod tree;
pub mod usage;
pub mod versions;

pub use batch::AfterFailure;
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
pub use options::{AutoAssign, DuplicateRule, Options};
pub use pack_size::PackSize;
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
