//! The one retry loop of the workspace.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{Extensions, StatusCode};

use crate::retry_after::retry_after;
use crate::{
    Call, Clock, Effect, Entropy, HttpTransport, Request, Response, Timestamp, TransportError,
    TransportErrorKind,
};

/// How often and how long to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all.
    pub tries: u32,
    /// The first backoff lasts at most this; each further one at most twice as long.
    pub base: Duration,
    /// No backoff lasts longer.
    pub cap: Duration,
    /// A server that asks for a longer pause gets none: its answer is given back.
    pub patience: Duration,
}

impl Default for RetryPolicy {
    /// Five tries, full jitter up to 0.5 s doubling to 60 s, `Retry-After` up to 15 minutes.
    fn default() -> Self {
        Self {
            tries: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(60),
            patience: Duration::from_secs(15 * 60),
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// With an answer.
    Answer(&'a Response),
    /// Without one.
    Failure(TransportErrorKind),
}

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Give back what there is.
    Done,
    /// Try again after just this time: the server asked for it.
    Exactly(Duration),
    /// Try again after a random time of at most this.
    Within(Duration),
}

impl RetryPolicy {
    /// What to do after attempt number `attempt` (from 1) at a call with `effect` ended in
    /// `outcome`. `now` is what dates in `Retry-After` are measured against.
    pub fn decide(&self, effect: Effect, attempt: u32, outcome: Outcome<'_>, now: Timestamp) -> Next {
        let (may_repeat, asked) = match outcome {
            Outcome::Failure(kind) => (failure_may_repeat(effect, kind), None),
            Outcome::Answer(response) => {
                let asked = retry_after(response.headers(), now);
                (answer_may_repeat(effect, attempt, response.status(), asked.is_some()), asked)
            }
        };
        if !may_repeat || attempt >= self.tries {
            return Next::Done;
        }
        match asked {
            Some(pause) if pause > self.patience => Next::Done,
            Some(pause) => Next::Exactly(pause),
            None => Next::Within(self.backoff(attempt)),
        }
    }

    fn backoff(&self, attempt: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

fn failure_may_repeat(effect: Effect, kind: TransportErrorKind) -> bool {
    match kind {
        TransportErrorKind::Unreached => true,
        TransportErrorKind::Unknown => effect != Effect::Append,
        TransportErrorKind::Refused | TransportErrorKind::Denied => false,
    }
}

fn answer_may_repeat(effect: Effect, attempt: u32, status: StatusCode, asked: bool) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        // With a `Retry-After` the server tells that it turned the request away. Without it the
        // answer may come from a proxy that lost sight of a server which went on working.
        StatusCode::SERVICE_UNAVAILABLE => effect != Effect::Append || asked,
        StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            effect != Effect::Append
        }
        // Mostly a bug that stays: two more tries, not more.
        StatusCode::INTERNAL_SERVER_ERROR => effect != Effect::Append && attempt <= 2,
        _ => false,
    }
}

/// Sends again what may be sent again, as [`Call::effect`] and [`RetryPolicy::decide`] say.
///
/// A request without a [`Call`] is taken for an [`Effect::Append`]. An answer that is still not a
/// success after the last try is an answer; [`Call::attempt`] counts the tries.
#[derive(Debug)]
pub struct Retry<T> {
    inner: T,
    policy: RetryPolicy,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl<T: HttpTransport> Retry<T> {
    /// Wraps `inner`.
    pub fn new(inner: T, policy: RetryPolicy, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { inner, policy, clock, entropy }
    }

    /// A random part of `most`: full jitter keeps clients that failed together from coming back
    /// together.
    fn jitter(&self, most: Duration) -> Duration {
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.entropy.next_u64() % nanos.saturating_add(1).max(1))
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Retry<T> {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let (operation, effect, mut attempt) = identity(request.extensions());
        loop {
            let result = self.inner.send(request.clone()).await;
            let outcome = match &result {
                Ok(response) => Outcome::Answer(response),
                Err(error) => Outcome::Failure(error.kind),
            };
            let pause = match self.policy.decide(effect, attempt, outcome, self.clock.now()) {
                Next::Done => return result,
                Next::Exactly(pause) => pause,
                Next::Within(most) => self.jitter(most),
            };
            tracing::debug!(operation, attempt, ?pause, status = status(&result), "trying again");
            self.clock.sleep(pause).await;
            attempt += 1;
            if let Some(call) = request.extensions_mut().get_mut::<Call>() {
                call.attempt = attempt;
            }
        }
    }
}

fn identity(extensions: &Extensions) -> (&'static str, Effect, u32) {
    extensions
        .get::<Call>()
        .map_or(("unnamed", Effect::Append, 1), |call| (call.operation, call.effect, call.attempt.max(1)))
}

fn status(result: &Result<Response, TransportError>) -> u16 {
    result.as_ref().map_or(0, |response| response.status().as_u16())
}
