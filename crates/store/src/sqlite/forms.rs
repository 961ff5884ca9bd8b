//! What thousands of records have in common: the mapper, the kind of target and the field names.
//!
//! Kept once, so that a link or an intent holds only values: about half the bytes, and less work on
//! both ways.

use std::rc::Rc;

use mapping::{Entity, FieldNames, Fields, Value};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize, Serializer};

/// Forms that are remembered during one transaction.
const REMEMBERED: usize = 32;

/// What records have in common.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Form {
    pub(super) mapper: String,
    /// The kind of target record; `None` for links of the first version.
    pub(super) entity: Option<Entity>,
    source: FieldNames,
    target: FieldNames,
}

/// A record's share of a form.
#[derive(Clone, Copy)]
pub(super) struct Filled<'a> {
    pub(super) mapper: &'a str,
    pub(super) entity: Option<&'a Entity>,
    pub(super) source: &'a Fields,
    pub(super) target: &'a Fields,
}

/// The values of fields, in their order, without the names.
pub(super) struct Values<'a>(pub(super) &'a Fields);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.values())
    }
}

impl Form {
    fn fits(&self, filled: &Filled<'_>) -> bool {
        self.mapper == filled.mapper
            && self.entity.as_ref() == filled.entity
            && self.source == *filled.source.names()
            && self.target == *filled.target.names()
    }

    fn of(filled: &Filled<'_>) -> Self {
        Self {
            mapper: filled.mapper.to_owned(),
            entity: filled.entity.cloned(),
            source: filled.source.names().clone(),
            target: filled.target.names().clone(),
        }
    }

    /// Names and values, together again.
    pub(super) fn fill(&self, source: Vec<Value>, target: Vec<Value>) -> rusqlite::Result<(Fields, Fields)> {
        Ok((join(&self.source, source)?, join(&self.target, target)?))
    }
}

fn join(names: &FieldNames, values: Vec<Value>) -> rusqlite::Result<Fields> {
    let count = values.len();
    let mismatch = || damaged(format!("{count} values for {} fields", names.len()).into());
    names.fill(values).ok_or_else(mismatch)
}

/// Text that cannot be read back is damage; SQLite's own error carries it to the caller.
pub(super) fn damaged(error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, error)
}

/// The JSON of what is kept.
pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// What was kept as JSON.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> rusqlite::Result<T> {
    serde_json::from_slice(text).map_err(|error| damaged(error.into()))
}

/// The forms in a database, as far as one transaction has met them.
///
/// Lives no longer than the transaction: a form that was added and rolled back again must not be
/// referred to by the next one.
pub(super) struct Forms<'c> {
    connection: &'c Connection,
    met: Vec<(i64, Rc<Form>)>,
}

impl<'c> Forms<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, met: Vec::new() }
    }

    /// The number of the form that `filled` has; added if there is none yet.
    pub(super) fn number(&mut self, filled: &Filled<'_>) -> rusqlite::Result<i64> {
        if let Some(place) = self.met.iter().position(|(_, form)| form.fits(filled)) {
            self.met.swap(0, place);
            return Ok(self.met.first().map_or(0, |(number, _)| *number));
        }
        let form = Form::of(filled);
        let body = serde_json::to_string(&form)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let known = self
            .connection
            .prepare_cached("SELECT form FROM forms WHERE body = ?1")?
            .query_row([&body], |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => {
                self.connection.prepare_cached("INSERT INTO forms (body) VALUES (?1)")?.insert([&body])?
            }
        };
        self.remember(number, Rc::new(form));
        Ok(number)
    }

    /// The form with this number.
    pub(super) fn get(&mut self, number: i64) -> rusqlite::Result<Rc<Form>> {
        if let Some((_, form)) = self.met.iter().find(|(known, _)| *known == number) {
            return Ok(Rc::clone(form));
        }
        let form = self
            .connection
            .prepare_cached("SELECT body FROM forms WHERE form = ?1")?
            .query_row([number], |row| parse::<Form>(row.get_ref(0)?.as_bytes()?))?;
        let form = Rc::new(form);
        self.remember(number, Rc::clone(&form));
        Ok(form)
    }

    fn remember(&mut self, number: i64, form: Rc<Form>) {
        self.met.truncate(REMEMBERED);
        self.met.insert(0, (number, form));
    }
}
