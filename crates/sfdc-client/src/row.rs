//! One record as it came: its members are read in one pass, without building a tree.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize as _, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::SfdcError;

/// The wanted members of one record, in the order they were asked for.
#[derive(Debug, Clone)]
pub struct Row<'a>(Vec<Option<&'a RawValue>>);

/// A member that is no object and no array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// `null`, or not there.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, by its text.
    Number(&'a str),
    /// A text.
    Text(Cow<'a, str>),
}

impl<'a> Row<'a> {
    /// Reads the members called `wanted` of a JSON object.
    pub fn read(record: &'a RawValue, wanted: &[&str]) -> Result<Self, SfdcError> {
        let mut reader = serde_json::Deserializer::from_str(record.get());
        let members =
            reader.deserialize_map(Members { wanted }).map_err(|error| malformed(&error.to_string()))?;
        Ok(Self(members))
    }

    /// The place of the first wanted member that the record does not have: a field that was asked
    /// for and does not come is no empty one, but one that we lost sight of.
    pub fn missing(&self) -> Option<usize> {
        self.0.iter().position(Option::is_none)
    }

    /// The member at a place of `wanted` as it came, such as a related record.
    pub fn raw(&self, place: usize) -> Option<&'a RawValue> {
        self.0.get(place).copied().flatten()
    }

    /// The member at a place of `wanted`.
    pub fn scalar(&self, place: usize) -> Result<Scalar<'a>, SfdcError> {
        match self.0.get(place).copied().flatten() {
            None => Ok(Scalar::Null),
            Some(member) => scalar(member),
        }
    }

    /// The text at a place, if it is one.
    pub fn text(&self, place: usize) -> Result<Option<Cow<'a, str>>, SfdcError> {
        match self.scalar(place)? {
            Scalar::Text(text) => Ok(Some(text)),
            _ => Ok(None),
        }
    }
}

fn malformed(detail: &str) -> SfdcError {
    SfdcError::Malformed { operation: "reading a record".into(), detail: detail.to_owned() }
}

fn scalar(member: &RawValue) -> Result<Scalar<'_>, SfdcError> {
    let text = member.get();
    match text.as_bytes().first() {
        Some(b'n') => Ok(Scalar::Null),
        Some(b't') => Ok(Scalar::Bool(true)),
        Some(b'f') => Ok(Scalar::Bool(false)),
        Some(b'"') => {
            let mut reader = serde_json::Deserializer::from_str(text);
            borrowed(&mut reader).map(Scalar::Text).map_err(|error| malformed(&error.to_string()))
        }
        Some(b'{' | b'[') => Err(malformed("a nested value where a plain one was expected")),
        _ => Ok(Scalar::Number(text)),
    }
}

/// A text, borrowed unless it has escapes.
fn borrowed<'a>(
    reader: &mut serde_json::Deserializer<serde_json::de::StrRead<'a>>,
) -> serde_json::Result<Cow<'a, str>> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Cow<'de, str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }
    }
    reader.deserialize_str(Text)
}

struct Members<'w> {
    wanted: &'w [&'w str],
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.wanted.len()];
        // Records come with their members in the order of the query: the next one is tried first.
        let mut expected = 0;
        while let Some(name) = map.next_key_seed(Name)? {
            let value: &RawValue = map.next_value()?;
            let next = self.wanted.get(expected).is_some_and(|wanted| wanted.eq_ignore_ascii_case(&name));
            let place = if next {
                Some(expected)
            } else {
                self.wanted.iter().position(|wanted| wanted.eq_ignore_ascii_case(&name))
            };
            if let Some((place, slot)) = place.and_then(|place| Some((place, found.get_mut(place)?))) {
                *slot = Some(value);
                expected = place + 1;
            }
        }
        Ok(found)
    }
}

/// A member's name, borrowed where possible.
struct Name;

impl<'de> serde::de::DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Cow::<str>::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_in_any_order_and_case() {
        let json =
            r#"{"attributes":{"type":"Account","url":"/x"},"B":12.50,"a":"x\n\"y\"","C":null,"D":true}"#;
        let raw: &RawValue = serde_json::from_str(json).expect("JSON");
        let row = Row::read(raw, &["A", "B", "C", "D", "E"]).expect("a record");
        assert_eq!(row.scalar(0).expect("A"), Scalar::Text("x\n\"y\"".into()));
        assert_eq!(row.scalar(1).expect("B"), Scalar::Number("12.50"));
        assert_eq!(row.scalar(2).expect("C"), Scalar::Null);
        assert_eq!(row.scalar(3).expect("D"), Scalar::Bool(true));
        assert_eq!(row.scalar(4).expect("E"), Scalar::Null);
        assert_eq!(row.missing(), Some(4));
        assert_eq!(Row::read(raw, &["C", "a"]).expect("a record").missing(), None);
        assert!(Row::read(raw, &["attributes"]).expect("a record").scalar(0).is_err());
    }
}
