//! One org, spoken to over REST.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;
use wire::{Call, Clock, HttpTransport, Response};

use crate::codes::{ErrorTable, Level};
use crate::reserve::{Meter, Reserve};
use crate::{Options, SfdcError, Usage, error};

/// What a JSON body is called.
pub(crate) const JSON: &str = "application/json; charset=UTF-8";

/// A client of one Salesforce org. Clones share what they know of the org's usage.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Arc<dyn HttpTransport>,
    base: Url,
    version: Arc<str>,
    headers: Arc<HeaderMap>,
    errors: Arc<ErrorTable>,
    meter: Arc<Meter>,
}

/// One request on its way.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) call: Call,
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) body: Option<Bytes>,
    /// What the body is; JSON unless said otherwise.
    pub(crate) content: &'static str,
    /// Headers beside those of the client; they win.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(call: Call, method: Method, url: &'a Url, body: Option<Bytes>) -> Self {
        Self { call, method, url, body, content: JSON, headers: Vec::new() }
    }

    fn request(self, common: &HeaderMap) -> Result<wire::Request, SfdcError> {
        let operation = self.call.operation;
        let has_body = self.body.is_some();
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(self.url.as_str())
            .body(self.body.unwrap_or_default())
            .map_err(|error| SfdcError::Unfit { operation: operation.into(), detail: error.to_string() })?;
        let headers = request.headers_mut();
        headers.extend(common.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content));
        }
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        request.extensions_mut().insert(self.call);
        Ok(request)
    }
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
        Self {
            transport,
            base,
            version: version.into(),
            // The default options always have headers.
            headers: Arc::new(Options::default().headers().unwrap_or_default()),
            errors: ErrorTable::shared(),
            meter: Arc::default(),
        }
    }

    /// The client with other headers.
    pub fn with_options(self, options: &Options) -> Result<Self, SfdcError> {
        Ok(Self { headers: Arc::new(options.headers()?), ..self })
    }

    /// The client with an error table of its own.
    pub fn with_errors(self, errors: ErrorTable) -> Self {
        Self { errors: Arc::new(errors), ..self }
    }

    /// The client, keeping a part of the daily allowance for others: a call that would touch it ends
    /// in [`SfdcError::Reserved`] before anything is sent. Every five minutes one call goes through
    /// all the same, to learn whether the allowance has come back.
    pub fn with_reserve(self, reserve: Reserve, clock: Arc<dyn Clock>) -> Self {
        Self { meter: Arc::new(Meter::keeping(reserve, clock)), ..self }
    }

    /// The API version it speaks.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What errors mean to it.
    pub fn errors(&self) -> &ErrorTable {
        &self.errors
    }

    /// How much of the daily allowance was used, as the org said last.
    pub fn usage(&self) -> Option<Usage> {
        self.meter.usage()
    }

    /// The org's root, for links that it sends.
    pub(crate) fn services(&self) -> Result<Url, SfdcError> {
        self.url("/services/data/")
    }

    /// `path` below the versioned root, such as `/query?q=…`.
    pub(crate) fn versioned(&self, path: &str) -> Result<Url, SfdcError> {
        self.url(&self.versioned_path(path))
    }

    /// The same without the org's address, as sub-requests name it.
    pub(crate) fn versioned_path(&self, path: &str) -> String {
        format!("/services/data/v{}{path}", self.version)
    }

    pub(crate) fn url(&self, path: &str) -> Result<Url, SfdcError> {
        let text = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        Url::parse(&text).map_err(|error| SfdcError::Unfit {
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
        let response = self.ask(Ask::new(call, method, url, body)).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.failure(operation, &response))
    }

    /// Sends a request; any status is an answer.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Response, SfdcError> {
        self.meter.admit()?;
        let request = ask.request(&self.headers)?;
        let response = self.transport.send(request).await?;
        if let Some(usage) = Usage::of(response.headers()) {
            self.meter.note(usage);
        }
        Ok(response)
    }

    /// What an answer with an error status says.
    pub(crate) fn failure(&self, operation: &str, response: &Response) -> SfdcError {
        let place = (Level::Call, response.status().as_u16());
        SfdcError::Api(Box::new(error::failure(operation, place, response.body(), &self.errors)))
    }

    /// Sends a request that may be answered by 304.
    pub(crate) async fn ask_unless_unchanged(&self, ask: Ask<'_>) -> Result<Option<Response>, SfdcError> {
        let operation = ask.call.operation;
        let response = self.ask(ask).await?;
        match response.status() {
            StatusCode::NOT_MODIFIED => Ok(None),
            status if status.is_success() => Ok(Some(response)),
            _ => Err(self.failure(operation, &response)),
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
