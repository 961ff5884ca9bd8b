//! What the org says about an object, asked once and kept as long as the sink lives.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::lock::Mutex;
use mapping::{Entity, FieldName};
use sfdc_client::{Client, Describe, SfdcError};
use sync_engine::{FaultClass, SinkError};

use crate::faults::{plain, sink_error, with_hint};

/// How values of a field are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Bool,
    Date,
    DateTime,
}

impl Kind {
    fn of(kind: &str) -> Self {
        match kind {
            "boolean" => Self::Bool,
            "double" | "currency" | "percent" | "int" | "long" => Self::Number,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            _ => Self::Text,
        }
    }
}

/// An object, as far as we write it.
#[derive(Debug)]
pub(crate) struct Object {
    describe: Describe,
    external_id: String,
}

impl Object {
    /// How the values of a field are read; `None` if we cannot see the field.
    pub(crate) fn kind(&self, field: &FieldName) -> Option<Kind> {
        self.describe.field(field.as_str()).map(|field| Kind::of(&field.kind))
    }

    /// The API name of the external-id field.
    pub(crate) fn external_id(&self) -> &str {
        &self.external_id
    }

    /// Whether the external id tells upper and lower case apart.
    pub(crate) fn case_sensitive(&self) -> bool {
        self.describe.field(&self.external_id).is_some_and(|field| field.case_sensitive)
    }

    /// Longest external id, in characters.
    pub(crate) fn id_length(&self) -> usize {
        self.describe.field(&self.external_id).map_or(255, |field| field.length as usize)
    }

    /// The error about a field that we cannot see.
    pub(crate) fn unseen(&self, field: &str) -> SinkError {
        let message =
            format!("{} has no field {field} that the integration user may see", self.describe.name);
        let fault = plain(FaultClass::Access, "INVALID_FIELD", &message);
        let hint = "create the field, or give the permission set read and edit rights on it, then run again";
        SinkError { operation: "salesforce.describe".into(), fault: with_hint(fault, hint) }
    }
}

/// Objects by entity.
#[derive(Debug, Default)]
pub(crate) struct Schema(Mutex<BTreeMap<Entity, Arc<Object>>>);

impl Schema {
    /// The object of an entity, asked for if it is not known yet.
    pub(crate) async fn object(
        &self,
        client: &Client,
        entity: &Entity,
        external_id: &str,
    ) -> Result<Arc<Object>, SinkError> {
        let mut known = self.0.lock().await;
        if let Some(object) = known.get(entity) {
            return Ok(object.clone());
        }
        let describe = client
            .describe(entity.as_str())
            .await
            .map_err(|error: SfdcError| sink_error("salesforce.describe", &error))?;
        let object = Arc::new(Object { describe, external_id: external_id.to_owned() });
        if object.describe.field(external_id).is_none() {
            return Err(object.unseen(external_id));
        }
        known.insert(entity.clone(), object.clone());
        Ok(object)
    }
}
