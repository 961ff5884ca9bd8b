//! What was called and what went wrong, counted.

use std::collections::BTreeMap;

use serde::Serialize;

/// Counts over the life of a gate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Journal {
    /// Every call that arrived, also those that went wrong.
    pub calls: u64,
    /// Calls by the endpoint's name for their kind.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// Calls that may change records.
    pub writes: u64,
    /// Faults injected, by name.
    pub faults: BTreeMap<&'static str, u64>,
    /// Answers by status.
    pub by_status: BTreeMap<u16, u64>,
    /// Request body bytes.
    pub bytes_in: u64,
    /// Response body bytes.
    pub bytes_out: u64,
}

impl Journal {
    /// Calls of one kind.
    pub fn of(&self, kind: &str) -> u64 {
        self.by_kind.get(kind).copied().unwrap_or(0)
    }

    /// Faults of one name.
    pub fn faults_of(&self, name: &str) -> u64 {
        self.faults.get(name).copied().unwrap_or(0)
    }
}
