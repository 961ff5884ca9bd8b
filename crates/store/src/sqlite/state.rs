//! [`StateStore`] in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mapping::{ExternalId, Key};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use sync_engine::{
    Commit, Cursor, Desk, Fence, FlowStatus, Intent, Link, Parked, ParkedQuery, StateError, StateStore, Taken,
};

use super::database::{Database, DatabaseError, Place};
use super::schema::STATE;
use super::state_rows::{insert_intent, insert_link, insert_parked, intent, link, on_parked, parked};

/// State in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    database: Database,
}

impl SqliteStore {
    /// Opens or makes the state at `place`.
    pub fn open(place: &Place) -> Result<Self, DatabaseError> {
        Ok(Self { database: Database::open(place, &STATE)? })
    }

    /// Writes under the flow's fence.
    async fn fenced(
        &self,
        flow: &str,
        fence: Fence,
        act: impl FnOnce(&Connection, i64) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StateError> {
        let name = flow.to_owned();
        let path = self.database.path().to_owned();
        self.database
            .write(move |connection| {
                let failed = |error: rusqlite::Error| Failure::of(&path, &error);
                let held: Option<(i64, i64)> = connection
                    .prepare_cached("SELECT flow, fence FROM flows WHERE name = ?1")
                    .and_then(|mut statement| {
                        statement.query_row([&name], |row| Ok((row.get(0)?, row.get(1)?))).optional()
                    })
                    .map_err(failed)?;
                let (number, current) = held.unwrap_or_default();
                if i64::try_from(fence.0) != Ok(current) {
                    let fence = Fence(current.unsigned_abs());
                    return Err(Failure(StateError::Fenced { flow: name, fence }));
                }
                act(connection, number).map_err(failed)
            })
            .await
            .map_err(|Failure(error)| error)
    }

    fn read<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StateError> {
        self.database.read(act).map_err(|error| Failure::from(error).0)
    }

    fn find_links(
        &self,
        flow: &str,
        column: &str,
        names: Vec<&str>,
    ) -> Result<Vec<Option<Link>>, StateError> {
        let query = format!(
            "SELECT id, key, body FROM links WHERE flow = (SELECT flow FROM flows WHERE name = ?1) AND {column} = ?2"
        );
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            names.into_iter().map(|name| statement.query_row((flow, name), link).optional()).collect()
        })
    }
}

/// A [`StateError`] on its way out of a transaction.
struct Failure(StateError);

impl Failure {
    fn of(path: &str, error: &rusqlite::Error) -> Self {
        super::database::explain_error(path, error).into()
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        let detail = error.to_string();
        Self(match error {
            DatabaseError::Newer { .. } | DatabaseError::Damaged { .. } => StateError::Damaged { detail },
            _ => StateError::Unavailable { detail },
        })
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn take(&self, flow: &str, _now: Timestamp) -> Result<Taken, StateError> {
        let name = flow.to_owned();
        let path = self.database.path().to_owned();
        self.database
            .write(move |connection| take(connection, &name).map_err(|error| Failure::of(&path, &error)))
            .await
            .map_err(|Failure(error)| error)
    }

    async fn links(&self, flow: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        self.find_links(flow, "id", ids.iter().map(ExternalId::as_str).collect())
    }

    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        self.fenced(flow, fence, |connection, flow| {
            intents.into_iter().try_for_each(|intent| insert_intent(connection, flow, intent))
        })
        .await
    }

    async fn commit(&self, flow: &str, fence: Fence, commit: Commit) -> Result<(), StateError> {
        self.fenced(flow, fence, |connection, flow| keep(connection, flow, commit)).await
    }

    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        self.fenced(flow, fence, |connection, flow| {
            connection.prepare_cached("UPDATE flows SET held = 0 WHERE flow = ?1")?.execute([flow])?;
            Ok(())
        })
        .await
    }
}

