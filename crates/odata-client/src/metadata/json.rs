//! Reads CSDL JSON object by object: each level is split into slices of the document, no tree is
//! built.

mod annotation;
mod schema;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Annotations, Metadata, MetadataError};

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Metadata, MetadataError> {
    let mut metadata = Metadata::default();
    let base = text.as_ptr().addr();
    let outcome = Slice::read(text).and_then(|document| schema::document(document, &mut metadata));
    outcome.map(|()| metadata).map_err(|refused| {
        let byte = refused.at.and_then(|at| at.checked_sub(base)).filter(|byte| *byte <= text.len());
        MetadataError { byte: byte.unwrap_or(0) as u64, why: refused.why }
    })
}

/// What is wrong, and the address in memory of the slice where it is.
struct Refused {
    at: Option<usize>,
    why: String,
}

type Outcome<T> = Result<T, Refused>;

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self { at: None, why }
    }
}

/// A JSON value that has not been taken apart yet.
#[derive(Clone, Copy)]
struct Slice<'t>(&'t RawValue);

/// The members of an object, with the annotations told from them.
struct Object<'t> {
    at: Slice<'t>,
    members: Vec<(Cow<'t, str>, Slice<'t>)>,
    /// By the member that they are about; its own are about an empty name.
    annotations: BTreeMap<String, Vec<(String, Slice<'t>)>>,
}

impl<'t> Slice<'t> {
    fn read(text: &'t str) -> Outcome<Self> {
        let fail = |error: serde_json::Error| {
            let byte = crate::page::byte_offset(text, &error);
            Refused { at: Some(text.as_ptr().addr() + byte), why: error.to_string() }
        };
        serde_json::from_str::<&RawValue>(text).map(Self).map_err(fail)
    }

    fn refuse(self, why: impl Into<String>) -> Refused {
        Refused { at: Some(self.text().as_ptr().addr()), why: why.into() }
    }

    fn text(self) -> &'t str {
        self.0.get()
    }

    fn first(self) -> u8 {
        self.text().bytes().next().unwrap_or_default()
    }

    fn is_object(self) -> bool {
        self.first() == b'{'
    }

    fn is_array(self) -> bool {
        self.first() == b'['
    }

    fn parse<D: Deserialize<'t>>(self, wanted: &str) -> Outcome<D> {
        serde_json::from_str(self.text()).map_err(|error| self.refuse(format!("{wanted} is wanted: {error}")))
    }

    fn string(self) -> Outcome<String> {
        self.parse("a text")
    }

    fn bool(self) -> Outcome<bool> {
        self.parse("true or false")
    }

    /// The text of a string, and of anything else its JSON.
    fn loose(self) -> Outcome<String> {
        if self.first() == b'"' { self.string() } else { Ok(self.text().to_owned()) }
    }

    fn array(self) -> Outcome<Vec<Self>> {
        self.parse::<Items<'t>>("an array").map(|items| items.0)
    }

    /// The members of an object as they stand.
    fn entries(self) -> Outcome<Vec<(Cow<'t, str>, Self)>> {
        let members = self.parse::<Members<'t>>("an object")?.0;
        let mut names = BTreeSet::new();
        match members.iter().find(|(name, _)| !names.insert(name.as_ref())) {
            Some((twice, value)) => Err(value.refuse(format!("the member {twice:?} stands twice"))),
            None => Ok(members),
        }
    }

    fn object(self) -> Outcome<Object<'t>> {
        let members = self.entries()?;
        let mut object = Object { at: self, members: Vec::new(), annotations: BTreeMap::new() };
        for (name, value) in members {
            match name.split_once('@') {
                Some((about, term)) if !term.is_empty() => {
                    let about = object.annotations.entry(about.to_owned()).or_default();
                    about.push((term.to_owned(), value));
                }
                _ => object.members.push((name, value)),
            }
        }
        Ok(object)
    }
}

impl<'t> Object<'t> {
    fn get(&self, name: &str) -> Option<Slice<'t>> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    fn required(&self, name: &str) -> Outcome<Slice<'t>> {
        self.get(name).ok_or_else(|| self.at.refuse(format!("the member {name} is missing")))
    }

    fn text(&self, name: &str) -> Outcome<Option<String>> {
        self.get(name).map(Slice::string).transpose()
    }

    /// A truth value that is false where it is not said.
    fn flag(&self, name: &str) -> Outcome<bool> {
        Ok(self.get(name).map(Slice::bool).transpose()?.unwrap_or(false))
    }

    /// The members that a model named, as opposed to those of the format.
    fn named(&self) -> impl Iterator<Item = (&str, Slice<'t>)> {
        self.members.iter().filter(|(name, _)| !name.starts_with('$')).map(|(name, value)| (&**name, *value))
    }

    /// Its own annotations.
    fn own(&mut self) -> Outcome<Annotations> {
        self.about("")
    }

    /// The annotations of `member`.
    fn about(&mut self, member: &str) -> Outcome<Annotations> {
        let mut annotations = Annotations::default();
        for (path, value) in self.annotations.remove(member).unwrap_or_default() {
            if !annotations.insert(&path, annotation::value(value, 0)?) {
                return Err(value.refuse(format!("the annotation {path} stands twice")));
            }
        }
        Ok(annotations)
    }
}

struct Members<'t>(Vec<(Cow<'t, str>, Slice<'t>)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            members.push((name, Slice(value)));
        }
        Ok(Members(members))
    }
}

#[derive(serde::Deserialize)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

struct Items<'t>(Vec<Slice<'t>>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<&'de RawValue>()? {
            items.push(Slice(item));
        }
        Ok(Items(items))
    }
}
