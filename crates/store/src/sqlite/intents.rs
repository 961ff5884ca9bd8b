//! Intents: one blob for many of a call, and a row for each attempt that is open.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use mapping::{Draft, Entity, ExternalId, Fields, Key, Value, Version};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};
use sync_engine::{Attempt, Intent, StateError};

use super::forms::{Filled, Forms, Values, damaged, parse};
use super::writer::Refusable;

/// Fast; higher ones gain little on text like this.
const LEVEL: i32 = 1;
/// How many intents are one blob: what a larger one takes in memory is taken all at once.
const BLOB: usize = 1_000;
/// Bytes of the JSON of an intent, as they usually are.
const USUAL: usize = 768;
/// From so many settled attempts on it pays to look for blobs that are settled as a whole.
const MANY: usize = 64;
/// No call brings so many bytes of intents: a larger blob is damage.
const MAX_BODY: usize = 1 << 30;

/// An intent on its way into a blob.
#[derive(Serialize)]
struct Written<'a>(
    &'a str,
    &'a Key,
    &'a Version,
    &'a ExternalId,
    Timestamp,
    i64,
    Values<'a>,
    Values<'a>,
    Option<&'a Fields>,
);

/// An intent out of a blob.
#[derive(Deserialize)]
struct Kept(
    String,
    Key,
    Version,
    ExternalId,
    Timestamp,
    i64,
    Vec<Value>,
    Vec<Value>,
    #[serde(default)] Option<Fields>,
);

/// Keeps `intents`; refuses an attempt that is open already.
pub(super) fn keep(connection: &Connection, flow: i64, intents: &[Intent]) -> Refusable<(), StateError> {
    let mut forms = Forms::new(connection);
    for blob in intents.chunks(BLOB) {
        if let Err(refusal) = keep_blob(connection, flow, blob, &mut forms)? {
            return Ok(Err(refusal));
        }
    }
    Ok(Ok(()))
}

