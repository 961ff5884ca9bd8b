//! Sessions: client credentials on My Domain or signed assertions, and what is told about their users.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{StatusCode, header};
use jiff::Timestamp;
use serde_json::json;
use wire::{Request, Response};

use super::assertion;
use super::identifier::id_of;
use super::problem::{Problem, answer};
use super::schema::Users;
use super::settings::SalesforceSettings;
use super::switches::SalesforceSwitches;
use super::token_trouble::TokenTrouble;
use crate::credentials::basic;

/// The grant type of signed assertions (RFC 7523).
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A user of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// Runs the app.
    Integration,
    /// Sets the org up, and works in the browser.
    Administrator,
}

/// All users of the API, in the order of their bits.
pub(crate) const API_USERS: [User; 2] = [User::Integration, User::Administrator];

impl User {
    /// The bit in what fields say about users.
    pub(crate) fn bit(self) -> Users {
        match self {
            Self::Integration => 1,
            Self::Administrator => 2,
        }
    }

    /// The user's id.
    pub(crate) fn id(self) -> String {
        id_of("005", u64::from(self.bit()))
    }

    pub(crate) fn username(self) -> &'static str {
        match self {
            Self::Integration => "integration@sandbox.example",
            Self::Administrator => "admin@sandbox.example",
        }
    }

    /// First and last name.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Integration => ("Integration", "User"),
            Self::Administrator => ("Sandbox", "Administrator"),
        }
    }

    /// Who has this name and password: the app's secret, with or without a security token behind it.
    pub(crate) fn known(name: &str, password: &str, settings: &SalesforceSettings) -> Option<Self> {
        let user = API_USERS.into_iter().find(|user| user.username() == name)?;
        password.starts_with(&settings.client_secret).then_some(user)
    }

    /// Where the user is told of.
    pub(crate) fn identity(self, request: &Request) -> String {
        format!("{}/id/{}/{}", base(request), org_id(), self.id())
    }
}

/// The org's id.
pub(crate) fn org_id() -> String {
    id_of("00D", 1)
}

/// Sessions that were opened.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    opened: u64,
    living: BTreeMap<String, (Duration, User)>,
}

impl Sessions {
    /// The user whose session the request carries.
    pub(crate) fn admit(&self, request: &Request, now: Duration) -> Result<User, Problem> {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            header.and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("OAuth ")));
        match token.and_then(|token| self.of(token, now)) {
            Some(user) => Ok(user),
            _ if header.is_some() && token.is_none() => {
                Err(Problem::new(StatusCode::UNAUTHORIZED, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"))
            }
            _ => Err(expired()),
        }
    }

    /// Whose session a token is, if it lives.
    pub(crate) fn of(&self, token: &str, now: Duration) -> Option<User> {
        self.living.get(token).filter(|(until, _)| now < *until).map(|(_, user)| *user)
    }

    /// All sessions end now.
    pub(crate) fn end_all(&mut self) {
        self.living.clear();
    }

    /// One session ends now; says whether it lived.
    pub(crate) fn end(&mut self, token: &str) -> bool {
        self.living.remove(token).is_some()
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
        let form = form(request);
        if form.get("grant_type").map(String::as_str) == Some(JWT_BEARER) {
            let assertion = form.get("assertion").map_or("", String::as_str);
            return match assertion::user(assertion, settings, &base(request), at) {
                Ok(user) => self.opened_for(request, user, (settings, switches), (now, at)),
                Err((error, words)) => refuse(error, words),
            };
        }
        let with_password = form.get("grant_type").map(String::as_str) == Some("password");
        if !with_password && form.get("grant_type").map(String::as_str) != Some("client_credentials") {
            return refuse("unsupported_grant_type", "grant type not supported");
        }
        let header = basic(request);
        let id = header.as_ref().map(|(id, _)| id).or_else(|| form.get("client_id"));
        let secret = header.as_ref().map(|(_, secret)| secret).or_else(|| form.get("client_secret"));
        let user = match id {
            Some(id) if *id == settings.client_id => User::Integration,
            Some(id) if *id == settings.admin_client_id => User::Administrator,
            _ => return refuse("invalid_client_id", "client identifier invalid"),
        };
        if secret != Some(&settings.client_secret) {
            return refuse("invalid_client", "invalid client credentials");
        }
        let user = if with_password {
            let [name, password] =
                ["username", "password"].map(|member| form.get(member).map_or("", |text| text));
            User::known(name, password, settings)
        } else {
            Some(user)
        };
        match user {
            Some(user) => self.opened_for(request, user, (settings, switches), (now, at)),
            None => refuse("invalid_grant", "authentication failure"),
        }
    }

    /// Answers a token request of a user who proved who they are.
    fn opened_for(
        &mut self,
        request: &Request,
        user: User,
        (settings, switches): (&SalesforceSettings, &SalesforceSwitches),
        (now, at): (Duration, Timestamp),
    ) -> Response {
        if let Some((error, words)) = switches.token_trouble.and_then(TokenTrouble::words) {
            return refuse(error, words);
        }
        let token = self.grant(user, settings, now);
        granted(request, &token, user, (at, switches.token_trouble.is_some()))
    }

    /// A new session of a user.
    pub(crate) fn grant(&mut self, user: User, settings: &SalesforceSettings, now: Duration) -> String {
        self.opened += 1;
        let org = org_id();
        let token = format!("{}!AQ{:030x}", org.get(..15).unwrap_or(&org), self.opened);
        self.living.retain(|_, (until, _)| now < *until);
        self.living.insert(token.clone(), (now.saturating_add(settings.session), user));
        token
    }
}

fn granted(request: &Request, token: &str, user: User, (at, foreign): (Timestamp, bool)) -> Response {
    let own = base(request);
    let instance = if foreign { "https://other.my.salesforce.com".to_owned() } else { own.clone() };
    let body = json!({
        "access_token": token,
        "signature": "c2FuZGJveA==",
        "scope": "api",
        "instance_url": instance,
        "id": user.identity(request),
        "token_type": "Bearer",
        "issued_at": at.as_millisecond().to_string(),
        "api_instance_url": "https://api.salesforce.com",
    });
    answer(StatusCode::OK, &body)
}

/// The members of a form.
pub(crate) fn form(request: &Request) -> BTreeMap<String, String> {
    let pairs = url::form_urlencoded::parse(request.body());
    pairs.map(|(name, value)| (name.into(), value.into())).collect()
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

/// Who a session is, at `/services/oauth2/userinfo` and at the address that came with the token.
pub(crate) fn user_info(request: &Request, user: User) -> Response {
    let (base, org, id, url) = (base(request), org_id(), user.id(), user.identity(request));
    let (first, last) = user.names();
    let name = format!("{first} {last}");
    let rest = format!("{base}/services/data/v{{version}}/");
    let body = json!({
        "sub": url, "id": url,
        "user_id": id, "organization_id": org, "asserted_user": true,
        "username": user.username(), "preferred_username": user.username(), "nick_name": last, "nickname": last,
        "name": name, "display_name": name, "email": user.username(), "email_verified": true,
        "given_name": first, "family_name": last, "first_name": first, "last_name": last,
        "zoneinfo": "Europe/Berlin", "timezone": "Europe/Berlin", "utcOffset": 3_600_000,
        "user_type": "STANDARD", "locale": "en_US", "language": "en_US", "active": true,
        "is_app_installed": true,
        "urls": {
            "rest": rest, "custom_domain": base, "sobjects": format!("{rest}sobjects/"),
            "query": format!("{rest}query/"), "users": format!("{base}/{{user_id}}"),
        },
    });
    answer(StatusCode::OK, &body)
}
