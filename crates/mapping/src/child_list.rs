//! A target field that holds child records: one for each record of a source list.

use std::collections::BTreeMap;

use crate::condition::Condition;
use crate::external_id::IdRule;
use crate::scope::Scope;
use crate::step::kind;
use crate::target::{Owned, Target};
use crate::{Entity, FieldName, Fields, Key, MapError, Note, Record, Value, Version};

/// A list of child records, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct ChildList {
    pub(crate) name: FieldName,
    pub(crate) from: String,
    pub(crate) entity: Entity,
    pub(crate) id: IdRule,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) targets: Vec<Target>,
    pub(crate) owned: Owned,
    /// The line of the file that it stands in.
    pub(crate) line: usize,
}

impl ChildList {
    /// The children in order of their external ids; `None` when the source did not deliver the list:
    /// no list is not an empty list.
    pub(crate) fn value(&self, scope: Scope<'_>, notes: &mut Vec<Note>) -> Result<Option<Value>, MapError> {
        let records = match scope.get(&self.from) {
            None | Some(Value::Null) => {
                let text = "the source did not deliver it: left as it is".into();
                notes.push(Note { field: self.name.clone(), text });
                return Ok(None);
            }
            Some(Value::List(records)) => records,
            Some(other) => {
                return Err(self.fail(format!("{} is {}, not a list", self.from, kind(other))));
            }
        };
        let unversioned = Version::from("");
        let mut children = BTreeMap::new();
        for record in records {
            let below = scope.child(&record.fields);
            if !self.conditions.iter().all(|condition| condition.holds(below)) {
                continue;
            }
            let within = |error: MapError| self.within(&record.key, error);
            let key = Key::from(self.id.make(below).map_err(within)?);
            let mut fields = Fields::with_capacity(self.targets.len());
            for target in &self.targets {
                if let Some(value) = target.value(below, notes).map_err(within)? {
                    fields.set(target.name.clone(), value);
                }
            }
            // In canonical form: by key, fields by name, without versions, which are no content.
            let (entity, version) = (self.entity.clone(), unversioned.clone());
            let made = Record { entity, key: key.clone(), version, fields };
            if children.insert(key.clone(), made).is_some() {
                let error = self.fail(format!("two of {} have the external id {key}", self.from));
                return Err(error.hint("let the list's `external_id` name all fields that tell them apart"));
            }
        }
        Ok(Some(Value::List(children.into_values().collect())))
    }

    fn fail(&self, reason: String) -> MapError {
        MapError::new(self.name.clone(), reason)
    }

    /// An error in a child, told as one of the list.
    fn within(&self, key: &Key, error: MapError) -> MapError {
        let mut told = self.fail(format!("{key}: {error}"));
        told.value = error.value;
        told.hint = error.hint;
        told
    }
}
