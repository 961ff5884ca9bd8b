//! The hash chain: each entry's hash covers its number, its bytes and the hash before it.

use sha2::{Digest, Sha256};

use crate::Verdict;

/// The hash before the first entry.
pub const GENESIS: [u8; 32] = [0; 32];

/// Keeps these hashes apart from every other use of SHA-256.
const DOMAIN: &[u8] = b"ml-connector audit entry v1\0";

/// The hash of entry `number` with these bytes, after an entry with hash `prev`.
///
/// SHA-256 over a domain name, `prev`, the number and both parts, each after its length (64 bits,
/// big endian), so that no byte can move from one part to the other.
pub fn link(prev: &[u8; 32], number: u64, header: &[u8], payload: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(prev);
    hash.update(number.to_be_bytes());
    for part in [header, payload] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// An entry as a log stores it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The number that stands in storage.
    pub number: u64,
    /// The header's bytes.
    pub header: &'a [u8],
    /// The payload's bytes.
    pub payload: &'a [u8],
    /// The hash that stands in storage.
    pub hash: &'a [u8],
}

/// Walks along the chain: seals new entries, or checks stored ones in order.
#[derive(Debug, Clone)]
pub struct Chain {
    head: [u8; 32],
    entries: u64,
    broken: Option<(u64, String)>,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// Before the first entry.
    pub fn new() -> Self {
        Self::resume(0, GENESIS)
    }

    /// After entry number `entries`, whose hash is `head`.
    pub fn resume(entries: u64, head: [u8; 32]) -> Self {
        Self { head, entries, broken: None }
    }

    /// Links a new entry: its number and its hash.
    pub fn seal(&mut self, header: &[u8], payload: &[u8]) -> (u64, [u8; 32]) {
        self.entries += 1;
        self.head = link(&self.head, self.entries, header, payload);
        (self.entries, self.head)
    }

    /// Checks the next stored entry; `false` from the first one on that is wrong.
    pub fn check(&mut self, row: &Row<'_>) -> bool {
        if self.broken.is_some() {
            return false;
        }
        let due = self.entries + 1;
        if row.number != due {
            self.reject(due, format!("missing or out of order: found number {} in its place", row.number));
            return false;
        }
        let hash = link(&self.head, due, row.header, row.payload);
        if hash != row.hash {
            self.reject(due, "its bytes do not match its hash".to_owned());
            return false;
        }
        self.head = hash;
        self.entries = due;
        true
    }

    /// Reports the entry `number` as wrong for a reason that the hash does not cover, such as a
    /// search column that differs from the header.
    pub fn reject(&mut self, number: u64, reason: String) {
        if self.broken.is_none() {
            self.broken = Some((number, reason));
        }
    }

    /// How many entries are linked.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The hash of the last one.
    pub fn head(&self) -> [u8; 32] {
        self.head
    }

    /// What was found so far.
    pub fn verdict(self) -> Verdict {
        Verdict { entries: self.entries, head: self.head, broken: self.broken }
    }
}
