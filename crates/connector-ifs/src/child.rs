//! What belongs to a record and is read with it: lines of an order, addresses of a customer.
//!
//! IFS expands to-one navigations only, so children are read by calls of their own: from an entity
//! set of theirs, for many parents at once; or through a navigation, parent by parent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::field::{FieldKind, FieldSpec};
use crate::key::KeyField;
use crate::place::Place;

/// One kind of children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildSettings {
    /// The field of the record that holds them, as a list in the order of their keys.
    pub field: String,
    /// What kind of record each is.
    pub entity: String,
    /// Where they are; several parts together are all of them.
    pub parts: Vec<ChildPart>,
    /// The properties of a child that name its parent, in the order of the parent's key.
    pub parent: Vec<KeyField>,
    /// The key properties of a child.
    pub key: Vec<KeyField>,
    /// The attribute of a child that moves forward with every change of it. With it the parent
    /// comes again whenever one of its children changes; without it only when the parent itself
    /// changes, when the history log tells so, or when a sweep by content finds it.
    pub modified: Option<String>,
    /// What is read of a child.
    pub fields: Vec<FieldSpec>,
}

/// One set of children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChildPart {
    /// Where they are.
    pub read: ChildRead,
    /// Fields that this part calls otherwise: its own names by the field's.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// Fields that this part does not have: they are null.
    #[serde(default)]
    pub lacks: Vec<String>,
}

/// How children are reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChildRead {
    /// Through a set of their own, many parents in one call.
    Set(Place),
    /// Through this navigation of each parent: one call for each of them.
    Navigation(String),
}

impl ChildPart {
    /// Children in `place`, all fields by their own names.
    pub fn set(place: Place) -> Self {
        Self { read: ChildRead::Set(place), rename: BTreeMap::new(), lacks: Vec::new() }
    }

    /// Children behind the navigation `name`.
    pub fn navigation(name: &str) -> Self {
        Self { read: ChildRead::Navigation(name.to_owned()), rename: BTreeMap::new(), lacks: Vec::new() }
    }

    /// What this part calls `field`; `None` if it does not have it.
    pub(crate) fn property<'a>(&'a self, field: &'a str) -> Option<&'a str> {
        if self.lacks.iter().any(|name| name == field) {
            return None;
        }
        Some(self.rename.get(field).map_or(field, String::as_str))
    }
}

/// What a configuration says about one kind of children; what is left out keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ChildOverrides {
    /// What kind of record each is; needed where there is no default.
    pub entity: Option<String>,
    /// Where they are.
    pub parts: Option<Vec<ChildPart>>,
    /// The properties of a child that name its parent.
    pub parent: Option<Vec<KeyField>>,
    /// The key properties of a child.
    pub key: Option<Vec<KeyField>>,
    /// The attribute of a child that moves forward with every change of it; an empty text for none.
    pub modified: Option<String>,
    /// What is read, instead of the default fields.
    pub fields: Option<Vec<FieldSpec>>,
    /// What is read besides; a field that is there already gets this kind.
    pub extra_fields: BTreeMap<String, FieldKind>,
    /// Default fields that are not read.
    pub omit_fields: Vec<String>,
}

impl ChildOverrides {
    /// These over `defaults`.
    pub(crate) fn over(self, defaults: ChildSettings) -> ChildSettings {
        let fields = self.fields.unwrap_or(defaults.fields);
        ChildSettings {
            field: defaults.field,
            entity: self.entity.unwrap_or(defaults.entity),
            parts: self.parts.unwrap_or(defaults.parts),
            parent: self.parent.unwrap_or(defaults.parent),
            key: self.key.unwrap_or(defaults.key),
            modified: match self.modified {
                Some(name) => Some(name).filter(|name| !name.is_empty()),
                None => defaults.modified,
            },
            fields: crate::field::altered(fields, self.extra_fields, &self.omit_fields),
        }
    }

    /// Children that have no default, kept in the field `field`.
    pub(crate) fn alone(self, field: &str) -> ChildSettings {
        self.over(ChildSettings {
            field: field.to_owned(),
            entity: field.to_owned(),
            parts: Vec::new(),
            parent: Vec::new(),
            key: Vec::new(),
            modified: None,
            fields: Vec::new(),
        })
    }
}
