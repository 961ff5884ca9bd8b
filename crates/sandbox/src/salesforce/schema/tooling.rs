//! What the Tooling API shows of the schema itself (Tooling API Reference).

use super::spec::{Flag, Sheet, area, picklist, text};

pub(super) const CUSTOM_FIELD: Sheet = Sheet {
    name: "CustomField",
    plural: "Custom Fields",
    prefix: "00N",
    writable: false,
    undeletable: false,
    fields: &[&[
        text("DeveloperName", 80).with(Flag::Name),
        text("FullName", 255),
        text("TableEnumOrId", 80),
        text("NamespacePrefix", 15),
        area("Description", 1_000),
        area("InlineHelpText", 510),
    ]],
};

pub(super) const CHANNEL: Sheet = Sheet {
    name: "PlatformEventChannel",
    plural: "Platform Event Channels",
    prefix: "0YL",
    writable: false,
    undeletable: false,
    fields: &[&[
        text("DeveloperName", 80).with(Flag::Name),
        text("FullName", 80),
        text("MasterLabel", 80),
        picklist("ChannelType", &["data", "event"]),
    ]],
};

pub(super) const CHANNEL_MEMBER: Sheet = Sheet {
    name: "PlatformEventChannelMember",
    plural: "Platform Event Channel Members",
    prefix: "0v8",
    writable: false,
    undeletable: false,
    fields: &[&[
        text("DeveloperName", 80).with(Flag::Name),
        text("FullName", 160),
        text("EventChannel", 80),
        text("SelectedEntity", 80),
        area("EnrichedFields", 4_000),
    ]],
};
