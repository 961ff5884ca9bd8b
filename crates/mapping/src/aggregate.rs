//! One value of many child records.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::condition::Condition;
use crate::file::{Differ, Take};
use crate::origin::{Joined, push_text};
use crate::scope::Scope;
use crate::step::{Bench, is_empty, kind};
use crate::{MapError, Record, Value};

/// One value of many child records, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) list: String,
    pub(crate) take: Take,
    /// The children's fields; none for [`Take::Count`].
    pub(crate) of: Vec<String>,
    /// What orders them; empty unless needed.
    pub(crate) by: String,
    pub(crate) same: Option<String>,
    pub(crate) differ: Differ,
    pub(crate) separator: String,
    pub(crate) conditions: Vec<Condition>,
}

impl Aggregate {
    /// The value; `None` when the source did not deliver the list.
    pub(crate) fn value(&self, scope: Scope<'_>, bench: &mut Bench<'_>) -> Result<Option<Value>, MapError> {
        let records = match scope.get(&self.list) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::List(records)) => records,
            Some(other) => {
                let reason = format!("{} is {}, not a list", self.list, kind(other));
                return Err(MapError::new(bench.field.clone(), reason));
            }
        };
        let counts = |record: &&Record| {
            let child = scope.child(&record.fields);
            self.conditions.iter().all(|condition| condition.holds(child))
        };
        let mut children: Vec<&Record> = records.iter().filter(counts).collect();
        if !children.is_sorted_by_key(|child| &child.key) {
            children.sort_by(|left, right| left.key.cmp(&right.key));
        }
        if let Some(same) = &self.same {
            let values = present(&children, same);
            if values.iter().any(|value| values.first() != Some(value)) {
                return self.differing(same, &values, bench).map(Some);
            }
        }
        self.taken(&children, bench).map(Some)
    }

    fn taken(&self, children: &[&Record], bench: &mut Bench<'_>) -> Result<Value, MapError> {
        let of = self.of.first().map_or("", String::as_str);
        let values = present(children, of);
        match self.take {
            Take::Count => Ok(Value::Decimal(children.len().into())),
            Take::Sum => self.sum(&values, bench),
            Take::Min => self.extreme(&values, Ordering::Less, bench),
            Take::Max => self.extreme(&values, Ordering::Greater, bench),
            Take::First => Ok(children.first().map_or(Value::Null, |child| self.value_of(child))),
            Take::Latest => self.at_the_end(children, Ordering::Greater, bench),
            Take::Earliest => self.at_the_end(children, Ordering::Less, bench),
            Take::Distinct if values.iter().all(|value| values.first() == Some(value)) => {
                Ok(values.first().map_or(Value::Null, |value| (*value).clone()))
            }
            Take::Distinct => self.differing(of, &values, bench),
            Take::Join => Ok(self.join(&values)),
        }
    }

    fn sum(&self, values: &[&Value], bench: &Bench<'_>) -> Result<Value, MapError> {
        let mut sum = Decimal::ZERO;
        for value in values {
            let Value::Decimal(number) = value else { return Err(self.unfit(value, "a number", bench)) };
            sum = sum.checked_add(*number).ok_or_else(|| {
                MapError::new(bench.field.clone(), format!("the sum of {} has too many digits", self.of()))
            })?;
        }
        Ok(Value::Decimal(sum))
    }

    fn extreme(&self, values: &[&Value], wanted: Ordering, bench: &Bench<'_>) -> Result<Value, MapError> {
        let Some((first, rest)) = values.split_first() else { return Ok(Value::Null) };
        let mut best = *first;
        for value in rest {
            let order = order(value, best).ok_or_else(|| self.unfit(value, kind(best), bench))?;
            if order == wanted {
                best = value;
            }
        }
        Ok(best.clone())
    }

    /// The value of the child whose `by` is the largest or smallest; of equals, the last by key.
    fn at_the_end(
        &self,
        children: &[&Record],
        wanted: Ordering,
        bench: &Bench<'_>,
    ) -> Result<Value, MapError> {
        let mut best: Option<(&Value, &Record)> = None;
        for child in children {
            let Some(by) = child.fields.get(&self.by).filter(|value| !is_empty(value)) else { continue };
            let better = match best {
                None => true,
                Some((known, _)) => {
                    let order = order(by, known).ok_or_else(|| self.unfit(by, kind(known), bench))?;
                    order == wanted || order == Ordering::Equal
                }
            };
            if better {
                best = Some((by, child));
            }
        }
        Ok(best.map_or(Value::Null, |(_, child)| self.value_of(child)))
    }

    /// The value of one child.
    fn value_of(&self, child: &Record) -> Value {
        if let [field] = self.of.as_slice() {
            return child.fields.get(field).cloned().unwrap_or(Value::Null);
        }
        let (fields, separator) = (self.of.clone(), self.separator.clone());
        let joined = Joined { fields, prefix: String::new(), separator };
        joined.of_present(Scope::of(&child.fields)).map_or(Value::Null, Value::Text)
    }

    /// The fields, in words.
    fn of(&self) -> String {
        self.of.join(", ")
    }

    fn join(&self, values: &[&Value]) -> Value {
        let mut texts: Vec<String> = Vec::new();
        for value in values {
            let mut text = String::new();
            push_text(&mut text, value);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if texts.is_empty() { Value::Null } else { Value::Text(texts.join(&self.separator)) }
    }

    /// The answer when values that must be the same are not.
    fn differing(&self, of: &str, values: &[&Value], bench: &mut Bench<'_>) -> Result<Value, MapError> {
        let mut shown = values.iter().map(|value| {
            let mut text = String::new();
            push_text(&mut text, value);
            text
        });
        let (one, other) = (shown.next().unwrap_or_default(), shown.find(|text| !text.is_empty()));
        let reason =
            format!("{of} is not the same in all of {}: {one:?}, {:?}", self.list, other.unwrap_or_default());
        match self.differ {
            Differ::Null => {
                bench.note(format!("{reason}: left empty"));
                Ok(Value::Null)
            }
            Differ::First => {
                bench.note(format!("{reason}: the first is taken"));
                Ok(values.first().map_or(Value::Null, |value| (*value).clone()))
            }
            Differ::Error => {
                let hint = "correct it in the source, or say `differ = \"null\"` in the mapping";
                Err(MapError::new(bench.field.clone(), reason).hint(hint))
            }
        }
    }

    fn unfit(&self, value: &Value, wanted: &str, bench: &Bench<'_>) -> MapError {
        let reason = format!("{} of one of {} is {}, not {wanted}", self.of(), self.list, kind(value));
        MapError::new(bench.field.clone(), reason).value(value.clone())
    }
}

/// The values of a children's field that are not empty.
fn present<'r>(children: &[&'r Record], field: &str) -> Vec<&'r Value> {
    children.iter().filter_map(|child| child.fields.get(field)).filter(|value| !is_empty(value)).collect()
}

/// The order of two values of one kind.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Decimal(left), Value::Decimal(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
