//! Keys: from the parts of a row to one canonical text, and back to conditions.

use std::cmp::Ordering;

use mapping::Key;
use odata_client::{Cell, CellError, Filter, Literal, Order, property};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One key property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyField {
    /// Its name.
    pub name: String,
    /// Its kind.
    #[serde(default)]
    pub kind: KeyKind,
}

/// What a key property is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Text.
    #[default]
    Text,
    /// A number.
    Decimal,
    /// A GUID.
    Guid,
}

impl KeyField {
    /// A text.
    pub fn text(name: &str) -> Self {
        Self { name: name.to_owned(), kind: KeyKind::Text }
    }

    /// A number.
    pub fn decimal(name: &str) -> Self {
        Self { name: name.to_owned(), kind: KeyKind::Decimal }
    }
}

/// In which order the server sorts text keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyOrder {
    /// By their bytes: every page is checked against it, so that a server that ignores the order is
    /// found at once.
    #[default]
    Binary,
    /// By rules of the server's own (a linguistic sort): only progress can be checked.
    Server,
}

/// The key properties of an entity.
///
/// The canonical text of a single key is its value; parts of a composite one are joined by `^`, and
/// `^` and `\` within them are escaped by `\`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyShape {
    pub(crate) fields: Vec<KeyField>,
    pub(crate) order: KeyOrder,
}

impl KeyShape {
    /// The key whose parts are `cells`; `None` if one is null or empty.
    pub(crate) fn read<'a>(&self, cells: impl Iterator<Item = Cell<'a>>) -> Result<Option<Key>, CellError> {
        let mut joined = String::new();
        for (index, (field, cell)) in self.fields.iter().zip(cells).enumerate() {
            let part = match field.kind {
                KeyKind::Text | KeyKind::Guid => cell.text()?,
                KeyKind::Decimal => cell.decimal()?.map(|number| number.normalize().to_string().into()),
            };
            let Some(part) = part.filter(|part| !part.is_empty()) else { return Ok(None) };
            if self.fields.len() == 1 {
                return Ok(Some(Key::new(&*part)));
            }
            if index > 0 {
                joined.push('^');
            }
            push_escaped(&mut joined, &part);
        }
        Ok(Some(Key::from(joined)))
    }

    /// The key of these parts; `None` if one is empty or not of its kind.
    pub(crate) fn join(&self, parts: &[&str]) -> Option<Key> {
        let mut joined = String::new();
        for (index, (field, part)) in self.fields.iter().zip(parts).enumerate() {
            let part = match field.kind {
                KeyKind::Decimal => part.trim().parse::<Decimal>().ok()?.normalize().to_string(),
                KeyKind::Text | KeyKind::Guid => (*part).to_owned(),
            };
            if part.is_empty() {
                return None;
            }
            if self.fields.len() == 1 {
                return Some(Key::from(part));
            }
            if index > 0 {
                joined.push('^');
            }
            push_escaped(&mut joined, &part);
        }
        Some(Key::from(joined))
    }

    pub(crate) fn parts(&self, key: &Key) -> Vec<String> {
        if self.fields.len() == 1 {
            return vec![key.as_str().to_owned()];
        }
        let mut parts = vec![String::new()];
        let mut chars = key.as_str().chars();
        while let Some(next) = chars.next() {
            let text = match next {
                '^' => {
                    parts.push(String::new());
                    continue;
                }
                '\\' => chars.next().unwrap_or('\\'),
                other => other,
            };
            if let Some(last) = parts.last_mut() {
                last.push(text);
            }
        }
        parts
    }

    /// The parts as literals; `None` if the text is no key of this shape.
    pub(crate) fn literals(&self, key: &Key) -> Option<Vec<(&str, Literal)>> {
        let parts = self.parts(key);
        if parts.len() != self.fields.len() {
            return None;
        }
        let literal = |(field, part): (&'_ KeyField, String)| match field.kind {
            KeyKind::Text => Some(Literal::Text(part)),
            KeyKind::Decimal => part.parse::<Decimal>().ok().map(Literal::Decimal),
            KeyKind::Guid => is_guid(&part).then_some(Literal::Guid(part)),
        };
        let mut literals = Vec::with_capacity(parts.len());
        for (field, part) in self.fields.iter().zip(parts) {
            literals.push((field.name.as_str(), literal((field, part))?));
        }
        Some(literals)
    }

    /// The rows whose key is `key`.
    pub(crate) fn is(&self, key: &Key) -> Option<Filter> {
        let parts = self.literals(key)?;
        Some(Filter::All(parts.into_iter().map(|(name, literal)| property(name).eq(literal)).collect()))
    }

    /// The rows whose key comes behind `key`.
    pub(crate) fn behind(&self, key: &Key) -> Option<Filter> {
        behind(&self.literals(key)?)
    }

    /// The rows whose key comes behind `after` and not behind `to`, if that can be said in one line:
    /// for keys of one property.
    pub(crate) fn between(&self, after: Option<&Key>, to: &Key) -> Option<Filter> {
        let [(name, literal)]: [(&str, Literal); 1] = self.literals(to)?.try_into().ok()?;
        let to = property(name).le(literal);
        match after {
            Some(after) => Some(self.behind(after)?.and(to)),
            None => Some(to),
        }
    }

    /// The key as it stands in an address.
    pub(crate) fn address(&self, key: &Key) -> Option<odata_client::Key> {
        let parts = self.literals(key)?;
        match parts.as_slice() {
            [(_, literal)] => Some(odata_client::Key::Single(literal.clone())),
            _ => Some(odata_client::Key::Composite(
                parts.into_iter().map(|(name, literal)| (name.to_owned(), literal)).collect(),
            )),
        }
    }

    /// The order by key.
    pub(crate) fn ascending(&self) -> impl Iterator<Item = Order> {
        self.fields.iter().map(|field| Order::ascending(&field.name))
    }

    /// How two keys compare, as far as we can know: keys in the server's own order are only equal
    /// or not.
    pub(crate) fn compare(&self, left: &Key, right: &Key) -> Option<Ordering> {
        if left == right {
            return Some(Ordering::Equal);
        }
        if let [field] = self.fields.as_slice() {
            return self.compare_part(field.kind, left.as_str(), right.as_str());
        }
        let (left, right) = (self.parts(left), self.parts(right));
        for ((field, left), right) in self.fields.iter().zip(left).zip(right) {
            match self.compare_part(field.kind, &left, &right) {
                Some(Ordering::Equal) => {}
                other => return other,
            }
        }
        Some(Ordering::Equal)
    }

    fn compare_part(&self, kind: KeyKind, left: &str, right: &str) -> Option<Ordering> {
        match (kind, self.order) {
            (KeyKind::Decimal, _) => Some(left.parse::<Decimal>().ok()?.cmp(&right.parse::<Decimal>().ok()?)),
            (KeyKind::Text, KeyOrder::Binary) => Some(left.cmp(right)),
            // Databases sort GUIDs in several ways.
            (KeyKind::Guid, _) | (KeyKind::Text, KeyOrder::Server) => {
                (left == right).then_some(Ordering::Equal)
            }
        }
    }
}

