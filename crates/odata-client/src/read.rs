//! One read as a value.

use std::sync::Arc;

use http::header::HeaderMap;
use wire::{Call, Effect};

use crate::page::{Page, Trail};
use crate::service::Outgoing;
use crate::{ODataError, Query, Resource, Service};

/// What is read, with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    resource: Resource,
    query: Query,
    records: Arc<[String]>,
}

impl Read {
    /// Reads `resource`: the rows of a set, or what hangs on a row.
    pub fn of(resource: Resource) -> Self {
        Self { resource, query: Query::default(), records: Arc::default() }
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

    /// Names the records that it concerns, for the audit index.
    pub fn about(mut self, records: impl Into<Arc<[String]>>) -> Self {
        self.records = records.into();
        self
    }
}

impl Service {
    /// One page of rows. `operation` names the call in audit and limits.
    pub async fn rows(&self, operation: &'static str, read: &Read) -> Result<Page, ODataError> {
        let url = self.url(operation, read.resource.path(), &read.query.encoded())?;
        let call = Call::new(operation, Effect::Read).about(read.records.clone());
        let response = self.send(call, &url, Outgoing::get(HeaderMap::new())).await?;
        let trail = Trail::start(&url);
        Page::read(operation, url, trail, &response)
    }
}
