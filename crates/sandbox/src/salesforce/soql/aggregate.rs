//! GROUP BY and what is reckoned over groups.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::condition::{Operand, Operator};
use super::output::write_value;
use super::path::{Path, Value, ordered, sorted};
use crate::salesforce::record::Record;
use crate::salesforce::store::Store;

/// What is reckoned over the records of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    CountDistinct,
    Sum,
    Average,
    Least,
    Greatest,
}

impl Function {
    /// As a query spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::CountDistinct => "COUNT_DISTINCT",
            Self::Sum => "SUM",
            Self::Average => "AVG",
            Self::Least => "MIN",
            Self::Greatest => "MAX",
        }
    }

    pub(crate) fn named(word: &str) -> Option<Self> {
        let functions = [
            ("COUNT", Self::Count),
            ("COUNT_DISTINCT", Self::CountDistinct),
            ("SUM", Self::Sum),
            ("AVG", Self::Average),
            ("MIN", Self::Least),
            ("MAX", Self::Greatest),
        ];
        functions.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, function)| function)
    }
}

/// One value of a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// What the records of the group have in common, by its place among the keys.
    Key(usize),
    Reckoned(Function, Path),
    /// How many records there are.
    Size,
}

/// How records are grouped, and what is shown of groups.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    pub(crate) keys: Vec<Path>,
    /// Names and values.
    pub(crate) cells: Vec<(String, Cell)>,
    pub(crate) having: Vec<(Cell, Operator, Operand)>,
    pub(crate) order: Vec<(Cell, bool, bool)>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

/// A value that belongs to nobody.
#[derive(Debug, Clone, PartialEq)]
enum Reckoned {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    Moment(jiff::Timestamp),
    Day(jiff::civil::Date),
}

impl Reckoned {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => Self::Number(*number),
            Value::Text(text) => Self::Text((*text).to_owned()),
            Value::Moment(at) => Self::Moment(*at),
            Value::Day(day) => Self::Day(*day),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text),
            Self::Moment(at) => Value::Moment(*at),
            Self::Day(day) => Value::Day(*day),
        }
    }
}

impl Groups {
    /// The groups of these records as JSON objects, in their order.
    pub(crate) fn write(&self, store: &Store, records: &[Arc<Record>]) -> Vec<Vec<u8>> {
        let mut groups: BTreeMap<Vec<String>, Vec<&Record>> = BTreeMap::new();
        for record in records {
            let key = self.keys.iter().map(|path| sortable(&path.value(store, record))).collect();
            groups.entry(key).or_default().push(record);
        }
        if self.keys.is_empty() {
            groups.entry(Vec::new()).or_default();
        }
        let mut groups: Vec<Vec<&Record>> = groups.into_values().collect();
        groups.retain(|group| {
            self.having.iter().all(|(cell, operator, wanted)| {
                operator.accepts(&self.reckon(store, group, cell).value(), wanted)
            })
        });
        groups.sort_by(|a, b| self.compare(store, a, b));
        let limit = self.limit.unwrap_or(usize::MAX);
        groups.iter().skip(self.offset).take(limit).map(|group| self.line(store, group)).collect()
    }

    fn compare(&self, store: &Store, a: &[&Record], b: &[&Record]) -> Ordering {
        let each = self.order.iter().map(|(cell, descending, nulls_last)| {
            let (a, b) = (self.reckon(store, a, cell), self.reckon(store, b, cell));
            sorted(&a.value(), &b.value(), (*descending, *nulls_last))
        });
        each.fold(Ordering::Equal, Ordering::then)
    }

    fn line(&self, store: &Store, group: &[&Record]) -> Vec<u8> {
        let mut out = b"{\"attributes\":{\"type\":\"AggregateResult\"}".to_vec();
        for (name, cell) in &self.cells {
            // Writing to a Vec cannot fail.
            let _ = write!(out, ",\"{name}\":");
            write_value(&mut out, &self.reckon(store, group, cell).value());
        }
        out.push(b'}');
        out
    }

    fn reckon(&self, store: &Store, group: &[&Record], cell: &Cell) -> Reckoned {
        match cell {
            Cell::Size => Reckoned::Number(group.len().into()),
            Cell::Key(place) => match (self.keys.get(*place), group.first()) {
                (Some(path), Some(first)) => Reckoned::of(&path.value(store, first)),
                _ => Reckoned::Null,
            },
            Cell::Reckoned(function, path) => {
                let values = group.iter().map(|record| path.value(store, record));
                let values: Vec<Value<'_>> = values.filter(|value| *value != Value::Null).collect();
                reckon(*function, &values)
            }
        }
    }
}

fn reckon(function: Function, values: &[Value<'_>]) -> Reckoned {
    let numbers = || {
        values.iter().filter_map(|value| if let Value::Number(number) = value { Some(*number) } else { None })
    };
    let better = |wanted: Ordering| {
        let found = values
            .iter()
            .reduce(|best, value| if ordered(value, best) == Some(wanted) { value } else { best });
        found.map_or(Reckoned::Null, Reckoned::of)
    };
    match function {
        Function::Count => Reckoned::Number(values.len().into()),
        Function::CountDistinct => {
            let distinct: BTreeSet<String> = values.iter().map(sortable).collect();
            Reckoned::Number(distinct.len().into())
        }
        Function::Sum if values.is_empty() => Reckoned::Null,
        Function::Sum => Reckoned::Number(numbers().sum::<Decimal>().normalize()),
        Function::Average => {
            let sum: Decimal = numbers().sum();
            sum.checked_div(values.len().into())
                .map_or(Reckoned::Null, |mean| Reckoned::Number(mean.normalize()))
        }
        Function::Least => better(Ordering::Less),
        Function::Greatest => better(Ordering::Greater),
    }
}

/// A text that is the same for values that are the same; texts are compared without case.
fn sortable(value: &Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => format!("b{truth}"),
        Value::Number(number) => format!("n{}", number.normalize()),
        Value::Text(text) => format!("t{}", text.to_lowercase()),
        Value::Moment(at) => format!("m{at}"),
        Value::Day(day) => format!("d{day}"),
    }
}
