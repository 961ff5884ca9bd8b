//! How the tenant is set up, and what can be switched while it runs.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use wire::Response;

use super::page::Chosen;
use super::view::Drift;
use crate::fault::RetryAfter;

/// How a tenant is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfsSettings {
    /// How many suppliers there are at the beginning.
    pub suppliers: usize,
    /// How many customers.
    pub customers: usize,
    /// How many purchase orders; each has one to five lines.
    pub orders: usize,
    /// How many of these are placed with suppliers that do not exist.
    pub orphan_orders: usize,
    /// How many supplier invoices (posting proposals).
    pub invoices: usize,
    /// How many accounts.
    pub accounts: usize,
    /// How many journal entries; each has two rows.
    pub journal_entries: usize,
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
            customers: 2_000,
            orders: 3_000,
            orphan_orders: 0,
            invoices: 4_000,
            accounts: 200,
            journal_entries: 2_000,
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
#[expect(clippy::struct_excessive_bools, reason = "each switch is one thing that is on or off")]
pub struct IfsSwitches {
    /// The sets are not granted: 404, and not in the metadata.
    pub no_sets: bool,
    /// This attribute is not there.
    pub hidden: Option<String>,
    /// This attribute has another name.
    pub renamed: Option<Renamed>,
    /// Rows lack this attribute, although the metadata has it and `$select` may name it.
    pub withheld: Option<String>,
    /// Collections answer 200 with something that is no collection.
    pub odd_answer: Option<OddAnswer>,
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
    /// The zone of the server, by its IANA name; UTC if nothing is said.
    pub time_zone: Option<String>,
    /// Services that are not time-zone aware; `*` means all.
    pub zone_unaware: Vec<String>,
    /// Entity services that an administrator has activated; `*` means all. At first those of what
    /// belongs to suppliers, customers and purchase orders.
    pub activated: Activated,
    /// Projections that the user may not use: 403.
    pub denied: Vec<String>,
    /// Services that take a PATCH without `If-Match` as an upsert; `*` means all.
    pub upsert: Vec<String>,
    /// The status of `ODP_MISSING_PRECONDITION`; 428 if nothing is said.
    pub missing_precondition: Option<u16>,
    /// `/main` and `/b2b` ask for the double-submit cookie.
    pub csrf: bool,
    /// How many seconds the next tokens live, instead of what the settings say.
    pub token_seconds: Option<u32>,
    /// Logical units whose changes the history log keeps; `*` means all.
    pub history: Vec<String>,
    /// Without `$top` no more rows than this are shown, and no link leads on.
    pub silent_cut: Option<usize>,
    /// What a navigation leads to shows only keys and meta fields unless `$select` asks for more.
    pub lines_need_select: bool,
    /// `$filter` is read and then forgotten: all rows are shown.
    pub ignore_filter: bool,
    /// `nextLink` leads to the page that it stands on.
    pub next_link_loops: bool,
    /// `nextLink` of every page but the first leads back to the first.
    pub next_link_circles: bool,
    /// A page has so many rows more than `$top` allows.
    pub rows_too_many: usize,
    /// The first row of a page stands at its end once more.
    pub repeat_row: bool,
    /// The first two rows of a page stand in the wrong order.
    pub swap_rows: bool,
}

/// Names of entity services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Activated(pub Vec<String>);

impl Default for Activated {
    fn default() -> Self {
        let names = [
            "SupplierInfoAddressEntity",
            "SupplierInfoCommMethodEntity",
            "SupplierInfoContactEntity",
            "CustomerInfoAddressEntity",
            "CustomerInfoCommMethodEntity",
            "CustomerInfoContactEntity",
            "PurchaseOrderLineEntity",
        ];
        Self(names.map(str::to_owned).to_vec())
    }
}

impl From<Vec<String>> for Activated {
    fn from(names: Vec<String>) -> Self {
        Self(names)
    }
}

/// An attribute that was renamed by an update of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renamed {
    /// Its name before.
    pub from: String,
    /// Its name now.
    pub to: String,
}

/// What a proxy or a broken server answers with status 200 instead of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OddAnswer {
    /// The login page of the identity provider, in HTML.
    LoginPage,
    /// `{}`.
    EmptyObject,
    /// A context, and no `value`.
    NoValue,
    /// An error object.
    Error,
}

impl OddAnswer {
    pub(crate) fn response(self) -> Response {
        let (kind, body) = match self {
            Self::LoginPage => ("text/html", "<!DOCTYPE html><html><body><form>Sign in</form></body></html>"),
            Self::EmptyObject => ("application/json", "{}"),
            Self::NoValue => ("application/json", r#"{"@odata.context":"$metadata#SupplierSet"}"#),
            Self::Error => (
                "application/json",
                r#"{"error":{"code":"ODP_INTERNAL_ERROR","message":"failed","details":[]}}"#,
            ),
        };
        let mut response = Response::new(bytes::Bytes::from_static(body.as_bytes()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}

impl IfsSwitches {
    /// How the types differ from their description.
    pub(crate) fn drift(&self) -> Drift<'_> {
        let renamed = self.renamed.as_ref().map(|renamed| (renamed.from.as_str(), renamed.to.as_str()));
        Drift { hidden: self.hidden.as_deref(), renamed }
    }

    /// The status of a write that lacks `If-Match`.
    pub(crate) fn missing_status(&self) -> StatusCode {
        let said = self.missing_precondition.and_then(|status| StatusCode::from_u16(status).ok());
        said.unwrap_or(StatusCode::PRECONDITION_REQUIRED)
    }

    /// Spoils a page as switched, which begins at `token` of a server-driven walk.
    pub(crate) fn spoil_page(&self, chosen: &mut Chosen, token: usize) {
        if self.next_link_loops {
            chosen.next = chosen.next.map(|_| token);
        }
        if self.next_link_circles && token > 0 {
            chosen.next = Some(0);
        }
        if self.swap_rows && chosen.rows.len() > 1 {
            chosen.rows.swap(0, 1);
        }
        if self.repeat_row {
            chosen.rows.extend(chosen.rows.first().cloned());
        }
    }
}
