//! One read as a value: sent alone, walked through page by page, or a part of a batch.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::StatusCode;
use http::header::{ACCEPT, HeaderMap, HeaderValue, IF_NONE_MATCH};

use crate::page::{Page, Trail};
use crate::reply::{Media, Single};
use crate::{ETag, Entity, Feature, Key, ODataError, Prefer, Query, Resource, Select, Service, profile};

/// What is read, with its options and preferences.
///
/// ```
/// use odata_client::{Key, Query, Read, Resource};
///
/// let line = Resource::set("PurchaseOrderSet").key(&Key::text("100001")).then("LinePartArray");
/// let read = Read::of(line).query(Query { top: Some(10), ..Query::default() });
/// assert_eq!(read.encoded(), "PurchaseOrderSet(%27100001%27)/LinePartArray?$top=10");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub(crate) resource: Resource,
    pub(crate) query: Query,
    pub(crate) prefer: Prefer,
    pub(crate) records: Arc<[String]>,
    pub(crate) in_body: bool,
}

/// Whether a row is still the version that is known.
#[derive(Debug, Clone)]
pub enum Freshness {
    /// It is (`304`).
    Same,
    /// It is another one, or the server does not compare.
    Changed(Box<Entity>),
    /// There is none (`404`).
    Absent,
}

impl Read {
    /// Reads `resource`: rows, a row, what hangs on it, or the result of a function.
    pub fn of(resource: Resource) -> Self {
        let (query, prefer, records) = (Query::default(), Prefer::default(), Arc::default());
        Self { resource, query, prefer, records, in_body: false }
    }

    /// Reads the rows of an entity set.
    pub fn set(name: &str) -> Self {
        Self::of(Resource::set(name))
    }

    /// With these options.
    pub fn query(mut self, query: Query) -> Self {
        self.query = query;
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

    /// Sends the options in a body (`POST …/$query`) however short they are, so that no log on the
    /// way sees them.
    pub fn in_body(mut self) -> Self {
        self.in_body = true;
        self
    }

    /// Path and options below the root, percent-encoded.
    pub fn encoded(&self) -> String {
        let options = self.query.encoded();
        let joint = if options.is_empty() { "" } else { "?" };
        format!("{}{joint}{options}", self.resource.path())
    }

    /// What it needs of a server.
    pub(crate) fn needs(&self) -> BTreeSet<Feature> {
        let mut needs = profile::needs(&self.query.encoded());
        needs.extend(self.resource.needs());
        needs.extend(self.prefer.track_changes.then_some(Feature::DeltaLink));
        needs.extend(self.prefer.respond_async.then_some(Feature::Async));
        needs
    }
}

impl Service {
    /// One page of rows. `operation` names the call in audit and limits.
    pub async fn rows(&self, operation: &'static str, read: &Read) -> Result<Page, ODataError> {
        let (url, response) = self.fetch(operation, read, HeaderMap::new()).await?;
        let trail = Trail::start(&url);
        let mut page = Page::read(operation, url, trail, &response)?;
        page.prefer.clone_from(&read.prefer);
        Ok(page)
    }

    /// One page of `set`.
    pub async fn page(&self, operation: &'static str, set: &str, query: &Query) -> Result<Page, ODataError> {
        self.rows(operation, &Read::set(set).query(query.clone())).await
    }

    /// One page of `set` that concerns particular records, for the audit index.
    pub async fn page_about(
        &self,
        operation: &'static str,
        records: impl Into<Arc<[String]>>,
        set: &str,
        query: &Query,
    ) -> Result<Page, ODataError> {
        self.rows(operation, &Read::set(set).query(query.clone()).about(records)).await
    }

    /// The page behind `page`, by its next link; `None` if it has none. Links are taken verbatim,
    /// stay below the root, and never go in circles.
    pub async fn next(&self, page: &Page) -> Result<Option<Page>, ODataError> {
        let Some(next) = &page.control().next_link else { return Ok(None) };
        let operation = page.operation;
        let url = self.resolve(operation, &page.url, next)?;
        let Some(trail) = page.trail.step(&url) else {
            let why = "a next link leads back to a page that was read before".into();
            return Err(ODataError::PagingNoProgress { operation, why });
        };
        let response = self.follow(operation, &url, &page.prefer).await?;
        let mut next = Page::read(operation, url, trail, &response)?;
        next.prefer.clone_from(&page.prefer);
        Ok(Some(next))
    }

