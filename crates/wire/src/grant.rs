//! A token and what the identity provider said about it.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use oauth2::basic::BasicTokenType;
use oauth2::{ExtraTokenFields, StandardTokenResponse, TokenResponse as _};
use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnError, DisplayFromStr, PickFirst, serde_as};

use crate::Secret;
use crate::token_error::TokenError;

/// Longest token that is accepted, in bytes: Salesforce asks clients to keep up to 10,000.
const MAX_TOKEN: usize = 16 << 10;
/// Bounds for what a provider says about the lifetime.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// An access token and what came with it.
pub struct Grant {
    token: Secret,
    header: HeaderValue,
    lifetime: Option<Duration>,
    scopes: Vec<String>,
    extra: Extra,
}

/// Members that Salesforce adds to a token response.
#[serde_as]
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Extra {
    #[serde(default)]
    instance_url: Option<String>,
    #[serde(default)]
    api_instance_url: Option<String>,
    #[serde(default)]
    id: Option<String>,
    /// Milliseconds since 1970: a text at Salesforce, a number elsewhere; nothing depends on it.
    #[serde_as(as = "DefaultOnError<Option<PickFirst<(DisplayFromStr, _)>>>")]
    #[serde(default)]
    issued_at: Option<i64>,
}

impl ExtraTokenFields for Extra {}

/// What the provider answers.
pub(crate) type TokenAnswer = StandardTokenResponse<Extra, BasicTokenType>;

impl Grant {
    /// Checks `answer` and takes over what is needed of it.
    pub(crate) fn from_answer(answer: &TokenAnswer) -> Result<Self, TokenError> {
        let odd = |detail: String| Err(TokenError::Odd { detail });
        if *answer.token_type() != BasicTokenType::Bearer {
            return odd(format!("token type `{}`, expected `Bearer`", answer.token_type().as_ref()));
        }
        let token = answer.access_token().secret();
        if token.is_empty() || token.len() > MAX_TOKEN {
            return odd(format!("a token of {} bytes", token.len()));
        }
        // Whatever else could end a header or start another one.
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return odd("a token with characters that no token may have".to_owned());
        }
        let Ok(mut header) = HeaderValue::try_from(format!("Bearer {token}")) else {
            return odd("a token that no header can carry".to_owned());
        };
        header.set_sensitive(true);
        Ok(Self {
            token: Secret::new(token.as_str()),
            header,
            lifetime: answer.expires_in().map(|lifetime| lifetime.clamp(SHORTEST, LONGEST)),
            scopes: answer
                .scopes()
                .map(|scopes| scopes.iter().map(|scope| scope.as_str().to_owned()).collect())
                .unwrap_or_default(),
            extra: answer.extra_fields().clone(),
        })
    }

    /// The token itself.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// The `Authorization` header, marked as sensitive.
    pub fn authorization(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The lifetime that the provider named, held between 60 s and 24 h.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    /// The scopes that were granted, if the provider told.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Salesforce: where the API of the org lives.
    pub fn instance_url(&self) -> Option<&str> {
        self.extra.instance_url.as_deref()
    }

    /// Salesforce: where further APIs of the org live.
    pub fn api_instance_url(&self) -> Option<&str> {
        self.extra.api_instance_url.as_deref()
    }

    /// Salesforce: the identity URL, `…/id/<org>/<user>`.
    pub fn identity(&self) -> Option<&str> {
        self.extra.id.as_deref()
    }

    /// Salesforce: when the token was made, by the provider's clock.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.extra.issued_at.and_then(|millis| Timestamp::from_millisecond(millis).ok())
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("token", &self.token)
            .field("lifetime", &self.lifetime)
            .field("scopes", &self.scopes)
            .field("extra", &self.extra)
            .finish_non_exhaustive()
    }
}
