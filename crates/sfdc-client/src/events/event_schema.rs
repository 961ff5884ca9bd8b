//! The schema of a change event.

use serde::Deserialize;

use crate::events::avro_schema::{AvroSchema, Field, SchemaError};

/// The field that says what happened; all others are the record's.
const HEADER: &str = "ChangeEventHeader";

/// The schema of the events of one object, at one time. The org gives it by the id that stands with
/// each event; it may be kept by that id for ever, as another schema has another id.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSchema {
    avro: AvroSchema,
    header: usize,
    /// What the record is called, such as `AccountChangeEvent`.
    name: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl EventSchema {
    /// Reads the schema that the org gives.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        let avro = AvroSchema::parse(json)?;
        let fields = avro.fields(avro.root()).unwrap_or_default();
        let header =
            fields.iter().position(|field| field.name == HEADER && avro.fields(field.node).is_some());
        let header = header.ok_or_else(|| SchemaError(format!("it has no record {HEADER}")))?;
        let named: Named =
            serde_json::from_str(json).map_err(|error| SchemaError(format!("it has no name: {error}")))?;
        Ok(Self { avro, header, name: named.name })
    }

    /// Whether it is the schema of the object's events: `Account` has `AccountChangeEvent`, and
    /// `Site__c` has `Site__ChangeEvent`.
    pub(crate) fn is_of(&self, entity: &str) -> bool {
        let stem = entity.strip_suffix('c').filter(|stem| stem.ends_with("__")).unwrap_or(entity);
        self.name.strip_suffix("ChangeEvent") == Some(stem)
    }

    pub(crate) fn avro(&self) -> &AvroSchema {
        &self.avro
    }

    /// The place of the header among the fields.
    pub(crate) fn header(&self) -> usize {
        self.header
    }

    pub(crate) fn fields(&self) -> &[Field] {
        self.avro.fields(self.avro.root()).unwrap_or_default()
    }

    pub(crate) fn header_fields(&self) -> &[Field] {
        self.fields().get(self.header).and_then(|field| self.avro.fields(field.node)).unwrap_or_default()
    }
}
