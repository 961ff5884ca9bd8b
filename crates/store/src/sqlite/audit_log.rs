//! [`AuditLog`] in SQLite.

use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::task::Poll;

use async_trait::async_trait;
use audit::chain::{Chain, GENESIS};
use audit::{AuditError, AuditLog, Encoded, Entry, Query, Sealed, Verdict, codec};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::audit_rows::{Stored, condition, kind_name, set_of};
use super::database::{Database, Place};
use super::error::DatabaseError;
use super::schema::AUDIT;
use super::verify::Check;

/// How many numbers of entries are looked for at once.
const PAGE: u64 = 4_096;

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

    /// The numbers of the next entries that match, in the order of reading.
    fn numbers(&self, query: &Query, range: &Rest) -> Numbers {
        let (condition, mut values) = condition(query);
        let (order, bound) = if query.newest { ("DESC", "number < ?") } else { ("ASC", "number > ?") };
        values.push(Sql::from(range.after));
        values.push(Sql::from(i64::try_from(range.left.min(PAGE)).unwrap_or(i64::MAX)));
        let select = format!(
            "SELECT number FROM entries WHERE {condition} AND {bound} ORDER BY number {order} LIMIT ?"
        );
        let read = |connection: &Connection| {
            let mut statement = connection.prepare_cached(&select)?;
            statement.query_map(params_from_iter(values), |row| row.get(0))?.collect()
        };
        Ok(self.database.read(read)?)
    }

    /// The next numbers, and what is left to be read.
    fn page(&self, query: &Query, rest: Option<Rest>) -> Option<(Numbers, Option<Rest>)> {
        let rest = rest.filter(|rest| rest.left > 0)?;
        match self.numbers(query, &rest) {
            Err(error) => Some((Err(error), None)),
            Ok(numbers) => {
                let count = numbers.len() as u64;
                let after = *numbers.last()?;
                let more = count == rest.left.min(PAGE);
                Some((Ok(numbers), more.then(|| Rest { after, left: rest.left - count })))
            }
        }
    }

    /// The newest entries that match, oldest first.
    fn newest(&self, query: &Query) -> Numbers {
        let mut all = Vec::new();
        let mut rest = Some(Rest { after: i64::MAX, left: query.limit.unwrap_or(u64::MAX) });
        while let Some((page, next)) = self.page(query, rest) {
            all.extend(page?);
            rest = next;
        }
        all.reverse();
        Ok(all)
    }

    /// One entry. Only as many are in memory as the reader holds.
    fn entry(&self, number: i64) -> Result<Sealed, AuditError> {
        let select = "SELECT number, header, payload, hash FROM entries WHERE number = ?1";
        let read =
            |connection: &Connection| connection.prepare_cached(select)?.query_row([number], Stored::read);
        let stored = self.database.read(read).map_err(|error| match error {
            DatabaseError::Damaged { detail, .. } => {
                AuditError::Damaged { number: number.unsigned_abs(), detail }
            }
            other => other.into(),
        })?;
        stored.unseal()
    }
}

/// Numbers of entries, in the order of reading.
type Numbers = Result<Vec<i64>, AuditError>;

/// What of a query is still to be read.
struct Rest {
    after: i64,
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
        let begin = Some(Rest { after: 0, left: query.limit.unwrap_or(u64::MAX) });
        let numbers = if query.newest {
            stream::once(async move { self.newest(&query) }).boxed()
        } else {
            stream::unfold((query, begin), move |(query, rest)| async move {
                let (page, rest) = self.page(&query, rest)?;
                Some((page, (query, rest)))
            })
            .boxed()
        };
        numbers.map_ok(|page| stream::iter(page).map(|number| self.entry(number))).try_flatten().boxed()
    }

    async fn verify(&self) -> Result<Verdict, AuditError> {
        let mut check = Check::new();
        loop {
            match self.database.read(|connection| check.go_on(connection)) {
                Ok(false) => breathe().await,
                Ok(true) => break,
                // What SQLite cannot make sense of is not what was written either.
                Err(DatabaseError::Damaged { detail, .. }) => {
                    check.unreadable(detail);
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(check.verdict())
    }
}

/// Lets others run before the next piece of a long work.
async fn breathe() {
    let mut rested = false;
    poll_fn(|context| {
        if std::mem::replace(&mut rested, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
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
