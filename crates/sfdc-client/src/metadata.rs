//! Metadata deploys over REST: what an org is made of, changed as a whole or only checked.
//!
//! Rules: Metadata API Developer Guide, "Deploying with REST". A deploy is a ZIP file with a
//! `package.xml`; it runs in the background and is asked about until it is done.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use wire::{Call, Clock, Effect};

use crate::client::{Ask, json};
use crate::{Client, SfdcError};

const OPERATION: &str = "salesforce.deploy";
/// Stands between the parts of the body; no ZIP file of texts has it in it.
const BOUNDARY: &str = "ml-connector-metadata-deploy";
const CONTENT: &str = "multipart/form-data; boundary=ml-connector-metadata-deploy";
/// The pauses between two questions, and for how long they are asked.
const PAUSE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(600);

/// What is done with a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deploying {
    /// It is checked, and nothing is changed.
    CheckOnly,
    /// It is deployed whole, or not at all.
    Apply,
}

/// What became of a deploy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeployResult {
    /// Whether nothing will happen to it any more.
    #[serde(default)]
    pub done: bool,
    /// Whether all of it was (or would be) deployed.
    #[serde(default)]
    pub success: bool,
    /// Such as `Succeeded` or `Failed`.
    #[serde(default)]
    pub status: String,
    /// What is wrong with the package as a whole.
    #[serde(default)]
    pub error_message: Option<String>,
    /// What became of its components.
    #[serde(default)]
    pub details: DeployDetails,
}

/// What became of the components of a deploy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeployDetails {
    /// Those that were (or would be) deployed.
    #[serde(default)]
    pub component_successes: Vec<DeployedComponent>,
    /// Those that were not.
    #[serde(default)]
    pub component_failures: Vec<DeployedComponent>,
}

/// One component of a deploy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeployedComponent {
    /// Such as `CustomField`.
    #[serde(default)]
    pub component_type: Option<String>,
    /// Such as `Account.IFS_Key__c`.
    #[serde(default)]
    pub full_name: String,
    /// What is wrong with it.
    #[serde(default)]
    pub problem: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    id: String,
    #[serde(default)]
    deploy_result: DeployResult,
}

impl Client {
    /// Deploys a package, or checks it, and waits until that is done.
    pub async fn deploy(
        &self,
        zip: &[u8],
        how: Deploying,
        clock: &dyn Clock,
    ) -> Result<DeployResult, SfdcError> {
        let url = self.versioned("/metadata/deployRequest")?;
        let check = how == Deploying::CheckOnly;
        let effect = if check { Effect::Read } else { Effect::Append };
        let mut ask = Ask::new(Call::new(OPERATION, effect), Method::POST, &url, Some(body(zip, check)));
        ask.content = CONTENT;
        let response = self.ask(ask).await?;
        if !response.status().is_success() {
            return Err(self.failure(OPERATION, &response));
        }
        let Answer { id, mut deploy_result } = json(OPERATION, &response)?;
        let id = id.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let url = self.versioned(&format!("/metadata/deployRequest/{id}?includeDetails=true"))?;
        let started = clock.elapsed();
        while !deploy_result.done {
            let response = self.get(Call::new(OPERATION, Effect::Read), &url).await?;
            deploy_result = json::<Answer>(OPERATION, &response)?.deploy_result;
            if deploy_result.done {
                break;
            }
            if clock.elapsed().saturating_sub(started) > PATIENCE {
                return Err(SfdcError::Malformed {
                    operation: OPERATION.into(),
                    detail: format!("the deploy {id} is not done after {} s", PATIENCE.as_secs()),
                });
            }
            clock.sleep(PAUSE).await;
        }
        Ok(deploy_result)
    }
}

fn body(zip: &[u8], check: bool) -> Bytes {
    let options = format!(
        "{{\"deployOptions\":{{\"checkOnly\":{check},\"rollbackOnError\":true,\"singlePackage\":true}}}}"
    );
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"json\"\r\nContent-Type: application/json\r\n\r\n\
         {options}\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"deploy.zip\"\r\n\
         Content-Type: application/zip\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(zip);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    Bytes::from(body)
}

#[cfg(test)]
mod tests {
    use wire::scripted::{self, Scripted, answer};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_deploy_is_asked_about_until_it_is_done() {
        let clock = scripted::clock();
        let pending = r#"{"id":"0Af000000000001AAA","deployResult":{"done":false,"status":"Pending"}}"#;
        let failed = r#"{"id":"0Af000000000001AAA","deployResult":{"done":true,"success":false,"status":"Failed","details":{
            "componentFailures":[{"componentType":"CustomField","fullName":"Account.X__c","problem":"no"}]}}}"#;
        let steps =
            vec![Ok(answer(201, &[], pending)), Ok(answer(200, &[], pending)), Ok(answer(200, &[], failed))];
        let org = Scripted::new(&clock, Duration::ZERO, steps);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        let client = Client::new(org.clone(), &base, "64.0");
        let result = client.deploy(b"PK", Deploying::CheckOnly, &*clock).await.expect("a result");
        assert_eq!((result.success, result.details.component_failures.len()), (false, 1));
        let seen = org.seen();
        let sent = String::from_utf8_lossy(seen[0].1.body()).into_owned();
        assert!(sent.contains("\"checkOnly\":true") && sent.contains("\r\n\r\nPK\r\n--"), "{sent}");
        assert_eq!(seen.len(), 3);
        assert!(seen[1].1.uri().path().ends_with("/metadata/deployRequest/0Af000000000001AAA"));
    }
}
