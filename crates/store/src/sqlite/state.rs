//! [`StateStore`] in SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use mapping::{ExternalId, Key, TargetId};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, Row};
use sync_engine::{
    Annotation, Commit, Conflict, ConflictQuery, Cursor, Desk, Fence, FlowStatus, Intent, Link, Parked,
    ParkedQuery, StateError, StateStore, Taken,
};

use super::database::{Database, Place};
use super::error::DatabaseError;
use super::forms::damaged;
use super::links::By;
use super::schema::STATE;
use super::writer::Refusable;
use super::{conflicts, intents, links, stamp, waiting};
use crate::points::{self, PersistPoints, Points, Span};

/// State in one SQLite file. Clones share it.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pub(super) database: Arc<Database>,
    points: Points,
}

impl SqliteStore {
    /// Opens or makes the state at `place`.
    pub fn open(place: &Place) -> Result<Self, DatabaseError> {
        Ok(Self { database: Arc::new(Database::open(place, &STATE)?), points: Points::default() })
    }

    /// The same state, seen through a handle that asks `points`.
    pub fn with_points(&self, points: Arc<dyn PersistPoints>) -> Self {
        Self { database: Arc::clone(&self.database), points: Points(Some(points)) }
    }

    async fn change<T: Send + 'static>(
        &self,
        span: Span,
        act: impl FnOnce(&Connection) -> Refusable<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        self.points.before(span)?;
        let done = self.database.write(act).await?;
        self.points.after(span)?;
        Ok(done)
    }

    /// Writes under the flow's fence.
    async fn fenced(
        &self,
        span: Span,
        (name, fence): (&str, Fence),
        act: impl FnOnce(&Connection, i64) -> Refusable<(), StateError> + Send + 'static,
    ) -> Result<(), StateError> {
        let name = name.to_owned();
        self.change(span, move |connection| {
            let held: Option<(i64, i64)> = connection
                .prepare_cached("SELECT flow, fence FROM flows WHERE name = ?1")?
                .query_row([&name], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match held {
                Some((flow, current)) if current > 0 && i64::try_from(fence.0) == Ok(current) => {
                    act(connection, flow)
                }
                other => {
                    let fence = Fence(other.map_or(0, |(_, fence)| fence.unsigned_abs()));
                    Ok(Err(StateError::Fenced { flow: name, fence }))
                }
            }
        })
        .await
    }

    async fn on_parked(
        &self,
        span: Span,
        (statement, before): (&'static str, Vec<Sql>),
        query: &ParkedQuery,
    ) -> Result<u64, StateError> {
        let query = query.clone();
        self.change(span, move |connection| waiting::on_all(connection, statement, before, &query).map(Ok))
            .await
    }

    fn read<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StateError> {
        Ok(self.database.read(act)?)
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn take(&self, flow: &str, _now: Timestamp) -> Result<Taken, StateError> {
        let name = flow.to_owned();
        self.change(points::TAKE, move |connection| take(connection, &name).map(Ok)).await
    }

    async fn links(&self, book: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        self.read(|connection| links::find(connection, book, By::Id, ids.iter().map(ExternalId::as_str)))
    }

    async fn all_links(
        &self,
        book: &str,
        after: Option<&ExternalId>,
        limit: usize,
    ) -> Result<Vec<Link>, StateError> {
        self.read(|connection| links::behind(connection, book, after, limit))
    }

    async fn count_links(&self, book: &str) -> Result<u64, StateError> {
        self.read(|connection| match number(connection, book)? {
            Some(book) => count(connection, "links", book),
            None => Ok(0),
        })
    }

    async fn intents(&self, flow: &str) -> Result<Vec<Intent>, StateError> {
        self.read(|connection| match number(connection, flow)? {
            Some(flow) => intents::open(connection, flow),
            None => Ok(Vec::new()),
        })
    }

    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        let keep = move |connection: &Connection, flow| intents::keep(connection, flow, &intents);
        self.fenced(points::INTEND, (flow, fence), keep).await
    }

    async fn commit(&self, flow: &str, fence: Fence, commit: Commit) -> Result<(), StateError> {
        let keep = |connection: &Connection, flow| keep(connection, flow, commit).map(Ok);
        self.fenced(points::COMMIT, (flow, fence), keep).await
    }

    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        let release = |connection: &Connection, flow| {
            connection.prepare_cached("UPDATE flows SET held = 0 WHERE flow = ?1")?.execute([flow])?;
            Ok(Ok(()))
        };
        self.fenced(points::RELEASE, (flow, fence), release).await
    }
}

/// The number that stands for a flow in the other tables.
pub(super) fn number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT flow FROM flows WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// The number of a flow or book; made if there is none yet. Only a take makes a flow of it.
pub(super) fn named(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.prepare_cached("INSERT OR IGNORE INTO flows (name) VALUES (?1)")?.execute([name])?;
    connection.prepare_cached("SELECT flow FROM flows WHERE name = ?1")?.query_row([name], |row| row.get(0))
}

