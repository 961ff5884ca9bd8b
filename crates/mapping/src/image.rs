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

/// The record with other values where nobody ever agreed on any. A field by which the pair is known stays:
/// it is what it was.
fn bare(mapper: &dyn Mapper, record: &Record, image: &Fields, draft: &Draft) -> Fields {
    let mut bare = record.fields.clone();
    for (name, now) in record.fields.iter().filter(|(name, _)| image.get(name.as_str()).is_none()) {
        let mut with = |value: Value| {
            let mut fields = record.fields.clone();
            fields.set(name.clone(), value.clone());
            let same = matches!(remade(mapper, record, fields, draft), Remade::Same(_));
            if same {
                bare.set(name.clone(), value);
            }
            same
        };
        // One that must not be empty can still be another one.
        if !with(Value::Null) {
            with(altered(now));
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
    let matters = |without: &Fields| {
        targets.iter().any(|target| without.get(target.as_str()) != draft.fields.get(target.as_str()))
    };
    let mut found = Vec::new();
    for (name, now) in record.fields.iter() {
        let agreed = image.get(name.as_str());
        let before = agreed.unwrap_or(&Value::Null);
        if alike(before, now) {
            continue;
        }
        let with = |value: Value| {
            let mut fields = record.fields.clone();
            fields.set(name.clone(), value);
            remade(mapper, record, fields, draft)
        };
        let held = match (with(before.clone()), agreed) {
            (Remade::Same(without), _) => matters(&without),
            // Without it the record cannot be mapped at all.
            (_, Some(_)) => true,
            (_, None) => match with(altered(now)) {
                Remade::Same(without) => matters(&without),
                // The pair is known by it.
                Remade::Other => false,
                Remade::Failed => true,
            },
        };
        if held {
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

/// What a mapper makes of a record with other fields.
enum Remade {
    /// The draft's twin, with these fields.
    Same(Fields),
    /// Other drafts, or none.
    Other,
    /// Nothing: it cannot be mapped.
    Failed,
}

fn remade(mapper: &dyn Mapper, record: &Record, fields: Fields, draft: &Draft) -> Remade {
    let record = Record { fields, ..record.clone() };
    let Ok(made) = mapper.map(&Change::Put(record)) else { return Remade::Failed };
    let twin = |other: &Draft| other.entity == draft.entity && other.id == draft.id;
    made.drafts.into_iter().find(twin).map_or(Remade::Other, |draft| Remade::Same(draft.fields))
}

/// The draft's twin of a record with other fields.
fn again(mapper: &dyn Mapper, record: &Record, fields: Fields, draft: &Draft) -> Option<Fields> {
    match remade(mapper, record, fields, draft) {
        Remade::Same(fields) => Some(fields),
        Remade::Other | Remade::Failed => None,
    }
}

/// Another value of the same kind.
fn altered(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::text(format!("{text}~")),
        Value::Bool(truth) => Value::Bool(!truth),
        Value::Decimal(number) => Value::Decimal(number.checked_add(1.into()).unwrap_or_default()),
        Value::Date(date) => date.tomorrow().map_or(Value::Null, Value::Date),
        Value::Null => Value::text("~"),
        _ => Value::Null,
    }
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

    /// A pair that was made while people on both sides were at work: nobody has agreed on the number yet,
    /// and the name must not be empty.
    #[test]
    fn a_conflict_holds_no_field_but_its_own_and_what_must_not_be_empty_is_not_taken_for_agreed_on() {
        let text = MAPPING.replace("from = \"Name\"\n", "from = \"Name\"\nsteps = [\"required\"]\n");
        let mapper = DeclaredMapper::from_toml(&text, "m.toml").expect("it compiles");
        let now = fields(&[("Key", "C1"), ("Name", "new"), ("Place", "here")]);
        let record = Record { entity: "Account".into(), key: "1".into(), version: "2".into(), fields: now };
        let draft = mapper.map(&Change::Put(record.clone())).expect("it maps").drafts.remove(0);
        let city = BTreeSet::from([FieldName::from("City")]);
        let held = behind(&mapper, (&record, &draft), &Fields::new(), &city);
        assert_eq!(held, [FieldName::from("Place")], "neither the key nor the name is behind the city");
        let image = fields(&[("Key", "C1"), ("Place", "here")]);
        assert_eq!(drawn(&mapper, &record, &image, &draft), fields(&[("City", "here")]), "no name is known");
    }
}
