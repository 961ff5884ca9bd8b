//! Compares the configured names with a service's metadata.

use std::collections::BTreeSet;

use odata_client::{Metadata, Property};
use sync_engine::Finding;

use super::finding::{green, red, yellow};
use crate::child::{ChildRead, ChildSettings};
use crate::entities::presets;
use crate::entity_settings::EntitySettings;
use crate::field::{FieldKind, FieldSpec};
use crate::key::{KeyField, KeyKind};
use crate::place::Place;

/// Attributes that move with every change, as tenants are seen to call them.
const MODIFIED: [&str; 10] = [
    "ModifiedDate",
    "Modified",
    "DateModified",
    "LastModified",
    "Changed",
    "DateChanged",
    "ChangedDate",
    "Cf_Modified",
    "Cf_Modified_Date",
    "RowVersion",
];

/// Whether the set is there; if not, which other names the tenant may have for it.
pub(crate) fn set_there(settings: &EntitySettings, sets: &[String]) -> Finding {
    const CHECK: &str = "entity set";
    let place = &settings.place;
    if sets.contains(&place.set) {
        return green(CHECK, format!("{} is there", place.set));
    }
    let known = presets(&settings.entity).iter().find(|preset| {
        let other = (preset.settings)().place;
        other.projection == place.projection && sets.contains(&other.set)
    });
    let hint = match known {
        Some(preset) => format!(
            "set preset = \"{}\" in [ifs.entities.{}]: the tenant has {}",
            preset.name, settings.entity, preset.about
        ),
        None => crate::desk::which_sets(place, sets),
    };
    red(CHECK, format!("{} is not in the service document", place.set), hint)
}

/// Whether the key is the one that the metadata declare.
pub(crate) fn key(settings: &EntitySettings, metadata: &Metadata) -> Finding {
    const CHECK: &str = "key";
    let Some(set) = metadata.entity_set(&settings.place.set) else {
        return yellow(CHECK, "$metadata does not know the set", "correct `set` in the settings");
    };
    let declared: Vec<&str> = metadata.keys(&set.entity_type).iter().map(|key| key.path.as_str()).collect();
    let configured: Vec<&str> = settings.key.iter().map(|key| key.name.as_str()).collect();
    if declared.is_empty() {
        return yellow(CHECK, "$metadata declares no key", "make sure that the configured one is unique");
    }
    let same: BTreeSet<&str> = declared.iter().copied().collect();
    if same == configured.iter().copied().collect() {
        return green(CHECK, configured.join(", "));
    }
    red(
        CHECK,
        format!("it is {} and not {}", declared.join(", "), configured.join(", ")),
        format!("set key = [{}]", key_words(&declared, metadata, &settings.place.set).join(", ")),
    )
}

fn key_words(names: &[&str], metadata: &Metadata, set: &str) -> Vec<String> {
    let word = |name: &&str| {
        let kind = metadata.property(set, name).map_or("text", |property| match property.of.name.as_str() {
            "Edm.Guid" => "guid",
            other if FieldKind::Decimal.fits(other) => "decimal",
            _ => "text",
        });
        format!("{{ name = \"{name}\", kind = \"{kind}\" }}")
    };
    names.iter().map(word).collect()
}

/// Whether every property that is read is there, with a type that fits.
pub(crate) fn fields(settings: &EntitySettings, metadata: &Metadata) -> Finding {
    const CHECK: &str = "mapped fields";
    let set = &settings.place.set;
    if metadata.type_of_set(set).is_none() {
        return red(CHECK, format!("$metadata knows no set {set}"), "correct `set` in the settings");
    }
    let group = settings.group.iter().map(|group| group.by.name.as_str());
    let modified = settings.moved().map(|name| (name, Some(FieldKind::Timestamp)));
    let keys = settings.key.iter().map(|field| field.name.as_str()).chain(group).map(|name| (name, None));
    let fields = settings.fields.iter().map(|field| (field.name.as_str(), Some(field.kind)));
    let property = |name: &str| metadata.property(set, name);
    let mut wrong = wrong(property, keys.chain(modified).chain(fields));
    wrong.extend(wrong_keys(property, &settings.key));
    if wrong.is_empty() {
        return green(CHECK, format!("{} fields, each with a fitting type", settings.fields.len()));
    }
    red(
        CHECK,
        wrong.join(", "),
        "correct `fields`, or leave out with `omit_fields` what the tenant does not have",
    )
}

