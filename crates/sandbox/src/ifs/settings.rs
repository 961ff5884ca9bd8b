//! How the tenant is set up, and what can be switched while it runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fault::RetryAfter;

/// How a tenant is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfsSettings {
    /// How many suppliers there are at the beginning.
    pub suppliers: usize,
    /// From which seed they are made.
    pub seed: u64,
    /// The realm of the identity provider.
    pub realm: String,
    /// The client that may log in.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a token lives.
    pub token_lifetime: Duration,
    /// Rows of the largest page.
    pub page_cap: usize,
    /// Requests a minute, before 429.
    pub requests_a_minute: usize,
}

impl Default for IfsSettings {
    fn default() -> Self {
        Self {
            suppliers: 12_500,
            seed: 1,
            realm: "sandbox".to_owned(),
            client_id: "ml-connector".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            token_lifetime: Duration::from_hours(1),
            page_cap: 5_000,
            requests_a_minute: 1_000,
        }
    }
}

/// What can be switched while the tenant runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IfsSwitches {
    /// The sets are not granted: 404, and not in the metadata.
    pub no_sets: bool,
    /// This attribute is not there.
    pub hidden: Option<String>,
    /// `nextLink`s lead to this address instead.
    pub foreign_next_link: Option<String>,
    /// `nextLink`s are relative.
    pub relative_next_link: bool,
    /// The number of this supplier's credit limit is larger than any number type.
    pub huge_number: Option<String>,
    /// So many of the next requests meet a stale cache: 500 `MI_MODIFIED_ERROR`.
    pub stale_cache: u32,
    /// A page that holds this supplier fails: 500 with a database error.
    pub poisoned: Option<String>,
    /// A page of more rows than this takes too long: 504 `ODP_OPERATION_TIMEOUT`.
    pub timeout_above: Option<usize>,
    /// A full page always has a `nextLink`, also when only an empty page follows.
    pub next_link_when_full: bool,
    /// What 429 says about when to come back. The provider promises nothing.
    pub retry_after: Option<RetryAfter>,
}
