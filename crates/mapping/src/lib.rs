//! Records, changes, drafts, mappers and the one plan: pure values and functions.
//!
//! Nothing here knows a clock, a network or an async runtime. What a mapper is given and what it
//! makes can be stored and replayed.

pub mod canonical;
pub mod change;
pub mod declared;
pub mod fields;
pub mod file_error;
pub mod mapper;
pub mod names;
pub mod plan;
pub mod value;

mod compile;
mod condition;
mod file;
mod step;

pub use change::{Change, Draft, Record};
pub use declared::{DeclaredMapper, TargetField};
pub use fields::Fields;
pub use file_error::MappingFileError;
pub use mapper::{MapError, Mapped, Mapper, Note};
pub use names::{Entity, ExternalId, FieldName, Key, TargetId, Version};
pub use plan::{Action, Base, Cause, Difference, Found, Lane, Ownership, Policy, Step, plan};
pub use value::{Reference, Value};
