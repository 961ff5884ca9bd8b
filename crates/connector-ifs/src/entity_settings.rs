//! How one entity is read; every setting holds.

use std::time::Duration;

use odata_client::encode::is_identifier_path;
use serde::Deserialize;

use crate::child::{ChildRead, ChildSettings};
use crate::detection::{Detection, HistorySettings, SweepSettings};
use crate::field::FieldSpec;
use crate::key::{KeyField, KeyOrder};
use crate::place::Place;
use crate::settings::SettingsError;
use crate::time_zone::TimeZonePolicy;

/// How one entity is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitySettings {
    /// The name of the entity in flows and mappings: stays when a tenant calls its set differently.
    pub entity: String,
    /// Where it is.
    pub place: Place,
    /// The key properties, in the order of the metadata.
    pub key: Vec<KeyField>,
    /// How the server sorts text keys.
    pub key_order: KeyOrder,
    /// The attribute that moves forward with every change, if there is one.
    pub modified: Option<String>,
    /// How finely the server compares it.
    pub precision: Precision,
    /// What its times mean.
    pub time_zone: TimeZonePolicy,
    /// How many rows are asked for at once: 1 to 5,000.
    pub page_size: u32,
    /// How far each poll reaches back: longer than the longest transaction that changes a row.
    pub overlap: Duration,
    /// How old a change must be before it is read.
    pub lag: Duration,
    /// What is read.
    pub fields: Vec<FieldSpec>,
    /// Whether a selected field that is absent from a row is null. OData servers must write nulls;
    /// an absent field more likely means a missing right.
    pub absent_is_null: bool,
    /// What belongs to each record and is read with it.
    pub children: Vec<ChildSettings>,
    /// Whether records are made of all rows that refer to the same thing.
    pub group: Option<GroupSettings>,
    /// How changes are found.
    pub detection: Detection,
    /// The history log, for [`Detection::History`].
    pub history: HistorySettings,
    /// Compares all rows from time to time: finds deletions, and what nothing else finds.
    pub sweep: Option<SweepSettings>,
}

/// Rows that are delivered by what they refer to: one record for each purchase order that invoices
/// refer to, with all its invoices.
///
/// A row that refers elsewhere now, or is withdrawn, makes the record come again that it belonged to
/// before. Nothing is ever reported as gone: a record that nothing refers to any more has an empty
/// list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSettings {
    /// The attribute that refers to it: the record's key, and a field of it.
    pub by: KeyField,
    /// The field of the record that holds the rows, as a list in the order of their keys.
    pub field: String,
    /// What kind of record each row is.
    pub member: String,
}

/// How finely a server compares a modified attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// As finely as it shows it.
    #[default]
    Exact,
    /// In whole milliseconds, whatever it shows.
    Millisecond,
    /// In whole seconds, whatever it shows.
    Second,
}

fn refuse(setting: &'static str, why: impl Into<String>) -> Result<(), SettingsError> {
    Err(SettingsError { setting, why: why.into() })
}

impl EntitySettings {
    /// IFS answers no larger pages.
    pub const LARGEST_PAGE: u32 = 5_000;

    /// `entity` in `place`, with the settings that hold where nothing else is said. Its key and its
    /// fields are still to be named.
    pub fn new(entity: &str, place: Place) -> Self {
        Self {
            entity: entity.to_owned(),
            place,
            key: Vec::new(),
            key_order: KeyOrder::Binary,
            modified: None,
            precision: Precision::Exact,
            time_zone: TimeZonePolicy::Utc,
            page_size: Self::LARGEST_PAGE,
            overlap: Duration::from_mins(15),
            lag: Duration::from_secs(2),
            fields: Vec::new(),
            absent_is_null: false,
            children: Vec::new(),
            group: None,
            detection: Detection::Modified,
            history: HistorySettings::of(&[]),
            sweep: None,
        }
    }

