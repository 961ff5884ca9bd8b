//! Which org it is: behind the same address there may be another one, such as a refreshed sandbox.

use std::sync::Arc;

use sfdc_client::{Client, Identity, SfdcError};
use wire::TokenSource;

/// Tells the id of the org, without a call where its tokens name it.
#[derive(Debug, Clone, Default)]
pub struct OrgId {
    tokens: Option<Arc<TokenSource>>,
}

impl OrgId {
    /// The org that these tokens are for.
    pub fn new(tokens: Arc<TokenSource>) -> Self {
        Self { tokens: Some(tokens) }
    }

    /// Who we are there.
    pub async fn identity(&self, client: &Client) -> Result<Identity, SfdcError> {
        if let Some(tokens) = &self.tokens {
            let grant = tokens.grant().await.map_err(SfdcError::Transport)?;
            if let Some(identity) = grant.identity().and_then(Identity::of_url) {
                return Ok(identity);
            }
        }
        client.identity().await
    }

    /// What tells the org from every other one, where it can be told.
    pub(crate) async fn fingerprint(&self, client: &Client) -> Result<Option<String>, SfdcError> {
        if self.tokens.is_none() {
            return Ok(None);
        }
        let identity = self.identity(client).await?;
        Ok(Some(format!("Salesforce org {}", identity.org.as_str())))
    }
}