fn keep_blob(
    connection: &Connection,
    flow: i64,
    intents: &[Intent],
    forms: &mut Forms<'_>,
) -> Refusable<(), StateError> {
    let body = pack(&body(intents, forms)?)?;
    let batch = connection
        .prepare_cached("INSERT INTO intent_batches (open, body) VALUES (?1, ?2)")?
        .insert((i64::try_from(intents.len()).unwrap_or(i64::MAX), body))?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO intents (flow, attempt, batch, place, doubtful_until) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (intent, place) in intents.iter().zip(0_u32..) {
        let until = intent.doubtful_until.map(|until| until.to_string());
        match insert.execute((flow, &intent.attempt.0, batch, place, until)) {
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                let detail = format!("attempt {} is kept already", intent.attempt.0);
                return Ok(Err(StateError::Unavailable { detail }));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Ok(()))
}

/// All intents as one JSON array, written one behind the other into a place that is large enough.
fn body(intents: &[Intent], forms: &mut Forms<'_>) -> rusqlite::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(intents.len() * USUAL);
    for intent in intents {
        body.push(if body.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut body, &written(intent, forms)?)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    }
    body.push(b']');
    Ok(body)
}

fn written<'a>(intent: &'a Intent, forms: &mut Forms<'_>) -> rusqlite::Result<Written<'a>> {
    let Intent { attempt, key, version, mapper, draft, source, target: images, at, doubtful_until: _ } =
        intent;
    let filled = Filled { mapper, entity: Some(&draft.entity), source, target: &draft.fields };
    let form = forms.number(&filled)?;
    let (source, target) = (Values(source), Values(&draft.fields));
    Ok(Written(&attempt.0, key, version, &draft.id, *at, form, source, target, images.as_ref()))
}

/// Notes until when open attempts may still land; unknown ones are no error.
pub(super) fn doubt(
    connection: &Connection,
    flow: i64,
    doubtful: Vec<(Attempt, Timestamp)>,
) -> rusqlite::Result<()> {
    let mut doubt = connection
        .prepare_cached("UPDATE intents SET doubtful_until = ?3 WHERE flow = ?1 AND attempt = ?2")?;
    for (attempt, until) in doubtful {
        doubt.execute((flow, attempt.0, until.to_string()))?;
    }
    Ok(())
}

/// Forgets attempts, and every blob of which nothing is open any more.
pub(super) fn settle(connection: &Connection, flow: i64, settled: &[Attempt]) -> rusqlite::Result<()> {
    let mut left: HashSet<&str> = settled.iter().map(|attempt| attempt.0.as_str()).collect();
    if left.len() >= MANY {
        forget_whole(connection, flow, &mut left)?;
    }
    let mut settle =
        connection.prepare_cached("DELETE FROM intents WHERE flow = ?1 AND attempt = ?2 RETURNING batch")?;
    let mut less: BTreeMap<i64, i64> = BTreeMap::new();
    for attempt in left {
        let batch = settle.query_row((flow, attempt), |row| row.get(0)).optional()?;
        if let Some(batch) = batch {
            *less.entry(batch).or_default() += 1;
        }
    }
    for (batch, count) in less {
        connection
            .prepare_cached("UPDATE intent_batches SET open = open - ?2 WHERE batch = ?1")?
            .execute((batch, count))?;
        connection
            .prepare_cached("DELETE FROM intent_batches WHERE batch = ?1 AND open <= 0")?
            .execute([batch])?;
    }
    Ok(())
}

/// The attempts of a call mostly end together: whatever blob is settled as a whole goes at once. Takes
/// what is done off `settled`.
fn forget_whole(connection: &Connection, flow: i64, settled: &mut HashSet<&str>) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached("SELECT batch, attempt FROM intents WHERE flow = ?1")?;
    let mut batches: BTreeMap<i64, Option<Vec<String>>> = BTreeMap::new();
    let mut rows = select.query([flow])?;
    while let Some(row) = rows.next()? {
        let attempt = row.get_ref(1)?.as_str()?;
        let attempts = batches.entry(row.get(0)?).or_insert_with(|| Some(Vec::new()));
        if !settled.contains(attempt) {
            *attempts = None;
        } else if let Some(attempts) = attempts {
            attempts.push(attempt.to_owned());
        }
    }
    let all = batches.values().all(Option::is_some);
    if all {
        connection.prepare_cached("DELETE FROM intents WHERE flow = ?1")?.execute([flow])?;
    }
    for (batch, attempts) in batches {
        let Some(attempts) = attempts else { continue };
        if !all {
            connection
                .prepare_cached("DELETE FROM intents WHERE flow = ?1 AND batch = ?2")?
                .execute((flow, batch))?;
        }
        connection.prepare_cached("DELETE FROM intent_batches WHERE batch = ?1")?.execute([batch])?;
        for attempt in &attempts {
            settled.remove(attempt.as_str());
        }
    }
    Ok(())
}

/// An open attempt: its name, where its intent stands, and until when it is in doubt.
struct Open {
    attempt: String,
    batch: i64,
    place: u32,
    until: Option<Timestamp>,
}

/// The open intents of a flow, oldest first.
pub(super) fn open(connection: &Connection, flow: i64) -> rusqlite::Result<Vec<Intent>> {
    let rows = connection
        .prepare_cached(
            "SELECT attempt, batch, place, doubtful_until FROM intents WHERE flow = ?1 ORDER BY batch, place",
        )?
        .query_map([flow], row)?
        .collect::<rusqlite::Result<Vec<Open>>>()?;
    let mut forms = Forms::new(connection);
    let mut intents = Vec::with_capacity(rows.len());
    for part in rows.chunk_by(|one, other| one.batch == other.batch) {
        let Some(first) = part.first() else { continue };
        let mut blob = read(connection, first.batch)?;
        for open in part {
            let lost = || damaged(format!("attempt {} has no intent", open.attempt).into());
            let kept = blob.get_mut(open.place as usize).and_then(Option::take).ok_or_else(lost)?;
            if kept.0 != open.attempt {
                return Err(lost());
            }
            intents.push(intent(kept, open.until, &mut forms)?);
        }
    }
    Ok(intents)
}

