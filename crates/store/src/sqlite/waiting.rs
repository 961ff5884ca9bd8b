//! Parked records in their table.

use mapping::Key;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use sync_engine::{Annotation, Parked, ParkedClass, ParkedQuery};

use super::forms::{damaged, json, parse};
use super::stamp;

pub(super) fn keep(connection: &Connection, flow: i64, parked: &[Parked]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO parked (flow, key, class, code, since, due, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (flow, key) DO UPDATE SET class = excluded.class, code = excluded.code,
            since = excluded.since, due = excluded.due, body = excluded.body",
    )?;
    for parked in parked {
        let (since, due) = (stamp::sql(parked.since), parked.due.map(stamp::sql));
        let class = class_name(parked.class)?;
        insert.execute((flow, parked.key.as_str(), class, &parked.fault.code, since, due, json(parked)?))?;
    }
    Ok(())
}

/// Records that other flows hand over; one that waits there already just becomes due.
pub(super) fn hand(connection: &Connection, handed: Vec<Parked>) -> rusqlite::Result<()> {
    let mut wake = connection.prepare_cached("UPDATE parked SET due = ?3 WHERE flow = ?1 AND key = ?2")?;
    for parked in handed {
        let flow = super::state::named(connection, &parked.flow)?;
        let due = parked.due.map(stamp::sql);
        if wake.execute((flow, parked.key.as_str(), due))? == 0 {
            keep(connection, flow, &[parked])?;
        }
    }
    Ok(())
}

/// Writes a person's note down on every record of the query.
pub(super) fn annotate(
    connection: &Connection,
    query: &ParkedQuery,
    note: &Annotation,
) -> rusqlite::Result<u64> {
    let meant = find(connection, query)?;
    for mut parked in meant.iter().cloned() {
        note.apply(&mut parked);
        keep(connection, super::state::named(connection, &parked.flow)?, &[parked])?;
    }
    Ok(meant.len() as u64)
}

pub(super) fn release(connection: &Connection, flow: i64, keys: &[Key]) -> rusqlite::Result<()> {
    let mut release = connection.prepare_cached("DELETE FROM parked WHERE flow = ?1 AND key = ?2")?;
    for key in keys {
        release.execute((flow, key.as_str()))?;
    }
    Ok(())
}

/// Oldest first.
pub(super) fn find(connection: &Connection, query: &ParkedQuery) -> rusqlite::Result<Vec<Parked>> {
    let (condition, values) = condition(query)?;
    let select = format!(
        "SELECT body, due FROM parked JOIN flows USING (flow) WHERE {condition} ORDER BY since, name, key"
    );
    connection.prepare(&select)?.query_map(params_from_iter(values), read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Parked> {
    let mut parked: Parked = parse(row.get_ref(0)?.as_bytes()?)?;
    // A person may have changed it since the record was parked.
    parked.due = stamp::read_if_any(row.get_ref(1)?)?;
    Ok(parked)
}

/// How many wait, by class and in the order of the classes.
pub(super) fn count(connection: &Connection, flow: i64) -> rusqlite::Result<Vec<(ParkedClass, u64)>> {
    let mut counts = connection
        .prepare_cached("SELECT class, count(*) FROM parked WHERE flow = ?1 GROUP BY class")?
        .query_map([flow], |row| {
            let class = serde_json::from_value(row.get::<_, String>(0)?.into());
            Ok((class.map_err(|error| damaged(error.into()))?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect::<rusqlite::Result<Vec<(ParkedClass, u64)>>>()?;
    counts.sort_unstable();
    Ok(counts)
}

/// Runs a statement over the records of `query`; `before` are parameters that stand before its own.
pub(super) fn on_all(
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

/// The name that stands in the column, as in JSON.
fn class_name(class: ParkedClass) -> rusqlite::Result<String> {
    let quoted = serde_json::to_string(&class)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    Ok(quoted.trim_matches('"').to_owned())
}

/// The condition of a query and its parameters.
fn condition(query: &ParkedQuery) -> rusqlite::Result<(String, Vec<Sql>)> {
    let class = query.class.map(class_name).transpose()?;
    let parts = [
        ("parked.flow = (SELECT flow FROM flows WHERE name = ?)", query.flow.clone().map(Sql::from)),
        ("key = ?", query.key.as_ref().map(|key| Sql::from(key.to_string()))),
        ("class = ?", class.map(Sql::from)),
        ("code = ?", query.code.clone().map(Sql::from)),
        ("due <= ?", query.due.map(stamp::sql)),
    ];
    let (conditions, values): (Vec<&str>, Vec<Sql>) =
        parts.into_iter().filter_map(|(part, value)| value.map(|value| (part, value))).unzip();
    let condition = if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") };
    Ok((condition, values))
}
