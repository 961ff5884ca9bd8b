//! One change of one row, as a value: sent alone or as a part of a batch.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH};
use wire::Effect;

use crate::resource::PartId;
use crate::{Body, ODataError, Precondition, Prefer, Resource};

/// A request that changes something, with what must be true before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(crate) method: Method,
    pub(crate) resource: Resource,
    body: Option<Body>,
    condition: Precondition,
    pub(crate) prefer: Prefer,
    pub(crate) records: Arc<[String]>,
}

impl Change {
    /// Creates a row in a set (`POST`). Nobody can tell a lost answer from a lost request: look
    /// whether the row is there before creating it again.
    pub fn create(set: Resource, body: Body) -> Self {
        Self::new(Method::POST, set, Some(body), Precondition::None)
    }

    /// Changes the given fields of a row (`PATCH`).
    pub fn update(row: Resource, body: Body, condition: Precondition) -> Self {
        Self::new(Method::PATCH, row, Some(body), condition)
    }

    /// Changes the given fields of a row, or creates it with its key (`PATCH` without a condition,
    /// OData Protocol 11.4.4): it overwrites whatever is there, and each server decides whether it
    /// knows this at all.
    pub fn upsert(row: Resource, body: Body) -> Self {
        Self::new(Method::PATCH, row, Some(body), Precondition::None)
    }

    /// Replaces a row: what is not given falls back to its default (`PUT`).
    pub fn replace(row: Resource, body: Body, condition: Precondition) -> Self {
        Self::new(Method::PUT, row, Some(body), condition)
    }

    /// Deletes a row, or empties a property (`DELETE`).
    pub fn delete(row: Resource, condition: Precondition) -> Self {
        Self::new(Method::DELETE, row, None, condition)
    }

    /// Runs an action, bound to a row or not, with its parameters (`POST`, OData Protocol 11.5.5).
    pub fn action(action: Resource, parameters: Body, condition: Precondition) -> Self {
        Self::new(Method::POST, action, Some(parameters), condition)
    }

    fn new(method: Method, resource: Resource, body: Option<Body>, condition: Precondition) -> Self {
        let (prefer, records) = (Prefer::default(), Arc::default());
        Self { method, resource, body, condition, prefer, records }
    }

    /// Adds preferences.
    pub fn prefer(mut self, prefer: Prefer) -> Self {
        self.prefer = prefer;
        self
    }

    /// Names the records that it concerns, for the audit index.
    pub fn about(mut self, records: impl Into<Arc<[String]>>) -> Self {
        self.records = records.into();
        self
    }

    /// What sending it twice would do. Only an exact ETag makes a second or late landing harmless:
    /// it is refused then. Everything else could duplicate a row, or put an older value over a newer.
    pub fn effect(&self) -> Effect {
        if self.condition.guards() { Effect::Put } else { Effect::Append }
    }

    /// Its own headers, in a map that holds nothing else.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(body) = &self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(body.content_type()));
        }
        if let Some(value) = self.condition.header() {
            headers.insert(IF_MATCH, value);
        }
        if let Some(value) = self.prefer.header() {
            headers.insert("prefer", value);
        }
        headers
    }

    pub(crate) fn bytes(&self, operation: &'static str) -> Result<Bytes, ODataError> {
        let Some(body) = &self.body else { return Ok(Bytes::new()) };
        let unaskable = |why: String| ODataError::Unaskable { operation, why };
        body.encoded().map(Bytes::from).map_err(|error| unaskable(error.to_string()))
    }

    /// The earlier parts of a batch that it refers to.
    pub(crate) fn references(&self) -> impl Iterator<Item = PartId> {
        let condition = match self.condition {
            Precondition::AsPart(part) => Some(part),
            _ => None,
        };
        self.resource.part().into_iter().chain(condition)
    }
}
