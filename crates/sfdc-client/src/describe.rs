//! What an object looks like to us: fields that we may not see are not there.
//!
//! Rules: REST API Developer Guide, "sObject Describe" and "Describe Global".

use http::Method;
use http::header::LAST_MODIFIED;
use jiff::Timestamp;
use serde::Deserialize;
use wire::{Call, Effect};

use crate::client::{Ask, json};
use crate::conditions::Freshness;
use crate::soql::identifier;
use crate::{Client, SfdcError, stamp};

const OPERATION: &str = "salesforce.describe";

/// An object's description, as far as a sync needs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the shape of the API")]
pub struct Describe {
    /// The object's API name.
    pub name: String,
    /// Whether we may create records.
    #[serde(default)]
    pub createable: bool,
    /// Whether we may update records.
    #[serde(default)]
    pub updateable: bool,
    /// Whether we may read records.
    #[serde(default)]
    pub queryable: bool,
    /// Whether we may delete records.
    #[serde(default)]
    pub deletable: bool,
    /// The first three characters of its ids.
    #[serde(default)]
    pub key_prefix: Option<String>,
    /// The fields that we may see.
    pub fields: Vec<DescribeField>,
}

/// A field's description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the shape of the API")]
pub struct DescribeField {
    /// The API name.
    pub name: String,
    /// Such as `string`, `currency`, `date`, `datetime`, `boolean`, `picklist`, `reference`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Longest text, in characters; 0 for other types.
    #[serde(default)]
    pub length: u32,
    /// Digits of a number.
    #[serde(default)]
    pub precision: u32,
    /// Digits behind the point.
    #[serde(default)]
    pub scale: u32,
    /// Whether it may be null.
    #[serde(default)]
    pub nillable: bool,
    /// Whether we may set it on creation.
    #[serde(default)]
    pub createable: bool,
    /// Whether we may change it.
    #[serde(default)]
    pub updateable: bool,
    /// Whether a create without it takes a default.
    #[serde(default)]
    pub defaulted_on_create: bool,
    /// Whether it is an external id.
    #[serde(default)]
    pub external_id: bool,
    /// Whether its values are unique.
    #[serde(default)]
    pub unique: bool,
    /// Whether uniqueness and look-up tell upper and lower case apart.
    #[serde(default)]
    pub case_sensitive: bool,
    /// Whether only listed values are allowed.
    #[serde(default)]
    pub restricted_picklist: bool,
    /// What people see.
    #[serde(default)]
    pub label: String,
    /// Longest text, in bytes of UTF-8; 0 for other types.
    #[serde(default)]
    pub byte_length: u32,
    /// Whether records can be looked up by it in an upsert.
    #[serde(default)]
    pub id_lookup: bool,
    /// Whether a formula computes it.
    #[serde(default)]
    pub calculated: bool,
    /// Whether Salesforce numbers it.
    #[serde(default)]
    pub auto_number: bool,
    /// The compound field that it is a part of, such as `BillingAddress`.
    #[serde(default)]
    pub compound_field_name: Option<String>,
    /// Whether field-level security applies to it.
    #[serde(default)]
    pub permissionable: bool,
    /// Whether queries can filter by it.
    #[serde(default)]
    pub filterable: bool,
    /// Whether it is encrypted.
    #[serde(default)]
    pub encrypted: bool,
    /// The objects that it refers to.
    #[serde(default)]
    pub reference_to: Vec<String>,
    /// What the way to the referred record is called.
    #[serde(default)]
    pub relationship_name: Option<String>,
    /// Its values, if it is a picklist.
    #[serde(default)]
    pub picklist_values: Vec<PicklistValue>,
}

/// A value of a picklist.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PicklistValue {
    /// As the API writes it.
    pub value: String,
    /// As people see it.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether it can still be chosen.
    #[serde(default)]
    pub active: bool,
    /// Whether it is the default.
    #[serde(default)]
    pub default_value: bool,
}

/// A description and when it changed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The description.
    pub describe: Describe,
    /// When it changed, if the org told: what [`Client::describe_if_changed`] takes.
    pub changed: Option<Timestamp>,
}

/// An object of the org, as the list of all tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the shape of the API")]
pub struct ObjectSummary {
    /// The API name.
    pub name: String,
    /// What people see.
    #[serde(default)]
    pub label: String,
    /// The first three characters of its ids.
    #[serde(default)]
    pub key_prefix: Option<String>,
    /// Whether it was made for this org.
    #[serde(default)]
    pub custom: bool,
    /// Whether we may create records.
    #[serde(default)]
    pub createable: bool,
    /// Whether we may update records.
    #[serde(default)]
    pub updateable: bool,
    /// Whether we may read records.
    #[serde(default)]
    pub queryable: bool,
    /// Whether changes can be asked for by [`Client::updated`] and [`Client::deleted`].
    #[serde(default)]
    pub replicateable: bool,
}

