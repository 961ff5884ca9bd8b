//! State and audit log behind their seams: in memory, and in SQLite.

pub mod memory;

pub use memory::MemoryStore;
