//! The named values of a record, in their order.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{FieldName, FieldNames, Value};

/// Named values in the order they were set. A name occurs at most once.
///
/// A clone shares the values until one of the two is changed: a record, its intent, its link and
/// its audit entry can all hold the same fields at the price of one. The names are shared even with
/// other records of the same kind.
#[derive(Clone, Default, PartialEq)]
pub struct Fields {
    names: FieldNames,
    /// One for each name.
    values: Arc<Vec<Value>>,
}

impl Fields {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// No fields yet, with room for `count`.
    pub fn with_capacity(count: usize) -> Self {
        let names = FieldNames::distinct(Vec::with_capacity(count));
        Self::joined(names, Vec::with_capacity(count))
    }

    /// Names and as many values.
    pub(crate) fn joined(names: FieldNames, values: Vec<Value>) -> Self {
        Self { names, values: Arc::new(values) }
    }

    /// Sets `name` to `value`; returns the value it had.
    pub fn set(&mut self, name: impl Into<FieldName>, value: Value) -> Option<Value> {
        let name = name.into();
        let place = self.names.place(name.as_str());
        let values = Arc::make_mut(&mut self.values);
        if let Some(slot) = place.and_then(|place| values.get_mut(place)) {
            return Some(std::mem::replace(slot, value));
        }
        self.names.push(name);
        values.push(value);
        None
    }

    /// The value of `name`; `None` when the field is absent, `Some(Value::Null)` when it is null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(self.names.place(name)?)
    }

    /// Keeps the fields whose names pass.
    pub fn retain(&mut self, keep: impl Fn(&FieldName) -> bool) {
        *self = self
            .iter()
            .filter(|(name, _)| keep(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
    }

    /// The fields in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FieldName, &Value)> {
        self.names.iter().zip(self.values.iter())
    }

    /// The names in order.
    pub fn names(&self) -> &FieldNames {
        &self.names
    }

    /// The values in order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.values.iter()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl FromIterator<(FieldName, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (FieldName, Value)>>(items: I) -> Self {
        let items = items.into_iter();
        let mut fields = Self::with_capacity(items.size_hint().0);
        for (name, value) in items {
            fields.set(name, value);
        }
        fields
    }
}

impl Serialize for Fields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Fields;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of field values")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::with_capacity(map.size_hint().unwrap_or(0));
                while let Some((name, value)) = map.next_entry::<FieldName, Value>()? {
                    if fields.set(name.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format!("field {name} occurs twice")));
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Entity, ExternalId, Key, Record, Reference, Version};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<(i64, u32)>()
                .prop_map(|(n, scale)| Value::Decimal(rust_decimal::Decimal::new(n, scale % 28))),
            ".*".prop_map(Value::Text),
            (1i16..9999, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| Value::Date(jiff::civil::date(y, m, d))),
            (-60_000_000_000i64..250_000_000_000)
                .prop_map(|s| Value::Timestamp(jiff::Timestamp::from_second(s).expect("in range"))),
            ".*".prop_map(|id| Value::from(Reference {
                entity: Entity::from("E"),
                field: FieldName::from("F"),
                id: ExternalId::from(id),
            })),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            proptest::collection::vec(("[a-c]", inner), 0..3).prop_map(|items| {
                let fields = items.into_iter().map(|(name, value)| (FieldName::from(name), value)).collect();
                let (entity, key, version) = (Entity::from("L"), Key::from("1"), Version::from("v"));
                Value::List(vec![Record { entity, key, version, fields }])
            })
        })
    }

    proptest! {
        #[test]
        fn values_read_back_as_what_they_were(value in value()) {
            let fields: Fields = [(FieldName::from("F"), value)].into_iter().collect();
            let json = serde_json::to_string(&fields).expect("values have a JSON form");
            prop_assert_eq!(serde_json::from_str::<Fields>(&json).expect("reads back"), fields);
        }
    }

    #[test]
    fn a_text_that_looks_like_a_number_stays_text() {
        let fields: Fields =
            serde_json::from_str(r#"{"A":"{\"decimal\":\"1\"}","B":{"decimal":"1.50"}}"#).expect("reads");
        assert_eq!(fields.get("A").and_then(Value::as_text), Some(r#"{"decimal":"1"}"#));
        assert_eq!(
            serde_json::to_string(&fields).expect("writes"),
            r#"{"A":"{\"decimal\":\"1\"}","B":{"decimal":"1.50"}}"#
        );
    }

    #[test]
    fn a_change_does_not_reach_the_clone() {
        let mut fields: Fields = [(FieldName::from("A"), Value::Null)].into_iter().collect();
        let clone = fields.clone();
        fields.set("A", Value::Bool(true));
        fields.retain(|_| false);
        assert_eq!((fields.len(), clone.get("A")), (0, Some(&Value::Null)));
    }

    #[test]
    fn a_field_occurs_once() {
        assert!(serde_json::from_str::<Fields>(r#"{"A":null,"A":true}"#).is_err());
    }
}
