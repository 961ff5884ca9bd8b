//! Answers that come later: `202 Accepted` with the place where to ask (OData Protocol 11.6).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use wire::scripted::{Scripted, answer, clock};
//! # let place = ("location", "https://host.example/ReportHandling.svc/status/7");
//! # let steps = vec![
//! #   Ok(answer(202, &[place, ("retry-after", "2")], "")),
//! #   Ok(answer(202, &[place], "")),
//! #   Ok(answer(200, &[("content-type", "application/json"), ("asyncresult", "200")], r#"{"ReportId":"R7"}"#)),
//! # ];
//! # let transport = Scripted::new(&clock(), std::time::Duration::ZERO, steps);
//! use odata_client::{Body, Change, Outcome, Precondition, Prefer, Resource, Service};
//!
//! let service = Service::new(transport, "https://host.example/ReportHandling.svc/".parse()?);
//! let run = Change::action(Resource::set("RunReport"), Body::new().set("Kind", "Sales"), Precondition::None)
//!     .prefer(Prefer { respond_async: true, ..Prefer::default() });
//! let mut outcome = service.write("report.run", &run).await?;
//! while let Outcome::Accepted(monitor) = outcome {
//!     // Here a program waits for `monitor.retry_after`; its address can be stored and asked later.
//!     outcome = service.ask_again("report.poll", &monitor).await?;
//! }
//! assert!(outcome.written().and_then(|written| written.entity).is_some_and(|row| row.contains("R7")));
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use http::{Method, StatusCode};
use url::Url;
use wire::{Call, Effect, Response};

use crate::batch::message;
use crate::service::Outgoing;
use crate::{ODataError, Outcome, Prefer, Read, Reply, Service, refusal};

/// Where the server says later what came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    url: Url,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
}

/// What a monitor says.
#[derive(Debug, Clone)]
pub enum Polled {
    /// The server still works: ask again, after the time that it asks for.
    Pending(Monitor),
    /// This is what came of it.
    Ready(Box<Reply>),
}

impl Monitor {
    /// The monitor at a stored address, which must be one of `service`.
    pub fn at(service: &Service, operation: &'static str, address: &str) -> Result<Self, ODataError> {
        let url = service.resolve(operation, service.root(), address)?;
        Ok(Self { url, retry_after: None })
    }

    /// Where it is, to be stored.
    pub fn address(&self) -> &str {
        self.url.as_str()
    }

    /// The monitor that an answer names; `None` if it names none. One outside of the service is an
    /// error: nothing is asked there.
    pub(crate) fn read(
        service: &Service,
        operation: &'static str,
        from: &Url,
        response: &Response,
    ) -> Result<Option<Self>, ODataError> {
        if response.status() != StatusCode::ACCEPTED {
            return Ok(None);
        }
        let Some(place) = response.headers().get(LOCATION) else { return Ok(None) };
        // Not a foreign link: that would say that the server did nothing, and it may have.
        let malformed = |why: String| ODataError::Malformed {
            operation,
            what: "accepted answer",
            place: "header Location".into(),
            why,
        };
        let place = place.to_str().map_err(|_| malformed("ORIGIN_VIOLATION: it is not ASCII".into()))?;
        let url = wire::origin::resolve_from(service.root(), from, place)
            .map_err(|source| malformed(source.to_string()))?;
        Ok(Some(Self { url, retry_after: refusal::retry_after(response.headers()) }))
    }
}

impl Service {
    /// Sends `read` and lets the server answer later (`respond-async`). It may answer at once all the
    /// same.
    pub async fn read_later(&self, operation: &'static str, read: &Read) -> Result<Polled, ODataError> {
        let prefer = Prefer { respond_async: true, ..read.prefer.clone() };
        let (url, response) = self.fetch(operation, &read.clone().prefer(prefer), HeaderMap::new()).await?;
        match Monitor::read(self, operation, &url, &response)? {
            Some(monitor) => Ok(Polled::Pending(monitor)),
            None => Ok(Polled::Ready(Box::new(Reply { operation, url, response }))),
        }
    }

    /// Asks what came of a request that the server accepted. Its own status stands in `AsyncResult`,
    /// or in the whole answer that the body holds (OData Protocol 8.3.1 and 11.6); a refusal is an
    /// error.
    pub async fn poll(&self, operation: &'static str, monitor: &Monitor) -> Result<Polled, ODataError> {
        let call = Call::new(operation, Effect::Read);
        let mut response = self.send(call, &monitor.url, Outgoing::get(HeaderMap::new())).await?;
        if response.status() == StatusCode::ACCEPTED {
            let retry_after = refusal::retry_after(response.headers());
            let moved = Monitor::read(self, operation, &monitor.url, &response)?;
            let same = Monitor { url: monitor.url.clone(), retry_after };
            return Ok(Polled::Pending(moved.unwrap_or(same)));
        }
        if let Some(inner) = wrapped(operation, &response)? {
            response = inner;
        } else if let Some(status) = async_result(response.headers()) {
            *response.status_mut() = status;
        }
        if !response.status().is_success() {
            let error = Box::new(refusal::from_response(&response));
            return Err(ODataError::Status { operation, error });
        }
        let url = monitor.url.clone();
        Ok(Polled::Ready(Box::new(Reply { operation, url, response })))
    }

    /// As [`poll`](Self::poll), for what came of a change.
    pub async fn ask_again(&self, operation: &'static str, monitor: &Monitor) -> Result<Outcome, ODataError> {
        match self.poll(operation, monitor).await? {
            Polled::Pending(monitor) => Ok(Outcome::Accepted(monitor)),
            Polled::Ready(reply) => reply.written().map(|written| Outcome::Written(Box::new(written))),
        }
    }

    /// Asks the server to give up what it accepted. It may have done it already.
    pub async fn cancel(&self, operation: &'static str, monitor: &Monitor) -> Result<(), ODataError> {
        let mut outgoing = Outgoing::get(HeaderMap::new());
        outgoing.method = Method::DELETE;
        self.send(Call::new(operation, Effect::Put), &monitor.url, outgoing).await.map(drop)
    }
}

/// The answer that stands in the body, as servers of OData 4.0 send it.
fn wrapped(operation: &'static str, response: &Response) -> Result<Option<Response>, ODataError> {
    let kind = response.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with(b"application/http") {
        return Ok(None);
    }
    let Some(mut inner) = message::response(response.body()) else {
        return Err(ODataError::Malformed {
            operation,
            what: "accepted answer",
            place: "byte 0".into(),
            why: "its body is no answer of HTTP".into(),
        });
    };
    *inner.extensions_mut() = response.extensions().clone();
    Ok(Some(inner))
}

fn async_result(headers: &HeaderMap) -> Option<StatusCode> {
    StatusCode::from_bytes(headers.get("asyncresult")?.as_bytes()).ok()
}
