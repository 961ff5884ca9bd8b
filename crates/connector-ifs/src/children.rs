//! Reads what belongs to records, and puts it into them.

use std::collections::BTreeMap;

use mapping::{Change, FieldName, Key, Record, Value};
use odata_client::Resource;
use sync_engine::{Observation, SourceError, Unreadable};

use crate::child::{ChildRead, ChildSettings};
use crate::chunk::chunks;
use crate::desk::{Desk, Tenant, Wanted};
use crate::entity_settings::EntitySettings;
use crate::key::KeyShape;
use crate::reader::{FieldSource, Reading, RecordReader, Seen, with_children};
use crate::settings::SettingsError;

/// One kind of children, ready to be read.
#[derive(Debug)]
pub(crate) struct Children {
    field: FieldName,
    parts: Vec<Part>,
    /// The parent's key, as children name it.
    parent: KeyShape,
}

#[derive(Debug)]
struct Part {
    desk: Desk,
    reader: RecordReader,
    /// The navigation from the parent; `None` if the desk's own set has them.
    navigation: Option<String>,
}

/// Which records of a set are at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    /// Just some.
    These,
    /// All behind a key, or from the first one on, up to the last one at hand, in the server's order.
    AllBehind(Option<&'a Key>),
}

/// The parents whose children are wanted.
pub(crate) struct Parents<'a> {
    pub(crate) keys: &'a [Key],
    pub(crate) which: Which<'a>,
    /// The keys of the parents' own set.
    pub(crate) own: &'a KeyShape,
}

/// What was found, by parent.
#[derive(Debug, Default)]
struct Found {
    lists: BTreeMap<Key, Vec<Record>>,
    spoiled: BTreeMap<Key, Unreadable>,
    /// Rows that cannot be read, nor told whose they are.
    strays: Vec<Observation>,
}

impl Children {
    /// The children `child` of the entity of `parent`.
    pub(crate) fn new(
        tenant: &Tenant<'_>,
        parent: &EntitySettings,
        child: &ChildSettings,
    ) -> Result<Self, SettingsError> {
        let parent_keys = KeyShape { fields: child.parent.clone(), order: parent.key_order };
        let part = |part: &crate::child::ChildPart| {
            let fields = child.fields.iter().map(|field| FieldSource {
                name: field.name.clone(),
                kind: field.kind,
                property: part.property(&field.name).map(str::to_owned),
            });
            let reading = Reading {
                entity: child.entity.clone(),
                keys: KeyShape { fields: child.key.clone(), order: parent.key_order },
                parent: Some(parent_keys.clone()),
                modified: None,
                fields: fields.collect(),
                zone: parent.time_zone.clone(),
                precision: parent.precision,
                absent_is_null: parent.absent_is_null,
            };
            let (place, navigation) = match &part.read {
                ChildRead::Set(place) => (place, None),
                ChildRead::Navigation(name) => (&parent.place, Some(name.clone())),
            };
            let desk = Desk::new(tenant, place, parent.page_size)?;
            Ok(Part { desk, reader: RecordReader::new(reading), navigation })
        };
        let parts = child.parts.iter().map(part).collect::<Result<_, SettingsError>>()?;
        Ok(Self { field: FieldName::from(child.field.as_str()), parts, parent: parent_keys })
    }

    /// Reads the children of `parents` and puts them into `rows`. Returns rows that cannot be read,
    /// nor told whose they are.
    pub(crate) async fn attach(
        &self,
        rows: &mut [Seen],
        parents: &Parents<'_>,
    ) -> Result<Vec<Observation>, SourceError> {
        let mut found = Found::default();
        for part in &self.parts {
            self.read(part, parents, &mut found).await?;
        }
        for row in rows {
            let Observation::Change(Change::Put(record)) = &mut row.observation else { continue };
            if let Some(mut spoiled) = found.spoiled.remove(&record.key) {
                spoiled.key = record.key.clone();
                row.observation = Observation::Unreadable(spoiled);
                continue;
            }
            let mut list = found.lists.remove(&record.key).unwrap_or_default();
            list.sort_by(|left, right| left.key.cmp(&right.key));
            record.fields.set(self.field.clone(), Value::List(list));
        }
        Ok(found.strays)
    }

    async fn read(&self, part: &Part, parents: &Parents<'_>, found: &mut Found) -> Result<(), SourceError> {
        if let Some(navigation) = &part.navigation {
            for key in parents.keys {
                let Some(address) = parents.own.address(key) else { continue };
                let at = Resource::set(&part.desk.place.set).key(&address).then(navigation);
                self.ask(part, (Some(at), None), vec![key.to_string()], found).await?;
            }
            return Ok(());
        }
        let range = match (parents.which, parents.keys.last()) {
            (Which::AllBehind(after), Some(last)) => self.parent.between(after, last),
            _ => None,
        };
        if let Some(filter) = range {
            return self.ask(part, (None, Some(filter)), Vec::new(), found).await;
        }
        for (filter, names) in chunks(&self.parent, parents.keys) {
            self.ask(part, (None, Some(filter)), names, found).await?;
        }
        Ok(())
    }

    async fn ask(
        &self,
        part: &Part,
        (at, filter): (Option<Resource>, Option<odata_client::Filter>),
        about: Vec<String>,
        found: &mut Found,
    ) -> Result<(), SourceError> {
        let wanted = Wanted { operation: "ifs.children", at, filter, about, reader: &part.reader };
        let rows = match part.desk.all(wanted).await {
            Ok(rows) => rows,
            Err(trouble) => return Err(part.desk.failed(self.field.as_str(), trouble).await),
        };
        for row in rows {
            match (row.observation, row.parent) {
                (Observation::Change(Change::Put(record)), Some(parent)) => {
                    found.lists.entry(parent).or_default().push(record);
                }
                (Observation::Unreadable(flaw), Some(parent)) => {
                    found.spoiled.entry(parent).or_insert(flaw);
                }
                (observation, _) => found.strays.push(observation),
            }
        }
        Ok(())
    }
}

/// Gives records with children the version of all they hold.
pub(crate) fn seal(rows: &mut [Seen], children: &[Children]) {
    if children.is_empty() {
        return;
    }
    for row in rows {
        let Observation::Change(Change::Put(record)) = &mut row.observation else { continue };
        let lists = children.iter().filter_map(|child| record.fields.get(child.field.as_str()));
        record.version = with_children(&record.version, lists);
    }
}
