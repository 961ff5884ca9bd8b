//! Which version of a metadata document one has, so that it is fetched again only when it changed.

use http::StatusCode;
use http::header::{ACCEPT, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use serde::{Deserialize, Serialize};
use wire::{Call, Effect};

use super::Metadata;
use crate::service::Outgoing;
use crate::{ODataError, Service};

/// A version of a metadata document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataVersion {
    /// The ETag of the document, byte for byte; servers also show it as `@odata.metadataEtag`. `None`
    /// if the server gives none: then every fetch brings the document.
    pub etag: Option<String>,
}

impl Service {
    /// The metadata document with its version, unless it is still the one that is `known`.
    ///
    /// Asks with `If-None-Match` where the known version has an ETag, and believes an equal ETag of a
    /// full answer as well as a 304.
    pub async fn metadata_unless(
        &self,
        operation: &'static str,
        known: &MetadataVersion,
    ) -> Result<Option<(Metadata, MetadataVersion)>, ODataError> {
        let url = self.url(operation, "$metadata", "")?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/xml"));
        let value = known.etag.as_deref().map(HeaderValue::from_str).transpose();
        let value = value.map_err(|error| ODataError::Unaskable { operation, why: error.to_string() })?;
        headers.extend(value.map(|value| (IF_NONE_MATCH, value)));
        let answer = self.send(Call::new(operation, Effect::Read), &url, Outgoing::get(headers)).await;
        let response = match answer {
            Err(ODataError::Status { error, .. }) if error.status == StatusCode::NOT_MODIFIED => {
                return Ok(None);
            }
            other => other?,
        };
        let etag = response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let version = MetadataVersion { etag };
        if version.etag.is_some() && version == *known {
            return Ok(None);
        }
        let metadata = Metadata::read(response.body()).map_err(|error| error.of(operation))?;
        Ok(Some((metadata, version)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use bytes::Bytes;
    use wire::{HttpTransport, Request, Response, TransportError};

    use super::*;

    /// Has one document, with an ETag or without, and honours `If-None-Match` or does not.
    #[derive(Debug)]
    struct Server {
        etag: Option<&'static str>,
        honours: bool,
        asked: Mutex<Vec<Option<String>>>,
    }

    #[async_trait]
    impl HttpTransport for Server {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            let known = request.headers().get(IF_NONE_MATCH).map(|value| value.to_str().unwrap().to_owned());
            self.asked.lock().unwrap().push(known.clone());
            let mut response = http::Response::builder();
            if let Some(etag) = self.etag {
                response = response.header(ETAG, etag);
            }
            if self.honours && known.is_some() && known.as_deref() == self.etag {
                return Ok(response.status(304).body(Bytes::new()).unwrap());
            }
            let document =
                r#"<Edmx Version="4.0"><DataServices><Schema Namespace="N"/></DataServices></Edmx>"#;
            Ok(response.body(Bytes::from_static(document.as_bytes())).unwrap())
        }
    }

    async fn fetches(etag: Option<&'static str>, honours: bool) -> (usize, Vec<Option<String>>) {
        let server = Arc::new(Server { etag, honours, asked: Mutex::default() });
        let service = Service::new(server.clone(), "https://acme.example/S.svc/".parse().unwrap());
        let (mut known, mut read) = (MetadataVersion::default(), 0);
        for _ in 0..3 {
            if let Some((metadata, version)) = service.metadata_unless("t", &known).await.unwrap() {
                assert!(metadata.schemas.contains_key("N"));
                known = version;
                read += 1;
            }
        }
        let asked = server.asked.lock().unwrap().clone();
        (read, asked)
    }

    #[tokio::test]
    async fn a_document_is_read_again_only_if_it_changed() {
        let tag = || Some("W/\"1\"".to_owned());
        assert_eq!(fetches(Some("W/\"1\""), true).await, (1, vec![None, tag(), tag()]));
        assert_eq!(fetches(Some("W/\"1\""), false).await, (1, vec![None, tag(), tag()]));
        assert_eq!(fetches(None, true).await, (3, vec![None, None, None]));
    }
}
