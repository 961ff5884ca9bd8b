//! What an object looks like to us: fields that we may not see are not there.

use http::Method;
use serde::Deserialize;
use wire::{Call, Effect};

use crate::client::json;
use crate::soql::identifier;
use crate::{Client, SfdcError};

/// An object's description, as far as a sync needs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
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
        let call = Call::new("salesforce.describe", Effect::Read);
        let url = self.versioned(&format!("/sobjects/{}/describe", identifier(object)?))?;
        let response = self.send(call, Method::GET, &url, None).await?;
        json("salesforce.describe", &response)
    }
}
