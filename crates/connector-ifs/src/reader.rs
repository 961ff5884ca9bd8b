//! Turns raw rows into records: typed values, a key, a position and a content version.

use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use mapping::{Change, Entity, FieldName, FieldNames, Fields, Key, Record, Value, Version};
use odata_client::{Columns, Page, Row, RowReader};
use sha2::{Digest, Sha256};
use sync_engine::{Fault, FaultClass, Observation, Unreadable};

use crate::cursor::hex;
use crate::entity_settings::Precision;
use crate::field::{FieldKind, push_canonical};
use crate::key::KeyShape;
use crate::time_zone::TimeZonePolicy;

/// The code of a row that cannot be read.
pub(crate) const UNREADABLE_ROW: &str = "UNREADABLE_ROW";

/// What is read of the rows of one set.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// What kind of record a row is.
    pub(crate) entity: String,
    pub(crate) keys: KeyShape,
    /// The properties that name what the row belongs to.
    pub(crate) parent: Option<KeyShape>,
    pub(crate) modified: Option<String>,
    pub(crate) fields: Vec<FieldSource>,
    pub(crate) zone: TimeZonePolicy,
    pub(crate) precision: Precision,
    pub(crate) absent_is_null: bool,
}

/// A field and the property that it is read from.
#[derive(Debug, Clone)]
pub(crate) struct FieldSource {
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
    /// `None`: there is no such property, and the field is null.
    pub(crate) property: Option<String>,
}

impl Reading {
    /// Every property that is selected, each once.
    pub(crate) fn selected(&self) -> Vec<String> {
        let keys = self.keys.fields.iter().map(|field| &field.name);
        let parent = self.parent.iter().flat_map(|parent| &parent.fields).map(|field| &field.name);
        let fields = self.fields.iter().filter_map(|field| field.property.as_ref());
        let mut names: Vec<String> = Vec::new();
        for name in keys.chain(parent).chain(&self.modified).chain(fields) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

/// Reads the rows of one set.
#[derive(Debug)]
pub(crate) struct RecordReader {
    entity: Entity,
    columns: Columns,
    keys: KeyShape,
    key_slots: Vec<usize>,
    parent: Option<(KeyShape, Vec<usize>)>,
    modified_slot: Option<usize>,
    fields: Vec<FieldPlan>,
    names: FieldNames,
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
    /// `None`: always null.
    slot: Option<usize>,
}

/// A row, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) key: Option<Key>,
    /// What it belongs to; `None` if that is null, cannot be read, or is not asked for.
    pub(crate) parent: Option<Key>,
    /// In the source's own time; `None` if it is null or cannot be read.
    pub(crate) modified: Option<Timestamp>,
    pub(crate) etag: Option<String>,
    pub(crate) observation: Observation,
    /// The field that is absent from the row, if that is why it cannot be read.
    pub(crate) absent: Option<FieldName>,
}

impl Seen {
    /// A row of which nobody knows what it is.
    pub(crate) fn stray(observation: Observation) -> Self {
        Self { key: None, parent: None, modified: None, etag: None, observation, absent: None }
    }
}

/// What a row is known by, as far as it could be read.
#[derive(Default)]
struct Known {
    key: Option<Key>,
    parent: Option<Key>,
    modified: Option<Timestamp>,
    etag: Option<String>,
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
    pub(crate) fn new(reading: Reading) -> Self {
        let names = reading.selected();
        let slot = |name: &str| names.iter().position(|known| known == name).unwrap_or(usize::MAX);
        let slots = |keys: &KeyShape| keys.fields.iter().map(|field| slot(&field.name)).collect();
        let mut digest = Sha256::new();
        for field in &reading.fields {
            digest.update((field.name.len() as u64).to_le_bytes());
            digest.update(field.name.as_bytes());
        }
        let plan = |field: &FieldSource| FieldPlan {
            name: FieldName::from(field.name.as_str()),
            kind: field.kind,
            slot: field.property.as_deref().map(slot),
        };
        let fields: Vec<FieldPlan> = reading.fields.iter().map(plan).collect();
        Self {
            entity: Entity::from(reading.entity.as_str()),
            key_slots: slots(&reading.keys),
            parent: reading.parent.map(|parent| {
                let slots = slots(&parent);
                (parent, slots)
            }),
            modified_slot: reading.modified.as_deref().map(slot),
            names: FieldNames::distinct(fields.iter().map(|field| field.name.clone()).collect()),
            fields,
            keys: reading.keys,
            zone: reading.zone,
            precision: reading.precision,
            absent_is_null: reading.absent_is_null,
            columns: Columns::new(names),
            digest,
        }
    }

