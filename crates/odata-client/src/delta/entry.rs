//! One change of a delta, of OData 4.0 or 4.01.

use crate::RowError;
use crate::members::{control, members, text_of};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry<'a> {
    /// A row that is new or changed, as raw JSON: all of it or only what changed, nested rows as
    /// collections or as `Name@delta`.
    Row(&'a str),
    /// A row that is gone, or no longer part of what was asked for.
    Removed(Removed<'a>),
    /// Two rows that are related now.
    Linked(Relation),
    /// Two rows that are related no more.
    Unlinked(Relation),
}

/// A row that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed<'a> {
    /// Which row: its id or edit link, as it came. `None` if the server says it by the key properties
    /// in [`row`](Self::row).
    pub id: Option<String>,
    /// Why.
    pub reason: Gone,
    /// All that came of it, as raw JSON.
    pub row: &'a str,
}

/// Why a row is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gone {
    /// It was deleted.
    Deleted,
    /// It changed, and no longer meets what was asked for.
    OutOfScope,
    /// The server does not say: take it for gone from here, not for deleted there.
    Unknown,
}

/// Two rows and how they are related.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The id of the row that has the relation.
    pub source: String,
    /// The name of the navigation property.
    pub relationship: String,
    /// The id of the row that it leads to.
    pub target: String,
}

impl<'a> Entry<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, RowError> {
        let wanted = |name: &str| match control(name) {
            Some("context") => Some(0),
            Some("removed") => Some(1),
            Some("id") => Some(2),
            _ => ["id", "reason", "source", "relationship", "target"]
                .iter()
                .position(|plain| *plain == name)
                .map(|place| place + 3),
        };
        let [context, removed, id, plain_id, reason, source, relationship, target] =
            members::<8>(text, wanted)?;
        let context = text_of(context).unwrap_or_default();
        let relation = || {
            let all = text_of(source).zip(text_of(relationship)).zip(text_of(target));
            let missing = || RowError("a relation lacks its source, relationship or target".into());
            let ((source, relationship), target) = all.ok_or_else(missing)?;
            Ok(Relation { source, relationship, target })
        };
        if context.ends_with("/$link") {
            return relation().map(Self::Linked);
        }
        if context.ends_with("/$deletedLink") {
            return relation().map(Self::Unlinked);
        }
        if context.ends_with("/$deletedEntity") {
            let id = text_of(plain_id).or_else(|| text_of(id));
            if id.is_none() && removed.is_none() {
                return Err(RowError("a row that is gone lacks its id".into()));
            }
            let reason = text_of(reason).or_else(|| why(removed));
            return Ok(Self::Removed(Removed { id, reason: Gone::of(reason.as_deref()), row: text }));
        }
        match removed.filter(|removed| *removed != "null") {
            None => Ok(Self::Row(text)),
            Some(removed) => {
                let reason = Gone::of(why(Some(removed)).as_deref());
                Ok(Self::Removed(Removed { id: text_of(id), reason, row: text }))
            }
        }
    }
}

impl Gone {
    fn of(reason: Option<&str>) -> Self {
        match reason {
            Some("deleted") => Self::Deleted,
            Some("changed") => Self::OutOfScope,
            _ => Self::Unknown,
        }
    }
}

/// The reason in `{"reason":"deleted"}`.
fn why(removed: Option<&str>) -> Option<String> {
    let [reason] = members(removed?, |name| (name == "reason").then_some(0)).ok()?;
    text_of(reason)
}
