//! The Tooling API: single components of an org, made and asked for.
//!
//! Rules: Tooling API Reference, "`CustomField`", "`PlatformEventChannel`" and
//! "`PlatformEventChannelMember`".

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use wire::{Call, Effect};

use crate::client::json;
use crate::query::{RawPage, Records};
use crate::soql::identifier;
use crate::{Client, Select, SfdcError};

impl Client {
    /// Makes a component from its metadata; says its id. One that is there already is refused with
    /// `DUPLICATE_DEVELOPER_NAME`.
    pub async fn make_component(
        &self,
        kind: &str,
        (name, metadata): (&str, &Value),
    ) -> Result<String, SfdcError> {
        #[derive(Deserialize)]
        struct Made {
            id: String,
        }
        const OPERATION: &str = "salesforce.tooling_create";
        let url = self.versioned(&format!("/tooling/sobjects/{}", identifier(kind)?))?;
        let body = serde_json::json!({ "FullName": name, "Metadata": metadata }).to_string();
        // A name is taken once: sent again, it is refused.
        let call = Call::new(OPERATION, Effect::Put).about(vec![name.to_owned()]);
        let response = self.send(call, Method::POST, &url, Some(Bytes::from(body))).await?;
        let made: Made = json(OPERATION, &response)?;
        Ok(made.id)
    }

    /// Asks for components; only the first page, which holds 2,000.
    pub async fn tooling_query(&self, select: &Select) -> Result<Records, SfdcError> {
        const OPERATION: &str = "salesforce.tooling_query";
        let url = self.versioned(&format!("/tooling/query?q={}", select.for_url()?))?;
        let response = self.get(Call::new(OPERATION, Effect::Read), &url).await?;
        let page: RawPage = json(OPERATION, &response)?;
        Ok(Records { total: page.total_size, records: page.records, evidence: None })
    }
}