fn row(row: &Row<'_>) -> rusqlite::Result<Open> {
    let until: Option<String> = row.get(3)?;
    let until = until.map(|text| text.parse()).transpose();
    Ok(Open {
        attempt: row.get(0)?,
        batch: row.get(1)?,
        place: row.get(2)?,
        until: until.map_err(|error: jiff::Error| damaged(error.into()))?,
    })
}

fn read(connection: &Connection, batch: i64) -> rusqlite::Result<Vec<Option<Kept>>> {
    connection
        .prepare_cached("SELECT body FROM intent_batches WHERE batch = ?1")?
        .query_row([batch], |row| parse(&unpack(row.get_ref(0)?.as_bytes()?)?))
}

/// Packing a blob costs less than writing it to the disk twice, as it is.
fn pack(body: &[u8]) -> rusqlite::Result<Vec<u8>> {
    zstd::bulk::compress(body, LEVEL).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn unpack(packed: &[u8]) -> rusqlite::Result<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
    let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= MAX_BODY);
    let size = size.ok_or_else(|| damaged("a blob of intents does not tell a possible size".into()))?;
    zstd::bulk::decompress(packed, size).map_err(|error| damaged(error.into()))
}

fn intent(kept: Kept, until: Option<Timestamp>, forms: &mut Forms<'_>) -> rusqlite::Result<Intent> {
    let Kept(attempt, key, version, id, at, form, source, target, images) = kept;
    let form = forms.get(form)?;
    let (source, fields) = form.fill(source, target)?;
    let entity: Entity = form.entity.clone().ok_or_else(|| damaged("an intent without an entity".into()))?;
    Ok(Intent {
        attempt: Attempt(attempt),
        key,
        version,
        mapper: form.mapper.clone(),
        draft: Draft { entity, id, fields },
        source,
        target: images,
        at,
        doubtful_until: until,
    })
}

#[cfg(test)]
mod tests {
    use mapping::FieldName;

    use super::*;
    use crate::sqlite::schema::STATE;

    fn intents(from: usize, to: usize) -> Vec<Intent> {
        let fields: Fields = [(FieldName::from("Name"), Value::text("n"))].into_iter().collect();
        let intent = |number: usize| Intent {
            attempt: Attempt(format!("run/{number}")),
            key: Key::from(format!("K{number}")),
            version: Version::from("v"),
            mapper: "m@1".into(),
            draft: Draft {
                entity: Entity::from("E"),
                id: ExternalId::from(format!("K{number}")),
                fields: fields.clone(),
            },
            source: fields.clone(),
            target: None,
            at: Timestamp::UNIX_EPOCH,
            doubtful_until: None,
        };
        (from..to).map(intent).collect()
    }

    #[test]
    fn blobs_that_are_settled_as_a_whole_go_and_the_others_stay() {
        let connection = Connection::open_in_memory().unwrap();
        STATE.bring_up_to_date(&connection).unwrap();
        let keep = |from, to| keep(&connection, 1, &intents(from, to)).unwrap().unwrap();
        let settle = |from: usize, to: usize| {
            let attempts: Vec<Attempt> = (from..to).map(|number| Attempt(format!("run/{number}"))).collect();
            settle(&connection, 1, &attempts).unwrap();
        };
        let open = || {
            let open: Vec<String> = open(&connection, 1).unwrap().into_iter().map(|i| i.attempt.0).collect();
            let blobs: i64 =
                connection.query_row("SELECT count(*) FROM intent_batches", [], |row| row.get(0)).unwrap();
            (open.len(), blobs)
        };
        keep(0, 200);
        keep(200, 300);
        keep(300, 310);
        assert_eq!(open(), (310, 3));
        settle(0, 250);
        assert_eq!(open(), (60, 2), "one whole blob, and half of the second");
        settle(250, 310);
        assert_eq!(open(), (0, 0));
        // Others' attempts and unknown ones are nobody's business.
        keep(400, 500);
        settle(0, 300);
        assert_eq!(open(), (100, 1));
        settle(400, 500);
        assert_eq!(open(), (0, 0));
    }
}