    /// The properties that are read.
    pub(crate) fn selected(&self) -> &[String] {
        self.columns.names()
    }

    /// The key of the rows.
    pub(crate) fn keys(&self) -> &KeyShape {
        &self.keys
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
            return self.unreadable(Known::default(), &place(), &flaw, text);
        }
        let key = self.key(row);
        let modified = self.modified(row);
        let known = Known {
            key: key.as_ref().ok().cloned(),
            parent: self.parent_of(row),
            modified: modified.as_ref().ok().copied().flatten(),
            etag: row.etag().and_then(|etag| etag.text().ok().flatten()).map(Into::into),
        };
        let name = known.key.clone().unwrap_or_else(place);
        let fields = key.and_then(|key| modified.map(|_| key)).and_then(|key| Ok((key, self.fields(row)?)));
        match fields {
            Err(flaw) => self.unreadable(known, &name, &flaw, text),
            Ok((key, fields)) => {
                let version = self.version(&fields, scratch);
                let record = Record { entity: self.entity.clone(), key, version, fields };
                let observation = Observation::Change(Change::Put(record));
                let Known { key, parent, modified, etag } = known;
                Seen { key, parent, modified, etag, observation, absent: None }
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

    /// What the row belongs to, if all of that is there.
    fn parent_of(&self, row: &Row<'_>) -> Option<Key> {
        let (keys, slots) = self.parent.as_ref()?;
        let cells: Option<Vec<_>> = slots.iter().map(|slot| row.cell(*slot)).collect();
        keys.read(cells?.into_iter()).ok().flatten()
    }

    fn modified(&self, row: &Row<'_>) -> Result<Option<Timestamp>, Flaw> {
        let Some(slot) = self.modified_slot else { return Ok(None) };
        let name = || FieldName::from(self.columns.names().get(slot).map_or("", String::as_str));
        let Some(cell) = row.cell(slot) else {
            return if self.absent_is_null { Ok(None) } else { Err(Flaw::absent(&name())) };
        };
        let at = self.zone.position(cell).map_err(|error| Flaw::new(&name(), error.to_string()))?;
        Ok(at.map(|at| floor(at, self.precision)))
    }

    fn fields(&self, row: &Row<'_>) -> Result<Fields, Flaw> {
        let mut values = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let value = match field.slot.map(|slot| row.cell(slot)) {
                Some(Some(cell)) => field
                    .kind
                    .read(cell, &self.zone)
                    .map_err(|error| Flaw::new(&field.name, error.to_string()))?,
                Some(None) if !self.absent_is_null => return Err(Flaw::absent(&field.name)),
                _ => Value::Null,
            };
            values.push(value);
        }
        Ok(self.names.fill(values).unwrap_or_default())
    }

    /// The digest of the content, and not the row's ETag: IFS ETags carry whole seconds (or a
    /// physical row address that moves on re-import), so two edits within one second look alike.
    fn version(&self, fields: &Fields, scratch: &mut Vec<u8>) -> Version {
        scratch.clear();
        for value in fields.values() {
            push_canonical(scratch, value);
        }
        let mut digest = self.digest.clone();
        digest.update(&*scratch);
        Version::from(hex(&digest.finalize(), 16))
    }

    fn unreadable(&self, known: Known, name: &Key, flaw: &Flaw, text: &str) -> Seen {
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
        let Known { key, parent, modified, etag } = known;
        Seen { key, parent, modified, etag, observation: Observation::Unreadable(unreadable), absent }
    }
}

/// The version of a record whose own fields have `version`, with these lists of children.
pub(crate) fn with_children<'a>(version: &Version, lists: impl Iterator<Item = &'a Value>) -> Version {
    let mut bytes = version.as_str().as_bytes().to_vec();
    for list in lists {
        push_canonical(&mut bytes, list);
    }
    Version::from(hex(&Sha256::digest(&bytes), 16))
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
