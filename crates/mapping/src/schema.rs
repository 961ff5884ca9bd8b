//! What a system has: kinds of records, their fields, and what may be done with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::file_error::nearest;

/// The kinds of records of one system, by name; names are compared as the system does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema {
    /// The kinds of records.
    pub entities: BTreeMap<String, EntitySchema>,
}

/// One kind of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties, as both systems tell them")]
pub struct EntitySchema {
    /// Whether records may be read.
    #[serde(default)]
    pub read: bool,
    /// Whether records may be created.
    #[serde(default)]
    pub create: bool,
    /// Whether records may be updated.
    #[serde(default)]
    pub update: bool,
    /// Whether names of fields differ if only their case does.
    #[serde(default)]
    pub exact_names: bool,
    /// The fields that tell records apart.
    #[serde(default)]
    pub key: Vec<String>,
    /// The field under which records are looked up and written, if it is not the key.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The fields.
    pub fields: BTreeMap<String, FieldSchema>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties, as both systems tell them")]
pub struct FieldSchema {
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The longest text, in UTF-16 units; `None`: not known, or without limit.
    #[serde(default)]
    pub length: Option<u32>,
    /// The most digits of a number.
    #[serde(default)]
    pub precision: Option<u32>,
    /// The most digits behind the point.
    #[serde(default)]
    pub scale: Option<u32>,
    /// Whether it may be empty.
    #[serde(default)]
    pub nullable: bool,
    /// Whether it may be given when a record is made.
    #[serde(default)]
    pub create: bool,
    /// Whether it may be changed later.
    #[serde(default)]
    pub update: bool,
    /// Whether a record that is made without it takes a default.
    #[serde(default)]
    pub defaulted: bool,
    /// Whether its values are unique.
    #[serde(default)]
    pub unique: bool,
    /// Whether records can be addressed by it.
    #[serde(default)]
    pub external_id: bool,
    /// Whether upper and lower case are told apart when records are addressed by it.
    #[serde(default)]
    pub case_sensitive: bool,
    /// Whether it takes the listed values only.
    #[serde(default)]
    pub restricted: bool,
    /// The values of an enumeration or a picklist.
    #[serde(default)]
    pub values: Vec<String>,
    /// What a reference refers to, or what the records of a list are.
    #[serde(default)]
    pub of: Vec<String>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldType {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A truth value.
    Truth,
    /// A calendar day.
    Date,
    /// An instant.
    Timestamp,
    /// Another record.
    Reference,
    /// Child records.
    List,
    /// Something that mappings cannot read or write, such as an address of several parts.
    Other,
}

impl FieldType {
    /// Its name, as lock files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Truth => "truth",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Reference => "reference",
            Self::List => "list",
            Self::Other => "other",
        }
    }
}

impl FieldSchema {
    /// A field that may be empty, read, given and changed.
    pub fn new(kind: FieldType) -> Self {
        Self {
            kind,
            length: None,
            precision: None,
            scale: None,
            nullable: true,
            create: true,
            update: true,
            defaulted: false,
            unique: false,
            external_id: false,
            case_sensitive: false,
            restricted: false,
            values: Vec::new(),
            of: Vec::new(),
        }
    }

    /// A field that holds records of this kind.
    pub fn list(of: impl Into<String>) -> Self {
        Self { of: vec![of.into()], nullable: false, ..Self::new(FieldType::List) }
    }

    /// Whether a record cannot be made without it.
    pub fn is_required(&self) -> bool {
        !self.nullable && self.create && !self.defaulted
    }
}

impl EntitySchema {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&FieldSchema> {
        self.entry(name).map(|(_, field)| field)
    }

    /// A field by name, with the name as the system spells it.
    pub fn entry(&self, name: &str) -> Option<(&str, &FieldSchema)> {
        let exact = self.fields.get_key_value(name);
        let found = exact.or_else(|| {
            let alike = |(known, _): &(&String, _)| known.eq_ignore_ascii_case(name);
            self.fields.iter().filter(|_| !self.exact_names).find(alike)
        });
        found.map(|(name, field)| (name.as_str(), field))
    }

    /// The name that is most like `name`, if any is.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.fields.keys().map(String::as_str))
    }
}

impl Schema {
    /// A kind of records by name.
    pub fn entity(&self, name: &str) -> Option<&EntitySchema> {
        self.entities.get(name)
    }

    /// Adds all kinds of records of `other`.
    pub fn extend(&mut self, other: Self) {
        self.entities.extend(other.entities);
    }
}
