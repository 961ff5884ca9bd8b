//! Turns raw rows into records: typed values, a key, a position and a content version.

use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use mapping::{Change, Entity, FieldName, Fields, Key, Record, Version};
use odata_client::{Columns, Page, Row, RowReader};
use sha2::{Digest, Sha256};
use sync_engine::{Fault, FaultClass, Observation, Unreadable};

use crate::cursor::hex;
use crate::field::{FieldKind, push_canonical};
use crate::key::KeyShape;
use crate::settings::{EntitySettings, Precision};
use crate::time_zone::TimeZonePolicy;

/// The code of a row that cannot be read.
pub(crate) const UNREADABLE_ROW: &str = "UNREADABLE_ROW";

/// Reads the rows of one entity.
#[derive(Debug)]
pub(crate) struct RecordReader {
    entity: Entity,
    columns: Columns,
    keys: KeyShape,
    key_slots: Vec<usize>,
    modified_slot: usize,
    fields: Vec<FieldPlan>,
    zone: TimeZonePolicy,
    precision: Precision,
    absent_is_null: bool,
    /// The state of the version's digest after the names of the fields.
    digest: Sha256,
}

#[derive(Debug)]
struct FieldPlan {
    name: FieldName,
    kind: FieldKind,
    slot: usize,
}

/// A row, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) key: Option<Key>,
    /// In the source's own time; `None` if it is null or cannot be read.
    pub(crate) modified: Option<Timestamp>,
    pub(crate) observation: Observation,
    /// The field that is absent from the row, if that is why it cannot be read.
    pub(crate) absent: Option<FieldName>,
}

/// Why a row cannot be read.
struct Flaw {
    field: FieldName,
    why: String,
    absent: bool,
}

impl Flaw {
    fn new(field: &FieldName, why: impl Into<String>) -> Self {
        Self { field: field.clone(), why: why.into(), absent: false }
    }
    fn absent(field: &FieldName) -> Self {
        Self { field: field.clone(), why: "it is absent from the row".into(), absent: true }
    }
}

impl RecordReader {
    pub(crate) fn new(settings: &EntitySettings, keys: KeyShape) -> Self {
        let names = settings.selected();
        let slot = |name: &str| names.iter().position(|known| known == name).unwrap_or(usize::MAX);
        let mut digest = Sha256::new();
        for field in &settings.fields {
            digest.update((field.name.len() as u64).to_le_bytes());
            digest.update(field.name.as_bytes());
        }
        let plan = |field: &crate::FieldSpec| FieldPlan {
            name: FieldName::from(field.name.as_str()),
            kind: field.kind,
            slot: slot(&field.name),
        };
        Self {
            entity: Entity::from(settings.entity.as_str()),
            key_slots: settings.key.iter().map(|field| slot(&field.name)).collect(),
            modified_slot: slot(&settings.modified),
            fields: settings.fields.iter().map(plan).collect(),
            columns: Columns::new(names),
            keys,
            zone: settings.time_zone.clone(),
            precision: settings.precision,
            absent_is_null: settings.absent_is_null,
            digest,
        }
    }

    /// Reads all rows of a page.
    pub(crate) fn read(&self, page: &Page) -> Vec<Seen> {
        let mut reader = self.columns.reader();
        let mut row = Row::default();
        let mut scratch = Vec::with_capacity(1024);
        let mut seen = Vec::with_capacity(page.len());
        for (index, text) in page.rows().enumerate() {
            seen.push(self.read_row(&mut reader, &mut row, &mut scratch, (index, text)));
        }
        seen
    }

    fn read_row<'a>(
        &self,
        reader: &mut RowReader<'_>,
        row: &mut Row<'a>,
        scratch: &mut Vec<u8>,
        (index, text): (usize, &'a str),
    ) -> Seen {
        let place = || Key::from(format!("page row {}", index + 1));
        if let Err(error) = reader.read(text, row) {
            let flaw = Flaw::new(&FieldName::from("*"), error.to_string());
            return self.unreadable((None, None), &place(), &flaw, text);
        }
        let key = self.key(row);
        let modified = self.modified(row);
        let known = (key.as_ref().ok().cloned(), modified.as_ref().ok().copied().flatten());
        let name = known.0.clone().unwrap_or_else(place);
        let fields = key.and_then(|key| modified.map(|_| key)).and_then(|key| Ok((key, self.fields(row)?)));
        match fields {
            Err(flaw) => self.unreadable(known, &name, &flaw, text),
            Ok((key, fields)) => {
                let version = self.version(&fields, scratch);
                let record = Record { entity: self.entity.clone(), key: key.clone(), version, fields };
                let observation = Observation::Change(Change::Put(record));
                Seen { key: Some(key), modified: known.1, observation, absent: None }
            }
        }
    }

