//! A server by script, for the tests of the layers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Call, Clock, Effect, HttpTransport, Request, Response, TransportError, VirtualClock};

/// One step of the script.
pub(crate) type Step = Result<Response, TransportError>;

/// Answers by script, the last step for ever, each after `latency`.
#[derive(Debug)]
pub(crate) struct Scripted {
    steps: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<(Duration, Request)>>,
    clock: Arc<dyn Clock>,
    latency: Duration,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Scripted {
    pub(crate) fn new(clock: &Arc<dyn Clock>, latency: Duration, steps: Vec<Step>) -> Arc<Self> {
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
    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<(Duration, Request)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self) -> usize {
        self.seen().len()
    }

    /// When the requests came, in milliseconds.
    pub(crate) fn times(&self) -> Vec<u128> {
        self.seen().iter().map(|(at, _)| at.as_millis()).collect()
    }

    pub(crate) fn most_open(&self) -> usize {
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
        step.expect("a script has at least one step")
    }
}

/// Virtual time, from a fixed day on.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(VirtualClock::new("2025-03-01T12:00:00Z".parse().expect("a timestamp")))
}

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::from(body.to_owned())).expect("a response")
}

pub(crate) fn request(url: &str, effect: Effect) -> Request {
    let mut request = http::Request::get(url).body(Bytes::new()).expect("a request");
    request.extensions_mut().insert(Call::new("test.call", effect));
    request
}
