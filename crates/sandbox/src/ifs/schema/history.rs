//! The history log: who changed which row of a logged unit, and from what to what.

use crate::ifs::column::{choice, instant, text, whole};
use crate::ifs::entity::{Entity, Versions};
use crate::ifs::view::{Link, View};

pub(crate) static HISTORY_LOG: Entity = Entity {
    versions: Versions::None,
    modified: Some("TimeStamp"),
    ..Entity::new(
        "HistoryLog",
        &[
            whole("LogId").key(),
            text("LuName", 30),
            instant("TimeStamp"),
            text("Username", 30),
            choice("HistoryType", "HistoryType"),
            text("Keys", 600),
            text("Note", 2000),
        ],
        &["LogId"],
    )
};

pub(crate) static HISTORY_LOG_ATTRIBUTE: Entity = Entity {
    versions: Versions::None,
    ..Entity::new(
        "HistoryLogAttribute",
        &[whole("LogId").key(), text("ColumnName", 30).key(), text("OldValue", 4000), text("NewValue", 4000)],
        &["LogId", "ColumnName"],
    )
};

/// An entry, and its attributes.
pub(super) static HISTORY_VIEW: View = View {
    links: &[Link {
        name: "HistoryLogAttributeArray",
        target: &ATTRIBUTE_VIEW,
        many: true,
        on: &[("LogId", "LogId")],
    }],
    ..View::of(&HISTORY_LOG)
};

static ATTRIBUTE_VIEW: View = View::of(&HISTORY_LOG_ATTRIBUTE);

/// The units of this file.
pub(super) static ENTITIES: [&Entity; 2] = [&HISTORY_LOG, &HISTORY_LOG_ATTRIBUTE];