fn behind(parts: &[(&str, Literal)]) -> Option<Filter> {
    let ((name, literal), rest) = parts.split_first()?;
    let first = property(*name).gt(literal.clone());
    match behind(rest) {
        None => Some(first),
        Some(rest) => Some(first.or(property(*name).eq(literal.clone()).and(rest))),
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn push_escaped(out: &mut String, part: &str) {
    for c in part.chars() {
        if matches!(c, '^' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(kinds: &[KeyKind]) -> KeyShape {
        let fields = kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| KeyField { name: format!("K{index}"), kind: *kind })
            .collect();
        KeyShape { fields, order: KeyOrder::Binary }
    }

    #[test]
    fn composite_keys_are_walked_part_by_part() {
        let shape = shape(&[KeyKind::Text, KeyKind::Decimal]);
        let key = Key::from("a\\^'^7");
        assert_eq!(
            shape.behind(&key).unwrap().to_string(),
            "((K0 gt 'a^''') or ((K0 eq 'a^''') and (K1 gt 7)))"
        );
        assert_eq!(shape.is(&key).unwrap().to_string(), "((K0 eq 'a^''') and (K1 eq 7))");
        assert_eq!(shape.behind(&Key::from("a")), None);
        assert_eq!(shape.compare(&Key::from("a^9"), &Key::from("a^10")), Some(Ordering::Less));
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_its_parts(parts in proptest::collection::vec(".{1,6}", 1..4)) {
            let shape = shape(&vec![KeyKind::Text; parts.len()]);
            let json = serde_json::to_string(
                &parts.iter().enumerate().map(|(i, p)| (format!("K{i}"), p.clone())).collect::<std::collections::BTreeMap<_, _>>(),
            ).unwrap();
            let columns = odata_client::Columns::new((0..parts.len()).map(|i| format!("K{i}")));
            let mut row = odata_client::Row::default();
            columns.reader().read(&json, &mut row).unwrap();
            let key = shape.read((0..parts.len()).filter_map(|i| row.cell(i))).unwrap().unwrap();
            prop_assert_eq!(shape.parts(&key), parts);
        }
    }
}
