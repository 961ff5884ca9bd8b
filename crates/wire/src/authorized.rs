//! The layer that adds tokens.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::AUTHORIZATION;

use crate::{Grant, HttpTransport, Request, Response, TokenSource, TransportError};

/// Tells from an answer that the token has expired and the request was not looked at.
pub type Expired = fn(&Response) -> bool;

/// Adds `Authorization: Bearer` to every request.
///
/// If the answer says that the session expired, the token is replaced and the request is sent once
/// more, whatever its method: nothing was processed. Whatever comes then is the answer.
pub struct Authorized<T> {
    inner: T,
    tokens: Arc<TokenSource>,
    expired: Expired,
}

impl<T: HttpTransport> Authorized<T> {
    /// Wraps `inner`, which must be pinned to the tokens' own system.
    pub fn new(inner: T, tokens: Arc<TokenSource>, expired: Expired) -> Self {
        Self { inner, tokens, expired }
    }

    async fn attempt(
        &self,
        mut request: Request,
        grant: &Arc<Grant>,
    ) -> Result<(Response, bool), TransportError> {
        request.headers_mut().insert(AUTHORIZATION, grant.authorization());
        let response = self.inner.send(request).await?;
        let expired = (self.expired)(&response);
        if !expired {
            self.tokens.accepted(grant);
        }
        Ok((response, expired))
    }
}

impl<T: fmt::Debug> fmt::Debug for Authorized<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorized")
            .field("inner", &self.inner)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Authorized<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let grant = self.tokens.grant().await?;
        let (response, expired) = self.attempt(request.clone(), &grant).await?;
        if !expired || !self.tokens.invalidate(&grant) {
            return Ok(response);
        }
        tracing::debug!(origin = %self.tokens.origin(), "the session expired: asking for a new token");
        let grant = self.tokens.grant().await?;
        self.attempt(request, &grant).await.map(|(response, _)| response)
    }
}
