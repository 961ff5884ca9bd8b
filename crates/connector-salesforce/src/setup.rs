//! Setting an org up: what it lacks for the configured flows, and making that.
//!
//! Custom fields, a permission set with exactly the mapped fields, and the channel of change events
//! come by a metadata deploy that is checked before it is carried out, or through the Tooling API
//! where the org takes no deploys. All of it can be done again without harm.

use std::sync::Arc;

use sfdc_client::{Client, SfdcError};
use sync_engine::Fault;
use wire::{Clock, HttpTransport};

use crate::SalesforceSettings;
use crate::faults::of_call;

mod applying;
mod catalog;
mod field_spec;
mod package;
mod survey;
mod wanted;
mod zip;

#[cfg(test)]
mod setup_tests;

pub use package::{CHANNEL, File};
pub use survey::Gap;
pub use wanted::Wanted;

use applying::Applying;
use survey::Survey;

/// Sets one org up.
#[derive(Debug)]
pub struct Setup {
    admin: Client,
    runtime: Client,
    clock: Arc<dyn Clock>,
    wanted: Wanted,
}

impl Setup {
    /// Sets the org up for what is `wanted`: `admin` may change it, `runtime` is the integration user.
    pub fn new(
        (admin, runtime): (Arc<dyn HttpTransport>, Arc<dyn HttpTransport>),
        clock: Arc<dyn Clock>,
        org: &SalesforceSettings,
        wanted: Wanted,
    ) -> Self {
        let client = |transport| Client::new(transport, &org.instance_url, &org.api_version);
        Self { admin: client(admin), runtime: client(runtime), clock, wanted }
    }

    /// What the org lacks; nothing is changed.
    pub async fn survey(&self) -> Result<Vec<Gap>, Fault> {
        let Self { admin, runtime, wanted, .. } = self;
        let failed = |error: SfdcError| of_call(&error);
        Survey { admin, runtime, wanted }.gaps().await.map_err(failed)
    }

    /// Mends the gaps that can be mended; says what was done.
    pub async fn apply(&self, gaps: &[Gap]) -> Result<Vec<String>, Fault> {
        let Self { admin, runtime, wanted, clock } = self;
        Applying { admin, runtime, clock: &**clock, wanted }.mend(gaps).await
    }
}

/// The whole of what is wanted as metadata files, in the metadata format: for administrators who
/// deploy it by other means.
pub fn metadata(wanted: &Wanted) -> Vec<File> {
    package::files(wanted, |_| true)
}
