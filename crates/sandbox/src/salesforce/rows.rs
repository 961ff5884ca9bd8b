//! Reading: which records a query means, and records as JSON.

use std::cmp::Ordering;
use std::io::Write as _;
use std::sync::Arc;

use super::condition::{Condition, Value, ordered, value};
use super::record::{Account, stamp};
use super::schema::{Column, OBJECT};
use super::soql::Query;
use super::store::Store;

/// The records a query means, in its order.
pub(crate) fn select(store: &Store, query: &Query, deleted_too: bool) -> Vec<Arc<Account>> {
    let condition = query.condition.as_ref();
    let wanted = |record: &&Arc<Account>| {
        (deleted_too || !record.deleted) && condition.is_none_or(|condition| condition.holds(record))
    };
    let limit = query.limit.unwrap_or(usize::MAX);
    let mut found: Vec<&Arc<Account>> = match condition.and_then(Condition::lookup) {
        Some((column, values)) => {
            let mut found: Vec<_> = values.iter().flat_map(|value| store.lookup(column, value)).collect();
            found.sort_by(|a, b| a.id.cmp(&b.id));
            found.dedup_by(|a, b| a.id == b.id);
            found.into_iter().filter(wanted).collect()
        }
        None if query.order.is_empty() => {
            store.all().filter(wanted).take(query.offset.saturating_add(limit)).collect()
        }
        None => store.all().filter(wanted).collect(),
    };
    if !query.order.is_empty() {
        found.sort_by(|a, b| sorted(a, b, query));
    }
    found.into_iter().skip(query.offset).take(limit).cloned().collect()
}

fn sorted(a: &Account, b: &Account, query: &Query) -> Ordering {
    for by in &query.order {
        let (left, right) = (value(a, by.column), value(b, by.column));
        let ordering = match (&left, &right) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) if by.nulls_last => Ordering::Greater,
            (Value::Null, _) => Ordering::Less,
            (_, Value::Null) if by.nulls_last => Ordering::Less,
            (_, Value::Null) => Ordering::Greater,
            _ => {
                let ordering = ordered(&left, &right).unwrap_or(Ordering::Equal);
                if by.descending { ordering.reverse() } else { ordering }
            }
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    a.id.cmp(&b.id)
}

/// Appends a record as JSON.
pub(crate) fn write(out: &mut Vec<u8>, record: &Account, columns: &[Column], version: &str) {
    let id = &record.id;
    // Writing to a Vec cannot fail, here and below.
    let _ = write!(
        out,
        "{{\"attributes\":{{\"type\":\"{OBJECT}\",\"url\":\"/services/data/v{version}/sobjects/{OBJECT}/{id}\"}}"
    );
    for column in columns {
        let _ = write!(out, ",\"{}\":", column.name());
        let _ = match value(record, *column) {
            Value::Null => write!(out, "null"),
            Value::Bool(truth) => write!(out, "{truth}"),
            Value::Number(number) => write!(out, "{number}"),
            Value::Text(text) => serde_json::to_writer(&mut *out, text).map_err(Into::into),
            Value::Instant(at) => write!(out, "\"{}\"", stamp(at)),
        };
    }
    out.push(b'}');
}
