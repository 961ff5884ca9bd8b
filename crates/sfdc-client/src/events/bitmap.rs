//! Field names in bitmaps: `0x104` over the event's fields, `1-0x6` over those of the compound field 1.
//!
//! Rules: Pub/Sub API guide, "Event Deserialization Considerations". The lowest bit is the first
//! field, and the event's first field is its header.

use crate::events::avro_schema::{AvroSchema, Field};

/// A list of fields that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no bitmap of fields")]
pub struct BitmapError(pub String);

/// The names of the fields that `bitmaps` mark, those of a compound field as `Name.FirstName`.
/// Bits beyond the schema mean nothing.
pub fn names<'t>(
    schema: &AvroSchema,
    bitmaps: impl IntoIterator<Item = &'t str>,
) -> Result<Vec<String>, BitmapError> {
    let all = schema.fields(schema.root()).unwrap_or_default();
    let mut names = Vec::new();
    for bitmap in bitmaps {
        match bitmap.split_once('-') {
            None => names.extend(marked(all, bitmap)?.map(|field| field.name.clone())),
            Some((place, bits)) => {
                let place: usize = place.parse().map_err(|_| BitmapError(bitmap.to_owned()))?;
                // Whatever lies beyond the schema is not known to us.
                let Some(parent) = all.get(place) else { continue };
                match schema.fields(parent.node) {
                    Some(fields) => {
                        names.extend(
                            marked(fields, bits)?.map(|field| format!("{}.{}", parent.name, field.name)),
                        );
                    }
                    // No compound field after all: it changed as a whole.
                    None => names.push(parent.name.clone()),
                }
            }
        }
    }
    Ok(names)
}

/// The fields whose bits are set.
fn marked<'f>(fields: &'f [Field], bits: &str) -> Result<impl Iterator<Item = &'f Field>, BitmapError> {
    let digits = bits.strip_prefix("0x").or_else(|| bits.strip_prefix("0X"));
    let digits = digits.filter(|digits| !digits.is_empty()).ok_or_else(|| BitmapError(bits.to_owned()))?;
    let values: Option<Vec<u32>> = digits.chars().rev().map(|digit| digit.to_digit(16)).collect();
    let values = values.ok_or_else(|| BitmapError(bits.to_owned()))?;
    let is_set = move |place: usize| values.get(place / 4).is_some_and(|digit| digit >> (place % 4) & 1 == 1);
    Ok(fields.iter().enumerate().filter(move |(place, _)| is_set(*place)).map(|(_, field)| field))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ten fields; the second is a compound one, in the form of a name that may be a text.
    fn schema() -> AvroSchema {
        let plain = |name: &str| format!(r#"{{"name":"{name}","type":["null","string"]}}"#);
        let children = ["Salutation", "FirstName", "LastName"].map(plain).join(",");
        let name = format!(
            r#"{{"name":"Name","type":["null","string",{{"type":"record","name":"PersonName","fields":[{children}]}}]}}"#
        );
        let fields = [
            vec![plain("ChangeEventHeader"), name, plain("Phone")],
            (3..10).map(|number| plain(&format!("F{number}"))).collect(),
        ]
        .concat()
        .join(",");
        AvroSchema::parse(&format!(r#"{{"type":"record","name":"E","fields":[{fields}]}}"#))
            .expect("a schema")
    }

    #[test]
    fn bits_become_names() {
        for (bitmaps, expected) in [
            (&["0x104", "1-0x6"][..], &["Phone", "F8", "Name.FirstName", "Name.LastName"][..]),
            (&["1-0x6"], &["Name.FirstName", "Name.LastName"]),
            (&["0x0"], &[]),
            (&[], &[]),
            (&["0x2"], &["Name"]),
            (&["0xA8"], &["F3", "F5", "F7"]),
            (&["0xa8"], &["F3", "F5", "F7"]),
            (&["0x000008"], &["F3"]),
            // Beyond the schema, in it and in a compound field; and a field that is none.
            (&["0xFFFFFFFFFFFFFFFFFFFF0000000000000400", "1-0xFFF8", "77-0x1"], &[]),
            (&["2-0x1"], &["Phone"]),
        ] {
            assert_eq!(names(&schema(), bitmaps.iter().copied()).expect("bitmaps"), expected, "{bitmaps:?}");
        }
    }

    #[test]
    fn what_is_no_bitmap_is_refused() {
        for bad in ["", "0x", "104", "0xG", "1-", "1-6", "x-0x6", "-0x6", "1-2-0x6", "0x1é", "Phone"] {
            assert!(names(&schema(), [bad]).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn each_bit_is_its_field(bits in 0_u32..1024) {
            let schema = schema();
            let fields = schema.fields(schema.root()).expect("a record");
            let expected: Vec<String> =
                (0..10).filter(|place| bits & 1 << place != 0).map(|place: usize| fields[place].name.clone()).collect();
            prop_assert_eq!(names(&schema, [&*format!("0x{bits:X}")]), Ok(expected));
        }

        #[test]
        fn nothing_panics(text in ".{0,20}") {
            let _ = names(&schema(), [&*text]);
        }
    }
}
