//! One cell of an upload: a value, no value, or no change.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// How a cell says that the field is to be emptied.
pub(crate) const NULL: &str = "#N/A";

/// What one cell asks for (Bulk API 2.0, "Prepare CSV Files").
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A text. The org stores no empty texts, so an empty one empties the field like
    /// [`Null`](Self::Null); as an empty cell it would silently leave the old value.
    Text(&'a str),
    /// An exact number.
    Number(Decimal),
    /// A truth value.
    Bool(bool),
    /// A day.
    Date(Date),
    /// An instant.
    Instant(Timestamp),
    /// The field is emptied: `#N/A`.
    Null,
    /// The field stays as it is: an empty cell.
    Unchanged,
}

impl<'a> Cell<'a> {
    /// The cell's text, made in `scratch` where there is none yet.
    pub(crate) fn text<'s>(&self, scratch: &'s mut String) -> &'s str
    where
        'a: 's,
    {
        scratch.clear();
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Text("") | Self::Null => return NULL,
            Self::Text(text) => return text,
            Self::Unchanged => return "",
            Self::Number(number) => write!(scratch, "{number}"),
            Self::Bool(truth) => write!(scratch, "{truth}"),
            Self::Date(date) => write!(scratch, "{date}"),
            Self::Instant(instant) => write!(scratch, "{}", instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")),
        };
        scratch
    }
}

/// Appends `text` as one field, in quotes where it must be (RFC 4180 section 2).
pub(crate) fn push_field(out: &mut Vec<u8>, text: &str) {
    if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for (place, part) in text.split('"').enumerate() {
        if place > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_text() {
        let mut scratch = String::new();
        for (cell, text) in [
            (Cell::Text("x"), "x"),
            (Cell::Text(""), "#N/A"),
            (Cell::Null, "#N/A"),
            (Cell::Unchanged, ""),
            (Cell::Number(Decimal::new(-1230, 2)), "-12.30"),
            (Cell::Bool(true), "true"),
            (Cell::Date(jiff::civil::date(2026, 1, 2)), "2026-01-02"),
            (Cell::Instant(Timestamp::constant(1_740_830_400, 5_000_000)), "2025-03-01T12:00:00.005Z"),
        ] {
            assert_eq!(cell.text(&mut scratch), text, "{cell:?}");
        }
    }

    #[test]
    fn quotes_stand_only_where_they_must() {
        for (text, field) in [
            ("", ""),
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("\"", "\"\"\"\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("cr\r", "\"cr\r\""),
            ("=cmd|'x'", "=cmd|'x'"),
            ("åäö 漢字 🦀", "åäö 漢字 🦀"),
        ] {
            let mut out = Vec::new();
            push_field(&mut out, text);
            assert_eq!(std::str::from_utf8(&out).expect("UTF-8"), field);
        }
    }
}
