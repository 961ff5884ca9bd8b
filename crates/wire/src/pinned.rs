//! A transport that reaches one origin only.

use async_trait::async_trait;

use crate::{HttpTransport, Origin, Request, Response, TransportError, TransportErrorKind};

/// Refuses every request to another origin than its own. It stands inside the layer that adds
/// tokens, so that no token is ever sent anywhere else.
#[derive(Debug, Clone)]
pub struct Pinned<T> {
    inner: T,
    origin: Origin,
}

impl<T: HttpTransport> Pinned<T> {
    /// Lets only requests to `origin` through to `inner`.
    pub fn new(inner: T, origin: Origin) -> Self {
        Self { inner, origin }
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Pinned<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if let Err(error) = self.origin.check_uri(request.uri()) {
            return Err(TransportError::new(
                TransportErrorKind::Refused,
                format!("sending to {}", self.origin),
                error.to_string(),
            )
            .hint("a server answered with a link to another place, or the configured URL is not the one of this system"));
        }
        self.inner.send(request).await
    }
}
