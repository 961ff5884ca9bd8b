//! Reads a whole log and finds the first thing that is not as it was written.

use std::collections::BTreeSet;

use audit::chain::{Chain, Row as Link};
use audit::{Verdict, codec};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::audit_rows::digest;

/// How many entries are read at once; in between others may write and carry the log over.
const CHUNK: usize = 512;

/// A verification under way: the chain, and what the search columns and the index say.
///
/// Needs the memory of one entry, and one bit for each set of records.
pub(super) struct Check {
    chain: Chain,
    /// The lowest number that was not read yet. An entry below 1 is wrong, and must be met.
    next: i64,
    /// Which sets were met already, by their number.
    met: Vec<u64>,
    /// How many rows the index should have for the sets that were met.
    members: i64,
}

impl Check {
    pub(super) fn new() -> Self {
        Self { chain: Chain::new(), next: i64::MIN, met: Vec::new(), members: 0 }
    }

    pub(super) fn verdict(self) -> Verdict {
        self.chain.verdict()
    }

    /// Reports that the next entry cannot be read.
    pub(super) fn unreadable(&mut self, detail: String) {
        self.chain.reject(self.chain.entries() + 1, detail);
    }

    /// Checks the next entries; whether that was all, or something is wrong.
    pub(super) fn go_on(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut statement = connection.prepare_cached(
            "SELECT number, header, payload, hash, at, kind, flow, run, record_set FROM entries
             WHERE number >= ?1 ORDER BY number LIMIT ?2",
        )?;
        let mut rows = statement.query((self.next, i64::try_from(CHUNK).unwrap_or(i64::MAX)))?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            self.next = row.get::<_, i64>(0)?.saturating_add(1);
            if !self.entry(connection, row)? {
                return Ok(true);
            }
        }
        if count == CHUNK {
            return Ok(false);
        }
        self.index(connection)?;
        Ok(true)
    }

    /// Whether this entry is as it was written.
    fn entry(&mut self, connection: &Connection, row: &Row<'_>) -> rusqlite::Result<bool> {
        let bytes = |column: usize| -> rusqlite::Result<&[u8]> {
            Ok(row.get_ref(column)?.as_bytes_or_null()?.unwrap_or_default())
        };
        let header = bytes(1)?;
        let link = Link {
            // A number below 1 is in nobody's place.
            number: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
            header,
            payload: bytes(2)?,
            hash: bytes(3)?,
        };
        if !self.chain.check(&link) {
            return Ok(false);
        }
        let reason = match said(header) {
            Err(reason) => Some(reason),
            Ok(said) => self.disagreement(connection, row, &said)?,
        };
        let sound = reason.is_none();
        if let Some(reason) = reason {
            self.chain.reject(link.number, reason);
        }
        Ok(sound)
    }

    /// What of the columns and the index, which the hash does not cover, differs from the header.
    fn disagreement(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
        said: &Said,
    ) -> rusqlite::Result<Option<String>> {
        let same = [
            ("at", row.get_ref(4)?.as_i64().ok() == Some(said.at.as_microsecond())),
            ("kind", row.get_ref(5)?.as_str().ok() == Some(said.event.0.as_str())),
            ("flow", row.get_ref(6)?.as_str().ok() == Some(said.flow.as_str())),
            ("run", row.get_ref(7)?.as_str().ok() == Some(said.run.as_str())),
        ];
        if let Some((column, _)) = same.iter().find(|(_, same)| !same) {
            return Ok(Some(format!("the column {column} differs from the entry")));
        }
        let agrees = match row.get::<_, Option<i64>>(8)? {
            None => said.records.is_empty(),
            Some(set) => !said.records.is_empty() && self.set(connection, set, &said.records)?,
        };
        Ok((!agrees).then(|| "the search index names other records than the entry".to_owned()))
    }

    /// Whether the set is what its number says, and the index leads to it from each of its records.
    fn set(&mut self, connection: &Connection, set: i64, records: &[String]) -> rusqlite::Result<bool> {
        let known: Option<Vec<u8>> = connection
            .prepare_cached("SELECT digest FROM record_sets WHERE record_set = ?1")?
            .query_row([set], |row| row.get(0))
            .optional()?;
        if known != Some(digest(records)) {
            return Ok(false);
        }
        if !self.is_new(set) {
            return Ok(true);
        }
        let mut member =
            connection.prepare_cached("SELECT 1 FROM members WHERE record = ?1 AND record_set = ?2")?;
        let distinct: BTreeSet<&String> = records.iter().collect();
        for record in &distinct {
            if !member.exists((record, set))? {
                return Ok(false);
            }
        }
        self.members += i64::try_from(distinct.len()).unwrap_or(i64::MAX);
        Ok(true)
    }

    fn is_new(&mut self, set: i64) -> bool {
        let Ok(number) = usize::try_from(set) else { return true };
        let (word, bit) = (number / 64, 1_u64 << (number % 64));
        if self.met.len() <= word {
            // Sets are numbered as they come: the next one is never far away.
            self.met.resize(word + 1, 0);
        }
        let new = self.met.get(word).is_some_and(|bits| bits & bit == 0);
        if let Some(bits) = self.met.get_mut(word) {
            *bits |= bit;
        }
        new
    }

    /// At the end: whether the index says more than the entries do, and the file's own structure is
    /// sound, so that no search misses anything.
    fn index(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let members: i64 = connection.query_row("SELECT count(*) FROM members", [], |row| row.get(0))?;
        if members != self.members {
            let reason =
                format!("the search index has {members} rows, its entries account for {}", self.members);
            self.chain.reject(1, reason);
        }
        let sound: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            self.chain.reject(1, format!("the file's structure: {sound}"));
        }
        Ok(())
    }
}

/// What a header says about the columns beside it.
#[derive(Deserialize)]
struct Said {
    at: Timestamp,
    run: String,
    flow: String,
    records: Vec<String>,
    event: SaidKind,
}

/// The one member of an entry's event: its name is the kind.
struct SaidKind(String);

impl<'de> Deserialize<'de> for SaidKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = SaidKind;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with one member")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<SaidKind, A::Error> {
                let member = map.next_entry::<String, IgnoredAny>()?;
                member.map(|(kind, _)| SaidKind(kind)).ok_or_else(|| serde::de::Error::custom("no event"))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

fn said(header: &[u8]) -> Result<Said, String> {
    let text = codec::header_text(header).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| format!("header: {error}"))
}
