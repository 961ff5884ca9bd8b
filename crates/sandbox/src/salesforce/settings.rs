//! How the org is set up, and what can be switched while it runs.

use std::time::Duration;

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
}

impl Default for SalesforceSettings {
    fn default() -> Self {
        Self {
            client_id: "ml-connector".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            session: Duration::from_hours(2),
            daily_calls: 100_000,
            query_page: 2_000,
        }
    }
}

/// What can be switched while the org runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each one is a switch of its own")]
pub struct SalesforceSwitches {
    /// This field is hidden by field-level security.
    pub hidden: Option<String>,
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
    /// A validation rule refuses accounts whose name contains this.
    pub refused_name: Option<String>,
    /// A trigger runs into a limit in every call with an account whose name contains this.
    pub limit_name: Option<String>,
    /// A trigger takes blanks out of phone numbers.
    pub rewrites_phones: bool,
    /// Answers to collections lack their last result.
    pub short_answers: bool,
    /// Token requests are refused.
    pub token_trouble: Option<TokenTrouble>,
}

/// Why a token request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTrouble {
    /// The app has no Run As user.
    NoRunAsUser,
    /// The flow is not switched on.
    FlowNotEnabled,
    /// The token names another org.
    ForeignInstance,
}
