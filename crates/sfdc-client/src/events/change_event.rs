//! One change event, decoded.

use jiff::Timestamp;

use crate::IdError;
use crate::events::avro_schema::{Field, SchemaError};
use crate::events::bitmap::{self, BitmapError};
use crate::events::datum::{self, DatumError};
use crate::events::event_header::EventHeader;
use crate::events::{AvroValue, ChangedIds, EventSchema, EventValue};

/// An event that cannot be decoded. Its change was not seen: treat it as a gap, and reconcile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The payload is not of its schema.
    #[error(transparent)]
    Datum(#[from] DatumError),
    /// The header lacks something, or has something else in its place.
    #[error("the event's header has no proper {0}")]
    Header(&'static str),
    /// A list of fields cannot be read.
    #[error(transparent)]
    Bitmap(#[from] BitmapError),
    /// The schema is that of another object's events.
    #[error("the event is about {0}, and its schema is not")]
    Foreign(String),
    /// A record id is none.
    #[error("the event names a record that is none")]
    Id(#[from] IdError),
}

/// What was done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Touch {
    /// It was made.
    Create,
    /// It was changed.
    Update,
    /// It was deleted.
    Delete,
    /// It came back from the recycle bin.
    Undelete,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// A record was made; the values are all that it has.
    Create,
    /// Records were changed; the values are the changed ones, and enriched ones.
    Update,
    /// Records were deleted, or merged away.
    Delete,
    /// Records came back; the values are all that they have.
    Undelete,
    /// Something was done to the records, and the event does not say what: it was too large, or made
    /// below the application.
    Gap(Touch),
    /// A transaction changed more than 100,000 records: the rest of it has no events.
    Overflow,
    /// The record as it stands, told by the org for a snapshot.
    Snapshot,
    /// A kind that was not known when this was written.
    Other(String),
}

/// What an event asks of a subscriber that keeps a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// What it says can be used as it is.
    Apply,
    /// Its records have to be read: it does not say what they are now.
    Reread,
    /// The object has to be compared as a whole: it does not say which records changed.
    Reconcile,
}

/// The transaction that an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The same for all events of one transaction.
    pub key: String,
    /// The order within it, from 1.
    pub sequence: i64,
}

/// When and by whom a change was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// When.
    pub stamp: Timestamp,
    /// The org's number of it; it grows within one org instance only.
    pub number: i64,
    /// The id of the user.
    pub user: String,
}

/// A change of one or more records.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeEvent {
    /// The object, such as `Account`.
    pub entity: String,
    /// The records.
    pub ids: ChangedIds,
    /// What was done.
    pub kind: ChangeKind,
    /// Fields that were changed by an update, as in `Phone` and `Name.FirstName`;
    /// [`api_name`](crate::events::api_name) gives their names in the object.
    pub changed: Vec<String>,
    /// Fields among them that were emptied: they have no value below.
    pub nulled: Vec<String>,
    /// Long texts among them whose value below is the difference to the old one.
    pub diff: Vec<String>,
    /// The values that the event has, by field, in the order of the schema.
    pub values: Vec<(String, EventValue)>,
    /// How the change was made, such as `com/salesforce/api/rest/64.0;client=ml-connector`; empty
    /// when by code within the org.
    pub origin: String,
    /// Its transaction.
    pub transaction: Transaction,
    /// Its commit.
    pub commit: Commit,
}

impl ChangeEvent {
    /// Reads a payload by the schema that its event names.
    pub fn decode(schema: &EventSchema, payload: &[u8]) -> Result<Self, EventError> {
        let AvroValue::Record(values) = datum::decode(schema.avro(), payload)? else {
            return Err(EventError::Header("ChangeEventHeader"));
        };
        let Some(AvroValue::Record(header)) = values.get(schema.header()) else {
            return Err(EventError::Header("ChangeEventHeader"));
        };
        let header = EventHeader::new(schema.header_fields(), header);
        let entity = header.text("entityName")?;
        if !schema.is_of(entity) {
            return Err(EventError::Foreign(entity.to_owned()));
        }
        let fields = |name| -> Result<Vec<String>, EventError> {
            Ok(bitmap::names(schema.avro(), header.texts(name)?)?)
        };
        Ok(Self {
            entity: entity.to_owned(),
            ids: ChangedIds::read(header.texts("recordIds")?)?,
            kind: kind(header.text("changeType")?),
            changed: fields("changedFields")?,
            nulled: fields("nulledFields")?,
            diff: fields("diffFields")?,
            values: present(schema, &values),
            origin: header.text("changeOrigin")?.to_owned(),
            transaction: Transaction {
                key: header.text("transactionKey")?.to_owned(),
                sequence: header.long("sequenceNumber")?,
            },
            commit: Commit {
                stamp: Timestamp::from_millisecond(header.long("commitTimestamp")?)
                    .map_err(|_| EventError::Header("commitTimestamp"))?,
                number: header.long("commitNumber")?,
                user: header.text("commitUser")?.to_owned(),
            },
        })
    }

    /// What the event asks of a subscriber that keeps a copy.
    pub fn remedy(&self) -> Remedy {
        match (&self.kind, &self.ids) {
            (ChangeKind::Overflow, _) | (_, ChangedIds::All) => Remedy::Reconcile,
            (ChangeKind::Gap(_) | ChangeKind::Snapshot | ChangeKind::Other(_), _) => Remedy::Reread,
            // A difference is no value.
            _ if !self.diff.is_empty() => Remedy::Reread,
            _ => Remedy::Apply,
        }
    }

    /// The client id that the change was made with, if it was named (`Sforce-Call-Options`). Code
    /// that runs in the org because of our write carries it as well: alone it proves no echo.
    pub fn client(&self) -> Option<&str> {
        self.origin
            .split(';')
            .find_map(|part| part.trim().strip_prefix("client="))
            .filter(|id| !id.is_empty())
    }

    /// The value of a field, by its name in the event.
    pub fn value(&self, field: &str) -> Option<&EventValue> {
        self.values.iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }
}

fn kind(text: &str) -> ChangeKind {
    match text {
        "CREATE" => ChangeKind::Create,
        "UPDATE" => ChangeKind::Update,
        "DELETE" => ChangeKind::Delete,
        "UNDELETE" => ChangeKind::Undelete,
        "GAP_CREATE" => ChangeKind::Gap(Touch::Create),
        "GAP_UPDATE" => ChangeKind::Gap(Touch::Update),
        "GAP_DELETE" => ChangeKind::Gap(Touch::Delete),
        "GAP_UNDELETE" => ChangeKind::Gap(Touch::Undelete),
        "GAP_OVERFLOW" => ChangeKind::Overflow,
        "SNAPSHOT" => ChangeKind::Snapshot,
        other => ChangeKind::Other(other.to_owned()),
    }
}

/// The values that are there, those of compound fields by their paths.
fn present(schema: &EventSchema, values: &[AvroValue]) -> Vec<(String, EventValue)> {
    let mut present = Vec::new();
    for (place, (field, value)) in schema.fields().iter().zip(values).enumerate() {
        if place == schema.header() {
            continue;
        }
        match (value, schema.avro().fields(field.node)) {
            (AvroValue::Record(parts), Some(fields)) => {
                let named = |part: &Field| format!("{}.{}", field.name, part.name);
                let parts = fields.iter().zip(parts);
                present.extend(
                    parts.filter_map(|(part, value)| Some((named(part), EventValue::of(value, &part.doc)?))),
                );
            }
            _ => present.extend(EventValue::of(value, &field.doc).map(|value| (field.name.clone(), value))),
        }
    }
    present
}
