//! A gate as a transport of the product: no sockets, all time and chance from outside.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wire::{Clock, Entropy, HttpTransport, Request, Response, TransportError, TransportErrorKind};

use crate::gate::{Gate, Outcome};

/// How long a call takes, drawn evenly between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// At least this long.
    pub min: Duration,
    /// At most this long.
    pub max: Duration,
}

impl Latency {
    /// No time at all.
    pub const NONE: Self = Self { min: Duration::ZERO, max: Duration::ZERO };

    fn draw(self, entropy: &dyn Entropy) -> Duration {
        let spread = u64::try_from(self.max.saturating_sub(self.min).as_micros()).unwrap_or(u64::MAX);
        match spread {
            0 => self.min,
            _ => self.min + Duration::from_micros(entropy.next_u64() % spread),
        }
    }
}

/// Reaches a [`Gate`] without a socket.
///
/// Half of the latency passes before the server acts and half after it, so that a caller that
/// gives up in between has to find out what happened, as with a real server.
#[derive(Debug)]
pub struct InProcess {
    gate: Arc<Gate>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    latency: Latency,
}

impl InProcess {
    /// Reaches `gate` at once; `clock` is the caller's and serves for waiting only.
    pub fn new(gate: Arc<Gate>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { gate, clock, entropy, latency: Latency::NONE }
    }

    /// Lets every call take time.
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// The gate behind.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    async fn wait(&self, span: Duration) {
        if !span.is_zero() {
            self.clock.sleep(span).await;
        }
    }
}

#[async_trait]
impl HttpTransport for InProcess {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let latency = self.latency.draw(&*self.entropy);
        self.wait(latency / 2).await;
        let outcome = self.gate.call(&request);
        self.wait(latency.saturating_sub(latency / 2)).await;
        let what = || format!("{} {}", request.method(), request.uri().path());
        match outcome {
            Outcome::Answer(response) => Ok(response),
            Outcome::Slow { response, chunk, pause } => {
                let pieces = u32::try_from(response.body().len().div_ceil(chunk)).unwrap_or(u32::MAX);
                self.wait(pause.saturating_mul(pieces)).await;
                Ok(response)
            }
            Outcome::Truncated(_) => Err(unknown(what(), "connection closed before the body was complete")),
            Outcome::Lost => Err(unknown(what(), "connection closed before an answer arrived")),
            Outcome::Unreached => {
                Err(TransportError::new(TransportErrorKind::Unreached, what(), "connection refused"))
            }
        }
    }
}

