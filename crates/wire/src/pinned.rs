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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Effect;
    use crate::scripted::{self, Scripted, answer, request};

    #[tokio::test]
    async fn nothing_is_sent_elsewhere() {
        let server = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(answer(200, &[], ""))]);
        let pinned = Pinned::new(server.clone(), Origin::parse("https://h.example").expect("an origin"));
        for url in ["https://evil.example/", "http://h.example/", "https://h.example.evil.example/?q=canary"]
        {
            let error = pinned.send(request(url, Effect::Read)).await.expect_err(url);
            assert_eq!(error.kind, TransportErrorKind::Refused);
            assert!(error.detail.contains("ORIGIN_VIOLATION") && !error.detail.contains("canary"), "{error}");
        }
        assert_eq!(server.count(), 0);
        pinned.send(request("https://h.example:443/x", Effect::Read)).await.expect("at home");
        assert_eq!(server.count(), 1);
    }
}
