//! What reads instead where an endpoint does not take the time-zone header.
//!
//! IFS documents that an endpoint that is not time-zone aware fails as soon as a request with the
//! header carries a time. So one question with a time in it tells.

use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use odata_client::{Literal, Query, Select, property};
use sync_engine::SourceError;

use crate::reader::earliest;
use crate::source::IfsSource;

/// Reads without the header, if the endpoint refuses it.
#[derive(Debug)]
pub(crate) struct Fallback {
    without: Box<IfsSource>,
    /// Whether the header is refused; `None` until somebody asked.
    refused: Mutex<Option<bool>>,
}

impl Fallback {
    pub(crate) fn new(without: IfsSource) -> Self {
        Self { without: Box::new(without), refused: Mutex::new(None) }
    }

    /// `with` the header, or without.
    pub(crate) async fn choose<'a>(&'a self, with: &'a IfsSource) -> Result<&'a IfsSource, SourceError> {
        let known = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = if let Some(refused) = known {
            refused
        } else {
            let refused = !takes_times(with).await? && takes_times(&self.without).await?;
            if refused {
                tracing::warn!(set = %with.own.desk.place.set, "the endpoint is not time-zone aware");
            }
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
            refused
        };
        Ok(if refused { &self.without } else { with })
    }
}

/// Whether the endpoint answers a question with a time in it.
async fn takes_times(source: &IfsSource) -> Result<bool, SourceError> {
    let Some(name) = source.settings.modified.as_deref() else { return Ok(true) };
    let desk = &source.own.desk;
    let query = Query {
        filter: Some(property(name).ge(Literal::Timestamp(earliest()))),
        select: Select::properties(source.own.walker.keys.fields.iter().map(|field| &field.name)),
        top: Some(1),
        ..Query::default()
    };
    match desk.service.page("ifs.time_zone", &desk.place.set, &query).await {
        Ok(_) => Ok(true),
        Err(error) if error.status().is_some_and(|said| said.status == StatusCode::BAD_REQUEST) => Ok(false),
        Err(error) => Err(desk.failed("time zone", error.into()).await),
    }
}