/// What does not fit, each told once.
fn wrong<'a, 'm>(
    property: impl Fn(&str) -> Option<&'m Property>,
    wanted: impl Iterator<Item = (&'a str, Option<FieldKind>)>,
) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    for (name, kind) in wanted {
        let told = match (property(name), kind) {
            (None, _) => format!("{name} is not there"),
            (Some(found), Some(kind)) if found.of.collection || !kind.fits(&found.of.name) => {
                format!("{name} is {}", found.of.spelled())
            }
            _ => continue,
        };
        if !wrong.contains(&told) {
            wrong.push(told);
        }
    }
    wrong
}

fn wrong_keys<'m>(property: impl Fn(&str) -> Option<&'m Property>, keys: &[KeyField]) -> Vec<String> {
    let unfit = |key: &&KeyField| {
        let Some(found) = property(&key.name) else { return false };
        match key.kind {
            KeyKind::Decimal => !FieldKind::Decimal.fits(&found.of.name),
            KeyKind::Guid => found.of.name != "Edm.Guid",
            KeyKind::Text => found.of.name != "Edm.String",
        }
    };
    keys.iter().filter(unfit).map(|key| format!("the key part {} is no {:?}", key.name, key.kind)).collect()
}

/// Whether children are where they are looked for, by the metadata of that service.
pub(crate) fn children(child: &ChildSettings, place: Option<&Place>, metadata: &Metadata) -> Finding {
    let check = format!("children {}", child.field);
    let set = place.map_or("", |place| place.set.as_str());
    if let Some(place) = place.filter(|place| metadata.entity_set(&place.set).is_none()) {
        return red(
            &check,
            format!("{} has no set {}", place.service_name(), place.set),
            "correct `parts` of the children, or leave them out with `omit_children`",
        );
    }
    let part = child.parts.iter().find(|part| match (&part.read, place) {
        (ChildRead::Set(own), Some(place)) => own == place,
        _ => false,
    });
    let Some(part) = part else {
        return green(&check, "through navigations");
    };
    let names = |fields: &[KeyField]| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
    let keys: Vec<String> = names(&child.key).into_iter().chain(names(&child.parent)).collect();
    let keys = keys.iter().map(|name| (name.as_str(), None));
    let modified = child.modified.as_deref().map(|name| (name, Some(FieldKind::Timestamp)));
    let own = |field: &FieldSpec| Some((part.property(&field.name)?.to_owned(), field.kind));
    let fields: Vec<(String, FieldKind)> = child.fields.iter().filter_map(own).collect();
    let fields = fields.iter().map(|(name, kind)| (name.as_str(), Some(*kind)));
    let wrong = wrong(|name| metadata.property(set, name), keys.chain(modified).chain(fields));
    if wrong.is_empty() {
        return green(&check, format!("{} fields of {set}", child.fields.len()));
    }
    red(
        &check,
        wrong.join(", "),
        format!(
            "correct [ifs.entities.….children.{}]: `fields`, `omit_fields`, or modified = \"\" where there is none",
            child.field
        ),
    )
}

/// Attributes of the set that may move with every change.
pub(crate) fn candidates(settings: &EntitySettings, metadata: &Metadata) -> Vec<String> {
    let is_time = |name: &str| {
        let property = metadata.property(&settings.place.set, name);
        property.is_some_and(|property| property.of.name == "Edm.DateTimeOffset")
    };
    MODIFIED.into_iter().filter(|name| is_time(name)).map(str::to_owned).collect()
}
