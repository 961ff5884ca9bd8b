//! Rows of the log: how they are found, and the sets of records they name.

use audit::{AuditError, Kind, Query, Sealed, codec};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, Row};
use sha2::{Digest as _, Sha256};

/// One stored row.
pub(super) struct Stored {
    pub(super) number: u64,
    pub(super) header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get::<_, i64>(0)?.unsigned_abs(),
            header: row.get(1)?,
            payload: row.get(2)?,
            hash: row.get(3)?,
        })
    }

    pub(super) fn unseal(self) -> Result<Sealed, AuditError> {
        let number = self.number;
        let damaged = |detail: String| AuditError::Damaged { number, detail };
        let entry = codec::decode(&self.header, &self.payload).map_err(|error| damaged(error.to_string()))?;
        let hash = self.hash.try_into().map_err(|_| damaged("its hash has not 32 bytes".into()))?;
        Ok(Sealed { number, entry, hash })
    }
}

/// The name of a kind as it stands in the column: as in JSON.
pub(super) fn kind_name(kind: Kind) -> String {
    serde_json::to_string(&kind).unwrap_or_default().trim_matches('"').to_owned()
}

/// The condition of a query and its parameters.
pub(super) fn condition(query: &Query) -> (String, Vec<Sql>) {
    let mut conditions = vec!["1".to_owned()];
    let mut values: Vec<Sql> = Vec::new();
    let mut add = |condition: &str, value: Option<Sql>| {
        if let Some(value) = value {
            conditions.push(condition.to_owned());
            values.push(value);
        }
    };
    add(
        "record_set IN (SELECT record_set FROM members WHERE record = ?)",
        query.record.clone().map(Sql::from),
    );
    add("run = ?", query.run.clone().map(Sql::from));
    add("flow = ?", query.flow.clone().map(Sql::from));
    add("at >= ?", query.since.map(|since| Sql::from(since.as_microsecond())));
    add("at < ?", query.until.map(|until| Sql::from(until.as_microsecond())));
    add("number >= ?", query.from.map(|from| Sql::from(i64::try_from(from).unwrap_or(i64::MAX))));
    if let Some(kinds) = &query.kinds {
        let places = vec!["?"; kinds.len()].join(", ");
        conditions.push(format!("kind IN ({places})"));
        values.extend(kinds.iter().map(|kind| Sql::from(kind_name(*kind))));
    }
    (conditions.join(" AND "), values)
}

/// A digest of a set of records, in their order.
pub(super) fn digest(records: &[String]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for record in records {
        hash.update((record.len() as u64).to_be_bytes());
        hash.update(record.as_bytes());
    }
    hash.finalize().to_vec()
}

/// The number of the set that `records` are; made if there is none yet.
pub(super) fn set_of(connection: &Connection, records: &[String]) -> rusqlite::Result<Option<i64>> {
    if records.is_empty() {
        return Ok(None);
    }
    let digest = digest(records);
    let known = connection
        .prepare_cached("SELECT record_set FROM record_sets WHERE digest = ?1")?
        .query_row([&digest], |row| row.get(0))
        .optional()?;
    if known.is_some() {
        return Ok(known);
    }
    connection.prepare_cached("INSERT INTO record_sets (digest) VALUES (?1)")?.execute([&digest])?;
    let set = connection.last_insert_rowid();
    let mut insert =
        connection.prepare_cached("INSERT OR IGNORE INTO members (record, record_set) VALUES (?1, ?2)")?;
    for record in records {
        insert.execute((record, set))?;
    }
    Ok(Some(set))
}
