//! What the org allows and how much of it is left (`/limits`).
//!
//! Rules: REST API Developer Guide, "Limits": exact within five minutes, so that asking more often
//! tells nothing; it takes the right "View Setup and Configuration". Whoever only wants the calls of
//! the day reads [`Client::usage`], which costs nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use wire::{Call, Effect};

use crate::client::json;
use crate::{Client, SfdcError};

/// API calls in 24 hours.
pub const DAILY_API_REQUESTS: &str = "DailyApiRequests";
/// Batches of the Bulk API in 24 hours.
pub const DAILY_BULK_BATCHES: &str = "DailyBulkApiBatches";
/// Query jobs of the Bulk API 2.0 in 24 hours.
pub const DAILY_BULK_QUERY_JOBS: &str = "DailyBulkV2QueryJobs";
/// Megabytes of results of query jobs in 24 hours.
pub const DAILY_BULK_QUERY_STORAGE: &str = "DailyBulkV2QueryFileStorageMB";
/// Change events delivered in 24 hours.
pub const DAILY_EVENTS: &str = "DailyDeliveredPlatformEvents";
/// Megabytes of records.
pub const DATA_STORAGE: &str = "DataStorageMB";

/// What a connector uses up.
pub const WATCHED: [&str; 6] = [
    DAILY_API_REQUESTS,
    DAILY_BULK_BATCHES,
    DAILY_BULK_QUERY_JOBS,
    DAILY_BULK_QUERY_STORAGE,
    DAILY_EVENTS,
    DATA_STORAGE,
];

/// One allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Allowance {
    /// How much there is.
    pub max: i64,
    /// How much is left; less than nothing if an org may go beyond.
    pub remaining: i64,
}

impl Allowance {
    /// Whether less than this many hundredths are left.
    pub fn is_below(self, percent: u8) -> bool {
        i128::from(self.remaining) * 100 < i128::from(self.max) * i128::from(percent)
    }
}

impl Client {
    /// All allowances by name. Do not ask more often than every five minutes.
    pub async fn limits(&self) -> Result<BTreeMap<String, Allowance>, SfdcError> {
        const OPERATION: &str = "salesforce.limits";
        let response = self.get(Call::new(OPERATION, Effect::Read), &self.versioned("/limits")?).await?;
        json(OPERATION, &response)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::scripted::{self, Scripted, answer};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn allowances_are_read_by_name() {
        let body = r#"{"DailyApiRequests":{"Max":15000,"Remaining":14998,"Ant Migration Tool":{"Max":0,"Remaining":0}},
            "DailyBulkApiBatches":{"Max":15000,"Remaining":1499},"DataStorageMB":{"Max":5,"Remaining":-1}}"#;
        let steps = vec![Ok(answer(200, &[], body)), Ok(answer(200, &[], "[]"))];
        let org = Scripted::new(&scripted::clock(), Duration::ZERO, steps);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        let client = Client::new(org, &base, "64.0");
        let limits = client.limits().await.expect("limits");
        assert_eq!(limits[DAILY_API_REQUESTS], Allowance { max: 15_000, remaining: 14_998 });
        let low: Vec<bool> = [DAILY_API_REQUESTS, DAILY_BULK_BATCHES, DATA_STORAGE]
            .map(|name| limits[name].is_below(10))
            .to_vec();
        assert_eq!(low, [false, true, true]);
        client.limits().await.expect_err("a list");
    }
}
