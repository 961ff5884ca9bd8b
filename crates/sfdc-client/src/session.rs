//! Sessions: what a refused one looks like, and what a token answer may say.
//!
//! Plain functions for the token layer of `wire`, which knows nothing of Salesforce.

use serde::Deserialize;
use url::Url;
use wire::{Origin, OriginError, Response};

use crate::codes::classify;
use crate::{ErrorClass, Identity, RecordId, token_advice};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    #[serde(default)]
    error_code: String,
    #[serde(default)]
    message: String,
}

impl Refusal {
    /// What the answer refuses, as far as it has the usual form.
    fn all(response: &Response) -> Vec<Self> {
        serde_json::from_slice(response.body()).unwrap_or_default()
    }
}

/// Whether a session has expired and a new one will help.
///
/// True for 401 with `INVALID_SESSION_ID` only. Other 401s (no connected app attached, a session
/// that is not valid for the REST API, a broken header) come again with every new session.
pub fn is_expired(response: &Response) -> bool {
    if response.status() != http::StatusCode::UNAUTHORIZED {
        return false;
    }
    Refusal::all(response).iter().any(|refusal| {
        refusal.error_code == "INVALID_SESSION_ID"
            && !refusal.message.contains("not valid for use with the REST API")
    })
}

/// Whether the org turned a call away because it is busy at this moment: too many long calls at
/// once. It did nothing, and the same call may pass in some seconds.
///
/// Salesforce says this with the status (403) and the code of an allowance that is used up for the
/// day; only the message tells them apart.
pub fn is_turned_away(response: &Response) -> bool {
    let status = response.status().as_u16();
    status == 420
        || status == 403
            && Refusal::all(response).iter().any(|refusal| {
                classify(status, &refusal.error_code, &refusal.message) == ErrorClass::Throttle
            })
}

/// A token that belongs to another org than the configuration names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongInstance {
    /// Its `instance_url` is another address.
    #[error("the token belongs to {theirs}, the configuration names {ours}: use the org's My Domain address")]
    Elsewhere {
        /// What the configuration names.
        ours: Origin,
        /// Where the token belongs.
        theirs: Origin,
    },
    /// An address is none, or no safe one.
    #[error("instance_url of the token, or the configured address")]
    Address(#[from] OriginError),
    /// The org's id is another one than it was when the link was made.
    #[error(
        "the token belongs to org {theirs}, the link was made for {ours}: another org answers at the same address"
    )]
    Org {
        /// What the link was made for.
        ours: RecordId,
        /// Where the token belongs.
        theirs: RecordId,
    },
}

/// Checks that a token belongs to the configured org: its `instance_url` must have the origin of the
/// My Domain that we asked.
pub fn check_instance_url(configured: &Url, instance_url: Option<&str>) -> Result<(), WrongInstance> {
    let Some(text) = instance_url else { return Ok(()) };
    let ours = Origin::of(configured)?;
    let theirs = Origin::parse(text)?;
    if ours == theirs { Ok(()) } else { Err(WrongInstance::Elsewhere { ours, theirs }) }
}

/// Checks that a token belongs to the org that the link was made for: a refreshed sandbox has the
/// same address and another id.
pub fn check_org(known: &RecordId, identity_url: Option<&str>) -> Result<(), WrongInstance> {
    match identity_url.and_then(Identity::of_url) {
        Some(identity) if identity.org != *known => {
            Err(WrongInstance::Org { ours: known.clone(), theirs: identity.org })
        }
        _ => Ok(()),
    }
}

/// What the reader can do about a refused token request.
pub fn explain(error: &str, description: &str) -> Option<&'static str> {
    token_advice(error, description).map(|advice| advice.remedy)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn only_an_expired_session_is_worth_a_new_one() {
        let expired = |status: u16, body: &'static str| {
            is_expired(&http::Response::builder().status(status).body(Bytes::from(body)).expect("a response"))
        };
        assert!(expired(
            401,
            r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#
        ));
        let looping = r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#;
        assert!(!expired(401, looping));
        assert!(!expired(401, r#"[{"message":"x","errorCode":"INVALID_AUTH_HEADER"}]"#));
        assert!(!expired(401, "Connected app is not attached to Agent"));
        assert!(!expired(403, r#"[{"message":"x","errorCode":"INVALID_SESSION_ID"}]"#));
    }

    #[test]
    fn busy_is_told_from_used_up_by_the_message() {
        let turned_away = |status: u16, message: &str| {
            let body = format!(r#"[{{"message":"{message}","errorCode":"REQUEST_LIMIT_EXCEEDED"}}]"#);
            let response = http::Response::builder().status(status).body(Bytes::from(body));
            is_turned_away(&response.expect("a response"))
        };
        assert!(turned_away(403, "ConcurrentRequests (Concurrent API Requests) Limit exceeded."));
        assert!(!turned_away(403, "TotalRequests Limit exceeded."));
        assert!(turned_away(420, ""));
        assert!(!turned_away(200, "ConcurrentRequests (Concurrent API Requests) Limit exceeded."));
    }

    #[test]
    fn a_token_of_another_org_is_refused() {
        let configured: Url = "https://acme.my.salesforce.com".parse().expect("a URL");
        assert!(check_instance_url(&configured, Some("https://acme.my.salesforce.com")).is_ok());
        assert!(check_instance_url(&configured, None).is_ok());
        for other in [
            "https://acme.my.salesforce.com.evil.example",
            "https://acme@evil.example",
            "http://acme.my.salesforce.com",
        ] {
            assert!(check_instance_url(&configured, Some(other)).is_err(), "{other}");
        }
        let elsewhere = check_instance_url(&configured, Some("https://other.my.salesforce.com"));
        assert!(matches!(elsewhere, Err(WrongInstance::Elsewhere { .. })));
        let known = RecordId::parse("00DD0000000FOiU").expect("an id");
        let url = |org: &str| format!("https://login.salesforce.com/id/{org}/005D0000001Q1M1IAK");
        assert_eq!(check_org(&known, Some(&url("00DD0000000FOiUMAW"))), Ok(()));
        assert_eq!(check_org(&known, None), Ok(()));
        assert!(matches!(check_org(&known, Some(&url("00DD0000000FOiV"))), Err(WrongInstance::Org { .. })));
    }
}
