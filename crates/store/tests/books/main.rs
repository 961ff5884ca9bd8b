//! The two books on disk, state and log: the contract of each, and what a bad end leaves.

mod audit_log;
mod durability;
mod state;
