//! Sessions: client credentials on My Domain.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{StatusCode, header};
use jiff::Timestamp;
use serde_json::json;
use wire::{Request, Response};

use super::problem::{Problem, answer};
use super::settings::{SalesforceSettings, SalesforceSwitches, TokenTrouble};
use crate::ifs_cloud::basic;

/// The org's id, as it begins every session id.
const ORG: &str = "00DSBX000000001";
const USER: &str = "005SBX000000001AAA";

/// Sessions that were opened.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    opened: u64,
    living: BTreeMap<String, Duration>,
}

impl Sessions {
    /// Whether the request carries a session that lives.
    pub(crate) fn admit(&self, request: &Request, now: Duration) -> Result<(), Problem> {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            header.and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("OAuth ")));
        match token.and_then(|token| self.living.get(token)) {
            Some(until) if now < *until => Ok(()),
            _ => Err(expired()),
        }
    }

    /// All sessions end now.
    pub(crate) fn end_all(&mut self) {
        self.living.clear();
    }

    pub(crate) fn opened(&self) -> u64 {
        self.opened
    }

    /// Answers a token request.
    pub(crate) fn open(
        &mut self,
        request: &Request,
        (settings, switches): (&SalesforceSettings, &SalesforceSwitches),
        (now, at): (Duration, Timestamp),
    ) -> Response {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(request.body())
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
            return refuse("unsupported_grant_type", "grant type not supported");
        }
        let header = basic(request);
        let id = header.as_ref().map(|(id, _)| id).or_else(|| form.get("client_id"));
        let secret = header.as_ref().map(|(_, secret)| secret).or_else(|| form.get("client_secret"));
        if id != Some(&settings.client_id) {
            return refuse("invalid_client_id", "client identifier invalid");
        }
        if secret != Some(&settings.client_secret) {
            return refuse("invalid_client", "invalid client credentials");
        }
        match switches.token_trouble {
            Some(TokenTrouble::NoRunAsUser) => refuse("invalid_grant", "no client credentials user enabled"),
            Some(TokenTrouble::FlowNotEnabled) => {
                refuse("invalid_grant", "client credentials flow not enabled")
            }
            trouble => self.grant(request, settings, (now, at), trouble.is_some()),
        }
    }

    fn grant(
        &mut self,
        request: &Request,
        settings: &SalesforceSettings,
        (now, at): (Duration, Timestamp),
        foreign: bool,
    ) -> Response {
        self.opened += 1;
        let token = format!("{ORG}!AQ{:030x}", self.opened);
        self.living.retain(|_, until| now < *until);
        self.living.insert(token.clone(), now.saturating_add(settings.session));
        let own = base(request);
        let instance = if foreign { "https://other.my.salesforce.com".to_owned() } else { own.clone() };
        let body = json!({
            "access_token": token,
            "signature": "c2FuZGJveA==",
            "scope": "api",
            "instance_url": instance,
            "id": format!("{own}/id/{ORG}AAA/{USER}"),
            "token_type": "Bearer",
            "issued_at": at.as_millisecond().to_string(),
            "api_instance_url": "https://api.salesforce.com",
        });
        answer(StatusCode::OK, &body)
    }
}

/// The org's address as the client sees it.
pub(crate) fn base(request: &Request) -> String {
    let uri = request.uri();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let authority = uri.authority().map(ToString::to_string).or(host).unwrap_or_else(|| "localhost".into());
    format!("{}://{authority}", uri.scheme_str().unwrap_or("http"))
}

pub(crate) fn expired() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", "Session expired or invalid")
}

fn refuse(error: &str, words: &str) -> Response {
    answer(StatusCode::BAD_REQUEST, &json!({ "error": error, "error_description": words }))
}

/// Who we are.
pub(crate) fn user_info() -> Response {
    let body = json!({
        "user_id": USER, "organization_id": format!("{ORG}AAA"),
        "preferred_username": "integration@sandbox.example", "name": "Integration User",
    });
    answer(StatusCode::OK, &body)
}
