//! One change of one row, as a value: sent alone or as a part of a batch.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use wire::scripted::{Scripted, answer, clock};
//! # let json = ("content-type", "application/json");
//! # let steps = vec![
//! #   Ok(answer(200, &[json, ("etag", "W/\"7\"")], r#"{"CustomerId":"C1","Name":"Ann"}"#)),
//! #   Ok(answer(412, &[json], r#"{"error":{"code":"X","message":"changed meanwhile"}}"#)),
//! # ];
//! # let transport = Scripted::new(&clock(), std::time::Duration::ZERO, steps);
//! use odata_client::{Body, Change, ETag, Key, Precondition, Read, Reason, Resource, Service};
//!
//! let service = Service::new(transport, "https://host.example/CustomerHandling.svc/".parse()?);
//! let ann = Resource::set("CustomerSet").key(&Key::text("C1"));
//! let read = service.row("customer", &Read::of(ann.clone())).await?.ok_or("it is there")?;
//!
//! // Only the fields that change, and only if the row is still the one that was read.
//! let unchanged = Precondition::Exact(ETag::new(read.etag.ok_or("it has an ETag")?)?);
//! let change = Change::update(ann, Body::new().set("Name", "Anna"), unchanged);
//! let error = service.write("customer.rename", &change).await.unwrap_err();
//! assert_eq!(error.status().map(|said| said.reason()), Some(Reason::Moved));
//! assert!(!error.may_have_acted());
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use wire::Effect;

use crate::resource::PartId;
use crate::service::{JSON, PREFER};
use crate::{Body, Feature, ODataError, Precondition, Prefer, Query, Resource, profile};

/// A request that changes something, with what must be true before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(crate) method: Method,
    pub(crate) resource: Resource,
    pub(crate) query: Query,
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

    /// Relates a row to `to`: `navigation` is a navigation property to many (`POST …/$ref`), or to one
    /// (`PUT …/$ref`) if `single`.
    pub fn link(navigation: Resource, to: &Resource, single: bool) -> Self {
        let method = if single { Method::PUT } else { Method::POST };
        Self::new(method, navigation.reference(), Some(Body::reference(to)), Precondition::None)
    }

    /// Ends the relation of a row to `to` (`DELETE …/$ref?$id=…`), or to the only one.
    pub fn unlink(navigation: Resource, to: Option<&Resource>) -> Self {
        let id = to.map(|to| to.path().to_owned());
        let change = Self::new(Method::DELETE, navigation.reference(), None, Precondition::None);
        change.query(Query { id, ..Query::default() })
    }

    fn new(method: Method, resource: Resource, body: Option<Body>, condition: Precondition) -> Self {
        let (prefer, records) = (Prefer::default(), Arc::default());
        Self { method, resource, query: Query::default(), body, condition, prefer, records }
    }

    /// With these options: what of the row comes back (`$select`, `$expand`), or where it goes
    /// (`$index`).
    pub fn query(mut self, query: Query) -> Self {
        self.query = query;
        self
    }

    /// Under this condition, where none is asked for otherwise.
    pub fn only_if(mut self, condition: Precondition) -> Self {
        self.condition = condition;
        self
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

    /// Path and options below the root, or from the part of a batch, percent-encoded.
    pub fn encoded(&self) -> String {
        let options = self.query.encoded();
        let joint = if options.is_empty() { "" } else { "?" };
        format!("{}{joint}{options}", self.resource.path())
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
        headers.extend(self.condition.header());
        headers.extend(self.prefer.header().map(|value| (PREFER, value)));
        headers
    }

    /// Its headers as a part of a batch, where those of the batch do not count.
    pub(crate) fn part_headers(&self) -> HeaderMap {
        let mut headers = self.headers();
        headers.insert(ACCEPT, HeaderValue::from_static(JSON));
        headers
    }

    /// What it needs of a server.
    pub(crate) fn needs(&self) -> BTreeSet<Feature> {
        let mut needs = profile::needs(&self.query.encoded());
        needs.extend(self.resource.needs());
        needs.extend((self.condition == Precondition::Absent).then_some(Feature::IfNoneMatch));
        needs.extend(self.prefer.respond_async.then_some(Feature::Async));
        needs
    }

    pub(crate) fn bytes(&self, operation: &'static str) -> Result<Bytes, ODataError> {
        let Some(body) = &self.body else { return Ok(Bytes::new()) };
        let unaskable = |why: String| ODataError::Unaskable { operation, why };
        body.encoded().map(Bytes::from).map_err(|error| unaskable(error.to_string()))
    }

    /// The earlier parts of a batch that it refers to.
    pub(crate) fn references(&self) -> Vec<PartId> {
        let condition = match self.condition {
            Precondition::AsPart(part) => Some(part),
            _ => None,
        };
        let bound = self.body.as_ref().map(Body::parts).unwrap_or_default();
        self.resource.part().into_iter().chain(condition).chain(bound).collect()
    }
}
