//! How the org is set up, and what can be switched while it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How an org is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesforceSettings {
    /// The consumer key of the app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a session lives.
    pub session: Duration,
    /// API calls a day.
    pub daily_calls: u64,
    /// Rows of one query page.
    pub query_page: usize,
    /// What chance in this org is drawn from.
    pub seed: u64,
}

impl Default for SalesforceSettings {
    fn default() -> Self {
        Self {
            client_id: "ml-connector".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            session: Duration::from_hours(2),
            daily_calls: 100_000,
            query_page: 2_000,
            seed: 1,
        }
    }
}

/// What can be switched while the org runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each one is a switch of its own")]
pub struct SalesforceSwitches {
    /// These fields are hidden by field-level security.
    pub hidden: BTreeSet<String>,
    /// These text fields have another length than usual, in UTF-16 units.
    pub lengths: BTreeMap<String, u32>,
    /// These fields can be read but not written.
    pub read_only: BTreeSet<String>,
    /// The external id is not unique.
    pub not_unique: bool,
    /// The external id tells upper and lower case apart.
    pub case_sensitive: bool,
    /// The day's calls are used up.
    pub quota_exhausted: bool,
    /// Every call is one too many at the same time.
    pub too_concurrent: bool,
    /// So many of the next written rows are locked by somebody else.
    pub locked_rows: u32,
    /// So many of a thousand written rows are locked by somebody else, by chance.
    pub locked_per_mille: u32,
    /// A validation rule refuses these accounts.
    pub refused: Option<Matching>,
    /// A trigger runs into a limit in every call with one of these accounts.
    pub limited: Option<Matching>,
    /// A trigger takes blanks out of phone numbers.
    pub rewrites_phones: bool,
    /// Answers to collections lack their last result.
    pub short_answers: bool,
    /// Token requests are refused.
    pub token_trouble: Option<TokenTrouble>,
}

impl SalesforceSwitches {
    /// Whether the user of the API does not see this field.
    pub(crate) fn hides(&self, name: &str) -> bool {
        self.hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(name))
    }

    /// Whether the user of the API may not write this field.
    pub(crate) fn locks(&self, name: &str) -> bool {
        self.read_only.iter().any(|field| field.eq_ignore_ascii_case(name))
    }

    /// How long a text field is; `usual` unless it was altered.
    pub(crate) fn length(&self, name: &str, usual: u32) -> u32 {
        let altered = self.lengths.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        altered.map_or(usual, |(_, length)| *length)
    }
}

/// Accounts with a text in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// The field.
    pub field: String,
    /// What its text contains.
    pub contains: String,
}

impl Matching {
    /// Accounts whose `field` contains a text.
    pub fn new(field: impl Into<String>, contains: impl Into<String>) -> Self {
        Self { field: field.into(), contains: contains.into() }
    }
}

/// Why a token request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenTrouble {
    /// The app has no Run As user.
    NoRunAsUser,
    /// The flow is not switched on.
    FlowNotEnabled,
    /// The token names another org.
    ForeignInstance,
}
