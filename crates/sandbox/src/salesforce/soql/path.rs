//! Fields of a record and of records behind it, and their values.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::date_part::DatePart;
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::{Column, Kind};
use crate::salesforce::store::Store;

/// A field, reached over references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// References on the way, the first one first.
    pub(crate) parents: Vec<Column>,
    pub(crate) column: Column,
    pub(crate) kind: Kind,
    /// As the schema spells it, with its relationships.
    pub(crate) name: String,
    /// Whether upper and lower case differ.
    pub(crate) exact: bool,
    /// What is taken from the date that the field holds.
    pub(crate) part: Option<DatePart>,
}

/// A value of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(&'a str),
    Moment(Timestamp),
    /// Of a function; the days of fields are texts.
    Day(Date),
}

impl Path {
    /// The value that a record has here.
    pub(crate) fn value<'a>(&self, store: &'a Store, record: &'a Record) -> Value<'a> {
        let mut record = record;
        for reference in &self.parents {
            match parent(store, record, *reference) {
                Some(parent) => record = parent,
                None => return Value::Null,
            }
        }
        let value = value(record, self.column);
        self.part.map_or(value.clone(), |part| part.of(&value))
    }
}

/// The record behind a reference, deleted ones too.
pub(crate) fn parent<'a>(store: &'a Store, record: &Record, reference: Column) -> Option<&'a Arc<Record>> {
    match value(record, reference) {
        Value::Text(id) => store.by_id(id),
        _ => None,
    }
}

/// A field of a record.
pub(crate) fn value(record: &Record, column: Column) -> Value<'_> {
    match column {
        Column::Id => Value::Text(&record.id),
        Column::IsDeleted => Value::Bool(record.deleted),
        Column::CreatedDate => Value::Moment(record.created),
        Column::CreatedById => Value::Text(&record.created_by),
        Column::LastModifiedDate | Column::SystemModstamp => Value::Moment(record.modified),
        Column::LastModifiedById => Value::Text(&record.modified_by),
        Column::Own(place) => match record.at(place) {
            // A checkbox that is younger than the record.
            Cell::Null if is_check(record, place) => Value::Bool(false),
            Cell::Null => Value::Null,
            Cell::Text(text) => Value::Text(text),
            Cell::Number(number) => Value::Number(*number),
            Cell::Bool(truth) => Value::Bool(*truth),
            Cell::Moment(at) => Value::Moment(*at),
        },
    }
}

fn is_check(record: &Record, place: u16) -> bool {
    record.object.field(place).is_some_and(|field| field.kind == Kind::Check)
}

/// How two values of one column are ordered: texts without case. `None` if they cannot be compared.
pub(crate) fn ordered(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::Moment(a), Value::Moment(b)) => Some(a.cmp(b)),
        (Value::Day(a), Value::Day(b)) => Some(a.cmp(b)),
        (Value::Day(a), Value::Text(b)) => Some(a.cmp(&b.parse().ok()?)),
        (Value::Text(a), Value::Text(b)) => {
            let [a, b] = [a, b].map(|text| text.chars().flat_map(char::to_lowercase));
            Some(a.cmp(b))
        }
        _ => None,
    }
}

/// How two values are sorted, nulls first or last.
pub(crate) fn sorted(a: &Value<'_>, b: &Value<'_>, (descending, nulls_last): (bool, bool)) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) if nulls_last => Ordering::Greater,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) if nulls_last => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        _ => {
            let ordering = ordered(a, b).unwrap_or(Ordering::Equal);
            if descending { ordering.reverse() } else { ordering }
        }
    }
}
