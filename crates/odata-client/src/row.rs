//! Reads the wanted members of one row in one pass, without building a tree.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::cell::Cell;

/// The members that are wanted from each row, by slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<String>);

impl Columns {
    /// Wants `names`; the slot of a name is its place in this list.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// The names, by slot.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// A reader that remembers the order of members from row to row.
    pub fn reader(&self) -> RowReader<'_> {
        RowReader { columns: self, order: Vec::new() }
    }
}

/// Reads row after row. Rows of one page have their members in one order, so that each name is
/// compared once instead of with all names.
#[derive(Debug)]
pub struct RowReader<'c> {
    columns: &'c Columns,
    /// The slot that the n-th member of the last row had.
    order: Vec<Option<usize>>,
}

/// The wanted members of one row, as raw JSON borrowed from the page. May be used again for the
/// next row.
#[derive(Debug, Clone, Default)]
pub struct Row<'a> {
    cells: Vec<Option<Cell<'a>>>,
    etag: Option<Cell<'a>>,
}

impl<'a> Row<'a> {
    /// The member in `slot`; `None` if the row does not have it.
    pub fn cell(&self, slot: usize) -> Option<Cell<'a>> {
        self.cells.get(slot).copied().flatten()
    }

    /// The row's ETag (`@odata.etag` or `@etag`), as raw JSON: its text is kept byte for byte.
    pub fn etag(&self) -> Option<Cell<'a>> {
        self.etag
    }
}

/// A row that is no JSON object, or has a wanted member twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RowError(pub(crate) String);

impl RowReader<'_> {
    /// Reads the row `text` into `row`, which loses what it had.
    pub fn read<'a>(&mut self, text: &'a str, row: &mut Row<'a>) -> Result<(), RowError> {
        row.cells.clear();
        row.cells.resize(self.columns.0.len(), None);
        row.etag = None;
        let mut json = serde_json::Deserializer::from_str(text);
        (&mut json)
            .deserialize_map(RowVisitor { reader: self, row })
            .and_then(|()| json.end())
            .map_err(|error| RowError(error.to_string()))
    }

    fn slot(&mut self, position: usize, name: &str) -> Option<usize> {
        if let Some(Some(slot)) = self.order.get(position)
            && self.columns.0.get(*slot).is_some_and(|known| known == name)
        {
            return Some(*slot);
        }
        let found = self.columns.0.iter().position(|known| known == name);
        if self.order.len() <= position {
            self.order.resize(position + 1, None);
        }
        if let Some(place) = self.order.get_mut(position) {
            *place = found;
        }
        found
    }
}

struct RowVisitor<'r, 'c, 'a> {
    reader: &'r mut RowReader<'c>,
    row: &'r mut Row<'a>,
}

impl<'a> Visitor<'a> for RowVisitor<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row (a JSON object)")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let mut position = 0;
        while let Some(place) = map.next_key_seed(NameSeed { reader: self.reader, position })? {
            position += 1;
            let target = match place {
                Place::Slot(slot) => self.row.cells.get_mut(slot),
                Place::Etag => Some(&mut self.row.etag),
                Place::Nowhere => None,
            };
            let Some(target) = target else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if target.replace(Cell::new(map.next_value::<&'a RawValue>()?.get())).is_some() {
                return Err(serde::de::Error::custom(format!("member {position} occurs twice")));
            }
        }
        Ok(())
    }
}

/// Where the value of a member goes.
enum Place {
    Slot(usize),
    Etag,
    Nowhere,
}

struct NameSeed<'r, 'c> {
    reader: &'r mut RowReader<'c>,
    position: usize,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_, '_> {
    type Value = Place;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Place, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_, '_> {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Place, E> {
        if name.starts_with('@') {
            let etag = matches!(name, "@odata.etag" | "@etag");
            return Ok(if etag { Place::Etag } else { Place::Nowhere });
        }
        Ok(self.reader.slot(self.position, name).map_or(Place::Nowhere, Place::Slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(columns: &Columns, text: &'a str) -> Result<Row<'a>, RowError> {
        let mut row = Row::default();
        columns.reader().read(text, &mut row)?;
        Ok(row)
    }

    #[test]
    fn members_in_any_order_unknown_ones_skipped_absent_ones_told_from_null() {
        let columns = Columns::new(["Id", "Name", "City", "Gone"]);
        let text =
            r#"{"@odata.etag":"W/\"a\"","x":{"Id":[1,{"Name":2}]},"City":null,"N\u0061me":"A","Id":7}"#;
        let row = read(&columns, text).unwrap();
        assert_eq!(row.cell(0).unwrap().raw(), "7");
        assert_eq!(row.cell(1).unwrap().raw(), "\"A\"");
        assert!(row.cell(2).unwrap().is_null());
        assert!(row.cell(3).is_none());
        assert!(row.cell(9).is_none());
        assert_eq!(row.etag().unwrap().text().unwrap().unwrap(), "W/\"a\"");
    }

    #[test]
    fn a_reader_follows_a_changing_order() {
        let columns = Columns::new(["A", "B"]);
        let mut reader = columns.reader();
        let mut row = Row::default();
        for text in [r#"{"A":1,"B":2}"#, r#"{"B":2,"A":1}"#, r#"{"C":0,"B":2,"A":1}"#, r#"{"A":1,"B":2}"#] {
            reader.read(text, &mut row).unwrap();
            assert_eq!((row.cell(0).unwrap().raw(), row.cell(1).unwrap().raw()), ("1", "2"), "{text}");
        }
        reader.read("{}", &mut row).unwrap();
        assert!(row.cell(0).is_none(), "nothing of the last row is left");
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let columns = Columns::new(["A"]);
        for bad in ["7", "null", "[]", r#"{"A":1,"A":2}"#, r#"{"A":1"#, r#"{"A":1} x"#] {
            assert!(read(&columns, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_member_nested_a_hundred_thousand_deep_does_not_overflow() {
        let deep = format!("{{\"x\":{}{},\"A\":1}}", "[".repeat(100_000), "]".repeat(100_000));
        let columns = Columns::new(["A"]);
        assert_eq!(read(&columns, &deep).unwrap().cell(0).unwrap().raw(), "1");
    }
}
