//! The Pub/Sub API as a transport of the product: no sockets, all time from outside.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use prost::Message as _;
use wire::{Clock, Conversation, HttpTransport, Request, Response, TransportError, TransportErrorKind};

use super::message::Fetch;
use super::status::Status;
use super::stream::{Next, Stream};
use crate::salesforce::SalesforceSandbox;

/// How often a waiting stream looks whether something happened.
const LOOK: Duration = Duration::from_secs(1);
/// A caller does not wait longer for a message.
const SILENCE: Duration = Duration::from_secs(300);

/// Reaches an org's Pub/Sub API without a socket; waiting is done on `clock`.
#[derive(Debug)]
pub struct EventLine {
    sandbox: Arc<SalesforceSandbox>,
    clock: Arc<dyn Clock>,
}

impl EventLine {
    /// Reaches `sandbox`; `clock` is the caller's.
    pub fn new(sandbox: Arc<SalesforceSandbox>, clock: Arc<dyn Clock>) -> Self {
        Self { sandbox, clock }
    }

    async fn turn(&self, request: Request, conversation: &Conversation) -> Result<Response, TransportError> {
        let error = |kind, detail: &str| TransportError::new(kind, "POST Subscribe", detail);
        let fetch = Fetch::decode(request.body().as_ref())
            .map_err(|bad| error(TransportErrorKind::Refused, &bad.to_string()))?;
        let asks = !request.body().is_empty();
        let mut stream = match conversation.take::<Stream>() {
            Some(mut stream) => {
                if asks && let Err(status) = stream.more(&self.sandbox, &fetch) {
                    return Ok(answer(&status));
                }
                stream
            }
            None if !asks => return Err(error(TransportErrorKind::Refused, "the stream is not open")),
            None => match self.sandbox.event_stream(request.headers(), &fetch) {
                Ok(stream) => stream,
                Err(status) => return Ok(answer(&status)),
            },
        };
        let begun = self.clock.elapsed();
        while self.clock.elapsed().saturating_sub(begun) < SILENCE {
            match stream.next(&self.sandbox) {
                Next::Message(message) => {
                    conversation.keep(stream);
                    return Ok(Response::new(message.encode_to_vec().into()));
                }
                Next::End(status) => return Ok(answer(&status)),
                Next::Nothing => self.clock.sleep(LOOK).await,
            }
        }
        Err(error(TransportErrorKind::Unknown, "nothing came"))
    }
}

#[async_trait]
impl HttpTransport for EventLine {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        match request.extensions().get::<Conversation>().cloned() {
            Some(conversation) => self.turn(request, &conversation).await,
            None => Ok(self
                .sandbox
                .event_call(request.uri().path(), request.headers(), request.body())
                .map_or_else(|status| answer(&status), Response::new)),
        }
    }
}

fn answer(status: &Status) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status.http()).unwrap_or_default();
    for (name, value) in status.trailers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