    /// The row that `read` leads to. `None` if the server says 404, or 204 because nothing is
    /// related. A server says 404 too when the whole set is missing or hidden: nobody may conclude
    /// from it alone that a row is gone.
    pub async fn row(&self, operation: &'static str, read: &Read) -> Result<Option<Entity>, ODataError> {
        match self.fetch(operation, read, HeaderMap::new()).await {
            Err(ODataError::Status { error, .. }) if error.status == StatusCode::NOT_FOUND => Ok(None),
            Err(error) => Err(error),
            Ok((_, response)) if is_nothing(&response) => Ok(None),
            Ok((url, response)) => Entity::read(operation, url, &response).map(Some),
        }
    }

    /// The row of `set` with `key`; see [`row`](Self::row).
    pub async fn entity(
        &self,
        operation: &'static str,
        set: &str,
        key: &Key,
        select: &[String],
    ) -> Result<Option<Entity>, ODataError> {
        let query = Query { select: Select::properties(select), ..Query::default() };
        self.row(operation, &Read::of(Resource::set(set).key(key)).query(query)).await
    }

    /// The row that `read` leads to, unless it is still the version `known` (`If-None-Match`).
    pub async fn row_unless(
        &self,
        operation: &'static str,
        read: &Read,
        known: &ETag,
    ) -> Result<Freshness, ODataError> {
        self.guard.check(operation, &BTreeSet::from([Feature::IfNoneMatch]))?;
        let mut own = HeaderMap::new();
        own.extend(known.header().map(|value| (IF_NONE_MATCH, value)));
        match self.fetch(operation, read, own).await {
            Err(ODataError::Status { error, .. }) if error.status == StatusCode::NOT_MODIFIED => {
                Ok(Freshness::Same)
            }
            Err(ODataError::Status { error, .. }) if error.status == StatusCode::NOT_FOUND => {
                Ok(Freshness::Absent)
            }
            Err(error) => Err(error),
            Ok((_, response)) if is_nothing(&response) => Ok(Freshness::Absent),
            Ok((url, response)) => {
                Entity::read(operation, url, &response).map(|row| Freshness::Changed(Box::new(row)))
            }
        }
    }

    /// The value of a property, or the result of a function that gives one value. `None` if it is
    /// null (`204`); a row that is missing is an error.
    pub async fn value(&self, operation: &'static str, read: &Read) -> Result<Option<Single>, ODataError> {
        let (_, response) = self.fetch(operation, read, HeaderMap::new()).await?;
        if is_nothing(&response) { Ok(None) } else { Single::read(operation, &response).map(Some) }
    }

    /// The bare value of a property or a stream ([`Resource::value`]), as bytes with their type.
    /// `None` if it is null.
    pub async fn media(&self, operation: &'static str, read: &Read) -> Result<Option<Media>, ODataError> {
        let mut own = HeaderMap::new();
        own.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let (_, response) = self.fetch(operation, read, own).await?;
        Ok(if response.status() == StatusCode::NO_CONTENT { None } else { Some(Media::of(&response)) })
    }

    /// How many rows there are ([`Resource::count`]).
    pub async fn count(&self, operation: &'static str, read: &Read) -> Result<u64, ODataError> {
        let mut own = HeaderMap::new();
        own.insert(ACCEPT, HeaderValue::from_static("text/plain"));
        let (_, response) = self.fetch(operation, read, own).await?;
        crate::reply::count(operation, &response)
    }

    /// Resolves a link of the server; one that leads out of the service is an error.
    pub(crate) fn resolve(
        &self,
        operation: &'static str,
        base: &url::Url,
        link: &str,
    ) -> Result<url::Url, ODataError> {
        wire::origin::resolve_from(self.root(), base, link)
            .map_err(|source| ODataError::ForeignLink { operation, source })
    }
}

fn is_nothing(response: &wire::Response) -> bool {
    response.status() == StatusCode::NO_CONTENT && response.body().trim_ascii().is_empty()
}
