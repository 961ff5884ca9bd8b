//! The set that an entity's own rows are in: what is read of it, and the walk over it.

use crate::desk::{Desk, Tenant};
use crate::entity_settings::EntitySettings;
use crate::key::KeyShape;
use crate::reader::{FieldSource, Reading, RecordReader};
use crate::settings::SettingsError;
use crate::stream::Stream;
use crate::walk::{Variant, Walker};

/// What is read of the entity's own rows; all its fields, or only what they are known by.
pub(crate) fn reading(settings: &EntitySettings, whole: bool) -> Reading {
    let keys = KeyShape { fields: settings.key.clone(), order: settings.key_order };
    let group = settings.group.as_ref();
    let fields = settings.fields.iter().filter(|_| whole);
    Reading {
        entity: group.map_or_else(|| settings.entity.clone(), |group| group.member.clone()),
        keys,
        parent: group.map(|group| KeyShape { fields: vec![group.by.clone()], order: settings.key_order }),
        modified: settings.moved().filter(|_| whole).map(str::to_owned),
        fields: fields
            .map(|field| FieldSource {
                name: field.name.clone(),
                kind: field.kind,
                property: Some(field.name.clone()),
            })
            .collect(),
        zone: settings.time_zone.clone(),
        precision: settings.precision,
        absent_is_null: settings.absent_is_null,
    }
}

/// A walk of the entity's own set.
pub(crate) fn own_stream(tenant: &Tenant<'_>, settings: &EntitySettings) -> Result<Stream, SettingsError> {
    stream(tenant, settings, reading(settings, true))
}

/// A walk of the entity's own set that reads `reading` of it.
pub(crate) fn stream(
    tenant: &Tenant<'_>,
    settings: &EntitySettings,
    reading: Reading,
) -> Result<Stream, SettingsError> {
    let walker = Walker {
        select: reading.selected(),
        keys: reading.keys.clone(),
        modified: reading.modified.clone(),
        only: None,
        overlap: settings.overlap,
        variant: Variant::Okd,
    };
    let desk = Desk::new(tenant, &settings.place, settings.page_size)?;
    let (zone, lag) = (settings.time_zone.clone(), settings.lag);
    Ok(Stream { desk, reader: RecordReader::new(reading), walker, zone, lag })
}
