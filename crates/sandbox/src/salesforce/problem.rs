//! Errors in the org's own words.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use wire::Response;

use super::schema::KEY;

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) fields: Vec<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: Vec::new() }
    }

    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn about(mut self, field: &str) -> Self {
        self.fields.push(field.to_owned());
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Another record has the external id: its id is shown with 15 characters.
    pub(crate) fn duplicate(holder: &str) -> Self {
        let id = holder.get(..15).unwrap_or(holder);
        let message = format!("duplicate value found: {KEY} duplicates value on record with id: {id}");
        Self::bad("DUPLICATE_VALUE", message).about(KEY)
    }

    /// A field that is not there, or hidden: both look the same.
    pub(crate) fn no_column(field: &str, object: &str) -> Self {
        let message = format!(
            "No such column '{field}' on entity '{object}'. If you are attempting to use a custom field, be sure to \
             append the '__c' after the custom field name."
        );
        Self::bad("INVALID_FIELD", message)
    }

    /// A field that records cannot be addressed by.
    pub(crate) fn no_external_id(field: &str) -> Self {
        let message = format!("Provided external ID field does not exist or is not accessible: {field}");
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    /// As the answer to a whole call.
    pub(crate) fn response(&self) -> Response {
        let mut body = json!({ "message": self.message, "errorCode": self.code });
        if !self.fields.is_empty()
            && let Some(object) = body.as_object_mut()
        {
            object.insert("fields".to_owned(), json!(self.fields));
        }
        answer(self.status, &json!([body]))
    }

    /// As the result of one record of a collection.
    pub(crate) fn result(&self) -> Value {
        let error = json!({ "statusCode": self.code, "message": self.message, "fields": self.fields });
        json!({ "success": false, "errors": [error] })
    }
}

/// A JSON answer.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    json_answer(status, body.to_string().into())
}

/// A JSON answer of these bytes.
pub(crate) fn json_answer(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