fn take(connection: &Connection, name: &str) -> rusqlite::Result<Taken> {
    let flow = named(connection, name)?;
    let intents = intents::open(connection, flow)?;
    let taken = connection
        .prepare_cached("SELECT fence, held, cursor, sweep, fingerprint, careful FROM flows WHERE flow = ?1")?
        .query_row([flow], |row| {
            Ok(Taken {
                fence: Fence(row.get::<_, i64>(0)?.unsigned_abs() + 1),
                clean: !row.get::<_, bool>(1)?,
                cursor: row.get::<_, Option<String>>(2)?.map(Cursor),
                sweep: row.get::<_, Option<String>>(3)?.map(Cursor),
                fingerprint: row.get(4)?,
                careful: row.get(5)?,
                intents,
            })
        })?;
    connection
        .prepare_cached("UPDATE flows SET fence = fence + 1, held = 1 WHERE flow = ?1")?
        .execute([flow])?;
    Ok(taken)
}

fn keep(connection: &Connection, flow: i64, commit: Commit) -> rusqlite::Result<()> {
    let Commit { cursor, sweep, book, links, unlinked, conflicts, handed, .. } = commit;
    let Commit { settled, doubtful, parked, released, finished, fingerprint, careful, .. } = commit;
    let set = |column: &str, value: Option<String>| -> rusqlite::Result<()> {
        connection
            .prepare_cached(&format!("UPDATE flows SET {column} = ?2 WHERE flow = ?1"))?
            .execute((flow, value))?;
        Ok(())
    };
    if let Some(cursor) = cursor {
        set("cursor", Some(cursor.0))?;
    }
    if let Some(sweep) = sweep {
        set("sweep", sweep.map(|cursor| cursor.0))?;
    }
    if let Some(finished) = finished {
        set("finished", Some(finished.to_string()))?;
    }
    if let Some(fingerprint) = fingerprint {
        set("fingerprint", Some(fingerprint))?;
    }
    if let Some(careful) = careful {
        let update = "UPDATE flows SET careful = ?2 WHERE flow = ?1";
        connection.prepare_cached(update)?.execute((flow, careful))?;
    }
    if !links.is_empty() || !unlinked.is_empty() {
        let shared = book.is_some();
        let book = book.map_or(Ok(flow), |book| named(connection, &book))?;
        links::remove(connection, book, &unlinked)?;
        links::keep(connection, (book, shared), links)?;
    }
    conflicts::keep(connection, &conflicts)?;
    waiting::hand(connection, handed)?;
    intents::doubt(connection, flow, doubtful)?;
    intents::settle(connection, flow, &settled)?;
    waiting::release(connection, flow, &released)?;
    waiting::keep(connection, flow, &parked)
}

#[async_trait]
impl Desk for SqliteStore {
    async fn flows(&self) -> Result<Vec<FlowStatus>, StateError> {
        self.read(|connection| {
            let select = "SELECT flow, name, fence, held, cursor, finished FROM flows WHERE fence > 0
                ORDER BY name";
            connection.prepare(select)?.query_map([], |row| status(connection, row))?.collect()
        })
    }

    async fn parked(&self, query: &ParkedQuery) -> Result<Vec<Parked>, StateError> {
        self.read(|connection| waiting::find(connection, query))
    }

    async fn links_by_source(&self, book: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError> {
        self.read(|connection| links::find(connection, book, By::Key, keys.iter().map(Key::as_str)))
    }

    async fn links_by_target(
        &self,
        book: &str,
        targets: &[TargetId],
    ) -> Result<Vec<Option<Link>>, StateError> {
        let names = targets.iter().map(TargetId::as_str);
        self.read(|connection| links::find(connection, book, By::Target, names))
    }

    async fn release_parked(&self, query: &ParkedQuery, now: Timestamp) -> Result<u64, StateError> {
        let statement = ("UPDATE parked SET due = ?", vec![stamp::sql(now)]);
        self.on_parked(points::RELEASE_PARKED, statement, query).await
    }

    async fn discard_parked(&self, query: &ParkedQuery) -> Result<u64, StateError> {
        self.on_parked(points::DISCARD_PARKED, ("DELETE FROM parked", Vec::new()), query).await
    }

    async fn annotate_parked(&self, query: &ParkedQuery, note: &Annotation) -> Result<u64, StateError> {
        let (query, note) = (query.clone(), note.clone());
        self.change(points::ANNOTATE, move |connection| waiting::annotate(connection, &query, &note).map(Ok))
            .await
    }

    async fn conflicts(&self, query: &ConflictQuery) -> Result<Vec<Conflict>, StateError> {
        self.read(|connection| conflicts::find(connection, query))
    }

    async fn keep_conflicts(&self, conflicts: Vec<Conflict>) -> Result<(), StateError> {
        self.change(points::CONFLICTS, move |connection| conflicts::keep(connection, &conflicts).map(Ok))
            .await
    }
}

fn count(connection: &Connection, table: &str, flow: i64) -> rusqlite::Result<u64> {
    let query = format!("SELECT count(*) FROM {table} WHERE flow = ?1");
    let count: i64 = connection.prepare_cached(&query)?.query_row([flow], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn status(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<FlowStatus> {
    let flow: i64 = row.get(0)?;
    let finished: Option<String> = row.get(5)?;
    let finished = finished.map(|text| text.parse()).transpose();
    Ok(FlowStatus {
        flow: row.get(1)?,
        fence: Fence(row.get::<_, i64>(2)?.unsigned_abs()),
        clean: !row.get::<_, bool>(3)?,
        links: count(connection, "links", flow)?,
        intents: count(connection, "intents", flow)?,
        parked: waiting::count(connection, flow)?,
        finished: finished.map_err(|error: jiff::Error| damaged(error.into()))?,
        cursor: row.get::<_, Option<String>>(4)?.map(Cursor),
    })
}
