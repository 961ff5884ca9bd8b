//! Which API versions the org offers (`GET /services/data`, needs no session).

use serde::Deserialize;
use wire::{Call, Effect};

use crate::client::json;
use crate::{Client, SfdcError};

/// An API version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Version {
    /// Such as `Winter '26`.
    pub label: String,
    /// Such as `65.0`.
    pub version: String,
    /// Its root.
    pub url: String,
}

impl Client {
    /// The versions on offer, oldest first, and the server's clock if it told it.
    pub async fn versions(&self) -> Result<(Vec<Version>, Option<String>), SfdcError> {
        let call = Call::new("salesforce.versions", Effect::Read);
        let response = self.get(call, &self.url("/services/data")?).await?;
        let date = response.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        Ok((json("salesforce.versions", &response)?, date.map(str::to_owned)))
    }
}
