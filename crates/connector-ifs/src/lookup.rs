//! Looks records up by key, or by the attribute that carries their external id.

use std::collections::BTreeMap;

use mapping::{Change, ExternalId, FieldName, Fields, Found, Key, TargetId, canonical};
use sync_engine::{Fault, FaultClass, Lookup, Observation, SinkError};

use crate::chunk::chunks;
use crate::desk::{Desk, Trouble, Wanted};
use crate::key::KeyShape;
use crate::reader::{FieldSource, Reading, RecordReader, Seen};
use crate::writable::WriteSettings;

/// The name of the calls.
pub(crate) const OPERATION: &str = "ifs.find";

/// Looks up one kind of record.
pub(crate) struct Search<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) settings: &'a WriteSettings,
    pub(crate) keys: &'a KeyShape,
}

impl Search<'_> {
    /// What there is of `ids`, in their order.
    pub(crate) async fn find(
        &self,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let unknown = |name: &FieldName| unknown(self.settings.what().entity(), name);
        let reading = self.reading(fields).map_err(|name| self.refused(unknown(name)))?;
        let reader = RecordReader::new(reading);
        let shape = self.identity();
        let refused: Vec<Option<Fault>> = ids.iter().map(|id| unusable(&shape, id)).collect();
        let usable = ids.iter().zip(&refused).filter(|(_, refused)| refused.is_none());
        let asked: Vec<Key> = usable.map(|(id, _)| Key::from(id.as_str())).collect();
        let mut by_id: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for (filter, about) in chunks(&shape, &asked) {
            let wanted =
                Wanted { operation: OPERATION, at: None, filter: Some(filter), about, reader: &reader };
            for row in self.desk.all(wanted).await.map_err(|trouble| self.error(trouble))? {
                if let Some(field) = &row.absent {
                    return Err(self.refused(hidden(field)));
                }
                let id = if self.settings.carrier().is_some() { &row.parent } else { &row.key };
                let id = id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
                by_id.entry(id).or_default().push(row);
            }
        }
        let answer = |(id, refused): (&ExternalId, Option<Fault>)| match refused {
            Some(fault) => Lookup::Ambiguous(fault),
            None => by_id.get(id.as_str()).map_or_else(|| absent(id, ids, &by_id), |rows| answer(id, rows)),
        };
        Ok(ids.iter().zip(refused).map(answer).collect())
    }

    /// What external ids are compared with.
    pub(crate) fn identity(&self) -> KeyShape {
        match self.settings.carrier() {
            Some(carrier) => KeyShape { fields: vec![carrier.clone()], order: self.keys.order },
            None => self.keys.clone(),
        }
    }

    /// What to read, or the first field that nobody knows how to read.
    fn reading<'f>(&self, fields: &'f [FieldName]) -> Result<Reading, &'f FieldName> {
        let entity = self.settings.entity();
        let source = |name: &'f FieldName| {
            let kind = self.settings.kind(name.as_str()).ok_or(name)?;
            Ok(FieldSource { name: name.to_string(), kind, property: Some(name.to_string()) })
        };
        Ok(Reading {
            entity: entity.entity.clone(),
            keys: self.keys.clone(),
            parent: self.settings.carrier().map(|_| self.identity()),
            modified: None,
            fields: fields.iter().map(source).collect::<Result<_, _>>()?,
            zone: entity.time_zone.clone(),
            precision: entity.precision,
            absent_is_null: entity.absent_is_null,
        })
    }

    fn error(&self, trouble: Trouble) -> SinkError {
        let fault = match trouble {
            Trouble::Call(error) => self.desk.errors.fault(&error),
            Trouble::Answer(fault) => fault,
        };
        self.refused(fault)
    }

    fn refused(&self, fault: Fault) -> SinkError {
        SinkError { operation: format!("looking up in {}", self.desk.place.set), fault }
    }
}

/// Nothing was found under `id`; but a server that does not tell upper from lower case may have found
/// a row that nobody asked for.
fn absent(id: &ExternalId, ids: &[ExternalId], by_id: &BTreeMap<String, Vec<Seen>>) -> Lookup {
    let asked = |found: &String| ids.iter().any(|id| id.as_str() == found);
    let alike = |found: &&String| found.to_lowercase() == id.as_str().to_lowercase() && !asked(found);
    match by_id.keys().find(alike) {
        None => Lookup::Absent,
        Some(found) => Lookup::Ambiguous(identity(
            "CASE_COLLISION",
            format!("{id} differs only in upper and lower case from {found}, which is there"),
            "rename one of the two",
        )),
    }
}

fn answer(id: &ExternalId, alike: &[Seen]) -> Lookup {
    match alike {
        [] => Lookup::Absent,
        [one] => found(id, one),
        several => {
            let keys: Vec<&str> =
                several.iter().map(|row| row.key.as_ref().map_or("?", Key::as_str)).collect();
            Lookup::Ambiguous(identity(
                "SEVERAL_RECORDS",
                format!("several records carry {id}: {}", keys.join(", ")),
                "leave it to one of them",
            ))
        }
    }
}

fn found(id: &ExternalId, row: &Seen) -> Lookup {
    let record = match &row.observation {
        Observation::Change(Change::Put(record)) => record,
        Observation::Unreadable(flaw) => return Lookup::Ambiguous(flaw.fault.clone()),
        Observation::Change(Change::Gone { .. }) => return Lookup::Absent,
    };
    let mut fields = Fields::with_capacity(record.fields.len());
    for (name, value) in record.fields.iter() {
        fields.set(name.clone(), canonical::canonical(value.clone()).0);
    }
    Lookup::One(Found {
        entity: record.entity.clone(),
        id: id.clone(),
        target: TargetId::from(record.key.as_str()),
        fields,
        modified: None,
        validator: row.etag.clone(),
    })
}

/// Why an id can never be looked up.
fn unusable(shape: &KeyShape, id: &ExternalId) -> Option<Fault> {
    let text = id.as_str();
    let reason = if text.is_empty() {
        "is empty"
    } else if text.trim() != text {
        "begins or ends with a blank, which IFS does not keep"
    } else if text.chars().any(char::is_control) {
        "has control characters"
    } else if shape.literals(&Key::from(text)).is_none_or(|parts| parts.len() != shape.fields.len()) {
        "is no key of this kind; parts of a composite one are joined by ^"
    } else {
        return None;
    };
    Some(Fault {
        class: FaultClass::Data,
        code: "UNUSABLE_EXTERNAL_ID".into(),
        message: format!("the external id {text:?} {reason}"),
        fields: Vec::new(),
        hint: Some("look at `external_id` in the mapping and at the key in the source".into()),
    })
}

fn identity(code: &str, message: String, hint: &str) -> Fault {
    Fault {
        class: FaultClass::Identity,
        code: code.into(),
        message,
        fields: Vec::new(),
        hint: Some(hint.into()),
    }
}

fn unknown(entity: &str, name: &FieldName) -> Fault {
    Fault {
        class: FaultClass::Protocol,
        code: "UNKNOWN_FIELD".into(),
        message: format!("{entity} has no field {name}"),
        fields: vec![name.clone()],
        hint: Some(format!(
            "correct the mapping, or add it: [ifs.entities.{entity}.extra_fields] {name} = \"text\""
        )),
    }
}

fn hidden(field: &FieldName) -> Fault {
    Fault {
        class: FaultClass::Access,
        code: "FIELD_MISSING".into(),
        message: format!("the field {field} is absent from the rows"),
        fields: vec![field.clone()],
        hint: Some("look whether the service user may read it; doctor compares all fields".into()),
    }
}
