//! What the org says about an object, asked once and kept as long as the sink lives.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::lock::Mutex;
use mapping::{Entity, FieldName};
use sfdc_client::{Client, Describe, DescribeField, SfdcError};
use sync_engine::{FaultClass, SinkError};

use crate::ObjectSettings;
use crate::faults::{plain, sink_error, with_hint};

/// How values of a field are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Bool,
    Date,
    DateTime,
    /// Another record.
    Reference,
}

impl Kind {
    pub(crate) fn of(kind: &str) -> Self {
        match kind {
            "boolean" => Self::Bool,
            "double" | "currency" | "percent" | "int" | "long" => Self::Number,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "reference" => Self::Reference,
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
    /// The object of a description.
    pub(crate) fn of(describe: Describe, external_id: &str) -> Self {
        Self { describe, external_id: external_id.to_owned() }
    }

    /// The object's API name.
    pub(crate) fn name(&self) -> &str {
        &self.describe.name
    }

    /// A field, if we can see it.
    pub(crate) fn field(&self, name: &str) -> Option<&DescribeField> {
        self.describe.field(name)
    }

    /// The name of the relationship behind a reference field: `ParentId` → `Parent`, `X__c` → `X__r`.
    pub(crate) fn relationship(&self, field: &str) -> String {
        if let Some(known) = self.field(field).and_then(|field| field.relationship_name.clone()) {
            return known;
        }
        match field.strip_suffix("__c") {
            Some(custom) => format!("{custom}__r"),
            None => field.strip_suffix("Id").unwrap_or(field).to_owned(),
        }
    }

    /// The fields that have a value of their own.
    pub(crate) fn plain_fields(&self) -> Vec<FieldName> {
        let compound = |kind: &str| matches!(kind, "address" | "location" | "base64" | "complexvalue");
        let plain = self.describe.fields.iter().filter(|field| !compound(&field.kind));
        plain.map(|field| FieldName::from(field.name.as_str())).collect()
    }

    /// The API name of the external-id field.
    pub(crate) fn external_id(&self) -> &str {
        &self.external_id
    }

    /// Whether the external id tells upper and lower case apart.
    pub(crate) fn case_sensitive(&self) -> bool {
        self.field(&self.external_id).is_some_and(|field| field.case_sensitive)
    }

    /// Two external ids are the same for the org if this is the same.
    pub(crate) fn fold(&self, id: &str) -> String {
        if self.case_sensitive() { id.to_owned() } else { id.to_lowercase() }
    }

    /// Longest external id, in characters.
    pub(crate) fn id_length(&self) -> usize {
        self.field(&self.external_id).map_or(255, |field| field.length as usize)
    }

    /// The error about a field that we cannot see.
    pub(crate) fn unseen(&self, field: &str) -> SinkError {
        let message =
            format!("{} has no field {field} that the integration user may see", self.describe.name);
        let fault = plain(FaultClass::Access, "INVALID_FIELD", &message);
        let hint = "let `ml-connector salesforce setup` show what is missing: it creates the field, or gives \
                    the permission set rights on it; then run again";
        SinkError { operation: "salesforce.describe".into(), fault: with_hint(fault, hint) }
    }
}

/// Objects by API name.
#[derive(Debug, Default)]
pub(crate) struct Schema(Mutex<BTreeMap<Entity, Arc<Object>>>);

impl Schema {
    /// An object, asked for if it is not known yet.
    pub(crate) async fn object(
        &self,
        client: &Client,
        settings: &ObjectSettings,
    ) -> Result<Arc<Object>, SinkError> {
        let mut known = self.0.lock().await;
        if let Some(object) = known.get(settings.object.as_str()) {
            return Ok(object.clone());
        }
        let describe = client
            .describe(&settings.object)
            .await
            .map_err(|error: SfdcError| sink_error("salesforce.describe", &error))?;
        let object = Arc::new(Object::of(describe, &settings.external_id));
        if object.field(&settings.external_id).is_none() {
            return Err(object.unseen(&settings.external_id));
        }
        known.insert(Entity::from(settings.object.as_str()), object.clone());
        Ok(object)
    }
}
