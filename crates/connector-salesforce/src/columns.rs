//! Which fields are read of a record, where they stand in the answer, and how they are read.

use mapping::{Entity, ExternalId, FieldName, Fields, Reference, Value};
use serde_json::value::RawValue;
use sfdc_client::{Row, Select, SfdcError, SoqlError};

use crate::convert::value;
use crate::objects::Objects;
use crate::schema::{Kind, Object};

/// The fields to read of one object.
#[derive(Debug)]
pub(crate) struct Columns {
    /// As the query names them.
    selected: Vec<String>,
    /// As the members of a record are called, with the members of members.
    members: Vec<String>,
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    name: FieldName,
    place: usize,
    kind: Kind,
    parent: Option<Parent>,
}

/// A reference to an object that has external ids too: it is read as a reference by external id.
#[derive(Debug)]
struct Parent {
    entity: Entity,
    field: FieldName,
    /// Where the related record stands.
    place: usize,
}

impl Columns {
    /// `always` and then the fields that were asked for, or the first one that we cannot see.
    pub(crate) fn new<'f>(
        (object, objects): (&Object, &Objects),
        always: &[&str],
        fields: impl IntoIterator<Item = &'f FieldName>,
    ) -> Result<Self, FieldName> {
        let names: Vec<String> = always.iter().map(|name| (*name).to_owned()).collect();
        let mut columns = Self { selected: names.clone(), members: names, asked: Vec::new() };
        for field in fields {
            let Some(described) = object.field(field.as_str()) else { return Err(field.clone()) };
            let kind = Kind::of(&described.kind);
            let place = columns.member(field.as_str(), field.as_str());
            let to = described.reference_to.iter().find_map(|name| objects.of_object(name));
            let parent = to.filter(|_| kind == Kind::Reference).map(|settings| {
                let relationship = object.relationship(field.as_str());
                let path = format!("{relationship}.{}", settings.external_id);
                Parent {
                    entity: Entity::from(settings.object.as_str()),
                    field: FieldName::from(settings.external_id.as_str()),
                    place: columns.member(&relationship, &path),
                }
            });
            columns.asked.push(Asked { name: field.clone(), place, kind, parent });
        }
        Ok(columns)
    }

    /// The place of a member; it is asked for if it is not yet.
    fn member(&mut self, member: &str, selected: &str) -> usize {
        if let Some(place) = self.members.iter().position(|known| known.eq_ignore_ascii_case(member)) {
            return place;
        }
        self.members.push(member.to_owned());
        self.selected.push(selected.to_owned());
        self.members.len() - 1
    }

    /// The query for them.
    pub(crate) fn select(&self, object: &str) -> Result<Select, SoqlError> {
        Select::from(object, self.selected.iter().map(String::as_str))
    }

    /// Reads a record.
    pub(crate) fn read<'r>(&self, operation: &str, record: &'r RawValue) -> Result<Line<'r, '_>, SfdcError> {
        let members: Vec<&str> = self.members.iter().map(String::as_str).collect();
        let row = Row::read(record, &members)?;
        // Rights that were taken away make fields vanish: that is not the same as empty.
        if let Some(name) = row.missing().and_then(|place| members.get(place)) {
            let detail = format!("a record without {name}");
            return Err(SfdcError::Malformed { operation: operation.into(), detail });
        }
        Ok(Line { row, columns: self })
    }
}

/// One record that was read.
#[derive(Debug)]
pub(crate) struct Line<'r, 'c> {
    pub(crate) row: Row<'r>,
    columns: &'c Columns,
}

impl Line<'_, '_> {
    /// The text at a place of those that are always read.
    pub(crate) fn text(&self, place: usize) -> Result<Option<String>, SfdcError> {
        Ok(self.row.text(place)?.map(std::borrow::Cow::into_owned))
    }

    /// The fields that were asked for, in their order.
    pub(crate) fn fields(&self) -> Result<Fields, SfdcError> {
        let mut fields = Fields::with_capacity(self.columns.asked.len());
        for asked in &self.columns.asked {
            let parent = asked.parent.as_ref().map(|parent| self.parent(parent)).transpose()?.flatten();
            let own = || Ok::<_, SfdcError>(value(self.row.scalar(asked.place)?, asked.kind));
            fields.set(asked.name.clone(), parent.map_or_else(own, Ok)?);
        }
        Ok(fields)
    }

    /// The parent by external id, if it has one.
    fn parent(&self, parent: &Parent) -> Result<Option<Value>, SfdcError> {
        let Some(related) = self.row.raw(parent.place).filter(|raw| raw.get() != "null") else {
            return Ok(None);
        };
        let id = Row::read(related, &[parent.field.as_str()])?.text(0)?.map(std::borrow::Cow::into_owned);
        Ok(id.map(|id| {
            let (entity, field) = (parent.entity.clone(), parent.field.clone());
            Value::from(Reference { entity, field, id: ExternalId::from(id) })
        }))
    }
}
