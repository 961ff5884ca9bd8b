//! State and audit log in SQLite files.

mod audit_log;
mod audit_rows;
mod database;
mod schema;
mod state;
mod state_rows;

pub use audit_log::SqliteAuditLog;
pub use database::{DatabaseError, Place};
pub use state::SqliteStore;