fn unknown(what: String, detail: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Unknown, what, detail)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use futures::executor::block_on;
    use wire::SeededEntropy;

    use super::*;
    use crate::manual_clock::ManualClock;
    use crate::{Endpoint, Fault, FaultPlan, RetryAfter, Scripted, ServerClock};

    /// Remembers the paths it acted on and answers with their number.
    #[derive(Debug)]
    struct Counter {
        clock: ServerClock,
        seen: Mutex<Vec<String>>,
    }

    impl Endpoint for Counter {
        fn answer(&self, request: &Request) -> Response {
            let mut seen = self.seen.lock().expect("seen");
            seen.push(request.uri().path().to_owned());
            Response::new(Bytes::from(format!("{{\"count\":{}}}", seen.len())))
        }

        fn clock(&self) -> &ServerClock {
            &self.clock
        }
    }

    struct Bench {
        clock: Arc<ManualClock>,
        counter: Arc<Counter>,
        transport: InProcess,
    }

    impl Bench {
        fn new(plan: impl FaultPlan) -> Self {
            let clock = Arc::new(ManualClock::at("2026-03-01T10:00:00Z"));
            let counter =
                Arc::new(Counter { clock: ServerClock::new(clock.clone()), seen: Mutex::default() });
            let gate = Arc::new(Gate::new(counter.clone()).with_faults(plan));
            let transport = InProcess::new(gate, clock.clone(), Arc::new(SeededEntropy::new(1)));
            Self { clock, counter, transport }
        }

        fn send(&self, method: &str, path: &str) -> Result<Response, TransportError> {
            let request = http::Request::builder().method(method).uri(path).body(Bytes::new());
            block_on(self.transport.send(request.expect("request")))
        }

        fn seen(&self) -> Vec<String> {
            self.counter.seen.lock().expect("seen").clone()
        }
    }

    #[test]
    fn an_answer_carries_the_servers_date_and_is_counted() {
        let bench = Bench::new(crate::NoFaults);
        let response = bench.send("GET", "http://sandbox.test/a").expect("answer");
        assert_eq!(response.headers()["date"], "Sun, 01 Mar 2026 10:00:00 GMT");
        bench.send("POST", "/b").expect("answer");
        let journal = bench.transport.gate().journal();
        assert_eq!((journal.calls, journal.of("read"), journal.writes), (2, 1, 1));
        assert_eq!(journal.bytes_out, 22);
    }

    #[test]
    fn a_lost_answer_acts_and_an_unreached_one_does_not() {
        let bench = Bench::new(Scripted::nth(1, Fault::LostAnswer));
        let error = bench.send("POST", "/a").expect_err("lost");
        assert_eq!(error.kind, TransportErrorKind::Unknown);
        assert_eq!(bench.seen(), ["/a"]);

        let bench = Bench::new(Scripted::nth(1, Fault::Unreached));
        let error = bench.send("POST", "/a").expect_err("unreached");
        assert_eq!(error.kind, TransportErrorKind::Unreached);
        assert!(bench.seen().is_empty());
    }

    #[test]
    fn a_late_request_lands_when_it_is_due_and_not_before() {
        let bench = Bench::new(Scripted::nth(1, Fault::LateLanding { after: Duration::from_mins(1) }));
        bench.send("POST", "/late").expect_err("no answer");
        bench.send("GET", "/early").expect("answer");
        assert_eq!(bench.seen(), ["/early"]);
        bench.clock.advance(Duration::from_mins(1));
        bench.send("GET", "/after").expect("answer");
        assert_eq!(bench.seen(), ["/early", "/late", "/after"]);
    }

    #[test]
    fn settle_lands_everything() {
        let bench = Bench::new(Scripted::nth(1, Fault::LateLanding { after: Duration::from_mins(10) }));
        bench.send("POST", "/late").expect_err("no answer");
        assert_eq!(bench.transport.gate().pending(), 1);
        bench.transport.gate().settle();
        assert_eq!((bench.seen(), bench.transport.gate().pending()), (vec!["/late".to_owned()], 0));
    }

    #[test]
    fn refusals_do_not_act() {
        for (fault, status) in [
            (Fault::TooManyRequests { retry_after: Some(RetryAfter::Seconds(3)) }, 429),
            (Fault::Unavailable, 503),
            (Fault::ServerError, 500),
            (Fault::ExpiredToken, 401),
        ] {
            let bench = Bench::new(Scripted::nth(1, fault));
            let response = bench.send("POST", "/a").expect("answer");
            assert_eq!(response.status(), status);
            assert!(response.headers().contains_key("date"));
            assert_eq!(response.headers().contains_key("retry-after"), status == 429);
            assert!(bench.seen().is_empty());
        }
    }

    #[test]
    fn broken_bodies_come_from_a_server_that_acted() {
        let bench = Bench::new(Scripted::nth(1, Fault::MalformedJson));
        let response = bench.send("GET", "/a").expect("answer");
        assert_eq!(&response.body()[..], b"{\"cou\"}{");
        let bench = Bench::new(Scripted::nth(1, Fault::TruncatedBody));
        assert_eq!(bench.send("GET", "/a").expect_err("cut").kind, TransportErrorKind::Unknown);
        assert_eq!(bench.seen(), ["/a"]);
    }

    #[test]
    fn a_slow_body_takes_its_time_and_latency_repeats() {
        let bench = Bench::new(Scripted::nth(1, Fault::SlowBody { chunk: 1, pause: Duration::from_secs(1) }));
        bench.send("GET", "/a").expect("answer");
        assert_eq!(bench.clock.elapsed(), Duration::from_secs(11));

        let run = || {
            let mut bench = Bench::new(crate::NoFaults);
            let latency = Latency { min: Duration::from_millis(80), max: Duration::from_millis(120) };
            bench.transport = bench.transport.latency(latency);
            bench.send("GET", "/a").expect("answer");
            bench.clock.elapsed()
        };
        assert_eq!(run(), run());
        assert!((80..120).contains(&run().as_millis()));
    }
}
