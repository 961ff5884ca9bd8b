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
    /// With an answer that says in its body, whatever its status, that nothing was done because the
    /// server is busy.
    TurnedAway,
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
            Outcome::TurnedAway => (true, None),
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
    turned_away: fn(&Response) -> bool,
}

impl<T: HttpTransport> Retry<T> {
    /// Wraps `inner`.
    pub fn new(inner: T, policy: RetryPolicy, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { inner, policy, clock, entropy, turned_away: |_| false }
    }

    /// Tries again too when `says` finds in an answer that a busy server did nothing, where its
    /// status alone does not tell.
    pub fn turned_away_by(mut self, says: fn(&Response) -> bool) -> Self {
        self.turned_away = says;
        self
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
                Ok(response) if (self.turned_away)(response) => Outcome::TurnedAway,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;
    use crate::scripted::{self, Scripted, answer, request};
    use Effect::{Append, Put, Read};

    const URL: &str = "https://h.example/x";

    fn now() -> Timestamp {
        "2025-03-01T12:00:00Z".parse().expect("a timestamp")
    }

    fn within(milliseconds: u64) -> Next {
        Next::Within(Duration::from_millis(milliseconds))
    }

    fn exactly(seconds: u64) -> Next {
        Next::Exactly(Duration::from_secs(seconds))
    }

    /// What is decided for a read, a put and an append.
    fn decided(attempt: u32, outcome: Outcome<'_>) -> [Next; 3] {
        [Read, Put, Append].map(|effect| RetryPolicy::default().decide(effect, attempt, outcome, now()))
    }

    #[test]
    fn answers_without_retry_after() {
        let twice = [within(500), within(500), Next::Done];
        let always = [within(500); 3];
        let never = [Next::Done; 3];
        for (status, due) in [
            (200, never),
            (204, never),
            (301, never),
            (400, never),
            (401, never),
            (403, never),
            (404, never),
            (408, twice),
            (412, never),
            (429, always),
            (500, twice),
            (501, never),
            (502, twice),
            (503, twice),
            (504, twice),
        ] {
            assert_eq!(decided(1, Outcome::Answer(&answer(status, &[], ""))), due, "{status}");
        }
    }

    #[test]
    fn the_server_tells_how_long() {
        let asks = |status, value| answer(status, &[("retry-after", value)], "");
        for (status, value, due) in [
            (429, "7", exactly(7)),
            (429, "0", exactly(1)),
            (503, "120", exactly(120)),
            (429, "Sat, 01 Mar 2025 12:00:20 GMT", exactly(20)),
            (429, "Sat, 01 Mar 2025 11:00:00 GMT", exactly(1)),
            (429, "900", exactly(900)),
            (429, "901", Next::Done),
            (503, "Thu, 01 Mar 2035 12:00:00 GMT", Next::Done),
            (429, "soon", within(500)),
            (200, "7", Next::Done),
            (400, "7", Next::Done),
        ] {
            assert_eq!(decided(1, Outcome::Answer(&asks(status, value))), [due; 3], "{status} {value}");
        }
        // A gateway that lost the answer proves nothing, whatever it asks for.
        assert_eq!(decided(1, Outcome::Answer(&asks(504, "7"))), [exactly(7), exactly(7), Next::Done]);
        assert_eq!(decided(1, Outcome::Answer(&asks(503, "soon"))), [within(500), within(500), Next::Done]);
    }

    #[test]
    fn failures_by_what_the_server_may_have_done() {
        for (kind, due) in [
            (TransportErrorKind::Unreached, [within(500); 3]),
            (TransportErrorKind::Unknown, [within(500), within(500), Next::Done]),
            (TransportErrorKind::Refused, [Next::Done; 3]),
            (TransportErrorKind::Denied, [Next::Done; 3]),
        ] {
            assert_eq!(decided(1, Outcome::Failure(kind)), due, "{kind:?}");
        }
    }

    #[test]
    fn waits_double_up_to_a_minute_and_tries_end() {
        let patient = RetryPolicy { tries: 100, ..RetryPolicy::default() };
        let outcome = Outcome::Failure(TransportErrorKind::Unreached);
        for (attempt, most) in
            [(1, 500), (2, 1_000), (3, 2_000), (7, 32_000), (8, 60_000), (33, 60_000), (99, 60_000)]
        {
            assert_eq!(patient.decide(Read, attempt, outcome, now()), within(most), "{attempt}");
        }
        assert_eq!(decided(4, outcome), [within(4_000); 3]);
        assert_eq!(decided(5, outcome), [Next::Done; 3]);
        let failed = answer(500, &[], "");
        assert_eq!(decided(2, Outcome::Answer(&failed))[0], within(1_000));
        assert_eq!(decided(3, Outcome::Answer(&failed))[0], Next::Done);
    }

    fn layer(steps: Vec<scripted::Step>) -> (Retry<Arc<Scripted>>, Arc<Scripted>) {
        let clock = scripted::clock();
        let server = Scripted::new(&clock, Duration::ZERO, steps);
        let entropy = Arc::new(SeededEntropy::new(1));
        (Retry::new(server.clone(), RetryPolicy::default(), clock, entropy), server)
    }

    fn failure(kind: TransportErrorKind) -> scripted::Step {
        Err(TransportError::new(kind, "sending", "reset"))
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_are_counted_and_pauses_kept() {
        let busy = || Ok(answer(429, &[("retry-after", "3")], ""));
        let (retry, server) =
            layer(vec![busy(), failure(TransportErrorKind::Unreached), Ok(answer(200, &[], "x"))]);
        let response = retry.send(request(URL, Append)).await.expect("answers in the end");
        assert_eq!(response.body(), "x");
        let attempts: Vec<u32> = server
            .seen()
            .iter()
            .map(|(_, request)| request.extensions().get::<Call>().expect("a call").attempt)
            .collect();
        assert_eq!(attempts, [1, 2, 3]);
        let times = server.times();
        assert_eq!(times[1], 3_000);
        assert!((3_000..=4_000).contains(&times[2]), "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_answer_is_given_back() {
        let (retry, server) = layer(vec![Ok(answer(503, &[], "<html>"))]);
        let response = retry.send(request(URL, Read)).await.expect("an answer is an answer");
        assert_eq!((response.status().as_u16(), server.count()), (503, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_server_may_say_so_in_its_own_way() {
        let (retry, server) = layer(vec![Ok(answer(403, &[], "busy")), Ok(answer(403, &[], "never"))]);
        let retry = retry.turned_away_by(|response| response.body() == "busy");
        let response = retry.send(request(URL, Append)).await.expect("an answer");
        assert_eq!((response.body().as_ref(), server.count()), (&b"never"[..], 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_to_an_append_is_not_tried_again() {
        let (retry, server) = layer(vec![failure(TransportErrorKind::Unknown)]);
        let error = retry.send(request(URL, Append)).await.expect_err("lost");
        assert_eq!((error.kind, server.count()), (TransportErrorKind::Unknown, 1));
        retry.send(request(URL, Put)).await.expect_err("lost as well");
        assert_eq!(server.count(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_say_what_it_is_counts_as_an_append() {
        let (retry, server) = layer(vec![Ok(answer(502, &[], ""))]);
        let silent = http::Request::get(URL).body(bytes::Bytes::new()).expect("a request");
        retry.send(silent).await.expect("an answer");
        assert_eq!(server.count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_fail_together_do_not_come_back_together() {
        let (retry, server) = layer(vec![failure(TransportErrorKind::Unreached)]);
        futures::future::join_all((0..20).map(|_| retry.send(request(URL, Read)))).await;
        let mut second = server.times()[20..40].to_vec();
        assert!(second.iter().all(|at| *at <= 501), "{second:?}");
        second.sort_unstable();
        second.dedup();
        assert!(second.len() > 10, "{second:?}");
    }
}
