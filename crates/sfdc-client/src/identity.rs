//! Which org we speak to, and as whom.

use serde::Deserialize;
use wire::{Call, Effect};

use crate::client::json;
use crate::{Client, RecordId, SfdcError};

/// The org and the user behind a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The org's id (`00D…`): another one behind the same address means another org.
    pub org: RecordId,
    /// The integration user's id (`005…`): change events name it as the committing user.
    pub user: RecordId,
    /// The user's name, if it was told.
    pub username: Option<String>,
}

impl Identity {
    /// What the identity URL of a token says: `https://login.salesforce.com/id/<org>/<user>`.
    ///
    /// ```
    /// use sfdc_client::Identity;
    /// let url = "https://login.salesforce.com/id/00DD0000000FOiUMAW/005D0000001Q1M1IAK";
    /// let identity = Identity::of_url(url).expect("an identity");
    /// assert_eq!(identity.org.as_str(), "00DD0000000FOiUMAW");
    /// ```
    pub fn of_url(url: &str) -> Option<Self> {
        let (_, ids) = url.split_once("/id/")?;
        let (org, user) = ids.trim_end_matches('/').split_once('/')?;
        Self::checked(org, user, None)
    }

    fn checked(org: &str, user: &str, username: Option<String>) -> Option<Self> {
        let (org, user) = (RecordId::parse(org).ok()?, RecordId::parse(user).ok()?);
        (org.prefix() == "00D" && user.prefix() == "005").then_some(Self { org, user, username })
    }
}

impl Client {
    /// Asks which org and user the session belongs to (the user-info endpoint).
    pub async fn identity(&self) -> Result<Identity, SfdcError> {
        const OPERATION: &str = "salesforce.identity";
        #[derive(Deserialize)]
        struct UserInfo {
            organization_id: String,
            user_id: String,
            preferred_username: Option<String>,
        }
        let url = self.url("/services/oauth2/userinfo")?;
        let response = self.get(Call::new(OPERATION, Effect::Read), &url).await?;
        let info: UserInfo = json(OPERATION, &response)?;
        Identity::checked(&info.organization_id, &info.user_id, info.preferred_username).ok_or_else(|| {
            let detail =
                format!("{} and {} are no ids of an org and a user", info.organization_id, info.user_id);
            SfdcError::Malformed { operation: OPERATION.into(), detail }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::scripted::{self, Scripted, answer};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn both_sources_tell_the_same() {
        let body = r#"{"sub":"x","organization_id":"00DD0000000FOiU","user_id":"005D0000001Q1M1","preferred_username":"me@acme.example"}"#;
        let swapped = r#"{"organization_id":"005D0000001Q1M1","user_id":"00DD0000000FOiU"}"#;
        let steps =
            vec![Ok(answer(200, &[], body)), Ok(answer(200, &[], swapped)), Ok(answer(200, &[], "<html>"))];
        let org = Scripted::new(&scripted::clock(), Duration::ZERO, steps);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        let client = Client::new(org.clone(), &base, "64.0");
        let told = client.identity().await.expect("an identity");
        let read =
            Identity::of_url("https://acme.my.salesforce.com/id/00DD0000000FOiUMAW/005D0000001Q1M1IAK/");
        assert_eq!(read.map(|read| (read.org, read.user)), Some((told.org, told.user)));
        assert_eq!(told.username.as_deref(), Some("me@acme.example"));
        assert_eq!(org.seen()[0].1.uri().path(), "/services/oauth2/userinfo");
        client.identity().await.expect_err("an org is no user");
        client.identity().await.expect_err("no JSON");
        for bad in [
            "",
            "https://x/id/",
            "https://x/id/00DD0000000FOiU",
            "https://x/id/001D0000000FOiU/005D0000001Q1M1",
        ] {
            assert_eq!(Identity::of_url(bad), None, "{bad}");
        }
    }
}
