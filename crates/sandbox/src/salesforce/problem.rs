//! Errors in the org's own words.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use wire::Response;

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) fields: Vec<String>,
    /// What a duplicate rule found.
    pub(crate) duplicates: Option<Box<Value>>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: Vec::new(), duplicates: None }
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

    /// Another record has the unique value: its id is shown with 15 characters.
    pub(crate) fn duplicate(field: &str, holder: &str) -> Self {
        let id = holder.get(..15).unwrap_or(holder);
        let message = format!("duplicate value found: {field} duplicates value on record with id: {id}");
        Self::bad("DUPLICATE_VALUE", message).about(field)
    }

    /// A field in a query that is not there, or hidden: both look the same.
    pub(crate) fn no_column(field: &str, object: &str) -> Self {
        let message = format!(
            "No such column '{field}' on entity '{object}'. If you are attempting to use a custom field, be sure to \
             append the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
             appropriate names."
        );
        Self::bad("INVALID_FIELD", message)
    }

    /// A relationship in a query that is not there.
    pub(crate) fn no_relationship(relationship: &str) -> Self {
        let message = format!(
            "Didn't understand relationship '{relationship}' in field path. If you are attempting to use a custom \
             relationship, be sure to append the '__r' after the custom relationship name. Please reference your \
             WSDL or the describe call for the appropriate names."
        );
        Self::bad("INVALID_FIELD", message)
    }

    /// A field in a record that is not there, or hidden.
    pub(crate) fn no_member(field: &str, object: &str) -> Self {
        Self::bad("INVALID_FIELD", format!("No such column '{field}' on sobject of type {object}"))
    }

    /// An object that is not there, or hidden.
    pub(crate) fn no_object(name: &str) -> Self {
        Self::bad("INVALID_TYPE", format!("sObject type '{name}' is not supported."))
    }

    /// A method that this resource does not know.
    pub(crate) fn not_allowed(method: &str, allowed: &str) -> Self {
        let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
    }

    /// A field that records cannot be addressed by.
    pub(crate) fn no_external_id(field: &str) -> Self {
        let message = format!("Provided external ID field does not exist or is not accessible: {field}");
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    /// As an item of an answer's list of errors.
    pub(crate) fn item(&self) -> Value {
        let mut item = json!({ "message": self.message, "errorCode": self.code });
        if let Some(item) = item.as_object_mut() {
            if !self.fields.is_empty() {
                item.insert("fields".to_owned(), json!(self.fields));
            }
            if let Some(duplicates) = &self.duplicates {
                item.insert("duplicateResult".to_owned(), Value::clone(duplicates));
            }
        }
        item
    }

    /// As the answer to a whole call.
    pub(crate) fn response(&self) -> Response {
        answer(self.status, &json!([self.item()]))
    }

    /// As the result of one record of a collection.
    pub(crate) fn result(&self) -> Value {
        let mut error = json!({ "statusCode": self.code, "message": self.message, "fields": self.fields });
        if let (Some(error), Some(duplicates)) = (error.as_object_mut(), &self.duplicates) {
            error.insert("duplicateResult".to_owned(), Value::clone(duplicates));
        }
        json!({ "success": false, "errors": [error] })
    }

    /// As Bulk 2.0 says it of one row.
    pub(crate) fn line(&self) -> String {
        format!("{}:{}:{} --", self.code, self.message, self.fields.join(", "))
    }
}

/// A JSON answer.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    json_answer(status, body.to_string().into())
}

/// A JSON answer of these bytes.
pub(crate) fn json_answer(status: StatusCode, body: Bytes) -> Response {
    typed_answer(status, body, "application/json;charset=UTF-8")
}

/// An answer of these bytes.
pub(crate) fn typed_answer(status: StatusCode, body: Bytes, kind: &'static str) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
