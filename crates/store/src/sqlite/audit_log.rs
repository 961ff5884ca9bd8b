//! [`AuditLog`] in SQLite.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use audit::chain::{Chain, GENESIS, Row as Link};
use audit::{AuditError, AuditLog, Encoded, Entry, Query, Sealed, Verdict, codec};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::audit_rows::{Stored, condition, digest, kind_name, set_of};
use super::database::{Database, Place};
use super::error::DatabaseError;
use super::schema::AUDIT;

/// How many entries are read at once.
const PAGE: u64 = 256;

/// The audit log in one SQLite file.
#[derive(Debug)]
pub struct SqliteAuditLog {
    database: Database,
}

impl SqliteAuditLog {
    /// Opens or makes the log at `place`.
    pub fn open(place: &Place) -> Result<Self, DatabaseError> {
        Ok(Self { database: Database::open(place, &AUDIT)? })
    }

    fn page(&self, query: &Query, after: u64, limit: u64) -> Result<Vec<Stored>, AuditError> {
        let (condition, mut values) = condition(query);
        let (order, bound) = if query.newest { ("DESC", "number < ?") } else { ("ASC", "number > ?") };
        values.push(i64::try_from(after).unwrap_or(i64::MAX).into());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let select = format!(
            "SELECT number, header, payload, hash FROM entries WHERE {condition} AND {bound}
             ORDER BY number {order} LIMIT {limit}"
        );
        let read = |connection: &Connection| {
            connection.prepare(&select)?.query_map(params_from_iter(values), Stored::read)?.collect()
        };
        Ok(self.database.read(read)?)
    }

    /// The newest entries that match, oldest first.
    fn newest(&self, query: &Query) -> Vec<Result<Sealed, AuditError>> {
        match self.page(query, u64::MAX, query.limit.unwrap_or(u64::MAX)) {
            Err(error) => vec![Err(error)],
            Ok(rows) => rows.into_iter().rev().map(Stored::unseal).collect(),
        }
    }

    /// The next page of entries, and where to go on.
    fn next(&self, query: &Query, rest: Option<Rest>) -> Option<(Unsealed, Option<Rest>)> {
        let Rest { after, left } = rest?;
        let limit = left.min(PAGE);
        if limit == 0 {
            return None;
        }
        match self.page(query, after, limit) {
            Err(error) => Some((vec![Err(error)], None)),
            Ok(rows) => {
                let count = rows.len() as u64;
                let after = rows.last()?.number;
                let rest = (count == limit).then(|| Rest { after, left: left - count });
                Some((rows.into_iter().map(Stored::unseal).collect(), rest))
            }
        }
    }
}

type Unsealed = Vec<Result<Sealed, AuditError>>;

/// What of a query is still to be read.
struct Rest {
    after: u64,
    left: u64,
}

/// What of an entry stands in columns too.
struct Columns {
    at: i64,
    kind: String,
    flow: String,
    run: String,
    records: std::sync::Arc<[String]>,
}

impl Columns {
    fn of(entry: &Entry) -> Self {
        Self {
            at: entry.at.as_microsecond(),
            kind: kind_name(entry.event.kind()),
            flow: entry.scope.flow.to_string(),
            run: entry.scope.run.to_string(),
            records: entry.records.clone(),
        }
    }
}

#[async_trait]
impl AuditLog for SqliteAuditLog {
    async fn append(&self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
        // Compressing is done here, by many callers at once, not by the one writer.
        let rows: Vec<(Columns, Encoded)> =
            entries.iter().map(|entry| (Columns::of(entry), codec::encode(entry))).collect();
        self.database.write(move |connection| append(connection, &rows).map(Ok)).await
    }

    fn read(&self, query: Query) -> BoxStream<'_, Result<Sealed, AuditError>> {
        if query.newest {
            return stream::once(async move { stream::iter(self.newest(&query)) }).flatten().boxed();
        }
        let begin = Some(Rest { after: 0, left: query.limit.unwrap_or(u64::MAX) });
        stream::unfold((query, begin), move |(query, rest)| async move {
            let (page, rest) = self.next(&query, rest)?;
            Some((stream::iter(page), (query, rest)))
        })
        .flatten()
        .boxed()
    }

    async fn verify(&self) -> Result<Verdict, AuditError> {
        Ok(self.database.read(verify)?)
    }
}

