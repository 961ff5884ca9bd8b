//! What a service says of itself: its service document and its metadata.

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde::Deserialize;
use wire::{Call, Effect};

use crate::entity::json_text;
use crate::page::byte_offset;
use crate::service::Outgoing;
use crate::{Metadata, ODataError, Service, refusal};

/// What a service offers, as its service document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDocument {
    /// The names of the entity sets.
    pub entity_sets: Vec<String>,
    /// The server's clock when it answered.
    pub date: Option<Timestamp>,
}

impl Service {
    /// The names of the entity sets.
    pub async fn service_document(&self, operation: &'static str) -> Result<ServiceDocument, ODataError> {
        let call = Call::new(operation, Effect::Read);
        let response = self.send(call, self.root(), Outgoing::get(HeaderMap::new())).await?;
        let text = json_text(operation, "service document", &response)?;
        let document: Document = serde_json::from_str(text).map_err(|error| ODataError::Malformed {
            operation,
            what: "service document",
            place: format!("byte {}", byte_offset(text, &error)),
            why: error.to_string(),
        })?;
        let is_set = |item: &Item| item.kind.as_deref().is_none_or(|kind| kind == "EntitySet");
        let entity_sets = document.value.into_iter().filter(is_set).map(|item| item.name).collect();
        Ok(ServiceDocument { entity_sets, date: refusal::date(response.headers()) })
    }

    /// The metadata document as it came (XML).
    pub async fn metadata_raw(&self, operation: &'static str) -> Result<Bytes, ODataError> {
        let url = self.url(operation, "$metadata", "")?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/xml"));
        let response = self.send(Call::new(operation, Effect::Read), &url, Outgoing::get(headers)).await?;
        Ok(response.into_body())
    }

    /// What the metadata document says about sets, types and enumerations.
    pub async fn metadata(&self, operation: &'static str) -> Result<Metadata, ODataError> {
        let raw = self.metadata_raw(operation).await?;
        Metadata::read(&raw).map_err(|error| error.of(operation))
    }
}

#[derive(Deserialize)]
struct Document {
    value: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
    kind: Option<String>,
}
