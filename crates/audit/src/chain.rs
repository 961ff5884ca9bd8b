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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{MemoryLog, StoredRow};
    use crate::{AuditLog, Entry, Event, Scope};

    const ROWS: u64 = 12;

    async fn rows() -> Vec<StoredRow> {
        let log = MemoryLog::new();
        for number in 1..=ROWS {
            let event = Event::Unanswered {
                asked: number,
                may_have_acted: true,
                error: "lost".into(),
                elapsed_ms: 1,
            };
            let entry = Entry {
                at: wire::Timestamp::UNIX_EPOCH,
                scope: Scope::default(),
                records: Vec::new().into(),
                event,
            };
            log.append(vec![entry]).await.expect("keeps");
        }
        log.rows()
    }

    /// The number at which a log of `rows` is found broken.
    async fn broken(rows: Vec<StoredRow>) -> Option<u64> {
        let verdict = MemoryLog::from_rows(rows).verify().await.expect("verifies");
        assert!(verdict.entries <= verdict.broken.as_ref().map_or(u64::MAX, |(number, _)| number - 1));
        verdict.broken.map(|(number, _)| number)
    }

    fn index(number: u64) -> usize {
        usize::try_from(number - 1).expect("small")
    }

    #[tokio::test]
    async fn an_untouched_log_is_whole() {
        let whole = rows().await;
        let last = whole.last().expect("rows").hash;
        let verdict = MemoryLog::from_rows(whole).verify().await.expect("verifies");
        assert_eq!(verdict, Verdict { entries: ROWS, head: last, broken: None });
        let empty = MemoryLog::new().verify().await.expect("verifies");
        assert_eq!(empty, Verdict { entries: 0, head: GENESIS, broken: None });
    }

    #[tokio::test]
    async fn every_flipped_bit_is_found_at_its_entry() {
        let whole = rows().await;
        for number in 1..=ROWS {
            let (header, payload) = (whole[index(number)].header.len(), whole[index(number)].payload.len());
            for bit in 0..(header + payload + 32 + 8) * 8 {
                let (byte, mask) = (bit / 8, 1_u8 << (bit % 8));
                let mut rows = whole.clone();
                let row = &mut rows[index(number)];
                if byte < header {
                    row.header[byte] ^= mask;
                } else if byte < header + payload {
                    row.payload[byte - header] ^= mask;
                } else if byte < header + payload + 32 {
                    row.hash[byte - header - payload] ^= mask;
                } else {
                    row.number ^= 1 << (bit % 64);
                }
                assert_eq!(broken(rows).await, Some(number), "bit {bit} of {number}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_dropped_swapped_doubled_or_slipped_in_is_found() {
        let whole = rows().await;
        for number in 1..ROWS {
            let mut dropped = whole.clone();
            dropped.remove(index(number));
            assert_eq!(broken(dropped.clone()).await, Some(number), "dropped");
            for (row, number) in dropped.iter_mut().zip(1..) {
                row.number = number;
            }
            assert_eq!(broken(dropped).await, Some(number), "dropped and numbered anew");

            let mut swapped = whole.clone();
            swapped.swap(index(number), index(number + 1));
            assert_eq!(broken(swapped.clone()).await, Some(number), "swapped");
            swapped[index(number)].number = number;
            swapped[index(number + 1)].number = number + 1;
            assert_eq!(broken(swapped).await, Some(number), "swapped and numbered anew");

            let mut doubled = whole.clone();
            doubled.insert(index(number), whole[index(number)].clone());
            assert_eq!(broken(doubled.clone()).await, Some(number + 1), "doubled");
            for (row, number) in doubled.iter_mut().zip(1..) {
                row.number = number;
            }
            assert_eq!(broken(doubled).await, Some(number + 1), "doubled and numbered anew");

            // Somebody who knows how to hash: the entry itself fits, the next one does not.
            let mut forged = whole.clone();
            let row = &mut forged[index(number)];
            row.payload.push(b'x');
            let before = if number == 1 { GENESIS } else { whole[index(number - 1)].hash };
            row.hash = link(&before, number, &row.header, &row.payload);
            assert_eq!(broken(forged).await, Some(number + 1), "forged");
        }
    }

    #[tokio::test]
    async fn a_log_cut_short_shows_another_head() {
        let whole = rows().await;
        let head = whole.last().expect("rows").hash;
        let cut = MemoryLog::from_rows(whole[..5].to_vec()).verify().await.expect("verifies");
        assert!(cut.broken.is_none() && cut.entries == 5 && cut.head != head);
    }

    #[test]
    fn no_byte_moves_between_the_parts() {
        let of = |number, header: &[u8], payload: &[u8]| link(&GENESIS, number, header, payload);
        let all = [
            of(1, b"ab", b"c"),
            of(1, b"a", b"bc"),
            of(1, b"abc", b""),
            of(1, b"", b"abc"),
            of(2, b"ab", b"c"),
        ];
        for (n, one) in all.iter().enumerate() {
            assert!(all.iter().skip(n + 1).all(|other| other != one));
        }
        assert_ne!(link(&all[0], 1, b"ab", b"c"), all[0]);
    }

    #[test]
    fn what_the_hash_does_not_cover_can_be_reported_once() {
        let mut chain = Chain::new();
        chain.seal(b"a", b"b");
        chain.reject(1, "its flow column differs".into());
        chain.reject(2, "later".into());
        let row = Row { number: 2, header: b"", payload: b"", hash: &[] };
        assert!(!chain.check(&row), "nothing after it is believed");
        assert_eq!(chain.verdict().broken, Some((1, "its flow column differs".into())));
    }
}
