//! The layer that puts every exchange on record.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use wire::{
    Call, Clock, Effect, Evidence, HttpTransport, Request, Response, TransportError, TransportErrorKind,
};

use crate::redaction::{is_secret, noted, request_headers, response_headers, token_answer, token_request};
use crate::{AuditError, AuditLog, Entry, Event, Exchange, ScopeCell};

/// Keeps every request before it leaves and every response before anybody acts on it.
///
/// It stands next to the network, so that every attempt is seen. If the request cannot be kept, it
/// is not sent. If the response cannot be kept, nobody gets to see it: for a write that is an
/// unknown outcome.
#[derive(Debug)]
pub struct Recorded<T> {
    inner: T,
    log: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    scope: Arc<ScopeCell>,
}

impl<T: HttpTransport> Recorded<T> {
    /// Records what goes through `inner` in `log`, under the run that `scope` names at the time.
    pub fn new(inner: T, log: Arc<dyn AuditLog>, clock: Arc<dyn Clock>, scope: Arc<ScopeCell>) -> Self {
        Self { inner, log, clock, scope }
    }

    async fn keep(&self, call: &Call, event: Event) -> Result<u64, AuditError> {
        let entry =
            Entry { at: self.clock.now(), scope: self.scope.get(), records: call.records.clone(), event };
        self.log.append(vec![entry]).await.map(|numbers| *numbers.start())
    }

    async fn keep_answer(
        &self,
        call: &Call,
        asked: u64,
        elapsed: Duration,
        answer: &Result<Response, TransportError>,
    ) -> Result<u64, AuditError> {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let event = match answer {
            Ok(response) => {
                let (headers, body) = answered(call, response);
                Event::Answered { asked, status: response.status().as_u16(), headers, body, elapsed_ms }
            }
            Err(error) => Event::Unanswered {
                asked,
                may_have_acted: error.may_have_acted(),
                error: error.to_string(),
                elapsed_ms,
            },
        };
        self.keep(call, event).await
    }
}

fn exchange(call: &Call, request: &Request) -> Exchange {
    let (headers, body) = (request_headers(request.headers()), request.body());
    let (headers, body) =
        if is_secret(call) { (noted(headers, body), token_request(body)) } else { (headers, body.clone()) };
    Exchange {
        operation: call.operation.to_owned(),
        attempt: call.attempt,
        method: request.method().to_string(),
        url: request.uri().to_string(),
        headers,
        body,
    }
}

fn answered(call: &Call, response: &Response) -> (Vec<(String, String)>, Bytes) {
    let (headers, body) = (response_headers(response.headers()), response.body());
    if is_secret(call) { (noted(headers, body), token_answer(body)) } else { (headers, body.clone()) }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Recorded<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let unnamed = || Call::new("unnamed", Effect::Append);
        let call = request.extensions().get::<Call>().cloned().unwrap_or_else(unnamed);
        let asked = self
            .keep(&call, Event::Asked(exchange(&call, &request)))
            .await
            .map_err(|error| refused(&call, &error))?;
        let begun = self.clock.elapsed();
        let mut answer = self.inner.send(request).await;
        let elapsed = self.clock.elapsed().saturating_sub(begun);
        match self.keep_answer(&call, asked, elapsed, &answer).await {
            Ok(number) => {
                if let Ok(response) = &mut answer {
                    response.extensions_mut().insert(Evidence(number));
                }
                answer
            }
            Err(error) => {
                let acted = answer.as_ref().map_or_else(TransportError::may_have_acted, |_| true);
                Err(unkept(&call, acted, &error))
            }
        }
    }
}

const HINT: &str = "look at the free space and the rights of the data folder, then run again";

fn refused(call: &Call, error: &AuditError) -> TransportError {
    let what = format!("{} was not sent, because it could not be put on record", call.operation);
    TransportError::new(TransportErrorKind::Refused, what, error.to_string()).hint(HINT)
}

