//! IFS Cloud as a source: one file per entity.
//!
//! [`IfsSource`] walks an entity set by OKD (overlap, keyset, dedupe) over `odata-client`;
//! [`IfsProbe`] examines a tenant without writing to it. Nothing here writes to IFS.

pub mod field;
pub mod key;
pub mod probe;
pub mod settings;
pub mod source;
pub mod supplier;
pub mod time_zone;

mod chunk;
mod cursor;
mod faults;
mod reader;
mod server_clock;
mod walk;

#[cfg(test)]
mod fake_ifs;
#[cfg(test)]
mod okd_tests;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod source_tests;

pub use field::{FieldKind, FieldSpec};
pub use key::{KeyField, KeyKind, KeyOrder};
pub use probe::IfsProbe;
pub use settings::{EntityOverrides, EntitySettings, IfsSettings, Precision, SettingsError};
pub use source::IfsSource;
pub use time_zone::{TimeZonePolicy, Zone};
