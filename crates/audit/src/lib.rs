//! What happened, on record before anybody acts on it: entries, the hash chain, the recording
//! layer, redaction.

pub mod entry;
pub mod log;
pub mod scope;

pub use entry::{Decision, Entry, Event, Exchange, Kind, MappedItem, Scope};
pub use log::{AuditError, AuditLog, Query, Sealed, Verdict};
pub use scope::ScopeCell;
