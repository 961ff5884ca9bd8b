//! State and audit log behind their seams: in memory, and in SQLite.

pub mod folder;
pub mod memory;
pub mod points;
pub mod sqlite;

mod link_book;

pub use folder::{DataFolder, FolderError};
pub use memory::MemoryStore;
pub use points::{POINTS, PersistPoints};
pub use sqlite::{DatabaseError, Place, SqliteAuditLog, SqliteStore};
