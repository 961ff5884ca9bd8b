//! Tells what an org has, for the check of mappings.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use mapping::{Entity, EntitySchema, FieldSchema, FieldType, Schema};
use sfdc_client::{Client, Describe as Described, DescribeField};
use sync_engine::{Describe, DescribeError};
use wire::HttpTransport;

use crate::faults::of_call;
use crate::{ObjectSettings, SalesforceSettings};

const OPERATION: &str = "salesforce.describe";
/// What flows call Accounts of people.
const PERSON_ACCOUNT: &str = "PersonAccount";
/// What only orgs with person accounts have.
const IS_PERSON: &str = "IsPersonAccount";
/// Required fields of order products that the connector fills.
const FILLED: [&str; 3] = ["OrderId", "PricebookEntryId", "Product2Id"];

/// Tells what an org has, by describe.
#[derive(Debug)]
pub struct SalesforceDescriber {
    client: Client,
    external_ids: BTreeMap<String, String>,
    usual: String,
}

impl SalesforceDescriber {
    /// The org's objects; `objects` have the external ids that are configured, all others `usual`.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        org: &SalesforceSettings,
        objects: impl IntoIterator<Item = ObjectSettings>,
        usual: &str,
    ) -> Self {
        let client = Client::new(transport, &org.instance_url, &org.api_version);
        let external_ids = objects.into_iter().map(|object| (object.object, object.external_id)).collect();
        Self { client, external_ids, usual: usual.to_owned() }
    }

    fn external_id(&self, object: &str) -> String {
        self.external_ids.get(object).unwrap_or(&self.usual).clone()
    }
}

#[async_trait]
impl Describe for SalesforceDescriber {
    async fn describe(&self, entities: &[Entity]) -> Result<Schema, DescribeError> {
        let failed = |error| DescribeError { operation: OPERATION.into(), fault: of_call(&error) };
        let visible = self.client.objects().await.map_err(failed)?;
        let mut schema = Schema::default();
        for entity in entities {
            let person = entity.as_str() == PERSON_ACCOUNT;
            let object = if person { "Account" } else { entity.as_str() };
            if !visible.iter().any(|known| known.name == object) {
                continue;
            }
            let described = self.client.describe(object).await.map_err(failed)?;
            if person && described.field(IS_PERSON).is_none() {
                continue;
            }
            schema.entities.insert(entity.to_string(), told(&described, self.external_id(object), person));
        }
        Ok(schema)
    }
}

fn told(object: &Described, external_id: String, person: bool) -> EntitySchema {
    let name = |field: &DescribeField| !(person && field.name == "Name");
    let fields = object.fields.iter().filter(|field| name(field)).map(|field| {
        let mut schema = field_schema(field);
        if object.name == "OrderItem" && FILLED.contains(&field.name.as_str()) {
            schema.defaulted = true;
        }
        if person && field.name == "LastName" {
            schema.nullable = false;
        }
        (field.name.clone(), schema)
    });
    EntitySchema {
        read: object.queryable,
        create: object.createable,
        update: object.updateable,
        exact_names: false,
        key: vec!["Id".into()],
        external_id: Some(external_id),
        fields: fields.collect(),
    }
}

fn field_schema(field: &DescribeField) -> FieldSchema {
    let kind = match field.kind.as_str() {
        "boolean" => FieldType::Truth,
        "double" | "currency" | "percent" | "int" | "long" => FieldType::Number,
        "date" => FieldType::Date,
        "datetime" => FieldType::Timestamp,
        "reference" => FieldType::Reference,
        "address" | "location" | "base64" | "anyType" | "complexvalue" => FieldType::Other,
        _ => FieldType::Text,
    };
    let number = kind == FieldType::Number;
    let whole = matches!(field.kind.as_str(), "int" | "long");
    let active = field.picklist_values.iter().filter(|value| value.active && field.restricted_picklist);
    FieldSchema {
        length: Some(field.length).filter(|length| *length > 0 && !number),
        precision: Some(field.precision).filter(|precision| number && *precision > 0),
        scale: number.then_some(if whole { 0 } else { field.scale }),
        nullable: field.nillable,
        create: field.createable,
        update: field.updateable,
        defaulted: field.defaulted_on_create,
        unique: field.unique || field.kind == "id",
        external_id: field.external_id || field.id_lookup,
        case_sensitive: field.case_sensitive,
        restricted: field.restricted_picklist,
        values: active.map(|value| value.value.clone()).collect(),
        of: field.reference_to.clone(),
        ..FieldSchema::new(kind)
    }
}
