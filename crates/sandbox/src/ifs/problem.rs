//! Errors in the provider's own words.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use wire::Response;

/// An OData error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The request cannot be read.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ODP_BAD_REQUEST", message)
    }

    /// The provider does not know how.
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "ODP_NOT_IMPLEMENTED", what)
    }

    /// There is no such thing.
    pub(crate) fn missing(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ODP_RESOURCE_NOTFOUND", what)
    }

    pub(crate) fn response(&self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message, "details": [] } });
        json_response(self.status, body.to_string().into())
    }
}

/// A JSON answer.
pub(crate) fn json_response(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json;odata.metadata=minimal");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
    response
}

/// The server's own fault: 500.
pub(crate) fn broken(code: &'static str, message: &str) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, code, message).response()
}

/// Too many requests: 429.
pub(crate) fn too_many() -> Response {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests").response()
}

/// No token, or none that lives: 401.
pub(crate) fn unauthorized() -> Response {
    let mut response =
        Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Token is missing or expired").response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
