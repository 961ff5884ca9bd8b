//! Tells what a tenant has, for the check of mappings: from the metadata, as far as it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use mapping::{Entity, EntitySchema, FieldSchema, FieldType, Schema};
use odata_client::ODataError;
use odata_client::metadata::{Metadata, Scale, TypeUse};
use sync_engine::{Describe, DescribeError};
use wire::HttpTransport;

use crate::child::{ChildPart, ChildRead, ChildSettings};
use crate::desk::{Desk, Tenant};
use crate::entity_settings::EntitySettings;
use crate::errors::ErrorTable;
use crate::field::{FieldKind, FieldSpec};
use crate::place::Place;
use crate::settings::{IfsSettings, SettingsError};
use crate::writable::Writable;

const OPERATION: &str = "ifs.metadata";
/// Digits of the largest whole number.
const WHOLE: u32 = 19;

/// Tells what a tenant has of the entities that it is set up with.
#[derive(Debug)]
pub struct IfsDescriber {
    transport: Arc<dyn HttpTransport>,
    tenant: IfsSettings,
    entities: Vec<EntitySettings>,
}

impl IfsDescriber {
    /// The tenant's entities, as they are read and written.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        tenant: IfsSettings,
        entities: Vec<EntitySettings>,
    ) -> Self {
        Self { transport, tenant, entities }
    }

    async fn metadata(&self, place: &Place, settings: &EntitySettings) -> Result<Metadata, DescribeError> {
        let tenant = Tenant {
            transport: self.transport.clone(),
            settings: &self.tenant,
            zone: &settings.time_zone,
            errors: ErrorTable::shipped(),
        };
        let desk = Desk::new(&tenant, place, settings.page_size).map_err(|error| unusable(&error))?;
        desk.service.metadata(OPERATION).await.map_err(|error| failed(&error))
    }

    /// One entity and the children that its records hold.
    async fn entity(&self, settings: &EntitySettings, schema: &mut Schema) -> Result<(), DescribeError> {
        let metadata = self.metadata(&settings.place, settings).await?;
        let set = settings.place.set.as_str();
        if metadata.type_of_set(set).is_none() {
            return Ok(());
        }
        let keys: Vec<String> = settings.key.iter().map(|field| field.name.clone()).collect();
        let own = EntitySchema {
            read: true,
            exact_names: true,
            key: keys,
            fields: fields(&metadata, set, &settings.fields, None),
            ..rights(&metadata, set, &settings.entity)
        };
        let name = |field: &str| format!("{}.{field}", settings.entity);
        let Some(group) = &settings.group else {
            let mut own = own;
            for child in &settings.children {
                let list = name(&child.field);
                own.fields.insert(child.field.clone(), FieldSchema::list(list.clone()));
                schema.entities.insert(list, self.child(&metadata, settings, child).await?);
            }
            schema.entities.insert(settings.entity.clone(), own);
            return Ok(());
        };
        // Records are made of all rows that refer to the same thing.
        let list = name(&group.field);
        let by = own.fields.get(&group.by.name).cloned().unwrap_or_else(|| FieldSchema::new(FieldType::Text));
        let by = FieldSchema { nullable: false, ..by };
        let fields = [(group.by.name.clone(), by), (group.field.clone(), FieldSchema::list(list.clone()))];
        let key = vec![group.by.name.clone()];
        let record = EntitySchema {
            read: true,
            exact_names: true,
            key,
            fields: fields.into(),
            ..EntitySchema::default()
        };
        schema.entities.insert(settings.entity.clone(), record);
        schema.entities.insert(list, own);
        Ok(())
    }

    /// The children in one field: what all their parts have.
    async fn child(
        &self,
        parent: &Metadata,
        settings: &EntitySettings,
        child: &ChildSettings,
    ) -> Result<EntitySchema, DescribeError> {
        let mut known: BTreeMap<String, FieldSchema> = BTreeMap::new();
        for part in &child.parts {
            let found = match &part.read {
                ChildRead::Set(place) => {
                    let metadata = self.metadata(place, settings).await?;
                    fields(&metadata, &place.set, &child.fields, Some(part))
                }
                ChildRead::Navigation(name) => {
                    let target = parent
                        .entity_set(&settings.place.set)
                        .and_then(|set| {
                            parent.navigations(&set.entity_type).into_iter().find(|one| one.name == *name)
                        })
                        .map(|navigation| navigation.target.clone());
                    let property =
                        |field: &str| parent.property_of_type(target.as_deref()?, field).map(|one| &one.of);
                    child
                        .fields
                        .iter()
                        .filter_map(|spec| declared(parent, spec, Some(part), &property))
                        .collect()
                }
            };
            known.extend(found);
        }
        let key = child.key.iter().map(|field| field.name.clone()).collect();
        Ok(EntitySchema { read: true, exact_names: true, key, fields: known, ..EntitySchema::default() })
    }
}

