//! HTTP behind one object-safe trait, and what a call says about itself.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

/// A whole HTTP request. Its extensions carry a [`Call`].
pub type Request = http::Request<Bytes>;
/// A whole HTTP response, body decompressed and capped. Its extensions may carry [`Evidence`].
pub type Response = http::Response<Bytes>;

/// Sends one request and returns one response.
///
/// # Contract
/// - Any status is `Ok`: a `500` is an answer. An error means that there is no answer.
/// - The error says whether the server may have acted ([`TransportErrorKind`]).
/// - The response body is whole, decompressed and within the limit of its class.
/// - Dropping the future abandons the call; the server may still act on it.
#[async_trait]
pub trait HttpTransport: Debug + Send + Sync + 'static {
    /// Sends `request`.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

#[async_trait]
impl<T: HttpTransport + ?Sized> HttpTransport for Arc<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        (**self).send(request).await
    }
}

/// What a request says about itself to the layers it passes: kept in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// A short stable name for logs, limits and audit, such as `ifs.page` or `salesforce.upsert`.
    pub operation: &'static str,
    /// What sending it twice would do.
    pub effect: Effect,
    /// Counts from 1; the retry layer raises it.
    pub attempt: u32,
    /// Keys of the records that this call concerns, for the audit index; empty for pages and pings.
    pub records: Arc<[String]>,
}

impl Call {
    /// The first attempt of an operation that concerns no particular record.
    pub fn new(operation: &'static str, effect: Effect) -> Self {
        Self { operation, effect, attempt: 1, records: Arc::default() }
    }

    /// Names the records that this call concerns.
    pub fn about(mut self, records: impl Into<Arc<[String]>>) -> Self {
        self.records = records.into();
        self
    }
}

/// What sending a request twice would do: decides what may be sent again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Changes nothing: may always be sent again.
    Read,
    /// Changes something, but a second or a late landing is harmless: may be sent again after a
    /// lost answer.
    Put,
    /// A second or a late landing does harm (a duplicate, an older value over a newer one): sent
    /// again only when the server surely did not act; otherwise the caller must look first.
    Append,
}

/// Number of the audit entry that holds this response: put into the response's extensions by the
/// recording layer, so that later entries can point to what they were made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Evidence(pub u64);

/// No answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}: {detail}")]
#[non_exhaustive]
pub struct TransportError {
    /// Whether the server may have acted, and so what may be done next.
    pub kind: TransportErrorKind,
    /// What was tried, such as `connecting to acme.ifs.cloud:443`.
    pub what: String,
    /// What went wrong.
    pub detail: String,
    /// What the reader can do about it, if we know.
    pub hint: Option<String>,
}

impl TransportError {
    /// An error of `kind` about `what`.
    pub fn new(kind: TransportErrorKind, what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, what: what.into(), detail: detail.into(), hint: None }
    }

    /// Adds advice for the reader.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the server may have acted on the request.
    pub fn may_have_acted(&self) -> bool {
        self.kind == TransportErrorKind::Unknown
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// Nothing was sent (name, connection or TLS failed): the server did not act.
    Unreached,
    /// Bytes left and no whole answer came: the server may have acted.
    Unknown,
    /// We refused to send it (foreign origin, log not writable): the server did not act, and
    /// trying again will not help.
    Refused,
    /// The identity provider refused our credentials: the server did not act, and trying again
    /// will not help until the configuration changes.
    Denied,
}
