//! Sessions: what a refused one looks like, and what a token answer may say.
//!
//! Plain functions for the token layer of `wire`, which knows nothing of Salesforce.

use serde::Deserialize;
use url::Url;
use wire::{Origin, Response};

/// Whether a session has expired and a new one will help.
///
/// True for 401 with `INVALID_SESSION_ID` only. Other 401s (no connected app attached, a session
/// that is not valid for the REST API, a broken header) come again with every new session.
pub fn is_expired(response: &Response) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Refusal {
        #[serde(default)]
        error_code: String,
        #[serde(default)]
        message: String,
    }
    if response.status() != http::StatusCode::UNAUTHORIZED {
        return false;
    }
    let refusals: Vec<Refusal> = serde_json::from_slice(response.body()).unwrap_or_default();
    refusals.iter().any(|refusal| {
        refusal.error_code == "INVALID_SESSION_ID"
            && !refusal.message.contains("not valid for use with the REST API")
    })
}

/// Checks that a token belongs to the configured org: its `instance_url` must have the origin of the
/// My Domain that we asked.
pub fn check_instance_url(configured: &Url, instance_url: Option<&str>) -> Result<(), String> {
    let Some(text) = instance_url else { return Ok(()) };
    let ours = Origin::of(configured).map_err(|error| error.to_string())?;
    let theirs = Origin::parse(text).map_err(|error| format!("instance_url of the token: {error}"))?;
    if ours == theirs {
        return Ok(());
    }
    Err(format!(
        "the token belongs to {theirs}, the configuration names {ours}: use the org's My Domain address"
    ))
}

/// What the reader can do about a refused token request.
pub fn explain(error: &str, description: &str) -> Option<&'static str> {
    let says = |part: &str| description.to_ascii_lowercase().contains(part);
    Some(match error {
        "invalid_client_id" => "the consumer key is wrong, or the app is not in this org",
        "invalid_client" => "the consumer secret is wrong: copy it again from the app's settings",
        "invalid_grant" if says("no client credentials user") => {
            "name a Run As user in the app's client credentials policy"
        }
        "invalid_grant" if says("not enabled") => {
            "switch the client credentials flow on in the app's settings"
        }
        "invalid_grant" if says("scope") => "give the app the scope `api`",
        "invalid_grant" if says("domain") => {
            "use the org's My Domain address, not login or test.salesforce.com"
        }
        "invalid_grant" => {
            "look at the app's policies: Run As user, IP ranges, login hours, the user's state"
        }
        "invalid_app_access" => "let an administrator approve the app for the Run As user",
        "inactive_user" => "the Run As user is inactive: an administrator has to activate it",
        "inactive_org" => "the org is locked or expired",
        "unsupported_grant_type" => "switch the client credentials flow on in the app's settings",
        "invalid_scope" => "ask only for scopes that the app has, or for none",
        "rate_limit_exceeded" => {
            "too many logins in the last hour: wait, and look for other users of this app"
        }
        _ => return None,
    })
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
    }
}
