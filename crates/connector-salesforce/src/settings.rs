//! What the configuration says about an org.

use serde::Deserialize;
use url::Url;

use crate::order::OrderSettings;

/// An org and how to speak to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesforceSettings {
    /// The org's My Domain address, `https://<MyDomain>.my.salesforce.com`.
    pub instance_url: Url,
    /// The REST API version, such as `64.0`.
    #[serde(default = "api_version")]
    pub api_version: String,
    /// The most records in one write call, at most 1,000; above 200 they go as several collections
    /// in one composite call, as far as the org is quick enough for it.
    #[serde(default = "batch_size")]
    pub batch_size: usize,
    /// Calls at the same time; an org allows 25 long ones.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// From how many records of one load on a Bulk job is made; none if it is left out.
    #[serde(default)]
    pub bulk_from: Option<u64>,
    /// How orders are written.
    #[serde(default)]
    pub orders: OrderSettings,
}

fn api_version() -> String {
    "64.0".to_owned()
}

fn batch_size() -> usize {
    sfdc_client::MAX_PACKED
}

fn concurrency() -> usize {
    8
}

impl SalesforceSettings {
    /// The org at this address, and defaults for the rest.
    pub fn new(instance_url: Url) -> Self {
        Self {
            instance_url,
            api_version: api_version(),
            batch_size: batch_size(),
            concurrency: concurrency(),
            bulk_from: None,
            orders: OrderSettings::default(),
        }
    }
}

/// An object that is written to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectSettings {
    /// Its API name.
    pub object: String,
    /// The API name of its external-id field: text, unique.
    pub external_id: String,
}

impl ObjectSettings {
    /// An object with the external id that setup makes.
    pub(crate) fn shipped(object: &str) -> Self {
        Self { object: object.to_owned(), external_id: "IFS_Key__c".to_owned() }
    }
}
