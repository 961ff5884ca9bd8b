//! Why there is no token.

use crate::{TransportError, TransportErrorKind};

/// Why there is no token. No variant ever carries a secret or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The provider refused the credentials.
    #[error("refused with `{error}`{}", description.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Denied {
        /// The OAuth error code (RFC 6749, 5.2), or `http 403` where the answer was none.
        error: String,
        /// The provider's own words.
        description: Option<String>,
    },
    /// The provider was not reached, was too busy or failed.
    #[error("{detail}")]
    Unavailable {
        /// What happened.
        detail: String,
    },
    /// The provider answered with something that is no token response.
    #[error("the answer is no token response: {detail}")]
    Odd {
        /// What is odd about it.
        detail: String,
    },
    /// The token is not one that we may use, such as one for another org.
    #[error("the token was discarded: {detail}")]
    Unfit {
        /// What is wrong with it.
        detail: String,
    },
    /// Nothing was sent: the request was refused on our side.
    #[error("{detail}")]
    Refused {
        /// Why.
        detail: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl TokenError {
    /// The error of a call that needs a token from `origin`. Nothing of that call was sent, so its
    /// server did not act, whatever happened to the token call.
    pub fn into_transport(self, origin: &str) -> TransportError {
        let kind = match self {
            Self::Denied { .. } => TransportErrorKind::Denied,
            Self::Unavailable { .. } => TransportErrorKind::Unreached,
            Self::Odd { .. } | Self::Unfit { .. } | Self::Refused { .. } => TransportErrorKind::Refused,
        };
        let error = TransportError::new(kind, format!("getting a token from {origin}"), self.to_string());
        match self.hint() {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// What the reader can do.
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Denied { error, description } => denied_hint(error, description.as_deref()),
            Self::Unavailable { .. } => return None,
            Self::Odd { .. } => "check the token URL: a login page or another service may be answering there",
            Self::Unfit { .. } => "check that the token URL and the API URL belong to the same system",
            Self::Refused { hint, .. } => return hint.clone(),
        };
        Some(hint.to_owned())
    }
}

/// Advice by error code; the codes are those of RFC 6749 and of Salesforce and Keycloak.
fn denied_hint(error: &str, description: Option<&str>) -> &'static str {
    let says = |part: &str| description.is_some_and(|text| text.to_ascii_lowercase().contains(part));
    match error {
        "invalid_client_id" => "check the client id (at Salesforce: the consumer key of the app)",
        "invalid_client" => {
            "check the client id and the client secret; a rotated secret must be replaced here too"
        }
        "unauthorized_client" => {
            "allow the client-credentials grant for this client (at IFS IAM: Service Accounts on)"
        }
        "invalid_grant" if says("no client credentials user") => {
            "set a Run As user in the app's client-credentials policy"
        }
        "invalid_grant" => {
            "enable the client-credentials flow for the app, give it a Run As user and an API scope, and use the My Domain URL"
        }
        "invalid_scope" => "check the scopes in the configuration against those of the client",
        "invalid_app_access" => "approve the app for its Run As user (permission set or profile)",
        "inactive_user" | "inactive_org" => "an administrator must activate the user or org",
        "unsupported_grant_type" => {
            "the identity provider must offer the client-credentials grant at this URL"
        }
        "http 403" => "check IP ranges and login hours of the integration user",
        "http 404" => "check the token URL (at IFS: the realm in it)",
        _ => "check the credentials in the configuration and the client at the identity provider",
    }
}
