//! An object: its fields and how they are found by name.

use std::cmp::Ordering;

use super::spec::Sheet;
use super::{Field, Kind};

/// Who knows an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// Every API.
    Data,
    /// Only the Tooling API.
    Tooling,
    /// Nobody: the feature is switched off.
    Nowhere,
}

/// An object of the org.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) plural: String,
    pub(crate) prefix: &'static str,
    pub(crate) writable: bool,
    pub(crate) undeletable: bool,
    pub(crate) home: Home,
    pub(crate) fields: Vec<Field>,
    /// Places of fields by name, in the order of names without case.
    by_name: Vec<u16>,
}

impl Object {
    /// The object of a sheet, without the fields for which `keep` is false.
    pub(crate) fn new(sheet: &Sheet, home: Home, keep: impl Fn(u32) -> bool) -> Self {
        let specs = sheet.fields.iter().copied().flatten();
        let fields = specs.filter(|spec| keep(spec.flags)).map(Field::from).collect();
        let mut object = Self {
            name: sheet.name.to_owned(),
            plural: sheet.plural.to_owned(),
            prefix: sheet.prefix,
            writable: sheet.writable,
            undeletable: sheet.undeletable,
            home,
            fields,
            by_name: Vec::new(),
        };
        object.sort();
        object
    }

    pub(crate) fn is_tooling(&self) -> bool {
        self.home == Home::Tooling
    }

    /// Adds a field at the end, so that places of others stay.
    pub(crate) fn add(&mut self, field: Field) {
        self.fields.push(field);
        self.sort();
    }

    fn sort(&mut self) {
        let count = u16::try_from(self.fields.len()).unwrap_or(u16::MAX);
        let mut places: Vec<u16> = (0..count).collect();
        places.sort_by(|a, b| caseless(self.named(*a), self.named(*b)));
        self.by_name = places;
    }

    fn named(&self, place: u16) -> &str {
        self.field(place).map_or("", |field| &field.name)
    }

    pub(crate) fn field(&self, place: u16) -> Option<&Field> {
        self.fields.get(usize::from(place))
    }

    /// The place of a field; names are compared without case.
    pub(crate) fn place(&self, name: &str) -> Option<u16> {
        let found = self.by_name.binary_search_by(|place| caseless(self.named(*place), name)).ok()?;
        self.by_name.get(found).copied()
    }

    pub(crate) fn find(&self, name: &str) -> Option<(u16, &Field)> {
        let place = self.place(name)?;
        Some((place, self.field(place)?))
    }

    /// A reference by what the record behind it is called.
    pub(crate) fn reference(&self, relationship: &str) -> Option<(u16, &Field)> {
        self.places().find(|(_, field)| {
            field.kind == Kind::Reference
                && !field.relationship.is_empty()
                && field.relationship.eq_ignore_ascii_case(relationship)
        })
    }

    /// All fields with their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u16, &Field)> {
        (0..u16::MAX).zip(&self.fields)
    }
}

/// ASCII order without case.
fn caseless(a: &str, b: &str) -> Ordering {
    let [a, b] = [a, b].map(|text| text.bytes().map(|byte| byte.to_ascii_lowercase()));
    a.cmp(b)
}
