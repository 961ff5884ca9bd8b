//! Records, changes, drafts, mappers and the one plan: pure values and functions.
//!
//! Nothing here knows a clock, a network or an async runtime. What a mapper is given and what it
//! makes can be stored and replayed.

pub mod canonical;
pub mod change;
pub mod check;
pub mod combined;
pub mod declared;
pub mod drift;
pub mod field_names;
pub mod fields;
pub mod file_error;
pub mod image;
pub mod mapper;
pub mod mapping_tests;
pub mod merge;
pub mod names;
pub mod plan;
pub mod policy;
pub mod schema;
pub mod schema_lock;
pub mod value;

mod aggregate;
mod child_list;
mod compile;
mod condition;
mod conflict_rule;
mod expression;
mod external_id;
mod file;
mod origin;
mod reads;
mod scope;
mod step;
mod target;

#[cfg(test)]
mod bench_record;
#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod expression_tests;
#[cfg(test)]
mod field_tests;
#[cfg(test)]
mod list_tests;

pub use change::{Change, Draft, Record};
pub use check::{Finding, Purpose, Severity, check};
pub use combined::CombinedMapper;
pub use declared::{DeclaredMapper, TargetField, TargetList};
pub use drift::{Drift, drift};
pub use field_names::FieldNames;
pub use fields::Fields;
pub use file_error::MappingFileError;
pub use mapper::{MapError, Mapped, Mapper, Note};
pub use mapping_tests::{MappingTests, Tested};
pub use merge::{Agreed, Clash, Merge, Rewrite, Ruling, Side};
pub use names::{Entity, ExternalId, FieldName, Key, TargetId, Version};
pub use plan::{Action, Base, Cause, Difference, Found, Lane, Plan, Step, plan};
pub use policy::{KindPolicy, Ownership, Policy, Rule};
pub use schema::{EntitySchema, FieldSchema, FieldType, Schema};
pub use schema_lock::SchemaLock;
pub use value::{Reference, Value};
