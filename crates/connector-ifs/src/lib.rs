//! IFS Cloud as a source, and as a sink for customer master data: one file per entity.
//!
//! [`IfsSource`] walks an entity set by OKD (overlap, keyset, dedupe) over `odata-client`, reads what
//! belongs to each record, and finds changes by a modified attribute, the history log, sweeps, or
//! [`Hints`] from outside. [`IfsSink`] writes what [`Writable`] names and nothing else.
//! [`IfsProbe`] examines a tenant without writing to it.

pub mod child;
pub mod customer;
pub mod describer;
pub mod detection;
pub mod entities;
pub mod entity_settings;
pub mod errors;
pub mod field;
pub mod gl_account;
pub mod hints;
pub mod journal_entry;
pub mod key;
pub mod overrides;
pub mod partner;
pub mod place;
pub mod posting_proposal;
pub mod probe;
pub mod purchase_order;
pub mod settings;
pub mod sink;
pub mod source;
pub mod supplier;
pub mod time_zone;
pub mod writable;

mod body;
mod children;
mod chunk;
mod csrf;
mod cursor;
mod desk;
mod doubts;
mod fallback;
mod groups;
mod lookup;
mod memory;
mod own_set;
mod reader;
mod server_clock;
mod span;
mod stream;
mod sweep;
mod touch;
mod walk;
mod write;

#[cfg(test)]
mod fake_ifs;
#[cfg(test)]
mod invariant_tests;
#[cfg(test)]
mod okd_tests;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod source_tests;

pub use child::{ChildOverrides, ChildPart, ChildRead, ChildSettings};
pub use describer::IfsDescriber;
pub use detection::{Detection, Fingerprint, HistorySettings, SweepSettings};
pub use entity_settings::{EntitySettings, GroupSettings, Precision};
pub use errors::{ErrorRule, ErrorTable};
pub use field::{FieldKind, FieldSpec};
pub use hints::{Hints, HintsFull};
pub use key::{KeyField, KeyKind, KeyOrder};
pub use overrides::EntityOverrides;
pub use place::{Place, ServiceKind};
pub use probe::IfsProbe;
pub use settings::{IfsSettings, SettingsError};
pub use sink::IfsSink;
pub use source::IfsSource;
pub use time_zone::{TimeZonePolicy, Zone};
pub use writable::{Writable, WriteOverrides, WriteSettings};
