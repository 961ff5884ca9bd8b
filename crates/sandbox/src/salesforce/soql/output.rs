//! Records as JSON: the fields asked for, of the record, of those behind it and of those below.

use std::io::Write as _;
use std::sync::Arc;

use super::Query;
use super::localized::Wrapping;
use super::path::{Path, Value, parent, value};
use crate::salesforce::record::{Record, stamp};
use crate::salesforce::schema::{Column, Kind};
use crate::salesforce::store::Store;

/// One thing to show of a record.
#[derive(Debug, Clone)]
pub(crate) enum Output {
    Column(Column),
    /// A field in another form.
    Wrapped {
        name: String,
        path: Path,
        wrapping: Wrapping,
    },
    /// The record behind a reference.
    Parent {
        name: String,
        reference: Column,
        inner: Vec<Output>,
    },
    /// The records below, by the place of their reference.
    Children {
        name: String,
        reference: u16,
        query: Box<Query>,
        inner: Vec<Output>,
    },
}

/// Appends a record.
pub(crate) fn write_record(
    out: &mut Vec<u8>,
    store: &Store,
    record: &Record,
    outputs: &[Output],
    version: &str,
) {
    let (object, id) = (&record.object.name, &record.id);
    // Writing to a Vec cannot fail, here and below.
    let _ = write!(
        out,
        "{{\"attributes\":{{\"type\":\"{object}\",\"url\":\"/services/data/v{version}/sobjects/{object}/{id}\"}}"
    );
    for output in outputs {
        match output {
            Output::Column(column) => {
                let name = store.object(record.table).map_or("", |object| column.name(object));
                let _ = write!(out, ",\"{name}\":");
                write_field(out, store, record, *column);
            }
            Output::Wrapped { name, path, wrapping } => {
                let _ = write!(out, ",\"{name}\":");
                wrapping.write(out, &path.value(store, record), path.kind);
            }
            Output::Parent { name, reference, inner } => {
                let _ = write!(out, ",\"{name}\":");
                match parent(store, record, *reference) {
                    Some(parent) => write_record(out, store, parent, inner, version),
                    None => out.extend_from_slice(b"null"),
                }
            }
            Output::Children { name, reference, query, inner } => {
                let _ = write!(out, ",\"{name}\":");
                let below = below(store, record, *reference, query);
                write_children(out, store, &below, inner, version);
            }
        }
    }
    out.push(b'}');
}

fn below(store: &Store, record: &Record, reference: u16, query: &Query) -> Vec<Arc<Record>> {
    let Some(table) = store.table(query.table) else { return Vec::new() };
    let candidates: Vec<&Arc<Record>> = table.having(reference, &record.id).collect();
    super::selection::among(store, query, candidates)
}

fn write_children(out: &mut Vec<u8>, store: &Store, found: &[Arc<Record>], inner: &[Output], version: &str) {
    if found.is_empty() {
        out.extend_from_slice(b"null");
        return;
    }
    let _ = write!(out, "{{\"totalSize\":{},\"done\":true,\"records\":[", found.len());
    for (number, record) in found.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        write_record(out, store, record, inner, version);
    }
    out.extend_from_slice(b"]}");
}

fn write_field(out: &mut Vec<u8>, store: &Store, record: &Record, column: Column) {
    let object = store.object(record.table);
    if let (Some(object), Column::Own(_)) = (object, column)
        && column.kind(object) == Kind::Address
    {
        return write_address(out, record, column.name(object));
    }
    write_value(out, &value(record, column));
}

/// Appends a value.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &Value<'_>) {
    let _ = match value {
        Value::Null => write!(out, "null"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Number(number) => write!(out, "{number}"),
        Value::Text(text) => serde_json::to_writer(&mut *out, text).map_err(Into::into),
        Value::Moment(at) => write!(out, "\"{}\"", stamp(*at)),
        Value::Day(day) => write!(out, "\"{day}\""),
    };
}

/// An address as one value: `null` if none of its parts is there.
fn write_address(out: &mut Vec<u8>, record: &Record, name: &str) {
    const PARTS: &[(&str, &str)] = &[
        ("city", "City"),
        ("country", "Country"),
        ("geocodeAccuracy", "GeocodeAccuracy"),
        ("latitude", "Latitude"),
        ("longitude", "Longitude"),
        ("postalCode", "PostalCode"),
        ("state", "State"),
        ("street", "Street"),
    ];
    let prefix = name.strip_suffix("Address").unwrap_or(name);
    let part = |part: &str| record.object.place(&format!("{prefix}{part}")).map(Column::Own);
    let values: Vec<(&str, Value<'_>)> = PARTS
        .iter()
        .map(|(name, field)| (*name, part(field).map_or(Value::Null, |column| value(record, column))))
        .collect();
    if values.iter().all(|(_, value)| *value == Value::Null) {
        out.extend_from_slice(b"null");
        return;
    }
    for (number, (name, value)) in values.iter().enumerate() {
        let _ = write!(out, "{}\"{name}\":", if number == 0 { '{' } else { ',' });
        write_value(out, value);
    }
    out.push(b'}');
}