fn take(connection: &Connection, name: &str) -> rusqlite::Result<Taken> {
    connection.prepare_cached("INSERT OR IGNORE INTO flows (name) VALUES (?1)")?.execute([name])?;
    let (flow, fence, held, cursor, sweep): (i64, i64, bool, Option<String>, Option<String>) = connection
        .prepare_cached("SELECT flow, fence, held, cursor, sweep FROM flows WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    connection
        .prepare_cached("UPDATE flows SET fence = fence + 1, held = 1 WHERE flow = ?1")?
        .execute([flow])?;
    let intents = connection
        .prepare_cached("SELECT attempt, doubtful_until, body FROM intents WHERE flow = ?1 ORDER BY number")?
        .query_map([flow], intent)?
        .collect::<rusqlite::Result<Vec<Intent>>>()?;
    Ok(Taken {
        fence: Fence(fence.unsigned_abs() + 1),
        cursor: cursor.map(Cursor),
        sweep: sweep.map(Cursor),
        intents,
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
    for link in links {
        insert_link(connection, flow, link)?;
    }
    let mut doubt = connection
        .prepare_cached("UPDATE intents SET doubtful_until = ?3 WHERE flow = ?1 AND attempt = ?2")?;
    for (attempt, until) in doubtful {
        doubt.execute((flow, attempt.0, until.to_string()))?;
    }
    let mut settle = connection.prepare_cached("DELETE FROM intents WHERE flow = ?1 AND attempt = ?2")?;
    for attempt in settled {
        settle.execute((flow, attempt.0))?;
    }
    let mut release = connection.prepare_cached("DELETE FROM parked WHERE flow = ?1 AND key = ?2")?;
    for key in released {
        release.execute((flow, key.as_str()))?;
    }
    parked.iter().try_for_each(|parked| insert_parked(connection, flow, parked))
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
        self.read(|connection| {
            let (condition, values) = super::state_rows::condition(query)?;
            connection
                .prepare(&format!("SELECT body, due FROM parked WHERE {condition} ORDER BY since, key"))?
                .query_map(params_from_iter(values), parked)?
                .collect()
        })
    }

    async fn links_by_source(&self, flow: &str, keys: &[Key]) -> Result<Vec<Option<Link>>, StateError> {
        self.find_links(flow, "key", keys.iter().map(Key::as_str).collect())
    }

    async fn release_parked(&self, query: &ParkedQuery, now: Timestamp) -> Result<u64, StateError> {
        self.on_parked("UPDATE parked SET due = ?", vec![Sql::from(now.as_microsecond())], query).await
    }

    async fn discard_parked(&self, query: &ParkedQuery) -> Result<u64, StateError> {
        self.on_parked("DELETE FROM parked", Vec::new(), query).await
    }
}

impl SqliteStore {
    async fn on_parked(
        &self,
        statement: &'static str,
        before: Vec<Sql>,
        query: &ParkedQuery,
    ) -> Result<u64, StateError> {
        let query = query.clone();
        let path = self.database.path().to_owned();
        self.database
            .write(move |connection| {
                on_parked(connection, statement, before, &query).map_err(|error| Failure::of(&path, &error))
            })
            .await
            .map_err(|Failure(error)| error)
    }
}

fn status(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<FlowStatus> {
    let flow: i64 = row.get(0)?;
    let count = |table: &str| -> rusqlite::Result<u64> {
        let query = format!("SELECT count(*) FROM {table} WHERE flow = ?1");
        let count: i64 = connection.prepare_cached(&query)?.query_row([flow], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    let parked = connection
        .prepare_cached("SELECT class, count(*) FROM parked WHERE flow = ?1 GROUP BY class ORDER BY class")?
        .query_map([flow], |row| {
            let class: String = row.get(0)?;
            let class = serde_json::from_value(class.into()).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
            })?;
            Ok((class, row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let finished: Option<String> = row.get(5)?;
    Ok(FlowStatus {
        flow: row.get(1)?,
        fence: Fence(row.get::<_, i64>(2)?.unsigned_abs()),
        clean: !row.get::<_, bool>(3)?,
        links: count("links")?,
        intents: count("intents")?,
        parked,
        finished: finished.and_then(|text| text.parse().ok()),
        cursor: row.get::<_, Option<String>>(4)?.map(Cursor),
    })
}
