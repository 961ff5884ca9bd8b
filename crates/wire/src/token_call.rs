//! One token call: client credentials (RFC 6749, 4.4), or an assertion (RFC 7523).

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AuthType, Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RequestTokenError, Scope,
    StandardRevocableToken, TokenUrl,
};
use url::Url;

use crate::grant::{Grant, TokenAnswer};
use crate::limits::TOKEN_OPERATION;
use crate::token_error::TokenError;
use crate::{Call, Effect, HttpTransport, Secret, Timestamp, TransportErrorKind};

/// Longest text of the provider that is passed on, in characters.
const SHOWN: usize = 300;

/// Error codes that say nothing about our credentials.
const PASSING: &[&str] = &["rate_limit_exceeded", "server_error", "slow_down", "temporarily_unavailable"];

/// How the client proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthStyle {
    /// `Authorization: Basic`.
    #[default]
    Basic,
    /// `client_id` and `client_secret` in the form.
    RequestBody,
}

/// What a token is asked with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The provider's token endpoint.
    pub token_url: Url,
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Scopes to ask for; none asks for the client's own.
    pub scopes: Vec<String>,
    /// How the client proves itself.
    pub style: AuthStyle,
}

/// Makes the signed assertion of one token call (RFC 7523), for the wall time that it is given; the
/// error says why there is none. It is asked anew for every call, because assertions live for
/// minutes.
pub type Assertion = Arc<dyn Fn(Timestamp) -> Result<Secret, String> + Send + Sync>;

/// What the grant by assertion is called.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

type TokenClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Asks for a token, once.
pub(crate) async fn ask(
    credentials: &Credentials,
    transport: Arc<dyn HttpTransport>,
) -> Result<Grant, TokenError> {
    let client = client(credentials);
    let request = credentials.scopes.iter().fold(client.exchange_client_credentials(), |request, scope| {
        request.add_scope(Scope::new(scope.clone()))
    });
    // The closure owns its `Arc`: a borrowing one would not be `Send` behind `async_trait`.
    let http = move |request: oauth2::HttpRequest| exchange(Arc::clone(&transport), request);
    match request.request_async(&http).await {
        Ok(answer) => Grant::from_answer(&answer),
        Err(RequestTokenError::ServerResponse(refusal)) => Err(refused(&refusal)),
        Err(RequestTokenError::Request(error)) => Err(error),
        Err(RequestTokenError::Parse(error, _)) => Err(TokenError::Odd { detail: unreadable(&error) }),
        Err(RequestTokenError::Other(detail)) => Err(TokenError::Odd { detail: presentable(&detail) }),
    }
}

/// Asks for a token with an assertion, once. The assertion says who we are and proves it.
pub(crate) async fn ask_with(
    assertion: &Secret,
    token_url: &Url,
    transport: Arc<dyn HttpTransport>,
) -> Result<Grant, TokenError> {
    // Finished before anything is awaited: the serializer is not `Send`.
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", JWT_BEARER)
        .append_pair("assertion", assertion.expose())
        .finish();
    let request = http::Request::post(token_url.as_str())
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.into_bytes())
        .map_err(|error| TokenError::Odd { detail: error.to_string() })?;
    let response = exchange(transport, request).await?;
    if response.status() != StatusCode::OK {
        // It was judged to be an OAuth error.
        let refusal = serde_json::from_slice::<BasicErrorResponse>(response.body());
        return Err(refusal.map_or_else(
            |_| TokenError::Odd { detail: format!("status {}", response.status()) },
            |refusal| refused(&refusal),
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(response.body());
    let answer: TokenAnswer = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| TokenError::Odd { detail: unreadable(&error) })?;
    Grant::from_answer(&answer)
}

/// What is wrong with an answer, without quoting it: most messages of the parser do.
fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = error.path().to_string();
    let message = error.inner().to_string();
    if message.starts_with("missing field") {
        return message.split(" at line").next().unwrap_or_default().to_owned();
    }
    match path.as_str() {
        "." => "it is not the JSON object of RFC 6749".to_owned(),
        path => format!("member `{}` is of another type", presentable(path)),
    }
}

/// Most refusals last until somebody changes something; some only ask for patience.
fn refused(refusal: &BasicErrorResponse) -> TokenError {
    let error = presentable(refusal.error().as_ref());
    let description = refusal.error_description().map(|text| presentable(text));
    if PASSING.contains(&error.as_str()) {
        let words = description.map(|text| format!(": {text}")).unwrap_or_default();
        return TokenError::Unavailable {
            detail: format!("the identity provider answered `{error}`{words}"),
        };
    }
    TokenError::Denied { error, description }
}

fn client(credentials: &Credentials) -> TokenClient {
    let style = match credentials.style {
        AuthStyle::Basic => AuthType::BasicAuth,
        AuthStyle::RequestBody => AuthType::RequestBody,
    };
    Client::new(ClientId::new(credentials.client_id.clone()))
        .set_client_secret(ClientSecret::new(credentials.client_secret.expose().to_owned()))
        .set_token_uri(TokenUrl::from_url(credentials.token_url.clone()))
        .set_auth_type(style)
}

/// Sends one request of the `oauth2` crate through our transport. What is no OAuth answer ends
/// here, so that the crate only sees token responses and OAuth errors.
async fn exchange(
    transport: Arc<dyn HttpTransport>,
    request: oauth2::HttpRequest,
) -> Result<oauth2::HttpResponse, TokenError> {
    let mut request = request.map(Bytes::from);
    // A second token does no harm.
    request.extensions_mut().insert(Call::new(TOKEN_OPERATION, Effect::Read));
    let response = match transport.send(request).await {
        Ok(response) => response,
        Err(error) if error.kind == TransportErrorKind::Refused => {
            return Err(TokenError::Refused { detail: error.to_string(), hint: error.hint });
        }
        Err(error) => return Err(TokenError::Unavailable { detail: error.to_string() }),
    };
    judge(response.status(), response.body())?;
    Ok(response.map(Vec::from))
}

fn judge(status: StatusCode, body: &Bytes) -> Result<(), TokenError> {
    if status == StatusCode::OK {
        return Ok(());
    }
    if status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    {
        return Err(TokenError::Unavailable { detail: format!("the identity provider answered {status}") });
    }
    if !status.is_client_error() {
        return Err(TokenError::Odd { detail: format!("status {status} (redirects are not followed)") });
    }
    match serde_json::from_slice::<BasicErrorResponse>(body) {
        Ok(_) => Ok(()),
        Err(_) => Err(TokenError::Denied { error: format!("http {}", status.as_u16()), description: None }),
    }
}

fn presentable(text: &str) -> String {
    text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
