//! A field that can be read: the org's own, or one of the object by its place.

use super::{Kind, Object};

/// A field that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    IsDeleted,
    CreatedDate,
    CreatedById,
    LastModifiedDate,
    LastModifiedById,
    SystemModstamp,
    Own(u16),
}

/// Fields that the org itself keeps, with their kinds and what the record behind is called.
pub(crate) const SYSTEM: &[(Column, &str, Kind, &str)] = &[
    (Column::Id, "Id", Kind::Id, ""),
    (Column::IsDeleted, "IsDeleted", Kind::Check, ""),
    (Column::CreatedDate, "CreatedDate", Kind::Moment, ""),
    (Column::CreatedById, "CreatedById", Kind::Reference, "CreatedBy"),
    (Column::LastModifiedDate, "LastModifiedDate", Kind::Moment, ""),
    (Column::LastModifiedById, "LastModifiedById", Kind::Reference, "LastModifiedBy"),
    (Column::SystemModstamp, "SystemModstamp", Kind::Moment, ""),
];

impl Column {
    /// Every field, the org's own first.
    pub(crate) fn all(object: &Object) -> impl Iterator<Item = Self> {
        SYSTEM.iter().map(|(column, ..)| *column).chain(object.places().map(|(place, _)| Self::Own(place)))
    }

    /// A field by name; names are compared without case.
    pub(crate) fn named(object: &Object, name: &str) -> Option<Self> {
        let system = SYSTEM.iter().find(|(_, system, ..)| system.eq_ignore_ascii_case(name));
        system.map(|(column, ..)| *column).or_else(|| object.place(name).map(Self::Own))
    }

    /// The name as the schema spells it.
    pub(crate) fn name(self, object: &Object) -> &str {
        match self {
            Self::Own(place) => object.field(place).map_or("", |field| &field.name),
            system => SYSTEM.iter().find(|(column, ..)| *column == system).map_or("", |(_, name, ..)| name),
        }
    }

    pub(crate) fn kind(self, object: &Object) -> Kind {
        match self {
            Self::Own(place) => object.field(place).map_or(Kind::Text(0), |field| field.kind),
            system => SYSTEM.iter().find(|(column, ..)| *column == system).map_or(Kind::Id, |line| line.2),
        }
    }

    /// The objects that a reference can be to.
    pub(crate) fn targets(self, object: &Object) -> Vec<String> {
        match self {
            Self::Own(place) => object.field(place).map(|field| field.to.clone()).unwrap_or_default(),
            Self::CreatedById | Self::LastModifiedById => vec!["User".to_owned()],
            _ => Vec::new(),
        }
    }

    /// A reference by what the record behind it is called, with the objects that it can be of.
    pub(crate) fn reference<'a>(object: &'a Object, relationship: &str) -> Option<(Self, &'a str, &'a str)> {
        let system = SYSTEM
            .iter()
            .find(|(.., name)| !name.is_empty() && name.eq_ignore_ascii_case(relationship))
            .map(|(column, _, _, name)| (*column, *name, "User"));
        system.or_else(|| {
            let (place, field) = object.reference(relationship)?;
            Some((Self::Own(place), field.relationship.as_str(), field.to.first()?.as_str()))
        })
    }
}
