//! Sets that tell which records changed: children by their own modified attribute, and the history
//! log. The records themselves are read afterwards.

use std::collections::BTreeSet;

use mapping::{Change, Fields, Key, Value};
use odata_client::{Filter, Literal, property};
use sync_engine::Observation;

use crate::child::{ChildRead, ChildSettings};
use crate::desk::{Desk, Tenant};
use crate::detection::Detection;
use crate::entity_settings::EntitySettings;
use crate::field::FieldKind;
use crate::key::{KeyField, KeyShape};
use crate::place::Place;
use crate::reader::{FieldSource, Reading, RecordReader, Seen};
use crate::settings::SettingsError;
use crate::stream::Stream;
use crate::time_zone::TimeZonePolicy;
use crate::walk::{Variant, Walker};

/// The largest page of a set that tells of changes: each row may lead to a record that is read.
const PAGE: u32 = 1_000;
/// What the history log calls the attributes that are read of it.
const KEYS: &str = "Keys";
const TYPE: &str = "HistoryType";

/// A set that tells which records changed.
#[derive(Debug)]
pub(crate) struct Touch {
    pub(crate) stream: Stream,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Each row names its parent.
    Child,
    /// Each row names the changed row by columns of the database; these are those of our key.
    History(Vec<String>),
}

/// What the rows of a page say.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Records that changed.
    pub(crate) keys: BTreeSet<Key>,
    /// Those of them that are said to be deleted.
    pub(crate) deleted: BTreeSet<Key>,
    /// Rows that do not say what they are about.
    pub(crate) strays: Vec<Observation>,
}

impl Touch {
    /// Everything that tells of changes of `entity` besides its own set.
    pub(crate) fn all(tenant: &Tenant<'_>, entity: &EntitySettings) -> Result<Vec<Self>, SettingsError> {
        match entity.detection {
            Detection::Modified => {
                let mut touches = Vec::new();
                for child in &entity.children {
                    touches.extend(Self::of_child(tenant, entity, child)?);
                }
                Ok(touches)
            }
            Detection::History => Ok(vec![Self::of_history(tenant, entity)?]),
            Detection::Sweep | Detection::Hints => Ok(Vec::new()),
        }
    }

    fn of_child(
        tenant: &Tenant<'_>,
        entity: &EntitySettings,
        child: &ChildSettings,
    ) -> Result<Vec<Self>, SettingsError> {
        let Some(modified) = &child.modified else { return Ok(Vec::new()) };
        let places = child.parts.iter().filter_map(|part| match &part.read {
            ChildRead::Set(place) => Some(place),
            ChildRead::Navigation(_) => None,
        });
        let touch = |place: &Place| {
            let reading = Reading {
                entity: child.entity.clone(),
                keys: KeyShape { fields: child.key.clone(), order: entity.key_order },
                parent: Some(KeyShape { fields: child.parent.clone(), order: entity.key_order }),
                modified: Some(modified.clone()),
                fields: Vec::new(),
                zone: entity.time_zone.clone(),
                precision: entity.precision,
                absent_is_null: entity.absent_is_null,
            };
            Ok(Self { stream: stream(tenant, entity, (place, reading), None)?, kind: Kind::Child })
        };
        places.map(touch).collect()
    }

    fn of_history(tenant: &Tenant<'_>, entity: &EntitySettings) -> Result<Self, SettingsError> {
        let history = &entity.history;
        let field = |name: &str, kind: FieldKind| FieldSource {
            name: name.to_owned(),
            kind,
            property: Some(name.to_owned()),
        };
        let reading = Reading {
            entity: "HistoryLog".to_owned(),
            keys: KeyShape { fields: vec![KeyField::decimal("LogId")], order: entity.key_order },
            parent: None,
            modified: Some("TimeStamp".to_owned()),
            fields: vec![field(KEYS, FieldKind::Text), field(TYPE, FieldKind::Enum)],
            zone: history.time_zone.clone().unwrap_or_else(|| entity.time_zone.clone()),
            precision: entity.precision,
            absent_is_null: entity.absent_is_null,
        };
        let is = |unit: &String| property("LuName").eq(Literal::text(unit));
        let only = Filter::Any(history.units.iter().map(is).collect());
        let columns = entity.key.iter().map(|field| column_name(&field.name)).collect();
        let stream = stream(tenant, entity, (&history.place, reading), Some(only))?;
        Ok(Self { stream, kind: Kind::History(columns) })
    }