#[async_trait]
impl Describe for IfsDescriber {
    async fn describe(&self, entities: &[Entity]) -> Result<Schema, DescribeError> {
        let mut schema = Schema::default();
        for settings in
            self.entities.iter().filter(|known| entities.iter().any(|one| one.as_str() == known.entity))
        {
            self.entity(settings, &mut schema).await?;
        }
        Ok(schema)
    }
}

/// What may be done with records: the metadata's word, where it has one; only customer master data is
/// ever written.
fn rights(metadata: &Metadata, set: &str, entity: &str) -> EntitySchema {
    let said = metadata.capabilities(set);
    let writable = Writable::of(entity).is_some();
    EntitySchema {
        create: writable && said.as_ref().and_then(odata_client::Capabilities::insertable) != Some(false),
        update: writable && said.as_ref().and_then(odata_client::Capabilities::updatable) != Some(false),
        ..EntitySchema::default()
    }
}

/// The fields of a set that are read, as far as the metadata has them.
fn fields(
    metadata: &Metadata,
    set: &str,
    specs: &[FieldSpec],
    part: Option<&ChildPart>,
) -> BTreeMap<String, FieldSchema> {
    let said = metadata.capabilities(set);
    let property = |name: &str| metadata.property(set, name).map(|one| &one.of);
    let mut all = BTreeMap::new();
    for spec in specs {
        let Some((name, mut field)) = declared(metadata, spec, part, &property) else { continue };
        if let Some(said) = &said {
            let computed = said.computed(&spec.name);
            field.create = !computed && said.property_insertable(&spec.name) != Some(false);
            field.update = !computed
                && !said.immutable(&spec.name)
                && said.property_updatable(&spec.name) != Some(false);
            field.defaulted = said.computed_default(&spec.name);
        }
        let default = metadata.property(set, &spec.name).and_then(|one| one.default_value.as_ref());
        field.defaulted |= default.is_some();
        all.insert(name, field);
    }
    all
}

/// A field as the metadata declares it, told as mappings meet it.
fn declared<'m>(
    metadata: &'m Metadata,
    spec: &FieldSpec,
    part: Option<&ChildPart>,
    property: &dyn Fn(&str) -> Option<&'m TypeUse>,
) -> Option<(String, FieldSchema)> {
    let name = match part {
        Some(part) => part.property(&spec.name)?,
        None => spec.name.as_str(),
    };
    let of = property(name)?;
    let kind = match spec.kind {
        FieldKind::Text | FieldKind::Enum => FieldType::Text,
        FieldKind::Decimal => FieldType::Number,
        FieldKind::Date => FieldType::Date,
        FieldKind::Timestamp => FieldType::Timestamp,
        FieldKind::Boolean => FieldType::Truth,
    };
    let whole =
        matches!(of.name.as_str(), "Edm.Int64" | "Edm.Int32" | "Edm.Int16" | "Edm.Byte" | "Edm.SByte");
    let scale = match of.scale {
        Some(Scale::Digits(digits)) => Some(digits),
        _ => None,
    };
    let members: Vec<String> = metadata
        .enumeration(&of.name)
        .map(|one| one.members.iter().map(|member| member.name.clone()).collect())
        .unwrap_or_default();
    let field = FieldSchema {
        length: of.max_length.and_then(|length| u32::try_from(length).ok()),
        precision: if whole { Some(WHOLE) } else { of.precision.filter(|_| kind == FieldType::Number) },
        scale: if whole { Some(0) } else { scale },
        nullable: of.nullable,
        restricted: !members.is_empty(),
        values: members,
        ..FieldSchema::new(kind)
    };
    Some((spec.name.clone(), field))
}

fn failed(error: &ODataError) -> DescribeError {
    DescribeError { operation: OPERATION.into(), fault: ErrorTable::shipped().fault(error) }
}

fn unusable(error: &SettingsError) -> DescribeError {
    let fault = sync_engine::Fault {
        class: sync_engine::FaultClass::Protocol,
        code: "SETTINGS".into(),
        message: error.to_string(),
        fields: Vec::new(),
        hint: Some("correct it in link.toml".into()),
    };
    DescribeError { operation: OPERATION.into(), fault }
}
