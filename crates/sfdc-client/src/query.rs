//! Queries and their pages.

use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use wire::{Call, Effect, origin};

use crate::client::json;
use crate::{Client, Select, SfdcError};

/// All records of a query.
#[derive(Debug, Default)]
pub struct Records {
    /// The records, as they came.
    pub records: Vec<Box<RawValue>>,
    /// The audit entry of the first page, if it was recorded.
    pub evidence: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    done: bool,
    next_records_url: Option<String>,
    records: Vec<Box<RawValue>>,
}

impl Client {
    /// Runs a query and follows its pages. `call` names the operation and the records it concerns.
    pub async fn query(&self, call: Call, select: &Select) -> Result<Records, SfdcError> {
        let operation = call.operation;
        let mut url = self.versioned(&format!("/query?q={}", select.encoded()))?;
        let mut all = Records::default();
        let mut seen: Vec<Url> = Vec::new();
        loop {
            let call = Call { effect: Effect::Read, ..call.clone() };
            let response = self.get(call, &url).await?;
            let page: Page = json(operation, &response)?;
            let evidence = response.extensions().get::<wire::Evidence>().map(|evidence| evidence.0);
            all.evidence = all.evidence.or(evidence);
            all.records.extend(page.records);
            let Some(next) = page.next_records_url.filter(|_| !page.done) else { return Ok(all) };
            seen.push(url);
            url = origin::resolve(&self.services()?, &next)?;
            if seen.contains(&url) {
                let detail = "the pages of the query go in a circle".to_owned();
                return Err(SfdcError::Malformed { operation: operation.into(), detail });
            }
        }
    }
}
