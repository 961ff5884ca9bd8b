//! How transformations are written: what they have in common once, and their values by columns.
//!
//! The records of an entry nearly always have the same members in the same order, so that half of
//! their JSON is the same again and again, and the values of one member resemble each other more
//! than their neighbours. Items whose texts differ in nothing but plain values are kept as the pieces
//! between the values, and one list for each value; put together, every item is again the text that
//! it was, byte for byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::MappedItem;

/// How many groups an item is compared with; of more the earlier ones get no further items.
const COMPARED: usize = 8;

/// Items that differ in nothing but plain values.
struct Group<'a> {
    /// Which of the items.
    places: Vec<usize>,
    input: Frame,
    output: Frame,
    /// Item by item.
    values: Vec<&'a str>,
}

/// What stands before, between and behind the values of a text.
struct Frame(Vec<String>);

/// The same, as it is read.
#[derive(Deserialize)]
struct Read<'a> {
    places: Vec<usize>,
    common: Vec<String>,
    #[serde(borrow)]
    columns: Vec<Vec<&'a RawValue>>,
}

/// The payload of `items`.
pub(crate) fn write(items: &[MappedItem]) -> Vec<u8> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        if !groups.iter_mut().rev().take(COMPARED).any(|group| group.takes(place, item)) {
            groups.push(Group::of(place, item));
        }
    }
    let mut out = b"{\"groups\":[".to_vec();
    for group in groups {
        group.finish(&mut out);
    }
    out.extend_from_slice(b"]}");
    out
}

/// The items of a payload.
pub(crate) fn read(payload: &[u8]) -> Result<Vec<MappedItem>, String> {
    #[derive(Deserialize)]
    struct Groups<'a> {
        #[serde(borrow)]
        groups: Vec<Read<'a>>,
    }
    // As they were written at first: one behind the other.
    if payload.first() == Some(&b'[') {
        return serde_json::from_slice(payload).map_err(|error| error.to_string());
    }
    let Groups { groups } = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let mut items = BTreeMap::new();
    for group in groups {
        let whole = group.columns.iter().all(|column| column.len() == group.places.len());
        if !whole || group.common.len() != group.columns.len() + 1 {
            return Err("a column does not have one value for each item".into());
        }
        for (row, place) in group.places.iter().enumerate() {
            let item = serde_json::from_str(&group.text(row)).map_err(|error| error.to_string())?;
            items.insert(*place, item);
        }
    }
    let whole = items.keys().copied().eq(0..items.len());
    if whole { Ok(items.into_values().collect()) } else { Err("an item is missing".into()) }
}

impl Read<'_> {
    fn text(&self, row: usize) -> String {
        let values = self.columns.iter().map(|column| column.get(row).map_or("", |value| value.get()));
        self.common.iter().map(String::as_str).zip(values.chain([""])).flat_map(<[&str; 2]>::from).collect()
    }
}

impl<'a> Group<'a> {
    /// The group that an item begins.
    fn of(place: usize, item: &'a MappedItem) -> Self {
        let mut values = Vec::new();
        let (input, output) =
            (Frame::of(item.input.get(), &mut values), Frame::of(item.output.get(), &mut values));
        Self { places: vec![place], input, output, values }
    }

    /// Adds an item, if it differs in nothing but plain values.
    fn takes(&mut self, place: usize, item: &'a MappedItem) -> bool {
        let before = self.values.len();
        let fits = self.input.fits(item.input.get(), &mut self.values)
            && self.output.fits(item.output.get(), &mut self.values);
        if fits {
            self.places.push(place);
        } else {
            self.values.truncate(before);
        }
        fits
    }

    fn finish(self, out: &mut Vec<u8>) {
        let Self { places, input: Frame(mut common), output: Frame(output), values } = self;
        if out.last() == Some(&b'}') {
            out.push(b',');
        }
        // The frames become one: of the whole item.
        let mut output = output.into_iter();
        common.first_mut().into_iter().for_each(|first| first.insert_str(0, "{\"input\":"));
        common.last_mut().into_iter().for_each(|last| {
            last.push_str(",\"output\":");
            last.extend(output.next());
        });
        common.extend(output);
        common.last_mut().into_iter().for_each(|last| last.push('}'));
        out.extend_from_slice(b"{\"places\":");
        out.extend(json(&places));
        out.extend_from_slice(b",\"common\":");
        out.extend(json(&common));
        out.extend_from_slice(b",\"columns\":[");
        out.reserve(values.iter().map(|value| value.len() + 1).sum());
        let width = common.len() - 1;
        for column in 0..width {
            out.extend_from_slice(if column == 0 { b"[" } else { b",[" });
            for (place, value) in values.iter().skip(column).step_by(width).enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(value.as_bytes());
            }
            out.push(b']');
        }
        out.extend_from_slice(b"]}");
    }
}

