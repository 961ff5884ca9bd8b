//! A Salesforce REST client: SOQL by values, external ids, collections, limits, typed errors.
//!
//! It speaks through a ready-made [`wire::HttpTransport`]: tokens, retries, limits and the audit log
//! are inside, and this crate never sees a secret.

pub mod client;
pub mod codes;
pub mod collections;
pub mod describe;
pub mod error;
pub mod query;
pub mod row;
pub mod session;
pub mod soql;
pub mod usage;
pub mod versions;

pub use client::Client;
pub use codes::ErrorClass;
pub use collections::{RecordBody, UpsertResult};
pub use describe::{Describe, DescribeField};
pub use error::{ApiError, ApiFailure, SfdcError};
pub use query::Records;
pub use row::{Row, Scalar};
pub use soql::{Literal, Select, SoqlError};
pub use usage::Usage;
pub use versions::Version;
