//! Reading: queries, pages, and records as JSON.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use super::condition::{Condition, Operand, field_of, order};
use super::record::{Account, stamp};
use super::schema::OBJECT;
use super::soql::Query;
use super::store::Store;

/// The records a query means, in its order.
pub(crate) fn select(
    store: &Store,
    query: &Query,
    deleted_too: bool,
    case_sensitive: bool,
) -> Vec<Arc<Account>> {
    let condition = query.condition.as_ref();
    let candidates: Vec<&Arc<Account>> = match condition.and_then(Condition::keys) {
        Some(keys) if !deleted_too => {
            let mut found: Vec<_> = keys.iter().flat_map(|key| store.by_key(key, case_sensitive)).collect();
            found.sort_by(|a, b| a.id.cmp(&b.id));
            found.dedup_by(|a, b| a.id == b.id);
            found
        }
        _ => store.all().collect(),
    };
    let mut found: Vec<Arc<Account>> = candidates
        .into_iter()
        .filter(|record| deleted_too || !record.deleted)
        .filter(|record| condition.is_none_or(|condition| condition.holds(record, case_sensitive)))
        .cloned()
        .collect();
    if !query.order.is_empty() {
        found.sort_by(|a, b| sorted(a, b, query));
    }
    found.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX)).collect()
}

fn sorted(a: &Account, b: &Account, query: &Query) -> Ordering {
    for by in &query.order {
        let (left, right) = (field_of(a, &by.field), field_of(b, &by.field));
        let ordering = match (&left, &right) {
            (Operand::Null, Operand::Null) => Ordering::Equal,
            (Operand::Null, _) if by.nulls_last => Ordering::Greater,
            (Operand::Null, _) => Ordering::Less,
            (_, Operand::Null) if by.nulls_last => Ordering::Less,
            (_, Operand::Null) => Ordering::Greater,
            _ => {
                let ordering = order(&left, &right, false).unwrap_or(Ordering::Equal);
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
pub(crate) fn write(out: &mut String, record: &Account, fields: &[String], version: &str) {
    out.push_str("{\"attributes\":{\"type\":");
    quoted(out, OBJECT);
    out.push_str(",\"url\":");
    quoted(out, &format!("/services/data/v{version}/sobjects/{OBJECT}/{}", record.id));
    out.push('}');
    for field in fields {
        out.push(',');
        quoted(out, canonical(field));
        out.push(':');
        match field_of(record, field) {
            Operand::Null => out.push_str("null"),
            Operand::Bool(truth) => out.push_str(if truth { "true" } else { "false" }),
            // Writing to a String cannot fail.
            Operand::Number(number) => drop(write!(out, "{number}")),
            Operand::Text(text) | Operand::Date(text) => quoted(out, &text),
            Operand::Instant(at) => quoted(out, &stamp(at)),
        }
    }
    out.push('}');
}

/// A field's name as the schema spells it.
fn canonical(name: &str) -> &str {
    let writable =
        super::schema::place(name).and_then(|place| super::schema::FIELDS.get(place)).map(|field| field.name);
    let system = || {
        super::schema::SYSTEM
            .iter()
            .find(|(system, _)| system.eq_ignore_ascii_case(name))
            .map(|(name, _)| *name)
    };
    writable.or_else(system).unwrap_or(name)
}

fn quoted(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "null".to_owned()));
}
