//! One org, spoken to over REST.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;
use wire::{Call, HttpTransport, Response};

use crate::{SfdcError, Usage, error};

/// A client of one Salesforce org.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Arc<dyn HttpTransport>,
    base: Url,
    version: Arc<str>,
    usage: Arc<Mutex<Option<Usage>>>,
}

impl Client {
    /// A client of the org at `base` (`https://<MyDomain>.my.salesforce.com`), speaking API version
    /// `version`, such as `64.0`.
    pub fn new(transport: Arc<dyn HttpTransport>, base: &Url, version: &str) -> Self {
        let mut base = base.clone();
        base.set_query(None);
        base.set_fragment(None);
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        Self { transport, base, version: version.into(), usage: Arc::default() }
    }

    /// The API version it speaks.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How much of the daily allowance was used, as the org said last.
    pub fn usage(&self) -> Option<Usage> {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The org's root, for links that it sends.
    pub(crate) fn services(&self) -> Result<Url, SfdcError> {
        self.url("/services/data/")
    }

    /// `path` below the versioned root, such as `/query?q=…`.
    pub(crate) fn versioned(&self, path: &str) -> Result<Url, SfdcError> {
        self.url(&format!("/services/data/v{}{path}", self.version))
    }

    pub(crate) fn url(&self, path: &str) -> Result<Url, SfdcError> {
        let text = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        Url::parse(&text).map_err(|error| SfdcError::Malformed {
            operation: "building a URL".into(),
            detail: format!("{path}: {error}"),
        })
    }

    /// Reads `url`; an error status is an error.
    pub(crate) async fn get(&self, call: Call, url: &Url) -> Result<Response, SfdcError> {
        self.send(call, Method::GET, url, None).await
    }

    /// Sends a request with a JSON body, if there is one; an error status is an error.
    pub(crate) async fn send(
        &self,
        call: Call,
        method: Method,
        url: &Url,
        body: Option<Bytes>,
    ) -> Result<Response, SfdcError> {
        let operation = call.operation;
        let mut request = http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(ACCEPT, "application/json")
            .header("sforce-call-options", "client=ml-connector");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json; charset=UTF-8");
        }
        let mut request = request.body(body.unwrap_or_default()).map_err(|error| SfdcError::Malformed {
            operation: operation.into(),
            detail: error.to_string(),
        })?;
        request.extensions_mut().insert(call);
        let response = self.transport.send(request).await?;
        self.note_usage(&response);
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        Err(SfdcError::Api(Box::new(error::failure(operation, &response))))
    }

    fn note_usage(&self, response: &Response) {
        if let Some(usage) = Usage::of(response.headers()) {
            *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
        }
    }
}

/// The body as JSON of the expected shape.
pub(crate) fn json<T: DeserializeOwned>(operation: &str, response: &Response) -> Result<T, SfdcError> {
    let mut reader = serde_json::Deserializer::from_slice(response.body());
    serde_path_to_error::deserialize(&mut reader).map_err(|error| SfdcError::Malformed {
        operation: operation.into(),
        detail: format!("at {}: {}", error.path(), error.inner()),
    })
}
