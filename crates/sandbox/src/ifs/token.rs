//! The identity provider: client credentials at the realm's token endpoint.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use wire::{Request, Response};

use super::settings::IfsSettings;
use crate::credentials::basic;

/// So many tokens are remembered.
const REMEMBERED: usize = 10_000;

/// Tokens that were given out.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    issued: u64,
    /// How long the next ones live, instead of what the settings say.
    pub(crate) lifetime: Option<Duration>,
    valid: VecDeque<(String, Timestamp)>,
}

impl Tokens {
    /// Whether the request carries a token that lives.
    pub(crate) fn admit(&self, request: &Request, now: Timestamp) -> bool {
        let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else { return false };
        self.valid.iter().any(|(known, until)| known == token && now < *until)
    }

    /// All tokens end now.
    pub(crate) fn revoke(&mut self) {
        self.valid.clear();
    }

    /// How many were given out.
    pub(crate) fn issued(&self) -> u64 {
        self.issued
    }

    /// Answers a token request.
    pub(crate) fn grant(&mut self, request: &Request, settings: &IfsSettings, now: Timestamp) -> Response {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(request.body())
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant_type");
        }
        let basic = basic(request);
        let id = basic.as_ref().map(|(id, _)| id).or_else(|| form.get("client_id"));
        let secret = basic.as_ref().map(|(_, secret)| secret).or_else(|| form.get("client_secret"));
        if id != Some(&settings.client_id) || secret != Some(&settings.client_secret) {
            let words = "Invalid client or Invalid client credentials";
            return refuse(StatusCode::UNAUTHORIZED, "invalid_client", words);
        }
        let scope = form.get("scope").map_or("", String::as_str);
        let known = ["openid", "microprofile-jwt", "profile", "email"];
        if let Some(unknown) = scope.split_whitespace().find(|scope| !known.contains(scope)) {
            return refuse(StatusCode::BAD_REQUEST, "invalid_scope", &format!("Invalid scopes: {unknown}"));
        }
        self.issue(settings, scope, now)
    }

    fn issue(&mut self, settings: &IfsSettings, scope: &str, now: Timestamp) -> Response {
        self.issued += 1;
        let lifetime = self.lifetime.unwrap_or(settings.token_lifetime);
        let token = format!("eyJhbGciOiJub25lIn0.{:016x}{:016x}.sandbox", self.issued, settings.seed);
        self.valid.push_back((token.clone(), now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)));
        if self.valid.len() > REMEMBERED {
            self.valid.pop_front();
        }
        let body = json!({
            "access_token": token,
            "expires_in": lifetime.as_secs(),
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": scope,
        });
        reply(StatusCode::OK, &body)
    }
}

fn refuse(status: StatusCode, error: &str, words: &str) -> Response {
    reply(status, &json!({ "error": error, "error_description": words }))
}

fn reply(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
