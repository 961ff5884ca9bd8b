//! What happened, on record before anybody acts on it: entries, the hash chain, the recording
//! layer, redaction.

pub mod chain;
pub mod codec;
pub mod conformance;
pub mod entry;
pub mod log;
pub mod memory;
pub mod recorded;
pub mod redaction;
pub mod scope;

mod columns;

pub use chain::Chain;
pub use codec::{CodecError, Encoded};
pub use entry::{Decision, Entry, Event, Exchange, Kind, MappedItem, Scope};
pub use log::{AuditError, AuditLog, Query, Sealed, Verdict};
pub use memory::MemoryLog;
pub use recorded::Recorded;
pub use scope::ScopeCell;
