//! `link.toml`: which two systems are kept in step, and how they are reached.

use std::collections::BTreeMap;
use std::path::PathBuf;

use connector_ifs::{EntityOverrides, ErrorRule, IfsSettings};
use connector_salesforce::{OrderSettings, SalesforceSettings};
use serde::{Deserialize, Deserializer};
use wire::{Limits, RateSettings};

use super::{Address, CalendarTable, Interval, SecretRef};

/// The contents of `link.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkFile {
    /// The name of the link, for people.
    pub name: String,
    /// Whether systems other than this machine itself may be written to.
    #[serde(default)]
    pub live: bool,
    /// IFS Cloud.
    pub ifs: IfsTable,
    /// Salesforce.
    pub salesforce: SalesforceTable,
    /// Where state and audit log are kept.
    #[serde(default)]
    pub data: DataTable,
    /// When its flows may run.
    #[serde(default)]
    pub calendar: CalendarTable,
}

/// `[ifs]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IfsTable {
    /// Scheme, host and port, such as `https://acme.ifs.cloud`.
    pub url: Address,
    /// The path below it that all projections share; the integration endpoint if it is left out.
    #[serde(default)]
    pub path_prefix: Option<String>,
    /// The path below it that all entity services share.
    #[serde(default)]
    pub entity_prefix: Option<String>,
    /// A file (PEM) with further authorities that may vouch for the server.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Credentials.
    pub auth: IfsAuth,
    /// How hard the system may be used.
    #[serde(default)]
    pub limits: LimitsTable,
    /// How long to wait.
    #[serde(default)]
    pub timeouts: TimeoutsTable,
    /// Whether changes need the double-submit cookie of the web entrances (`main`, `b2b`).
    #[serde(default)]
    pub csrf: bool,
    /// `[[ifs.errors]]`: what errors of the tenant mean, before what the shipped table says.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// `[ifs.entities.NAME]`: where the tenant differs from the defaults.
    #[serde(default)]
    pub entities: BTreeMap<String, EntityOverrides>,
}

impl IfsTable {
    /// What the connector is told.
    pub fn settings(&self) -> IfsSettings {
        let mut settings = IfsSettings::new(self.url.url().clone());
        if let Some(prefix) = &self.path_prefix {
            settings.path_prefix.clone_from(prefix);
        }
        if let Some(prefix) = &self.entity_prefix {
            settings.entity_prefix.clone_from(prefix);
        }
        settings.csrf = self.csrf;
        settings.realm.clone_from(&self.auth.realm);
        settings.token_url = self.auth.token_url.as_ref().map(|address| address.url().clone());
        settings
    }
}

/// `[ifs.auth]`: OAuth 2.0 client credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IfsAuth {
    /// The realm (the tenant's namespace); the token address is made from it.
    #[serde(default)]
    pub realm: Option<String>,
    /// The whole token address, where the realm is not enough.
    #[serde(default)]
    pub token_url: Option<Address>,
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub secret: SecretRef,
    /// The scopes asked for; an empty text asks for none.
    #[serde(default = "IfsAuth::default_scope")]
    pub scope: String,
}

impl IfsAuth {
    fn default_scope() -> String {
        "openid microprofile-jwt".into()
    }
}

/// `[salesforce]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SalesforceTable {
    /// The My Domain address, such as `https://acme.my.salesforce.com`.
    pub url: Address,
    /// A file (PEM) with further authorities that may vouch for the server.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The API version, such as `64.0`; the default of the client is taken if it is left out.
    #[serde(default)]
    pub api_version: Option<String>,
    /// Credentials.
    pub auth: SalesforceAuth,
    /// How hard the system may be used.
    #[serde(default)]
    pub limits: LimitsTable,
    /// How long to wait.
    #[serde(default)]
    pub timeouts: TimeoutsTable,
    /// The most records in one call that writes, from 1 to 1,000.
    #[serde(default, deserialize_with = "batch_size")]
    #[cfg_attr(test, schemars(range(min = 1, max = 1000)))]
    pub batch_size: Option<u16>,
    /// From how many records of one load on a Bulk 2.0 job is made, which costs few calls but has to
    /// wait in the org's queue; none if it is left out.
    #[serde(default)]
    pub bulk_from: Option<std::num::NonZeroU32>,
    /// How orders are written.
    #[serde(default)]
    pub orders: OrderSettings,
    /// Where change events come from.
    #[serde(default)]
    pub events: PubSubTable,
    /// `[salesforce.admin]`: who changes the org in `salesforce setup`; the integration user if it is
    /// left out.
    #[serde(default)]
    pub admin: Option<SalesforceAuth>,
    /// `[salesforce.objects.NAME]`: objects that differ from the defaults.
    #[serde(default)]
    pub objects: BTreeMap<String, ObjectTable>,
}