/// The server may have acted, but nobody may act upon its answer.
fn unkept(call: &Call, acted: bool, error: &AuditError) -> TransportError {
    let unknown = acted && call.effect != Effect::Read;
    let kind = if unknown { TransportErrorKind::Unknown } else { TransportErrorKind::Refused };
    let what = format!("the answer to {} could not be put on record", call.operation);
    TransportError::new(kind, what, error.to_string()).hint(HINT)
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures::TryStreamExt as _;
    use futures::stream::BoxStream;

    use super::*;
    use crate::redaction::ORIGINAL_LENGTH;
    use crate::{MemoryLog, Query, Sealed, Verdict};

    /// Answers 200 with a secret in it, and counts.
    #[derive(Debug, Default)]
    struct Server(AtomicU64);

    #[async_trait]
    impl HttpTransport for Server {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            if request.uri().path() == "/away" {
                return Err(TransportError::new(TransportErrorKind::Unreached, "connecting", "refused"));
            }
            if request.uri().path() == "/lost" {
                return Err(TransportError::new(TransportErrorKind::Unknown, "reading", "reset"));
            }
            let body = r#"{"access_token":"canary","n":1}"#;
            Ok(http::Response::builder().header("date", "x").body(Bytes::from(body)).expect("a response"))
        }
    }

    /// A log that is full after so many entries.
    #[derive(Debug)]
    struct Full(MemoryLog, u64);

    #[async_trait]
    impl AuditLog for Full {
        async fn append(&self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
            if self.0.rows().len() as u64 >= self.1 {
                return Err(AuditError::Unavailable { detail: "disk full".into() });
            }
            self.0.append(entries).await
        }
        fn read(&self, query: Query) -> BoxStream<'_, Result<Sealed, AuditError>> {
            self.0.read(query)
        }
        async fn verify(&self) -> Result<Verdict, AuditError> {
            self.0.verify().await
        }
    }

    fn recorded(room: u64) -> (Recorded<Arc<Server>>, Arc<Full>, Arc<Server>) {
        let (log, server) = (Arc::new(Full(MemoryLog::new(), room)), Arc::new(Server::default()));
        let clock = Arc::new(wire::SystemClock);
        (Recorded::new(server.clone(), log.clone(), clock, Arc::default()), log, server)
    }

    fn request(path: &str, call: Call) -> Request {
        let mut request = http::Request::post(format!("https://h.example{path}"))
            .header("authorization", "Bearer canary")
            .body(Bytes::from("client_secret=canary&a=b"))
            .expect("a request");
        request.extensions_mut().insert(call);
        request
    }

    async fn entries(log: &Full) -> Vec<Sealed> {
        log.read(Query::default()).try_collect().await.expect("readable")
    }

    #[tokio::test]
    async fn both_sides_are_kept_and_the_answer_names_its_entry() {
        let (layer, log, _) = recorded(9);
        let call = Call::new("test.read", Effect::Read).about(vec!["S1".to_owned()]);
        let response = layer.send(request("/x", call)).await.expect("answers");
        assert_eq!(response.extensions().get::<Evidence>(), Some(&Evidence(2)));
        let entries = entries(&log).await;
        let Event::Asked(asked) = &entries[0].entry.event else { panic!("a request first") };
        assert_eq!((asked.body.as_ref(), asked.headers.len()), (&b"client_secret=canary&a=b"[..], 0));
        let Event::Answered { asked, status, body, .. } = &entries[1].entry.event else {
            panic!("then its answer")
        };
        assert_eq!((*asked, *status, body.as_ref()), (1, 200, &br#"{"access_token":"canary","n":1}"#[..]));
        assert_eq!(&*entries[1].entry.records, ["S1".to_owned()]);
    }

    #[tokio::test]
    async fn token_calls_are_kept_without_their_secrets() {
        let (layer, log, _) = recorded(9);
        let answer = layer.send(request("/token", Call::new(wire::TOKEN_OPERATION, Effect::Read))).await;
        assert!(
            answer.expect("answers").body().starts_with(b"{\"access_token\":\"canary\""),
            "the caller gets all"
        );
        let kept = log.0.rows().iter().map(|row| row.unseal().expect("readable")).collect::<Vec<_>>();
        assert!(!format!("{kept:?}").contains("canary"));
        let Event::Asked(asked) = &kept[0].entry.event else { panic!("a request first") };
        assert_eq!(asked.headers, [(ORIGINAL_LENGTH.to_owned(), "24".to_owned())]);
    }

    #[tokio::test]
    async fn a_lost_answer_is_kept_as_such() {
        let (layer, log, _) = recorded(9);
        layer.send(request("/lost", Call::new("test.write", Effect::Append))).await.expect_err("lost");
        let last = entries(&log).await.pop().expect("an entry");
        assert!(matches!(last.entry.event, Event::Unanswered { asked: 1, may_have_acted: true, .. }));
    }

    #[tokio::test]
    async fn what_cannot_be_kept_is_not_sent() {
        let (layer, _, server) = recorded(0);
        let error =
            layer.send(request("/x", Call::new("test.write", Effect::Append))).await.expect_err("refused");
        assert_eq!((error.kind, server.0.load(Ordering::Relaxed)), (TransportErrorKind::Refused, 0));
        assert!(error.to_string().contains("disk full") && error.hint.is_some());
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_kept_is_shown_to_nobody() {
        for (path, effect, kind) in [
            ("/x", Effect::Read, TransportErrorKind::Refused),
            ("/x", Effect::Put, TransportErrorKind::Unknown),
            ("/x", Effect::Append, TransportErrorKind::Unknown),
            ("/lost", Effect::Append, TransportErrorKind::Unknown),
            ("/lost", Effect::Read, TransportErrorKind::Refused),
            ("/away", Effect::Append, TransportErrorKind::Refused),
        ] {
            let (layer, _, server) = recorded(1);
            let error = layer.send(request(path, Call::new("test", effect))).await.expect_err("not shown");
            assert_eq!((error.kind, server.0.load(Ordering::Relaxed)), (kind, 1));
        }
    }
}
