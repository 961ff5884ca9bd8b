//! Order items: the lines of a purchase order.
//!
//! In a draft and in what is found they are one field of the order: a list of child records, each
//! under its external id. Items that people added have none, and are left alone.

use std::collections::BTreeMap;

use mapping::{FieldName, Record, Value};

use crate::ObjectSettings;
use crate::product::ProductStrategy;

/// The object's API name.
pub const ENTITY: &str = "OrderItem";
/// The field of an order that holds its lines.
pub const LINES: &str = "OrderItems";

/// Order items as the shipped mappings write them.
pub fn settings() -> ObjectSettings {
    ObjectSettings::shipped(ENTITY)
}

/// What has to be done with one line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LineWork {
    /// It is made.
    Create(Record),
    /// These of its fields are written.
    Update {
        /// Its external id.
        key: String,
        /// With their new values.
        fields: Vec<(FieldName, Value)>,
    },
    /// It is removed.
    Delete {
        /// Its external id.
        key: String,
    },
    /// What follows needs what stands before to be done.
    Barrier,
}

/// The child records of a field.
pub(crate) fn lines(value: Option<&Value>) -> &[Record] {
    match value {
        Some(Value::List(lines)) => lines,
        _ => &[],
    }
}

/// What makes `after` of `before`. A line that gets another product is deleted and made anew.
pub(crate) fn work(before: &[Record], after: &[Record], products: &ProductStrategy) -> Vec<LineWork> {
    let known: BTreeMap<&str, &Record> = before.iter().map(|line| (line.key.as_str(), line)).collect();
    let wanted: BTreeMap<&str, &Record> = after.iter().map(|line| (line.key.as_str(), line)).collect();
    let gone = known.keys().filter(|key| !wanted.contains_key(*key));
    let mut work: Vec<LineWork> = gone.map(|key| LineWork::Delete { key: (*key).to_owned() }).collect();
    let mut made = Vec::new();
    let mut replaced = false;
    for (key, line) in wanted {
        let Some(before) = known.get(key) else {
            made.push(LineWork::Create(line.clone()));
            continue;
        };
        let fields = differences(before, line);
        if fields.iter().any(|(name, _)| products.decides(name)) {
            replaced = true;
            work.push(LineWork::Delete { key: key.to_owned() });
            made.push(LineWork::Create(line.clone()));
        } else if !fields.is_empty() {
            work.push(LineWork::Update { key: key.to_owned(), fields });
        }
    }
    if replaced {
        work.push(LineWork::Barrier);
    }
    work.extend(made);
    work
}

/// The fields of a line that change; one that is no longer there becomes empty.
fn differences(before: &Record, after: &Record) -> Vec<(FieldName, Value)> {
    let changed = after.fields.iter().filter(|(name, value)| before.fields.get(name.as_str()) != Some(value));
    let changed = changed.map(|(name, value)| (name.clone(), value.clone()));
    let lost = before
        .fields
        .iter()
        .filter(|(name, value)| after.fields.get(name.as_str()).is_none() && !value.is_null())
        .map(|(name, _)| (name.clone(), Value::Null));
    changed.chain(lost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str, fields: &[(&str, &str)]) -> Record {
        Record {
            entity: ENTITY.into(),
            key: key.into(),
            version: "".into(),
            fields: fields.iter().map(|(name, text)| ((*name).into(), Value::text(*text))).collect(),
        }
    }

    #[test]
    fn lines_are_made_changed_and_removed_by_their_keys() {
        let before = [line("1", &[("A", "x")]), line("2", &[("A", "x"), ("B", "y")]), line("3", &[])];
        let after = [line("1", &[("A", "x")]), line("2", &[("A", "z")]), line("4", &[])];
        let fields = vec![("A".into(), Value::text("z")), ("B".into(), Value::Null)];
        let expected = [
            LineWork::Delete { key: "3".into() },
            LineWork::Update { key: "2".into(), fields },
            LineWork::Create(line("4", &[])),
        ];
        assert_eq!(work(&before, &after, &ProductStrategy::default()), expected);
        assert_eq!(work(&after, &after, &ProductStrategy::default()), []);
    }

    #[test]
    fn another_product_is_another_line() {
        let parts = ProductStrategy::Parts { field: "Part".into() };
        let before = [line("1", &[("Part", "a")]), line("2", &[("Part", "a")])];
        let after = [line("0", &[("Part", "c")]), line("1", &[("Part", "b")]), line("2", &[("Part", "b")])];
        let work = work(&before, &after, &parts);
        let barrier = work.iter().position(|work| *work == LineWork::Barrier).expect("a barrier");
        let deletes = |work: &LineWork| matches!(work, LineWork::Delete { .. });
        assert_eq!((work.iter().filter(|work| deletes(work)).count(), work.len()), (2, 6));
        assert!(work.iter().take(barrier).filter(|work| deletes(work)).count() == 2, "{work:?}");
    }
}
