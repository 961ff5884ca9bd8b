//! The named values of a record, in their order.

use serde::{Deserialize, Serialize};

use crate::{FieldName, Value};

/// Named values in the order they were set. A name occurs at most once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(Vec<(FieldName, Value)>);

impl Fields {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// No fields yet, with room for `count`.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Sets `name` to `value`; returns the value it had.
    pub fn set(&mut self, name: impl Into<FieldName>, value: Value) -> Option<Value> {
        let name = name.into();
        if let Some(slot) = self.0.iter_mut().find(|(known, _)| *known == name) {
            return Some(std::mem::replace(&mut slot.1, value));
        }
        self.0.push((name, value));
        None
    }

    /// The value of `name`; `None` when the field is absent, `Some(Value::Null)` when it is null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value)
    }

    /// The fields in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FieldName, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(FieldName, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (FieldName, Value)>>(items: I) -> Self {
        let mut fields = Self::new();
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