impl Describe {
    /// The field of this API name; case does not matter to Salesforce.
    pub fn field(&self, name: &str) -> Option<&DescribeField> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }
}

impl DescribeField {
    /// Whether a create must carry it.
    pub fn is_required(&self) -> bool {
        !self.nillable && self.createable && !self.defaulted_on_create
    }
}

impl Client {
    /// Describes an object.
    pub async fn describe(&self, object: &str) -> Result<Describe, SfdcError> {
        match self.described(object, &Freshness::Any).await? {
            Some(described) => Ok(described.describe),
            None => Err(SfdcError::Malformed {
                operation: OPERATION.into(),
                detail: "304 to a request without a condition".into(),
            }),
        }
    }

    /// Describes an object if its description changed after `since`; `None` if it did not.
    pub async fn describe_if_changed(
        &self,
        object: &str,
        since: Option<Timestamp>,
    ) -> Result<Option<Described>, SfdcError> {
        let freshness = since.map_or(Freshness::Any, Freshness::ModifiedSince);
        self.described(object, &freshness).await
    }

    /// The objects that we may see.
    pub async fn objects(&self) -> Result<Vec<ObjectSummary>, SfdcError> {
        #[derive(Deserialize)]
        struct Global {
            sobjects: Vec<ObjectSummary>,
        }
        let call = Call::new(OPERATION, Effect::Read);
        let response = self.get(call, &self.versioned("/sobjects")?).await?;
        json::<Global>(OPERATION, &response).map(|global| global.sobjects)
    }

    async fn described(&self, object: &str, freshness: &Freshness) -> Result<Option<Described>, SfdcError> {
        let url = self.versioned(&format!("/sobjects/{}/describe", identifier(object)?))?;
        let mut ask = Ask::new(Call::new(OPERATION, Effect::Read), Method::GET, &url, None);
        ask.headers = freshness.headers()?;
        let Some(response) = self.ask_unless_unchanged(ask).await? else { return Ok(None) };
        let header = response.headers().get(LAST_MODIFIED).and_then(|value| value.to_str().ok());
        let changed = header.and_then(stamp::read_http);
        Ok(Some(Described { describe: json(OPERATION, &response)?, changed }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::scripted::{self, Scripted, answer};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_description_is_fetched_again_only_when_it_changed() {
        let body = r#"{"name":"Account","createable":true,"queryable":true,"keyPrefix":"001","urls":{},"fields":[
            {"name":"Industry","type":"picklist","label":"Industry","length":40,"byteLength":120,"nillable":true,
             "restrictedPicklist":false,"picklistValues":[{"active":true,"defaultValue":false,"label":"Energy","validFor":null,"value":"Energy"}],
             "referenceTo":[],"relationshipName":null,"filterable":true,"permissionable":true,"extraTypeInfo":null},
            {"name":"ParentId","type":"reference","referenceTo":["Account"],"relationshipName":"Parent","compoundFieldName":null}]}"#;
        let steps = vec![
            Ok(answer(200, &[("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")], body)),
            Ok(answer(304, &[], "")),
            Ok(answer(304, &[], "")),
        ];
        let org = Scripted::new(&scripted::clock(), Duration::ZERO, steps);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        let client = Client::new(org.clone(), &base, "64.0");
        let first = client.describe_if_changed("Account", None).await.expect("an answer").expect("changed");
        let industry = first.describe.field("industry").expect("a field");
        assert_eq!(industry.picklist_values[0].value, "Energy");
        assert_eq!((industry.byte_length, first.describe.key_prefix.as_deref()), (120, Some("001")));
        assert_eq!(first.describe.field("ParentId").expect("a field").reference_to, ["Account"]);
        assert_eq!(client.describe_if_changed("Account", first.changed).await.expect("an answer"), None);
        client.describe("Account").await.expect_err("304 without a condition");
        let seen = org.seen();
        let since = |place: usize| {
            seen[place].1.headers().get("if-modified-since").map(|value| value.to_str().expect("text"))
        };
        assert_eq!((since(0), since(1), since(2)), (None, Some("Fri, 02 Jan 2026 03:04:05 GMT"), None));
    }
}