impl Frame {
    /// The frame of a text; its values are added to `values`.
    fn of<'a>(text: &'a str, values: &mut Vec<&'a str>) -> Self {
        let (mut common, mut begun, mut at) = (Vec::new(), 0, 0);
        while let Some(byte) = text.as_bytes().get(at) {
            match plain(text, at) {
                // A text before a colon is the name of a member.
                Some(end) if *byte != b'"' || !is_name(text, end) => {
                    common.push(text.get(begun..at).unwrap_or_default().to_owned());
                    values.extend(text.get(at..end));
                    (begun, at) = (end, end);
                }
                Some(end) => at = end,
                None => at += 1,
            }
        }
        common.push(text.get(begun..).unwrap_or_default().to_owned());
        Self(common)
    }

    /// Whether a text differs in nothing but plain values, which are added to `values`.
    fn fits<'a>(&self, text: &'a str, values: &mut Vec<&'a str>) -> bool {
        let mut at = 0;
        for (place, piece) in self.0.iter().enumerate() {
            if place > 0 {
                let Some(end) = plain(text, at) else { return false };
                values.extend(text.get(at..end));
                at = end;
            }
            if !text.get(at..).is_some_and(|rest| rest.starts_with(piece.as_str())) {
                return false;
            }
            at += piece.len();
        }
        at == text.len()
    }
}

/// Texts always have a JSON form.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Where the plain value that begins at `at` ends, if one does.
fn plain(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let rest = bytes.get(at + 1..)?;
    match bytes.get(at)? {
        b'"' => {
            let mut escaped = false;
            let ends = |byte: &u8| {
                let end = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                end
            };
            rest.iter().position(ends).map(|length| at + length + 2)
        }
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
            let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-');
            Some(at + 1 + rest.iter().take_while(|byte| goes_on(byte)).count())
        }
        _ => None,
    }
}

fn is_name(text: &str, end: usize) -> bool {
    text.get(end..).is_some_and(|rest| rest.trim_start().starts_with(':'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(input: &str, output: &str) -> MappedItem {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        MappedItem { input: raw(input), output: raw(output) }
    }

    fn texts(items: &[MappedItem]) -> Vec<(String, String)> {
        items.iter().map(|item| (item.input.get().to_owned(), item.output.get().to_owned())).collect()
    }

    #[test]
    fn what_is_common_stands_once_and_every_text_comes_back() {
        let items = [
            item(r#"{"k":"S1","n": 1.50e0,"n":2}"#, r#"{"drafts":[{"a\"":null}]}"#),
            item(r#"{"k":"S2\\","n": -1,"n":true}"#, r#"{"drafts":[{"a\"":"\""}]}"#),
            item("[ ]", "{}"),
            item("\"x\"", "7"),
            item("[ ]", "{}"),
        ];
        let payload = write(&items);
        let text = std::str::from_utf8(&payload).expect("text");
        assert_eq!(text.matches("drafts").count(), 1, "{text}");
        assert!(text.contains(r#"["S1","S2\\"]"#), "{text}");
        assert_eq!(texts(&read(&payload).expect("our own")), texts(&items));
        assert!(read(&write(&[])).expect("nothing").is_empty());
    }

    #[test]
    fn items_that_stand_one_behind_the_other_are_read_too() {
        let items = [item("{\"a\" : 1}", "[]"), item("2", "null")];
        let payload = serde_json::to_vec(&items).expect("JSON");
        assert_eq!(texts(&read(&payload).expect("the first layout")), texts(&items));
    }

    #[test]
    fn damage_is_told() {
        for text in [
            "",
            "{}",
            r#"{"groups":[{"places":[0,1],"common":["{\"input\":",",\"output\":1}"],"columns":[[1]]}]}"#,
            r#"{"groups":[{"places":[0],"common":["{\"input\":1,\"output\":1}"],"columns":[[1]]}]}"#,
            r#"{"groups":[{"places":[0],"common":["{\"input\":",",\"output\":"],"columns":[[1]]}]}"#,
            r#"{"groups":[{"places":[1],"common":["{\"input\":",",\"output\":1}"],"columns":[[1]]}]}"#,
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[a\"\\\\é:,{ ]{0,4}".prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
                proptest::collection::btree_map("[a\":]{0,2}", inner, 0..3)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_items_come_back(values in proptest::collection::vec((value(), value()), 0..6), spaced in any::<bool>()) {
            let text = |value: &serde_json::Value| if spaced { format!("{value:#}") } else { value.to_string() };
            let items: Vec<_> = values.iter().map(|(one, two)| item(&text(one), &text(two))).collect();
            prop_assert_eq!(texts(&read(&write(&items)).expect("our own")), texts(&items));
        }
    }
}
