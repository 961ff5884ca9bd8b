//! Records and what happened to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::schema::{FIELDS, KEY, PREFIX, place};

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// No value.
    Null,
    /// Text; days too, as `YYYY-MM-DD`.
    Text(Arc<str>),
    /// An exact number.
    Number(Decimal),
}

/// An Account as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The 18-character id.
    pub id: String,
    /// Whether it lies in the recycle bin.
    pub deleted: bool,
    /// Values in the order of the schema.
    pub(crate) cells: Vec<Cell>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last written, by anybody.
    pub modified: Timestamp,
}

impl Account {
    pub(crate) fn new(number: u64, now: Timestamp) -> Self {
        let cells = vec![Cell::Null; FIELDS.len()];
        Self { id: id_of(number), deleted: false, cells, created: now, modified: now }
    }

    /// A value by field name.
    pub fn get(&self, name: &str) -> &Cell {
        place(name).and_then(|place| self.cells.get(place)).unwrap_or(&Cell::Null)
    }

    /// The external id.
    pub fn key(&self) -> Option<&str> {
        match self.get(KEY) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a field, if it has one.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Cell::Null => None,
            Cell::Text(text) => Some(text.to_string()),
            Cell::Number(number) => Some(number.to_string()),
        }
    }

    /// Sets a value by field name; says whether there is such a field.
    pub(crate) fn set(&mut self, name: &str, cell: Cell) -> bool {
        let slot = place(name).and_then(|place| self.cells.get_mut(place));
        slot.map(|slot| *slot = cell).is_some()
    }

    /// All fields by name; `None` is null.
    pub fn fields(&self) -> BTreeMap<&'static str, Option<String>> {
        FIELDS.iter().map(|field| (field.name, self.text(field.name))).collect()
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
    pub after: Arc<Account>,
}

/// The id of a record: 15 characters and the suffix that makes it safe where case is lost.
fn id_of(number: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = number;
    let mut tail = [b'0'; 9];
    for slot in tail.iter_mut().rev() {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        *slot = DIGITS.get(digit).copied().unwrap_or(b'0');
        rest /= 62;
    }
    let id = format!("{PREFIX}SBX{}", String::from_utf8_lossy(&tail));
    format!("{id}{}", suffix(&id))
}

/// Each of the three characters says which of five are upper case.
pub(crate) fn suffix(id: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let bytes = id.as_bytes();
    let letter = |chunk: &[u8]| {
        let bits = chunk
            .iter()
            .enumerate()
            .map(|(place, byte)| usize::from(byte.is_ascii_uppercase()) << place)
            .sum::<usize>();
        LETTERS.get(bits).copied().map_or('A', char::from)
    };
    bytes.chunks(5).take(3).map(letter).collect()
}

/// A stamp as the API writes it.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_case_in_the_suffix() {
        assert_eq!(suffix("001D000000IqhSL"), "IAZ");
        let id = id_of(12_345);
        assert_eq!((id.len(), id.starts_with("001SBX")), (18, true));
        assert_ne!(id_of(1), id_of(2));
    }

    #[test]
    fn stamps_have_no_colon_in_their_zone() {
        let at = "2026-01-02T03:04:05.6789Z".parse().expect("a stamp");
        assert_eq!(stamp(at), "2026-01-02T03:04:05.678+0000");
    }
}
