//! Records, changes, drafts, mappers and the one plan: pure values and functions.
//!
//! Nothing here knows a clock, a network or an async runtime. What a mapper is given and what it
//! makes can be stored and replayed.

pub mod canonical;
pub mod change;
pub mod combined;
pub mod conflict_rule;
pub mod declared;
pub mod fields;
pub mod file_error;
pub mod image;
pub mod mapper;
pub mod merge;
pub mod names;
pub mod plan;
pub mod policy;
pub mod value;

mod aggregate;
mod child_list;
mod compile;
mod condition;
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
mod field_tests;
#[cfg(test)]
mod list_tests;

pub use change::{Change, Draft, Record};
pub use combined::CombinedMapper;
pub use conflict_rule::OnConflict;
pub use declared::{DeclaredMapper, TargetField, TargetList};
pub use fields::Fields;
pub use file_error::MappingFileError;
pub use mapper::{MapError, Mapped, Mapper, Note};
pub use merge::{Agreed, Clash, Merge, Rewrite, Ruling, Side};
pub use names::{Entity, ExternalId, FieldName, Key, TargetId, Version};
pub use plan::{Action, Base, Cause, Difference, Found, Lane, Plan, Step, plan};
pub use policy::{Ownership, Policy, Rule};
pub use value::{Reference, Value};
