//! State and audit log in SQLite files.

mod audit_log;
mod audit_rows;
mod conflicts;
mod database;
mod error;
mod forms;
mod intents;
mod ledger;
mod links;
mod schema;
mod stamp;
mod state;
mod verify;
mod waiting;
mod writer;

pub use audit_log::SqliteAuditLog;
pub use database::Place;
pub use error::DatabaseError;
pub use state::SqliteStore;
