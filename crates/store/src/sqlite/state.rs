//! [`StateStore`] in SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use mapping::{ExternalId, Key};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, Row};
use sync_engine::{
    Commit, Cursor, Desk, Fence, FlowStatus, Intent, Link, Parked, ParkedQuery, StateError, StateStore, Taken,
};

use super::database::{Database, Place};
use super::error::DatabaseError;
use super::forms::damaged;
use super::links::By;
use super::schema::STATE;
use super::writer::Refusable;
use super::{intents, links, stamp, waiting};
use crate::points::{self, PersistPoints, Points, Span};

/// State in one SQLite file. Clones share it.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    database: Arc<Database>,
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
                Some((flow, current)) if i64::try_from(fence.0) == Ok(current) => act(connection, flow),
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

    async fn links(&self, flow: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        self.read(|connection| links::find(connection, flow, By::Id, ids.iter().map(ExternalId::as_str)))
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

fn take(connection: &Connection, name: &str) -> rusqlite::Result<Taken> {
    connection.prepare_cached("INSERT OR IGNORE INTO flows (name) VALUES (?1)")?.execute([name])?;
    let (flow, fence, held, cursor, sweep): (i64, i64, bool, Option<String>, Option<String>) = connection
        .prepare_cached("SELECT flow, fence, held, cursor, sweep FROM flows WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    connection
        .prepare_cached("UPDATE flows SET fence = fence + 1, held = 1 WHERE flow = ?1")?
        .execute([flow])?;
    Ok(Taken {
        fence: Fence(fence.unsigned_abs() + 1),
        cursor: cursor.map(Cursor),
        sweep: sweep.map(Cursor),
        intents: intents::open(connection, flow)?,
        clean: !held,
    })
}

fn keep(connection: &Connection, flow: i64, commit: Commit) -> rusqlite::Result<()> {
    let Commit { cursor, sweep, links, settled, doubtful, parked, released, finished } = commit;
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
    links::keep(connection, flow, links)?;
    intents::doubt(connection, flow, doubtful)?;
    intents::settle(connection, flow, &settled)?;
    waiting::release(connection, flow, &released)?;
    waiting::keep(connection, flow, &parked)
}

#[async_trait]
impl Desk for SqliteStore {
    async fn flows(&self) -> Result<Vec<FlowStatus>, StateError> {
        self.read(|connection| {
            let select = "SELECT flow, name, fence, held, cursor, finished FROM flows ORDER BY name";
            connection.prepare(select)?.query_map([], |row| status(connection, row))?.collect()
        })
    }

    async fn parked(&self, query: &ParkedQuery) -> Result<Vec<Parked>, StateError> {
        self.read(|connection| waiting::find(connection, query))
    }

    async fn links_by_source(&self, flow: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError> {
        self.read(|connection| links::find(connection, flow, By::Key, keys.iter().map(Key::as_str)))
    }

    async fn release_parked(&self, query: &ParkedQuery, now: Timestamp) -> Result<u64, StateError> {
        let statement = ("UPDATE parked SET due = ?", vec![stamp::sql(now)]);
        self.on_parked(points::RELEASE_PARKED, statement, query).await
    }

    async fn discard_parked(&self, query: &ParkedQuery) -> Result<u64, StateError> {
        self.on_parked(points::DISCARD_PARKED, ("DELETE FROM parked", Vec::new()), query).await
    }
}

fn status(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<FlowStatus> {
    let flow: i64 = row.get(0)?;
    let count = |table: &str| -> rusqlite::Result<u64> {
        let query = format!("SELECT count(*) FROM {table} WHERE flow = ?1");
        let count: i64 = connection.prepare_cached(&query)?.query_row([flow], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    let finished: Option<String> = row.get(5)?;
    let finished = finished.map(|text| text.parse()).transpose();
    Ok(FlowStatus {
        flow: row.get(1)?,
        fence: Fence(row.get::<_, i64>(2)?.unsigned_abs()),
        clean: !row.get::<_, bool>(3)?,
        links: count("links")?,
        intents: count("intents")?,
        parked: waiting::count(connection, flow)?,
        finished: finished.map_err(|error: jiff::Error| damaged(error.into()))?,
        cursor: row.get::<_, Option<String>>(4)?.map(Cursor),
    })
}
