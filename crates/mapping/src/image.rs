//! What a mapper makes of a record as it was: the bridge between what was agreed on in the source's
//! form and the draft, which is in the target's.
//!
//! A mapper is opaque. Which source fields a target field depends on is found out by asking it.

use std::collections::BTreeSet;

use crate::canonical::alike;
use crate::{Change, Draft, FieldName, Fields, Mapper, Record, Value};

/// What `mapper` made of the source when both sides agreed on `image`; fields that depend on a part
/// of the record that nobody ever agreed on are left out.
pub fn drawn(mapper: &dyn Mapper, record: &Record, image: &Fields, draft: &Draft) -> Fields {
    if image.is_empty() {
        return Fields::new();
    }
    let whole = record.fields.iter().all(|(name, _)| image.get(name.as_str()).is_some());
    if whole {
        return again(mapper, record, image.clone(), draft).unwrap_or_default();
    }
    let filled = overlaid(&record.fields, image);
    let Some(filled) = again(mapper, record, filled, draft) else { return Fields::new() };
    let bare = again(mapper, record, overlaid(&bare(mapper, record, image, draft), image), draft);
    let known = |(name, value): (&FieldName, &Value)| match &bare {
        Some(bare) if bare.get(name.as_str()) == Some(value) => Some((name.clone(), value.clone())),
        _ => None,
    };
    filled.iter().filter_map(known).collect()
}

/// The record without what nobody ever agreed on. A field without which there is no such draft stays:
/// the pair is known by it, so it is what it was.
fn bare(mapper: &dyn Mapper, record: &Record, image: &Fields, draft: &Draft) -> Fields {
    let mut bare = record.fields.clone();
    for (name, _) in record.fields.iter().filter(|(name, _)| image.get(name.as_str()).is_none()) {
        let mut without = record.fields.clone();
        without.set(name.clone(), Value::Null);
        if again(mapper, record, without, draft).is_some() {
            bare.set(name.clone(), Value::Null);
        }
    }
    bare
}

/// The source fields that moved away from `image` and change any of the draft's fields `targets`.
pub fn behind(
    mapper: &dyn Mapper,
    (record, draft): (&Record, &Draft),
    image: &Fields,
    targets: &BTreeSet<FieldName>,
) -> Vec<FieldName> {
    let mut found = Vec::new();
    for (name, now) in record.fields.iter() {
        let before = image.get(name.as_str()).unwrap_or(&Value::Null);
        if alike(before, now) {
            continue;
        }
        let mut fields = record.fields.clone();
        fields.set(name.clone(), before.clone());
        let matters = match again(mapper, record, fields, draft) {
            Some(without) => {
                targets.iter().any(|target| without.get(target.as_str()) != draft.fields.get(target.as_str()))
            }
            // Without it the record cannot be mapped at all.
            None => true,
        };
        if matters {
            found.push(name.clone());
        }
    }
    found
}

/// `under`, with what `over` says instead wherever it says anything.
pub fn overlaid(under: &Fields, over: &Fields) -> Fields {
    let mut fields = under.clone();
    for (name, value) in over.iter() {
        fields.set(name.clone(), value.clone());
    }
    fields
}

/// The draft's twin of a record with other fields.
fn again(mapper: &dyn Mapper, record: &Record, fields: Fields, draft: &Draft) -> Option<Fields> {
    let record = Record { fields, ..record.clone() };
    let made = mapper.map(&Change::Put(record)).ok()?;
    let twin = |other: &Draft| other.entity == draft.entity && other.id == draft.id;
    made.drafts.into_iter().find(twin).map(|draft| draft.fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeclaredMapper;

    const MAPPING: &str = r#"
name = "m"
revision = 1
source = "Account"
target = "Customer"
external_id = { from = "Key" }

[[where]]
field = "Key"
is = "present"

[fields.Name]
from = "Name"
owner = "shared"

[fields.City]
from = "Place"
owner = "shared"
"#;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| (FieldName::from(*name), Value::text(*value))).collect()
    }

    #[test]
    fn the_field_that_a_pair_is_known_by_need_not_have_been_agreed_on() {
        let mapper = DeclaredMapper::from_toml(MAPPING, "m.toml").expect("it compiles");
        let now = fields(&[("Key", "C1"), ("Name", "new"), ("Place", "here")]);
        let record = Record { entity: "Account".into(), key: "1".into(), version: "2".into(), fields: now };
        let made = mapper.map(&Change::Put(record.clone())).expect("it maps");
        let image = fields(&[("Name", "old")]);
        // What the place was when both agreed is not known, so nothing is said about the city.
        assert_eq!(drawn(&mapper, &record, &image, &made.drafts[0]), fields(&[("Name", "old")]));
    }
}