    /// What these rows say.
    pub(crate) fn read(&self, rows: Vec<Seen>, shape: &KeyShape) -> Touched {
        let mut touched = Touched::default();
        for row in rows {
            let record = match row.observation {
                Observation::Change(Change::Put(record)) => record,
                other => {
                    touched.strays.push(other);
                    continue;
                }
            };
            match &self.kind {
                Kind::Child => touched.keys.extend(row.parent),
                Kind::History(columns) => {
                    let Some((key, whole)) = key_of(&record.fields, columns, shape) else {
                        tracing::warn!(log = %record.key, "an entry of the history log names no key of ours");
                        continue;
                    };
                    let kind = record.fields.get(TYPE).and_then(Value::as_text).unwrap_or_default();
                    if whole && kind.starts_with("Delete") {
                        touched.deleted.insert(key.clone());
                    }
                    touched.keys.insert(key);
                }
            }
        }
        touched
    }
}

fn stream(
    tenant: &Tenant<'_>,
    entity: &EntitySettings,
    (place, reading): (&Place, Reading),
    only: Option<Filter>,
) -> Result<Stream, SettingsError> {
    let zone: TimeZonePolicy = reading.zone.clone();
    let walker = Walker {
        select: reading.selected(),
        keys: reading.keys.clone(),
        modified: reading.modified.clone(),
        only,
        overlap: entity.overlap,
        variant: Variant::Okd,
    };
    let tenant = Tenant { zone: &zone, ..tenant.clone() };
    let desk = Desk::new(&tenant, place, entity.page_size.min(PAGE))?;
    let reader = RecordReader::new(reading);
    Ok(Stream { desk, reader, walker, zone: zone.clone(), lag: entity.lag })
}

/// The key that `SUPPLIER_ID=S1^ADDRESS_ID=2^` names, and whether it names nothing else: that of a
/// child names more.
fn key_of(fields: &Fields, columns: &[String], shape: &KeyShape) -> Option<(Key, bool)> {
    let text = fields.get(KEYS)?.as_text()?;
    let pairs: Vec<(&str, &str)> = text.split('^').filter_map(|pair| pair.split_once('=')).collect();
    let value = |column: &String| pairs.iter().find(|(name, _)| name == column).map(|(_, value)| *value);
    let parts: Option<Vec<&str>> = columns.iter().map(value).collect();
    Some((shape.join(&parts?)?, pairs.len() == columns.len()))
}

/// The database's name of an attribute: `SupplierId` is `SUPPLIER_ID`.
fn column_name(attribute: &str) -> String {
    let mut name = String::with_capacity(attribute.len() + 4);
    for letter in attribute.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyOrder;
    use mapping::FieldName;

    #[test]
    fn the_history_log_names_rows_by_columns() {
        let shape = KeyShape {
            fields: vec![KeyField::text("OrderNo"), KeyField::decimal("LineNo")],
            order: KeyOrder::Binary,
        };
        let columns: Vec<String> = shape.fields.iter().map(|field| column_name(&field.name)).collect();
        assert_eq!(columns, ["ORDER_NO", "LINE_NO"]);
        let read = |text: &str| {
            let fields: Fields = [(FieldName::from(KEYS), Value::text(text))].into_iter().collect();
            key_of(&fields, &columns, &shape)
        };
        assert_eq!(read("ORDER_NO=A=1^LINE_NO=02^"), Some((Key::from("A=1^2"), true)));
        assert_eq!(read("LINE_NO=2^ORDER_NO=A^X=1^"), Some((Key::from("A^2"), false)));
        assert_eq!(read("ORDER_NO=A^"), None);
        assert_eq!(read("ORDER_NO=A^LINE_NO=x^"), None);
    }
}
