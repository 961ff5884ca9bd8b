//! Rows: values by column, the key, and the version that shows in the `ETag`.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::cell::{Cell, whole_seconds};
use super::entity::{Entity, Versions};
use super::history::column_name;

/// Stands between the parts of a key, before every letter, so that keys sort part by part.
const JOINT: &str = "\0";

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Values in the order of the entity's columns.
    pub cells: Vec<Cell>,
    entity: &'static Entity,
    /// The physical row.
    number: usize,
    key: Arc<str>,
    changed: Option<Timestamp>,
    changes: u64,
    /// Made anew with every modification, because pages show it far more often.
    etag: Arc<str>,
}

impl Row {
    /// A physical row without any value.
    pub(crate) fn new(entity: &'static Entity, number: usize) -> Self {
        let cells = vec![Cell::Null; entity.columns.len()];
        Self { cells, entity, number, key: "".into(), changed: None, changes: 0, etag: "".into() }
    }

    /// The key. The parts of a composite one are joined by NUL.
    pub fn key(&self) -> Arc<str> {
        self.key.clone()
    }

    pub(crate) fn key_str(&self) -> &str {
        &self.key
    }

    /// The physical row.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// The row's identity in every projection: `ORDER_NO=1^LINE_NO=2^`.
    pub(crate) fn keyref(&self) -> String {
        let parts = self.entity.keys.iter().zip(self.entity.key_places());
        let part = |(name, place): (&&str, usize)| {
            format!("{}={}^", column_name(name), self.at(place).text().unwrap_or_default())
        };
        parts.map(part).collect()
    }

    /// What it is a row of.
    pub(crate) fn entity(&self) -> &'static Entity {
        self.entity
    }

    /// A value by name; null if there is no such column.
    pub fn get(&self, name: &str) -> &Cell {
        self.entity.place(name).map_or(&Cell::Null, |place| self.at(place))
    }

    /// All values that are not null, as text, by name.
    pub fn fields(&self) -> BTreeMap<&'static str, String> {
        let columns = self.entity.columns.iter().zip(&self.cells);
        columns.filter_map(|(column, cell)| Some((column.name, cell.text()?))).collect()
    }

    /// A value by place.
    pub(crate) fn at(&self, place: usize) -> &Cell {
        self.cells.get(place).unwrap_or(&Cell::Null)
    }

    /// When it was last modified.
    pub fn modified(&self) -> Option<Timestamp> {
        self.changed
    }

    /// The second of the last change, if the row shows it.
    pub(crate) fn shown_second(&self) -> Option<i64> {
        match self.at(self.entity.modified_place()?) {
            Cell::Timestamp(stamp) => Some(stamp.as_second()),
            _ => None,
        }
    }

    /// Sets a value; a text that does not fit the column is not set. Says whether it was.
    pub fn set(&mut self, name: &str, text: Option<&str>) -> bool {
        let Some(place) = self.entity.place(name) else { return false };
        let kind = self.entity.columns.get(place).map(|column| column.kind);
        let parsed = kind.and_then(|kind| Cell::parse(kind, text));
        parsed.is_some_and(|cell| self.put(place, cell))
    }

    /// Sets a value by place; says whether there is such a column.
    pub(crate) fn put(&mut self, place: usize, cell: Cell) -> bool {
        let slot = self.cells.get_mut(place);
        slot.map(|slot| *slot = cell).is_some()
    }

    /// Somebody changed the row at `stamp`: it shows so, and its version is another.
    pub(crate) fn change(&mut self, stamp: Option<Timestamp>) {
        let stamp = stamp.map(whole_seconds);
        self.changed = stamp;
        self.changes += 1;
        if let Some(place) = self.entity.modified_place() {
            self.put(place, stamp.map_or(Cell::Null, Cell::Timestamp));
        }
        self.key = self.make_key();
        self.etag = self.make_etag().into();
    }

    fn make_key(&self) -> Arc<str> {
        let mut cells = self.entity.key_places().map(|place| self.at(place));
        if let (Some(Cell::Text(key)), None) = (cells.next(), cells.next()) {
            // The usual case shares the text with its cell.
            return key.clone();
        }
        let parts: Vec<String> = self.entity.key_places().map(|place| self.at(place).key_part()).collect();
        join(&parts).into()
    }

    /// The weak `ETag`; empty if rows of this kind have none.
    pub(crate) fn etag(&self) -> &str {
        &self.etag
    }

    /// Base64 of another weak one, made of row id and version.
    fn make_etag(&self) -> String {
        let version = match (self.entity.versions, self.changed) {
            (Versions::None, _) => return String::new(),
            (Versions::Stamp, Some(stamp)) => stamp.strftime("%Y%m%d%H%M%S").to_string(),
            (Versions::Stamp, None) => "1".to_owned(),
            (Versions::Counter, _) => self.changes.to_string(),
        };
        let inner = format!("W/\"AAAS{:06}AAB:{version}\"", self.number);
        format!("W/\"{}\"", STANDARD.encode(inner))
    }
}

/// The key of these parts.
pub(crate) fn join(parts: &[String]) -> String {
    parts.join(JOINT)
}
