//! Which records a query means, in its order.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Query;
use super::path::sorted;
use crate::salesforce::record::Record;
use crate::salesforce::schema::Column;
use crate::salesforce::store::{Store, Table};

/// The records a query means.
pub(crate) fn select(store: &Store, query: &Query, deleted_too: bool) -> Vec<Arc<Record>> {
    let Some(table) = store.table(query.table) else { return Vec::new() };
    let condition = query.condition.as_ref();
    let wanted = |record: &&Arc<Record>| {
        (deleted_too || !record.deleted) && condition.is_none_or(|condition| condition.holds(store, record))
    };
    match condition.and_then(|condition| condition.lookup(table)) {
        Some((column, values)) => {
            let found = looked_up(table, column, &values).into_iter().filter(wanted).collect();
            cut(store, query, found)
        }
        None if query.order.is_empty() => {
            let most = query.offset.saturating_add(query.limit.unwrap_or(usize::MAX));
            cut(store, query, table.all().filter(wanted).take(most).collect())
        }
        None => cut(store, query, table.all().filter(wanted).collect()),
    }
}

/// Those of the candidates that the query means, living ones only.
pub(super) fn among(store: &Store, query: &Query, mut candidates: Vec<&Arc<Record>>) -> Vec<Arc<Record>> {
    let condition = query.condition.as_ref();
    candidates
        .retain(|record| !record.deleted && condition.is_none_or(|condition| condition.holds(store, record)));
    cut(store, query, candidates)
}

/// The records with one of these values, each once, in the order of their numbers.
fn looked_up<'a>(table: &'a Table, column: Column, values: &[&str]) -> Vec<&'a Arc<Record>> {
    let mut found: Vec<&Arc<Record>> = match column {
        Column::Own(place) => values.iter().flat_map(|value| table.having(place, value)).collect(),
        _ => values.iter().filter_map(|value| table.get(value)).collect(),
    };
    found.sort_by_key(|record| record.number);
    found.dedup_by_key(|record| record.number);
    found
}

fn cut(store: &Store, query: &Query, mut found: Vec<&Arc<Record>>) -> Vec<Arc<Record>> {
    if !query.order.is_empty() {
        found.sort_by(|a, b| compare(store, query, a, b));
    }
    found.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX)).cloned().collect()
}

fn compare(store: &Store, query: &Query, a: &Record, b: &Record) -> Ordering {
    for by in &query.order {
        let (left, right) = (by.path.value(store, a), by.path.value(store, b));
        let ordering = sorted(&left, &right, (by.descending, by.nulls_last));
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    a.number.cmp(&b.number)
}