    fn key(&self, row: &Row<'_>) -> Result<Key, Flaw> {
        let name = |at: usize| FieldName::from(self.columns.names().get(at).map_or("", String::as_str));
        for slot in &self.key_slots {
            if row.cell(*slot).is_none() {
                return Err(Flaw::absent(&name(*slot)));
            }
        }
        let first = || name(self.key_slots.first().copied().unwrap_or_default());
        match self.keys.read(self.key_slots.iter().filter_map(|slot| row.cell(*slot))) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(Flaw::new(&first(), "the key is empty")),
            Err(error) => Err(Flaw::new(&first(), error.to_string())),
        }
    }

    fn modified(&self, row: &Row<'_>) -> Result<Option<Timestamp>, Flaw> {
        let name =
            || FieldName::from(self.columns.names().get(self.modified_slot).map_or("", String::as_str));
        let Some(cell) = row.cell(self.modified_slot) else {
            return if self.absent_is_null { Ok(None) } else { Err(Flaw::absent(&name())) };
        };
        let at = self.zone.position(cell).map_err(|error| Flaw::new(&name(), error.to_string()))?;
        Ok(at.map(|at| floor(at, self.precision)))
    }

    fn fields(&self, row: &Row<'_>) -> Result<Fields, Flaw> {
        let mut values = Fields::with_capacity(self.fields.len());
        for field in &self.fields {
            let value = match row.cell(field.slot) {
                Some(cell) => field
                    .kind
                    .read(cell, &self.zone)
                    .map_err(|error| Flaw::new(&field.name, error.to_string()))?,
                None if self.absent_is_null => mapping::Value::Null,
                None => return Err(Flaw::absent(&field.name)),
            };
            values.set(field.name.clone(), value);
        }
        Ok(values)
    }

    /// The digest of the content, and not the row's ETag: IFS ETags carry whole seconds (or a
    /// physical row address that moves on re-import), so two edits within one second look alike.
    fn version(&self, fields: &Fields, scratch: &mut Vec<u8>) -> Version {
        scratch.clear();
        for (_, value) in fields.iter() {
            push_canonical(scratch, value);
        }
        let mut digest = self.digest.clone();
        digest.update(&*scratch);
        Version::from(hex(&digest.finalize(), 16))
    }

    fn unreadable(
        &self,
        (key, modified): (Option<Key>, Option<Timestamp>),
        name: &Key,
        flaw: &Flaw,
        text: &str,
    ) -> Seen {
        let fault = Fault {
            class: FaultClass::Data,
            code: UNREADABLE_ROW.to_owned(),
            message: format!("{} {}, field {}: {}", self.entity, name, flaw.field, flaw.why),
            fields: vec![flaw.field.clone()],
            hint: Some(if flaw.absent {
                "look whether the service user may read the field; if the server leaves nulls out, set absent_is_null".into()
            } else {
                "correct the value in IFS, or the kind of the field in the settings".into()
            }),
        };
        let unreadable = Unreadable { key: name.clone(), fault, raw: text.to_owned() };
        let absent = flaw.absent.then(|| flaw.field.clone());
        Seen { key, modified, observation: Observation::Unreadable(unreadable), absent }
    }
}

/// `at`, as finely as the server compares it, never later.
pub(crate) fn floor(at: Timestamp, precision: Precision) -> Timestamp {
    let unit = match precision {
        Precision::Exact => return at,
        Precision::Millisecond => Unit::Millisecond,
        Precision::Second => Unit::Second,
    };
    let down = TimestampRound::new().smallest(unit).mode(jiff::RoundMode::Floor);
    at.round(down).unwrap_or(at)
}

/// `at`, floored to the whole second.
pub(crate) fn floor_second(at: Timestamp) -> Timestamp {
    floor(at, Precision::Second)
}

/// `at - span`, or the earliest time that OData can say.
pub(crate) fn before(at: Timestamp, span: std::time::Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    at.checked_sub(span).map_or_else(|_| earliest(), |at| at.max(earliest()))
}

/// 0001-01-01T00:00:00Z: the earliest time of `Edm.DateTimeOffset` that databases agree on.
pub(crate) fn earliest() -> Timestamp {
    Timestamp::from_second(-62_135_596_800).unwrap_or(Timestamp::MIN)
}
