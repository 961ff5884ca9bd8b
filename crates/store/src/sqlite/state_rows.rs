//! Rows of the state tables.

use jiff::Timestamp;
use mapping::{Base, Draft, ExternalId, Fields, Key, TargetId, Version};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use serde::{Deserialize, Serialize};
use sync_engine::{Attempt, Intent, Link, Parked, ParkedClass, ParkedQuery};

/// A link without what stands in columns.
#[derive(Serialize, Deserialize)]
pub(super) struct LinkBody {
    target: TargetId,
    version: Version,
    mapper: String,
    base: Base,
    at: Timestamp,
}

/// An intent without what stands in columns.
#[derive(Serialize, Deserialize)]
pub(super) struct IntentBody {
    key: Key,
    version: Version,
    mapper: String,
    draft: Draft,
    source: Fields,
    at: Timestamp,
}

/// Text that cannot be read back is damage; SQLite's own error carries it to the caller.
fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
}

fn json(value: &impl Serialize) -> rusqlite::Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn stamp(text: Option<String>) -> rusqlite::Result<Option<Timestamp>> {
    text.map(|text| text.parse().map_err(damaged)).transpose()
}

pub(super) fn insert_link(connection: &Connection, flow: i64, link: Link) -> rusqlite::Result<()> {
    let Link { key, id, target, version, mapper, base, at } = link;
    let body = json(&LinkBody { target, version, mapper, base, at })?;
    connection
        .prepare_cached(
            "INSERT INTO links (flow, id, key, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (flow, id) DO UPDATE SET key = excluded.key, body = excluded.body",
        )?
        .execute((flow, id.as_str(), key.as_str(), body))?;
    Ok(())
}

pub(super) fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    let id: String = row.get(0)?;
    let key: String = row.get(1)?;
    let body: LinkBody = serde_json::from_slice(row.get_ref(2)?.as_bytes()?).map_err(damaged)?;
    let LinkBody { target, version, mapper, base, at } = body;
    Ok(Link { key: Key::from(key), id: ExternalId::from(id), target, version, mapper, base, at })
}

pub(super) fn insert_intent(connection: &Connection, flow: i64, intent: Intent) -> rusqlite::Result<()> {
    let Intent { attempt, key, version, mapper, draft, source, at, doubtful_until } = intent;
    let body = json(&IntentBody { key, version, mapper, draft, source, at })?;
    connection
        .prepare_cached("INSERT INTO intents (flow, attempt, doubtful_until, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute((flow, attempt.0, doubtful_until.map(|until| until.to_string()), body))?;
    Ok(())
}

pub(super) fn intent(row: &Row<'_>) -> rusqlite::Result<Intent> {
    let attempt = Attempt(row.get(0)?);
    let doubtful_until = stamp(row.get(1)?)?;
    let body: IntentBody = serde_json::from_slice(row.get_ref(2)?.as_bytes()?).map_err(damaged)?;
    let IntentBody { key, version, mapper, draft, source, at } = body;
    Ok(Intent { attempt, key, version, mapper, draft, source, at, doubtful_until })
}

pub(super) fn insert_parked(connection: &Connection, flow: i64, parked: &Parked) -> rusqlite::Result<()> {
    let body = json(parked)?;
    let due = parked.due.map(Timestamp::as_microsecond);
    let class = class_name(parked.class)?;
    connection
        .prepare_cached(
            "INSERT INTO parked (flow, key, class, code, since, due, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (flow, key) DO UPDATE SET class = excluded.class, code = excluded.code,
                since = excluded.since, due = excluded.due, body = excluded.body",
        )?
        .execute((flow, parked.key.as_str(), class, &parked.fault.code, parked.since.as_microsecond(), due, body))?;
    Ok(())
}

pub(super) fn parked(row: &Row<'_>) -> rusqlite::Result<Parked> {
    let mut parked: Parked = serde_json::from_slice(row.get_ref(0)?.as_bytes()?).map_err(damaged)?;
    // A person may have changed it since the record was parked.
    let due: Option<i64> = row.get(1)?;
    let known = parked.due.map(Timestamp::as_microsecond);
    if due != known {
        parked.due = due.map(Timestamp::from_microsecond).transpose().map_err(damaged)?;
    }
    Ok(parked)
}

/// The name that stands in the column, as in JSON.
pub(super) fn class_name(class: ParkedClass) -> rusqlite::Result<String> {
    let quoted = serde_json::to_string(&class)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    Ok(quoted.trim_matches('"').to_owned())
}

/// The condition of a query for parked records, and its parameters.
pub(super) fn condition(query: &ParkedQuery) -> rusqlite::Result<(String, Vec<Sql>)> {
    let class = query.class.map(class_name).transpose()?;
    let parts = [
        ("flow = (SELECT flow FROM flows WHERE name = ?)", query.flow.clone().map(Sql::from)),
        ("key = ?", query.key.as_ref().map(|key| Sql::from(key.to_string()))),
        ("class = ?", class.map(Sql::from)),
        ("code = ?", query.code.clone().map(Sql::from)),
        ("due <= ?", query.due.map(|due| Sql::from(due.as_microsecond()))),
    ];
    let (conditions, values): (Vec<&str>, Vec<Sql>) =
        parts.into_iter().filter_map(|(part, value)| value.map(|value| (part, value))).unzip();
    let condition = if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") };
    Ok((condition, values))
}

/// Runs a statement over the records of `query`; `before` are parameters that stand before its own.
pub(super) fn on_parked(
    connection: &Connection,
    statement: &str,
    before: Vec<Sql>,
    query: &ParkedQuery,
) -> rusqlite::Result<u64> {
    let (condition, values) = condition(query)?;
    let met = connection
        .prepare(&format!("{statement} WHERE {condition}"))?
        .execute(params_from_iter(before.into_iter().chain(values)))?;
    Ok(met as u64)
}
