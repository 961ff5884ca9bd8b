//! A server by script, for tests of the layers and of the clients above them (feature `scripted`).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::{
    Call, Clock, Effect, HttpTransport, Request, Response, Timestamp, TransportError, TransportErrorKind,
    VirtualClock,
};

/// When a script's clock starts: 2025-03-01T12:00:00Z.
const START: Timestamp = Timestamp::constant(1_740_830_400, 0);

/// One step of the script.
pub type Step = Result<Response, TransportError>;

/// Answers by script, the last step for ever, each after `latency`.
#[derive(Debug)]
pub struct Scripted {
    steps: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<(Duration, Request)>>,
    clock: Arc<dyn Clock>,
    latency: Duration,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Scripted {
    /// Answers with `steps`, each after `latency` on `clock`.
    pub fn new(clock: &Arc<dyn Clock>, latency: Duration, steps: Vec<Step>) -> Arc<Self> {
        Arc::new(Self {
            steps: Mutex::new(steps.into()),
            seen: Mutex::default(),
            clock: clock.clone(),
            latency,
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        })
    }

    /// The requests so far and when they came.
    pub fn seen(&self) -> MutexGuard<'_, Vec<(Duration, Request)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        self.seen().len()
    }

    /// When the requests came, in milliseconds.
    pub fn times(&self) -> Vec<u128> {
        self.seen().iter().map(|(at, _)| at.as_millis()).collect()
    }

    /// How many requests were open at the same time at most.
    pub fn most_open(&self) -> usize {
        self.most_open.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl HttpTransport for Scripted {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.seen().push((self.clock.elapsed(), request));
        let step = {
            let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
            if steps.len() > 1 { steps.pop_front() } else { steps.front().cloned() }
        };
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_open.fetch_max(open, Ordering::Relaxed);
        if !self.latency.is_zero() {
            self.clock.sleep(self.latency).await;
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
        step.unwrap_or_else(|| {
            Err(TransportError::new(TransportErrorKind::Refused, "asking a script", "it has no steps"))
        })
    }
}

/// Virtual time, from a fixed day on.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(VirtualClock::new(START))
}

/// An answer with this status, headers and body. Headers that are none are left out.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut answer = Response::new(Bytes::from(body.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(*value)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

/// A `GET` of `url` that says what sending it twice would do.
pub fn request(url: &str, effect: Effect) -> Request {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = url.parse().unwrap_or_default();
    request.extensions_mut().insert(Call::new("test.call", effect));
    request
}
