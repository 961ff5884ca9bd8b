//! How the org is set up.

use std::time::Duration;

/// How an org is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each one is a feature of its own")]
pub struct SalesforceSettings {
    /// The consumer key of the app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The consumer key of the app that acts as an administrator; the secret is the same.
    pub admin_client_id: String,
    /// The public key that assertions of the app are signed with (RSA, PKCS#1 in DER), if it logs in
    /// so.
    pub app_key: Option<Vec<u8>>,
    /// How long a session lives.
    pub session: Duration,
    /// API calls a day.
    pub daily_calls: u64,
    /// Deliveries of events a day, to all subscribers together.
    pub daily_events: u64,
    /// Objects whose changes are told although nobody selected them in a channel.
    pub change_events: Vec<String>,
    /// Rows of one query page.
    pub query_page: usize,
    /// What chance in this org is drawn from.
    pub seed: u64,
    /// Whether the org has no custom fields yet.
    pub bare: bool,
    /// Whether the org has person accounts.
    pub person_accounts: bool,
    /// Whether the org has several currencies.
    pub several_currencies: bool,
    /// Whether the org has no orders.
    pub without_orders: bool,
}

impl Default for SalesforceSettings {
    fn default() -> Self {
        Self {
            client_id: "ml-connector".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            admin_client_id: "ml-connector-admin".to_owned(),
            app_key: None,
            session: Duration::from_hours(2),
            daily_calls: 100_000,
            daily_events: 25_000,
            change_events: ["Account", "Contact", "Order"].map(str::to_owned).to_vec(),
            query_page: 2_000,
            seed: 1,
            bare: false,
            person_accounts: false,
            several_currencies: false,
            without_orders: false,
        }
    }
}
