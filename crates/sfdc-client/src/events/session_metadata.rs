//! The layer that tells the Pub/Sub API who asks, in its own words.

use async_trait::async_trait;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use url::Url;
use wire::{HttpTransport, Request, Response, TransportError, TransportErrorKind};

use crate::RecordId;

/// Turns `Authorization: Bearer` into the metadata that the Pub/Sub API wants: `accesstoken`,
/// `instanceurl`, `tenantid`. It stands just inside the layer that adds tokens:
/// `Authorized(SessionMetadata(Pinned(Recorded(..))))`, so that the token never lies in a log, and
/// only goes to the address that the inner layer is pinned to.
#[derive(Debug)]
pub struct SessionMetadata<T> {
    inner: T,
    instance: HeaderValue,
    tenant: HeaderValue,
}

impl<T: HttpTransport> SessionMetadata<T> {
    /// Speaks for the org at `instance` with the id `org`; `None` if these are none that a header
    /// can carry.
    pub fn new(inner: T, instance: &Url, org: &RecordId) -> Option<Self> {
        let instance = HeaderValue::from_str(instance.as_str().trim_end_matches('/')).ok()?;
        Some(Self { inner, instance, tenant: HeaderValue::from_str(org.as_str()).ok()? })
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for SessionMetadata<T> {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let headers = request.headers_mut();
        let bearer = headers.remove(AUTHORIZATION);
        let token = bearer.as_ref().and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let token = token.and_then(|token| HeaderValue::from_str(token).ok());
        let Some(mut token) = token else {
            let (kind, what) = (TransportErrorKind::Refused, "asking the Pub/Sub API");
            return Err(TransportError::new(kind, what, "there is no session token"));
        };
        token.set_sensitive(true);
        headers.insert(HeaderName::from_static("accesstoken"), token);
        headers.insert(HeaderName::from_static("instanceurl"), self.instance.clone());
        headers.insert(HeaderName::from_static("tenantid"), self.tenant.clone());
        headers.remove(CONTENT_TYPE);
        self.inner.send(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use wire::Effect;
    use wire::scripted::{self, Scripted, answer, request};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_token_becomes_metadata() {
        let inner = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(answer(200, &[], ""))]);
        let instance = "https://acme.my.salesforce.com/".parse().expect("a URL");
        let org = RecordId::parse("00DD0000000FOiUMAW").expect("an id");
        let layer = SessionMetadata::new(Arc::clone(&inner), &instance, &org).expect("headers");
        let mut asked = request("https://api.pubsub.salesforce.com:7443/x", Effect::Read);
        asked.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer 00D!canary"));
        layer.send(asked).await.expect("an answer");
        let headers = inner.seen()[0].1.headers().clone();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("accesstoken"), Some("00D!canary"));
        assert_eq!(header("instanceurl"), Some("https://acme.my.salesforce.com"));
        assert_eq!(header("tenantid"), Some("00DD0000000FOiUMAW"));
        assert_eq!(header("authorization"), None);
        assert!(!format!("{headers:?}").contains("canary"));
        let refused = layer.send(request("https://api.pubsub.salesforce.com:7443/x", Effect::Read)).await;
        assert!(refused.is_err());
    }
}
