//! A pair of records that belong together, and what both sides last agreed on.

use jiff::Timestamp;
use mapping::{Base, Entity, ExternalId, FieldName, Key, Rewrite, Side, TargetId, Value, Version};
use serde::{Deserialize, Serialize};

/// A pair of records that belong together.
///
/// Two flows that lead to and fro between the same records share one link; it is kept as the forward
/// flow sees it, and [`swapped`](Link::swapped) is how the other one does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The source record.
    pub key: Key,
    /// The external id under which the target is written.
    pub id: ExternalId,
    /// The target's own id.
    pub target: TargetId,
    /// The source version that was dealt with last.
    pub version: Version,
    /// Name and revision of the mapper that made the target's fields.
    pub mapper: String,
    /// What both sides last agreed on.
    pub base: Base,
    /// When that was confirmed.
    pub at: Timestamp,
    /// What kind of target record it is; unknown for links of the first version.
    pub entity: Option<Entity>,
    /// What the flow in the other direction has dealt with.
    pub back: Option<Seen>,
    /// Which of the two records was found to be gone, and when.
    pub gone: Option<Gone>,
    /// Values that the target stores otherwise than they are sent.
    pub rewrites: Vec<Rewrite>,
    /// Fields that were written lately, for the loop breaker.
    pub trail: Vec<Trace>,
}

/// A record of a pair that was found to be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Which of the two.
    pub side: Side,
    /// When that was found out.
    pub at: Timestamp,
}

/// What the flow in the other direction knows of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The version of the target record that it has dealt with; empty if it has dealt with none.
    pub version: Version,
    /// Name and revision of its mapper.
    pub mapper: String,
    /// Under which id it writes the source record.
    pub id: ExternalId,
    /// What kind of record the source record is to it.
    pub entity: Option<Entity>,
}

/// Writes of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The field, as the flow that writes it names it.
    pub field: FieldName,
    /// The value written before the last one.
    pub before: Value,
    /// The value written last.
    pub last: Value,
    /// How often in a row the value before the last came back.
    pub turns: u8,
    /// When it was written last.
    pub at: Timestamp,
}

impl Link {
    /// The same pair as the flow in the other direction sees it. Doing it twice changes nothing.
    #[must_use]
    pub fn swapped(self) -> Self {
        let back = self.back.unwrap_or_else(|| Seen {
            version: "".into(),
            mapper: String::new(),
            id: ExternalId::from(self.key.as_str()),
            entity: None,
        });
        Self {
            key: Key::from(self.target.as_str()),
            target: TargetId::from(self.key.as_str()),
            id: back.id,
            version: back.version,
            mapper: back.mapper,
            entity: back.entity,
            base: Base { source: self.base.target, target: self.base.source },
            gone: self.gone.map(|gone| Gone { side: gone.side.other(), ..gone }),
            back: Some(Seen { version: self.version, mapper: self.mapper, id: self.id, entity: self.entity }),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use mapping::Fields;

    use super::*;

    #[test]
    fn a_link_seen_from_the_other_side_and_back_is_the_same() {
        let fields = |name: &str| -> Fields { [(name.into(), Value::text(name))].into_iter().collect() };
        let link = Link {
            key: "C1".into(),
            id: "x-C1".into(),
            target: "001".into(),
            version: "v".into(),
            mapper: "m@1".into(),
            base: Base { source: fields("A"), target: fields("B") },
            at: Timestamp::UNIX_EPOCH,
            entity: Some("Account".into()),
            back: None,
            gone: None,
            rewrites: Vec::new(),
            trail: Vec::new(),
        };
        let other = link.clone().swapped();
        assert_eq!((other.key.as_str(), other.id.as_str(), other.target.as_str()), ("001", "C1", "C1"));
        assert!(other.base.source.get("B").is_some());
        let same = other.clone().swapped();
        assert_eq!((&same.id, &same.entity, &same.version), (&link.id, &link.entity, &link.version));
        assert_eq!(same.clone().swapped(), other);
        assert_eq!(same.base, link.base);
    }
}
