//! Conflicts in their table.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use sync_engine::{Conflict, ConflictQuery};

use super::forms::{json, parse};
use super::stamp;

pub(super) fn keep(connection: &Connection, conflicts: &[Conflict]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO conflicts (id, state, since, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, since = excluded.since,
            body = excluded.body",
    )?;
    for conflict in conflicts {
        let since = stamp::sql(conflict.since);
        insert.execute((&conflict.id, conflict.state.name(), since, json(conflict)?))?;
    }
    Ok(())
}

/// Oldest first.
pub(super) fn find(connection: &Connection, query: &ConflictQuery) -> rusqlite::Result<Vec<Conflict>> {
    let mut conditions = vec!["1"];
    let mut values: Vec<Sql> = Vec::new();
    if !query.settled {
        conditions.push("state <> 'settled'");
    }
    if let Some(id) = &query.id {
        conditions.push("id = ?");
        values.push(id.clone().into());
    }
    let select = format!("SELECT body FROM conflicts WHERE {} ORDER BY since, id", conditions.join(" AND "));
    let mut select = connection.prepare(&select)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let conflict: Conflict = parse(row.get_ref(0)?.as_bytes()?)?;
        if query.admits(&conflict) {
            found.push(conflict);
        }
    }
    Ok(found)
}
