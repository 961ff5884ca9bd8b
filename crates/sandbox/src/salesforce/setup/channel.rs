//! Channels of change events and their members (Change Data Capture Developer Guide).

use super::component::Refused;
use super::element::Element;
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::{CHANNEL, CHANNEL_MEMBER};
use crate::salesforce::store::{Author, Store};

/// The channel that every org has.
const DEFAULT: &str = "ChangeEvents";
/// Most objects over all channels (Change Data Capture Developer Guide, "Allocations").
const MOST_ENTITIES: usize = 5;

/// Judges a channel.
pub(super) fn judge_channel(name: &str, metadata: &Element) -> Result<(), Refused> {
    if !name.ends_with("__chn") {
        let message = format!("{name}: a custom channel's name ends with __chn");
        return Err(Refused::new("INVALID_INPUT", message));
    }
    if metadata.text("channelType") != Some("data") {
        return Err(Refused::new("INVALID_INPUT", format!("{name}: channelType has to be data")));
    }
    match metadata.text("label") {
        None => Err(Refused::new("INVALID_INPUT", format!("{name}: Required field is missing: label"))),
        Some(_) => Ok(()),
    }
}

/// Judges a member of a channel; `planned` are channels that come with it.
pub(super) fn judge_member(
    store: &Store,
    name: &str,
    metadata: &Element,
    planned: &[String],
) -> Result<(), Refused> {
    let bad = |message: String| Err(Refused::new("INVALID_INPUT", message));
    let channel = metadata.text("eventChannel").unwrap_or_default();
    let known = channel == DEFAULT
        || planned.iter().any(|name| name == channel)
        || store.table(CHANNEL).is_some_and(|table| table.one("FullName", channel).is_some());
    if !known {
        return bad(format!("{name}: there is no event channel {channel}"));
    }
    let entity = metadata.text("selectedEntity").unwrap_or_default();
    let object = entity.strip_suffix("ChangeEvent").and_then(|object| store.object(store.named(object)?));
    let Some(object) = object else {
        return bad(format!("{name}: there is no entity {entity}"));
    };
    for field in metadata.all("enrichedFields").filter_map(|field| field.text("name")) {
        if object.place(field).is_none() && !field.ends_with("__c") {
            return bad(format!("{name}: there is no field {field} to enrich with"));
        }
    }
    let table = store.table(CHANNEL_MEMBER);
    let others = table.into_iter().flat_map(super::super::store::Table::all);
    let mut entities: Vec<&str> = others.filter_map(|member| member.str("SelectedEntity")).collect();
    entities.push(entity);
    entities.sort_unstable();
    entities.dedup();
    if entities.len() > MOST_ENTITIES {
        let message = format!("at most {MOST_ENTITIES} entities are selected over all channels");
        return Err(Refused::new("LIMIT_EXCEEDED", message));
    }
    Ok(())
}

/// Writes a channel or one of its members; returns its id.
pub(super) fn apply(
    store: &mut Store,
    table: usize,
    name: &str,
    metadata: &Element,
    author: &Author,
) -> String {
    let known =
        store.table(table).and_then(|table| table.one("FullName", name)).map(|record| Record::clone(record));
    let Some(mut record) = known.or_else(|| store.blank(table, author)) else { return String::new() };
    let fields: Vec<&str> = metadata.all("enrichedFields").filter_map(|field| field.text("name")).collect();
    let fields = fields.join(",");
    let texts = [
        ("FullName", Some(name)),
        ("DeveloperName", Some(name.strip_suffix("__chn").unwrap_or(name))),
        ("MasterLabel", metadata.text("label")),
        ("ChannelType", metadata.text("channelType")),
        ("EventChannel", metadata.text("eventChannel")),
        ("SelectedEntity", metadata.text("selectedEntity")),
        ("EnrichedFields", Some(fields.as_str())),
    ];
    for (field, text) in texts {
        record.set(field, text.filter(|text| !text.is_empty()).map_or(Cell::Null, Cell::text));
    }
    let id = record.id.clone();
    store.derive(record);
    id
}