    /// Refuses settings that cannot work.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !(1..=Self::LARGEST_PAGE).contains(&self.page_size) {
            return refuse("page_size", "must be from 1 to 5000");
        }
        if self.key.is_empty() {
            return refuse("key", "must name at least one property");
        }
        if self.fields.is_empty() {
            return refuse("fields", "must name at least one field");
        }
        if self.overlap > Duration::from_hours(24 * 31) || self.lag > Duration::from_hours(24) {
            return refuse("overlap", "must be at most 31 days, and `lag` at most one day");
        }
        check_place(&self.place)?;
        let keys = self.key.iter().map(|field| ("key", &field.name));
        let fields = self.fields.iter().map(|field| ("fields", &field.name));
        let group = self.group.iter().map(|group| ("group", &group.by.name));
        for (setting, name) in
            keys.chain(fields).chain(group).chain(self.modified.iter().map(|name| ("modified", name)))
        {
            check_name(setting, name)?;
        }
        check_twice(&self.fields)?;
        self.check_detection()?;
        self.children.iter().try_for_each(|child| self.check_child(child))
    }

    fn check_detection(&self) -> Result<(), SettingsError> {
        match self.detection {
            Detection::Modified if self.modified.is_none() => refuse(
                "modified",
                "must name the attribute that changes move; without one set detect = \"history\" or \"sweep\"",
            ),
            Detection::History if self.history.units.is_empty() => {
                refuse("history", "must name the logical units in `units`")
            }
            Detection::Sweep if self.sweep.is_none() => refuse("sweep", "is missing"),
            Detection::History if self.group.is_some() => {
                refuse("detect", "cannot be \"history\" for rows that are delivered in groups")
            }
            _ => Ok(()),
        }
    }

    fn check_child(&self, child: &ChildSettings) -> Result<(), SettingsError> {
        const CHILDREN: &str = "children";
        if child.parts.is_empty() || child.key.is_empty() || child.fields.is_empty() {
            return refuse(CHILDREN, format!("{} needs `parts`, `key` and `fields`", child.field));
        }
        if child.parent.len() != self.key.len() {
            let parent = "must name in `parent` as many properties as the parent's key has";
            return refuse(CHILDREN, format!("{} {parent}", child.field));
        }
        if self.group.is_some() {
            return refuse(CHILDREN, "cannot be read for rows that are delivered in groups");
        }
        let keys = child.key.iter().chain(&child.parent).map(|field| &field.name);
        for name in keys.chain(child.fields.iter().map(|field| &field.name)).chain(&child.modified) {
            check_name(CHILDREN, name)?;
        }
        for part in &child.parts {
            match &part.read {
                ChildRead::Set(place) => check_place(place)?,
                ChildRead::Navigation(_) if child.modified.is_some() => {
                    let why = "is read through navigations, which nobody can ask what changed: \
                               set modified = \"\" for it";
                    return refuse(CHILDREN, format!("{} {why}", child.field));
                }
                ChildRead::Navigation(name) => check_name(CHILDREN, name)?,
            }
            part.rename.values().try_for_each(|name| check_name(CHILDREN, name))?;
        }
        if self.fields.iter().any(|field| field.name == child.field) {
            return refuse(CHILDREN, format!("{} is a field of the parent already", child.field));
        }
        check_twice(&child.fields)
    }

    /// The fields that records of this entity have.
    pub fn field_names(&self) -> Vec<&str> {
        if let Some(group) = &self.group {
            return vec![group.by.name.as_str(), group.field.as_str()];
        }
        let own = self.fields.iter().map(|field| field.name.as_str());
        own.chain(self.children.iter().map(|child| child.field.as_str())).collect()
    }

    /// The attribute by which changes are found; `None` if they are found otherwise.
    pub(crate) fn moved(&self) -> Option<&str> {
        self.modified.as_deref().filter(|_| self.detection == Detection::Modified)
    }
}

fn check_place(place: &Place) -> Result<(), SettingsError> {
    check_name("set", &place.set)?;
    if place.path.is_none() && !is_identifier_path(&place.projection) {
        let why = format!("has `{}`, which is no name of a service", place.projection);
        return refuse("projection", why);
    }
    Ok(())
}

fn check_name(setting: &'static str, name: &str) -> Result<(), SettingsError> {
    if is_identifier_path(name) && !name.contains(['/', '.']) {
        return Ok(());
    }
    refuse(setting, format!("has `{name}`, which is no name of OData"))
}

fn check_twice(fields: &[FieldSpec]) -> Result<(), SettingsError> {
    for (index, field) in fields.iter().enumerate() {
        if fields.iter().skip(index + 1).any(|other| other.name == field.name) {
            return refuse("fields", format!("names `{}` twice", field.name));
        }
    }
    Ok(())
}