/// `[salesforce.events]`: the Pub/Sub API, where it is not at the usual place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PubSubTable {
    /// Its address; `https://api.pubsub.salesforce.com:7443` if it is left out.
    #[serde(default)]
    pub url: Option<Address>,
    /// A file (PEM) with the authorities that vouch for it, instead of those of `[salesforce]`.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// A call that packs five collections of 200 is the largest there is.
fn batch_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let size = u16::deserialize(deserializer)?;
    let problem = || serde::de::Error::custom(format!("{size} is not from 1 to 1000"));
    (1..=1000).contains(&size).then_some(Some(size)).ok_or_else(problem)
}

/// `[salesforce.objects.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectTable {
    /// The API name of the external-id field: text, unique.
    pub external_id: String,
}

impl SalesforceTable {
    /// What the connector is told.
    pub fn settings(&self) -> SalesforceSettings {
        let mut settings = SalesforceSettings::new(self.url.url().clone());
        if let Some(version) = &self.api_version {
            settings.api_version.clone_from(version);
        }
        if let Some(size) = self.batch_size {
            settings.batch_size = size.into();
        }
        settings.bulk_from = self.bulk_from.map(|from| from.get().into());
        settings.orders.clone_from(&self.orders);
        if let Some(calls) = self.limits.concurrency {
            settings.concurrency = usize::try_from(calls.get()).unwrap_or(usize::MAX);
        }
        settings
    }
}

/// `[salesforce.auth]`: OAuth 2.0 client credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SalesforceAuth {
    /// The whole token address; made from the address of `[salesforce]` if it is left out.
    #[serde(default)]
    pub token_url: Option<Address>,
    /// The consumer key.
    pub client_id: String,
    /// The consumer secret.
    pub secret: SecretRef,
    /// How long a session is trusted where the answer does not say it.
    #[serde(default)]
    pub session: Option<Interval>,
}

/// `[ifs.limits]`, `[salesforce.limits]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LimitsTable {
    /// At most so many calls a minute.
    #[serde(default)]
    pub per_minute: Option<std::num::NonZeroU32>,
    /// So many calls may leave at once after a rest.
    #[serde(default)]
    pub burst: Option<std::num::NonZeroU32>,
    /// At most so many calls under way at the same time.
    #[serde(default)]
    pub concurrency: Option<std::num::NonZeroU32>,
}

/// `[ifs.timeouts]`, `[salesforce.timeouts]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TimeoutsTable {
    /// For reaching the system at all.
    #[serde(default)]
    pub connect: Option<Interval>,
    /// For the longest silence while an answer comes.
    #[serde(default)]
    pub idle: Option<Interval>,
    /// For a whole call for a token.
    #[serde(default)]
    pub token: Option<Interval>,
    /// For a whole call that reads.
    #[serde(default)]
    pub read: Option<Interval>,
    /// For a whole call that writes.
    #[serde(default)]
    pub write: Option<Interval>,
}

impl TimeoutsTable {
    /// Over the defaults.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.connect = self.connect.map_or(limits.connect, |span| span.0);
        limits.idle = self.idle.map_or(limits.idle, |span| span.0);
        for (class, wanted) in
            [(&mut limits.token, self.token), (&mut limits.read, self.read), (&mut limits.write, self.write)]
        {
            if let Some(Interval(total)) = wanted {
                class.total = total;
                class.headers = class.headers.min(total);
            }
        }
        limits
    }
}

impl LimitsTable {
    /// Over `default`.
    pub(crate) fn rate(&self, default: RateSettings) -> RateSettings {
        RateSettings {
            per_minute: self.per_minute.unwrap_or(default.per_minute),
            burst: self.burst.unwrap_or(default.burst),
            concurrency: self.concurrency.unwrap_or(default.concurrency),
        }
    }
}

/// `[data]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DataTable {
    /// The folder, relative to the link's folder.
    #[serde(default = "DataTable::default_folder")]
    pub folder: PathBuf,
}

impl DataTable {
    fn default_folder() -> PathBuf {
        "data".into()
    }
}

impl Default for DataTable {
    fn default() -> Self {
        Self { folder: Self::default_folder() }
    }
}
