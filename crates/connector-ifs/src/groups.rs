//! Rows that are delivered by what they refer to: a record for each order with all its invoices.

use std::collections::{BTreeMap, BTreeSet};

use mapping::{Change, Entity, FieldName, Fields, Key, Record, Value, Version};
use sync_engine::{Observation, SourceError, Unreadable};

use crate::chunk::chunks;
use crate::desk::{Desk, Wanted};
use crate::entity_settings::{EntitySettings, GroupSettings};
use crate::key::KeyShape;
use crate::memory::Memory;
use crate::reader::{RecordReader, Seen, with_children};

/// The rows of one group.
#[derive(Debug, Default)]
struct Gathered {
    rows: Vec<Record>,
    spoiled: Option<Unreadable>,
}

/// How rows are put together.
#[derive(Debug)]
pub(crate) struct Groups {
    entity: Entity,
    by: FieldName,
    field: FieldName,
    /// What the rows refer to, as they name it.
    pub(crate) shape: KeyShape,
}

impl Groups {
    pub(crate) fn new(entity: &EntitySettings, group: &GroupSettings) -> Self {
        Self {
            entity: Entity::from(entity.entity.as_str()),
            by: FieldName::from(group.by.name.as_str()),
            field: FieldName::from(group.field.as_str()),
            shape: KeyShape { fields: vec![group.by.clone()], order: entity.key_order },
        }
    }

    /// The groups that these rows belong to now, or belonged to when they were last seen; notes what
    /// they belong to now.
    pub(crate) fn touched(rows: &[Seen], memory: &mut Memory) -> BTreeSet<Key> {
        let mut touched = BTreeSet::new();
        for row in rows {
            let Some(key) = &row.key else { continue };
            let before = memory.get(key).and_then(|row| row.group.clone());
            touched.extend(row.parent.clone());
            if before != row.parent {
                touched.extend(before);
                memory.of(key).group.clone_from(&row.parent);
            }
        }
        touched
    }

    /// One record for each of `groups`, with all rows that refer to it now. Rows that cannot be read,
    /// nor told what they refer to, are delivered alone.
    pub(crate) async fn collect(
        &self,
        desk: &Desk,
        reader: &RecordReader,
        groups: &[Key],
        memory: &mut Memory,
    ) -> Result<Vec<Observation>, SourceError> {
        let mut out = Vec::new();
        let mut gathered: BTreeMap<Key, Gathered> = BTreeMap::new();
        let mut wanted: Vec<Key> = groups.to_vec();
        // A row that moved since what led here was read leads to one more group.
        while !wanted.is_empty() {
            gathered.extend(wanted.iter().map(|group| (group.clone(), Gathered::default())));
            let moved = self.gather(desk, reader, (&wanted, &mut gathered, memory), &mut out).await?;
            wanted = moved.into_iter().filter(|group| !gathered.contains_key(group)).collect();
        }
        out.extend(gathered.into_iter().map(|(group, found)| match found.spoiled {
            Some(flaw) => Observation::Unreadable(Unreadable { key: group, ..flaw }),
            None => Observation::Change(Change::Put(self.record(group, found.rows))),
        }));
        Ok(out)
    }

    /// Reads the rows of these groups; returns the groups that rows have left meanwhile.
    async fn gather(
        &self,
        desk: &Desk,
        reader: &RecordReader,
        (groups, gathered, memory): (&[Key], &mut BTreeMap<Key, Gathered>, &mut Memory),
        out: &mut Vec<Observation>,
    ) -> Result<BTreeSet<Key>, SourceError> {
        let mut moved = BTreeSet::new();
        for (filter, about) in chunks(&self.shape, groups) {
            let wanted = Wanted { operation: "ifs.group", at: None, filter: Some(filter), about, reader };
            let rows = match desk.all(wanted).await {
                Ok(rows) => rows,
                Err(trouble) => return Err(desk.failed("rows of a group", trouble).await),
            };
            moved.extend(Self::touched(&rows, memory));
            for row in rows {
                match (row.observation, row.parent) {
                    (Observation::Change(Change::Put(record)), Some(parent)) => {
                        gathered.entry(parent).or_default().rows.push(record);
                    }
                    (Observation::Unreadable(flaw), Some(parent)) => {
                        gathered.entry(parent).or_default().spoiled.get_or_insert(flaw);
                    }
                    (observation, _) => out.push(observation),
                }
            }
        }
        Ok(moved)
    }

    fn record(&self, group: Key, mut list: Vec<Record>) -> Record {
        list.sort_by(|left, right| left.key.cmp(&right.key));
        let list = Value::List(list);
        let version = with_children(&Version::from(group.as_str()), std::iter::once(&list));
        let mut fields = Fields::with_capacity(2);
        fields.set(self.by.clone(), Value::text(group.as_str()));
        fields.set(self.field.clone(), list);
        Record { entity: self.entity.clone(), key: group, version, fields }
    }
}
