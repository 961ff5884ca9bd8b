//! Which objects a topic tells of.

use crate::salesforce::schema::CHANNEL_MEMBER;
use crate::salesforce::settings::SalesforceSettings;
use crate::salesforce::store::{Store, Table};

/// An object that a topic tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selected {
    pub(crate) table: usize,
    /// Fields that are told although they did not change.
    pub(crate) enriched: Vec<String>,
}

/// The objects of a topic; `None` if there is no such topic.
pub(crate) fn selection(store: &Store, settings: &SalesforceSettings, topic: &str) -> Option<Vec<Selected>> {
    let name = topic.strip_prefix("/data/")?;
    if name.ends_with("__chn") {
        return some(members(store, name));
    }
    let mut standard = members(store, "ChangeEvents");
    for object in settings.change_events.iter().filter_map(|object| store.named(object)) {
        if !standard.iter().any(|selected| selected.table == object) {
            standard.push(Selected { table: object, enriched: Vec::new() });
        }
    }
    if name == "ChangeEvents" {
        return some(standard);
    }
    let table = object(store, name)?;
    standard.retain(|selected| selected.table == table);
    some(standard)
}

fn some(selected: Vec<Selected>) -> Option<Vec<Selected>> {
    if selected.is_empty() { None } else { Some(selected) }
}

/// The object of `AccountChangeEvent` or `Site__ChangeEvent`.
fn object(store: &Store, event: &str) -> Option<usize> {
    let name = event.strip_suffix("ChangeEvent")?;
    match name.strip_suffix("__") {
        Some(custom) => store.named(&format!("{custom}__c")),
        None => store.named(name),
    }
}

/// What an administrator put into a channel.
fn members(store: &Store, channel: &str) -> Vec<Selected> {
    let members = store.table(CHANNEL_MEMBER).into_iter().flat_map(Table::all);
    let ours = members.filter(|member| !member.deleted && member.str("EventChannel") == Some(channel));
    ours.filter_map(|member| {
        let table = object(store, member.str("SelectedEntity")?)?;
        let fields = member.str("EnrichedFields").unwrap_or_default();
        let enriched = fields.split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect();
        Some(Selected { table, enriched })
    })
    .collect()
}
