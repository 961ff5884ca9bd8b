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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use bytes::Bytes;
    use futures::future::join_all;

    use super::*;
    use crate::scripted::{self, answer};
    use crate::{AuthStyle, Clock, Credentials, Effect, Secret, TokenConfig};

    /// An API and its identity provider: the API accepts the tokens from `valid` on.
    #[derive(Debug)]
    struct System {
        clock: Arc<dyn Clock>,
        minted: AtomicU64,
        valid: AtomicU64,
        calls: AtomicU64,
    }

    #[async_trait]
    impl HttpTransport for System {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            self.clock.sleep(Duration::from_millis(10)).await;
            if request.uri().path() == "/token" {
                let number = self.minted.fetch_add(1, Ordering::Relaxed) + 1;
                let body = format!(r#"{{"access_token":"{number}","token_type":"Bearer"}}"#);
                return Ok(answer(200, &[], &body));
            }
            self.calls.fetch_add(1, Ordering::Relaxed);
            let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            let number = header.and_then(|text| text.strip_prefix("Bearer ")?.parse::<u64>().ok());
            let valid = number.is_some_and(|number| number >= self.valid.load(Ordering::Relaxed));
            Ok(answer(if valid { 200 } else { 401 }, &[], ""))
        }
    }

    impl System {
        fn expire(&self, valid: u64) {
            self.valid.store(valid, Ordering::Relaxed);
        }

        fn counts(&self) -> (u64, u64) {
            (self.minted.load(Ordering::Relaxed), self.calls.load(Ordering::Relaxed))
        }
    }

    fn stage() -> (Authorized<Arc<System>>, Arc<System>) {
        let clock = scripted::clock();
        let counter = AtomicU64::default;
        let system =
            Arc::new(System { clock: clock.clone(), minted: counter(), valid: counter(), calls: counter() });
        let config = TokenConfig::new(Credentials {
            token_url: "https://h.example/token".parse().expect("a URL"),
            client_id: "client".to_owned(),
            client_secret: Secret::new("secret"),
            scopes: Vec::new(),
            style: AuthStyle::Basic,
        });
        let tokens = Arc::new(TokenSource::new(config, system.clone(), clock).expect("an origin"));
        (Authorized::new(system.clone(), tokens, |response| response.status() == 401), system)
    }

    async fn status(layer: &Authorized<Arc<System>>) -> u16 {
        let request = http::Request::post("https://h.example/x").body(Bytes::new()).expect("a request");
        layer.send(request).await.expect("an answer").status().as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_session_is_replaced_once() {
        let (layer, system) = stage();
        assert_eq!((status(&layer).await, system.counts()), (200, (1, 1)));
        system.expire(2);
        assert_eq!((status(&layer).await, system.counts()), (200, (2, 3)));
        assert_eq!((status(&layer).await, system.counts()), (200, (2, 4)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_callers_replace_it_once() {
        let (layer, system) = stage();
        status(&layer).await;
        system.expire(2);
        let answers = join_all((0..100).map(|_| status(&layer))).await;
        assert!(answers.iter().all(|status| *status == 200));
        assert_eq!(system.counts(), (2, 201));
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_refusal_of_the_old_token_leaves_the_new_one_alone() {
        let (layer, system) = stage();
        let old = layer.tokens.grant().await.expect("a token");
        assert!(layer.tokens.invalidate(&old));
        let new = layer.tokens.grant().await.expect("a token");
        assert!(layer.tokens.invalidate(&old), "worth another try, with the new one");
        assert!(Arc::ptr_eq(&new, &layer.tokens.grant().await.expect("a token")));
        assert_eq!(system.counts().0, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_never_works_makes_no_loop() {
        let (layer, system) = stage();
        system.expire(u64::MAX);
        assert_eq!((status(&layer).await, system.counts()), (401, (2, 2)));
        for _ in 0..100 {
            assert_eq!(status(&layer).await, 401);
        }
        assert_eq!(system.counts(), (2, 102), "two tokens at once are enough to know");
        system.clock.sleep(Duration::from_secs(30)).await;
        assert_eq!((status(&layer).await, system.counts()), (401, (3, 104)), "half a minute later, another");
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_of_a_moment_work() {
        let (layer, system) = stage();
        for round in 1..=20 {
            system.expire(round);
            assert_eq!(status(&layer).await, 200, "{round}");
            assert_eq!(system.counts().0, round);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_callers_own_authorization_is_replaced() {
        let (layer, system) = stage();
        let mut request = scripted::request("https://h.example/x", Effect::Read);
        request.headers_mut().insert(AUTHORIZATION, http::HeaderValue::from_static("Bearer other"));
        assert_eq!(layer.send(request).await.expect("an answer").status(), 200);
        assert_eq!(system.counts(), (1, 1));
    }
}