fn head(connection: &Connection) -> rusqlite::Result<Chain> {
    let last: Option<(i64, [u8; 32])> = connection
        .prepare_cached("SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (number, hash) = last.unwrap_or((0, GENESIS));
    Ok(Chain::resume(number.unsigned_abs(), hash))
}

fn append(connection: &Connection, rows: &[(Columns, Encoded)]) -> rusqlite::Result<RangeInclusive<u64>> {
    let mut chain = head(connection)?;
    let first = chain.entries() + 1;
    let mut insert = connection.prepare_cached(
        "INSERT INTO entries (number, at, kind, flow, run, record_set, header, payload, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (columns, encoded) in rows {
        let (number, hash) = chain.seal(&encoded.header, &encoded.payload);
        let set = set_of(connection, &columns.records)?;
        insert.execute((
            i64::try_from(number).unwrap_or(i64::MAX),
            columns.at,
            &columns.kind,
            &columns.flow,
            &columns.run,
            set,
            &encoded.header,
            &encoded.payload,
            hash.as_slice(),
        ))?;
    }
    Ok(first..=chain.entries())
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

/// Walks over the whole table: the chain, and whether columns and index agree with it.
fn verify(connection: &Connection) -> rusqlite::Result<Verdict> {
    let mut chain = Chain::new();
    let mut checked: BTreeSet<i64> = BTreeSet::new();
    let mut statement = connection.prepare(
        "SELECT number, header, payload, hash, at, kind, flow, run, record_set FROM entries ORDER BY number",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let link = Link {
            number: row.get::<_, i64>(0)?.unsigned_abs(),
            header: row.get_ref(1)?.as_bytes()?,
            payload: row.get_ref(2)?.as_bytes()?,
            hash: row.get_ref(3)?.as_bytes()?,
        };
        if !chain.check(&link) {
            break;
        }
        let disagreement = match serde_json::from_slice::<Said>(link.header) {
            Err(error) => Some(format!("header: {error}")),
            Ok(said) => disagreement(connection, row, &said, &mut checked)?,
        };
        if let Some(detail) = disagreement {
            let verdict = chain.verdict();
            return Ok(Verdict { broken: Some((link.number, detail)), ..verdict });
        }
    }
    Ok(chain.verdict())
}

fn disagreement(
    connection: &Connection,
    row: &rusqlite::Row<'_>,
    said: &Said,
    checked: &mut BTreeSet<i64>,
) -> rusqlite::Result<Option<String>> {
    let differs = |column: &str| Some(format!("the column {column} differs from the entry"));
    let kind: String = row.get(5)?;
    if row.get::<_, i64>(4)? != said.at.as_microsecond() {
        return Ok(differs("at"));
    }
    if said.event.0 != kind {
        return Ok(differs("kind"));
    }
    if row.get::<_, String>(6)? != said.flow {
        return Ok(differs("flow"));
    }
    if row.get::<_, String>(7)? != said.run {
        return Ok(differs("run"));
    }
    let set: Option<i64> = row.get(8)?;
    match set {
        None if said.records.is_empty() => Ok(None),
        None => Ok(differs("record_set")),
        Some(set) => {
            let known: Option<Vec<u8>> = connection
                .prepare_cached("SELECT digest FROM record_sets WHERE record_set = ?1")?
                .query_row([set], |row| row.get(0))
                .optional()?;
            if known != Some(digest(&said.records)) {
                return Ok(differs("record_set"));
            }
            if checked.insert(set) && !indexed(connection, set, &said.records)? {
                return Ok(Some("the index does not name all of its records".into()));
            }
            Ok(None)
        }
    }
}

fn indexed(connection: &Connection, set: i64, records: &[String]) -> rusqlite::Result<bool> {
    let mut member =
        connection.prepare_cached("SELECT 1 FROM members WHERE record = ?1 AND record_set = ?2")?;
    for record in records {
        if !member.exists((record, set))? {
            return Ok(false);
        }
    }
    Ok(true)
}
