//! Records and what happened to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::schema::{KEY, Object};

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// No value.
    Null,
    /// Text; ids too, and days as `YYYY-MM-DD`.
    Text(Arc<str>),
    /// An exact number.
    Number(Decimal),
    /// A checkbox.
    Bool(bool),
    /// A date with a time.
    Moment(Timestamp),
}

impl Cell {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }
}

/// A record of the object Account; records of all objects are alike.
pub type Account = Record;

/// A record as it is.
#[derive(Debug, Clone)]
pub struct Record {
    /// The 18-character id.
    pub id: String,
    /// Whether it lies in the recycle bin.
    pub deleted: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last written, by anybody.
    pub modified: Timestamp,
    pub(crate) created_by: Arc<str>,
    pub(crate) modified_by: Arc<str>,
    /// Place of the object in the org, and its number within it.
    pub(crate) table: usize,
    pub(crate) number: u64,
    /// The object as it was when the record was last written.
    pub(crate) object: Arc<Object>,
    /// Values that are not null, by place.
    cells: Vec<(u16, Cell)>,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, self.deleted, self.created, self.modified)
            == (&other.id, other.deleted, other.created, other.modified)
            && self.cells == other.cells
    }
}

impl Eq for Record {}

/// Where a record belongs, and who makes it.
#[derive(Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) table: usize,
    pub(crate) number: u64,
    pub(crate) object: &'a Arc<Object>,
    pub(crate) user: &'a Arc<str>,
    pub(crate) now: Timestamp,
}

impl Record {
    pub(crate) fn new(origin: &Origin<'_>) -> Self {
        Self {
            id: super::identifier::id_of(origin.object.prefix, origin.number),
            deleted: false,
            created: origin.now,
            modified: origin.now,
            created_by: origin.user.clone(),
            modified_by: origin.user.clone(),
            table: origin.table,
            number: origin.number,
            object: origin.object.clone(),
            cells: Vec::new(),
        }
    }

    /// The name of the object.
    pub fn object_name(&self) -> &str {
        &self.object.name
    }

    /// A value by field name.
    pub fn get(&self, name: &str) -> &Cell {
        self.object.place(name).map_or(&Cell::Null, |place| self.at(place))
    }

    /// A value by place.
    pub(crate) fn at(&self, place: u16) -> &Cell {
        let found = self.cells.binary_search_by_key(&place, |(place, _)| *place);
        found.ok().and_then(|found| self.cells.get(found)).map_or(&Cell::Null, |(_, cell)| cell)
    }

    /// The external id for IFS.
    pub fn key(&self) -> Option<&str> {
        self.get(KEY).as_text()
    }

    /// The text of a field, if it has one.
    pub fn text(&self, name: &str) -> Option<String> {
        shown(self.get(name))
    }

    /// The text of a field without a copy, if it holds text.
    pub(crate) fn str(&self, name: &str) -> Option<&str> {
        self.get(name).as_text()
    }

    pub(crate) fn truth(&self, name: &str) -> bool {
        *self.get(name) == Cell::Bool(true)
    }

    pub(crate) fn number(&self, name: &str) -> Option<Decimal> {
        match self.get(name) {
            Cell::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Sets a value by field name; says whether there is such a field.
    pub(crate) fn set(&mut self, name: &str, cell: Cell) -> bool {
        let place = self.object.place(name);
        if let Some(place) = place {
            self.put(place, cell);
        }
        place.is_some()
    }

    /// Sets a value by place.
    pub(crate) fn put(&mut self, place: u16, cell: Cell) {
        let found = self.cells.binary_search_by_key(&place, |(place, _)| *place);
        match (found, cell) {
            (Ok(at), Cell::Null) => drop(self.cells.remove(at)),
            (Ok(at), cell) => {
                if let Some(slot) = self.cells.get_mut(at) {
                    slot.1 = cell;
                }
            }
            (Err(_), Cell::Null) => {}
            (Err(at), cell) => self.cells.insert(at, (place, cell)),
        }
    }

    /// Takes no more room than it needs.
    pub(crate) fn shrink(&mut self) {
        self.cells.shrink_to_fit();
    }

    /// Whether both have the same values and are deleted alike.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.deleted == other.deleted && self.cells == other.cells
    }

    /// Places whose values differ.
    pub(crate) fn changes(&self, before: &Self) -> Vec<u16> {
        let mut places: Vec<u16> = self.cells.iter().chain(&before.cells).map(|(place, _)| *place).collect();
        places.sort_unstable();
        places.dedup();
        places.retain(|place| self.at(*place) != before.at(*place));
        places
    }

    /// Places that have values.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (u16, &Cell)> {
        self.cells.iter().map(|(place, cell)| (*place, cell))
    }

    /// All fields that have values, by name.
    pub fn fields(&self) -> BTreeMap<&str, String> {
        let named = |(place, cell): (u16, &Cell)| {
            let field = self.object.fields.get(usize::from(place))?;
            Some((field.name.as_str(), shown(cell)?))
        };
        self.filled().filter_map(named).collect()
    }
}

fn shown(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(text.to_string()),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Bool(truth) => Some(truth.to_string()),
        Cell::Moment(at) => Some(stamp(*at)),
    }
}

/// Something that was done to a record through the API.
#[derive(Debug, Clone)]
pub struct Effect {
    /// Counts from 1 over all effects.
    pub number: u64,
    /// When, by the org's clock.
    pub at: Timestamp,
    /// Whether the record was made.
    pub created: bool,
    /// Whether the write changed anything; every write moves the stamps.
    pub changed: bool,
    /// The record afterwards: its external id, all its values, whether it was deleted.
    pub after: Arc<Record>,
}

/// A stamp as the API writes it.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::schema::{ACCOUNT, objects};
    use crate::salesforce::settings::SalesforceSettings;

    #[test]
    fn stamps_have_no_colon_in_their_zone() {
        let at = "2026-01-02T03:04:05.6789Z".parse().expect("a stamp");
        assert_eq!(stamp(at), "2026-01-02T03:04:05.678+0000");
    }

    #[test]
    fn values_are_kept_by_place_and_nulls_not_at_all() {
        let object = Arc::new(objects(&SalesforceSettings::default()).swap_remove(ACCOUNT));
        let user: Arc<str> = "005".into();
        let now = Timestamp::UNIX_EPOCH;
        let mut record =
            Record::new(&Origin { table: ACCOUNT, number: 1, object: &object, user: &user, now });
        assert!(record.set("phone", Cell::text("1")) && record.set("Name", Cell::text("Steel")));
        assert!(!record.set("Nope", Cell::Null));
        let before = record.clone();
        record.set("Phone", Cell::Null);
        record.set("Fax", Cell::Bool(true));
        assert_eq!((record.text("Phone"), record.text("NAME").as_deref()), (None, Some("Steel")));
        let changed: Vec<&str> = record
            .changes(&before)
            .iter()
            .filter_map(|place| object.field(*place).map(|field| field.name.as_str()))
            .collect();
        assert_eq!(changed, ["Phone", "Fax"]);
        assert_eq!(record.fields(), BTreeMap::from([("Fax", "true".into()), ("Name", "Steel".into())]));
    }
}
