//! Custom fields from their metadata (Metadata API Developer Guide, "`CustomField`").

use super::component::Refused;
use super::element::Element;
use crate::salesforce::record::Cell;
use crate::salesforce::schema::{CUSTOM_FIELD, Field, Flag, Kind};
use crate::salesforce::store::{Author, Store};

/// Most external ids of an object (Salesforce Help, "Custom Field Attributes").
const EXTERNAL_IDS: usize = 25;

/// Reads a field from its metadata and judges it against the object.
pub(super) fn field(store: &Store, table: usize, name: &str, metadata: &Element) -> Result<Field, Refused> {
    let bad = |message: String| Refused::new("FIELD_INTEGRITY_EXCEPTION", message);
    let object =
        store.object(table).ok_or_else(|| Refused::new("INVALID_TYPE", "there is no such object"))?;
    let stem = name
        .strip_suffix("__c")
        .ok_or_else(|| bad(format!("{name}: a custom field's name ends with __c")))?;
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let sound = stem.starts_with(|first: char| first.is_ascii_alphabetic())
        && stem.chars().all(letters)
        && !stem.contains("__")
        && !stem.ends_with('_')
        && stem.len() <= 40;
    if !sound {
        return Err(bad(format!("{name}: the name may hold letters, digits and single underscores")));
    }
    let label =
        metadata.text("label").ok_or_else(|| bad(format!("{name}: Required field is missing: label")))?;
    let kind = kind(name, metadata)?;
    let external = metadata.truth("externalId");
    if external && !matches!(kind, Kind::Text(_) | Kind::Email(_)) {
        return Err(bad(format!("{name}: a field of this type cannot be an external ID here")));
    }
    let keys = object.fields.iter().filter(|field| field.is(Flag::ExternalId)).count();
    if external && keys >= EXTERNAL_IDS {
        return Err(bad(format!("{name}: the object has {EXTERNAL_IDS} external IDs already")));
    }
    let values = metadata.one("valueSet").and_then(|set| set.one("valueSetDefinition"));
    let names =
        values.into_iter().flat_map(|set| set.all("value")).filter_map(|value| value.text("fullName"));
    let restricted = metadata.one("valueSet").is_some_and(|set| set.truth("restricted"));
    let field = Field {
        name: name.to_owned(),
        label: label.to_owned(),
        kind,
        flags: 0,
        values: names.map(str::to_owned).collect(),
        to: Vec::new(),
        relationship: String::new(),
        children: String::new(),
        default: if kind == Kind::Check {
            metadata.text("defaultValue").unwrap_or("false").to_owned()
        } else {
            String::new()
        },
        help: metadata.text("inlineHelpText").unwrap_or_default().to_owned(),
        readers: 0,
        editors: 0,
    };
    Ok(field
        .with(Flag::Granted, !metadata.truth("required"))
        .with(Flag::Required, metadata.truth("required"))
        .with(Flag::ExternalId, external)
        .with(Flag::Unique, metadata.truth("unique"))
        .with(Flag::Exact, metadata.truth("caseSensitive"))
        .with(Flag::Restricted, restricted)
        .with(Flag::Defaulted, kind == Kind::Check))
}

fn kind(name: &str, metadata: &Element) -> Result<Kind, Refused> {
    let bad = |message: String| Refused::new("FIELD_INTEGRITY_EXCEPTION", message);
    let wanted =
        metadata.text("type").ok_or_else(|| bad(format!("{name}: Required field is missing: type")))?;
    let number = |member: &str| {
        metadata.number(member).ok_or_else(|| bad(format!("{name}: Required field is missing: {member}")))
    };
    let length = |longest: u32| {
        let length = number("length")?;
        let fits = (1..=longest).contains(&length);
        if fits { Ok(length) } else { Err(bad(format!("{name}: length must be between 1 and {longest}"))) }
    };
    let digits = || {
        let (precision, scale) = (number("precision")?, number("scale")?);
        let fits = (1..=18).contains(&precision) && scale <= precision.saturating_sub(1).min(17);
        if fits {
            Ok((precision, scale))
        } else {
            Err(bad(format!("{name}: precision is 1 to 18, and scale is less")))
        }
    };
    Ok(match wanted {
        "Text" => Kind::Text(length(255)?),
        "TextArea" => Kind::Area(255),
        "LongTextArea" => {
            number("visibleLines")?;
            Kind::Area(length(131_072)?)
        }
        "Email" => Kind::Email(80),
        "Phone" => Kind::Phone(40),
        "Url" => Kind::Url(255),
        "Number" => digits().map(|(precision, scale)| Kind::Double(precision, scale))?,
        "Currency" => digits().map(|(precision, scale)| Kind::Currency(precision, scale))?,
        "Percent" => digits().map(|(precision, scale)| Kind::Percent(precision, scale))?,
        "Date" => Kind::Date,
        "DateTime" => Kind::Moment,
        "Checkbox" if metadata.text("defaultValue").is_none() => {
            return Err(bad(format!("{name}: Required field is missing: defaultValue")));
        }
        "Checkbox" => Kind::Check,
        "Picklist" if metadata.one("valueSet").is_none() => {
            return Err(bad(format!("{name}: Required field is missing: valueSet")));
        }
        "Picklist" => Kind::Picklist(255),
        other => return Err(bad(format!("{name}: fields of type {other} are not known here"))),
    })
}

/// Adds a field, or gives the one that is there its new shape; returns the id of its record.
pub(super) fn apply(store: &mut Store, table: usize, mut field: Field, author: &Author) -> String {
    let name = field.name.clone();
    if field.is(Flag::Required) {
        (field.readers, field.editors) = (u8::MAX, u8::MAX);
    }
    let Some(found) = store.table_mut(table) else { return String::new() };
    let object = found.object.name.clone();
    found.alter(|object| match object.place(&name) {
        None => object.add(field),
        Some(place) => {
            if let Some(slot) = object.fields.get_mut(usize::from(place)) {
                (field.readers, field.editors) = (slot.readers, slot.editors);
                // Whoever sees it without a permission of ours goes on to.
                if !slot.is(Flag::Granted) {
                    field.flags &= !(Flag::Granted as u32);
                }
                *slot = field;
            }
        }
    });
    store.describe_anew(author.now);
    let full = format!("{object}.{name}");
    if let Some(known) = store.table(CUSTOM_FIELD).and_then(|table| table.one("FullName", &full)) {
        return known.id.clone();
    }
    let Some(mut record) = store.blank(CUSTOM_FIELD, author) else { return String::new() };
    record.set("DeveloperName", Cell::text(name.strip_suffix("__c").unwrap_or(&name)));
    record.set("FullName", Cell::text(&full));
    record.set("TableEnumOrId", Cell::text(&object));
    let id = record.id.clone();
    store.derive(record);
    id
}

/// The object and the field that a full name such as `Account.Ifs_Id__c` means.
pub(super) fn located<'a>(store: &Store, full: &'a str) -> Result<(usize, &'a str), Refused> {
    let (object, name) = full
        .split_once('.')
        .ok_or_else(|| Refused::new("INVALID_INPUT", format!("{full}: write Object.Field__c")))?;
    let table = store
        .named(object)
        .filter(|table| store.object(*table).is_some_and(|object| object.writable && !object.is_tooling()));
    let table = table
        .ok_or_else(|| Refused::new("INVALID_TYPE", format!("Entity of type '{object}' cannot be found")))?;
    Ok((table, name))
}
