//! Answers that come later: `202 Accepted` with the place where to ask (OData Protocol 11.6).

use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, LOCATION};
use url::Url;
use wire::{Call, Effect, Response};

use crate::service::Outgoing;
use crate::write::written;
use crate::{ODataError, Outcome, Service, refusal};

/// Where the server says later what came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    url: Url,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
}

impl Monitor {
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
        let Some(place) = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()) else {
            return Ok(None);
        };
        let url = wire::origin::resolve_from(service.root(), from, place).map_err(|source| {
            ODataError::Malformed {
                operation,
                // Not a foreign link: that would say that the server did nothing, and it may have.
                what: "accepted answer",
                place: "header Location".into(),
                why: source.to_string(),
            }
        })?;
        Ok(Some(Self { url, retry_after: refusal::retry_after(response.headers()) }))
    }
}

impl Service {
    /// Asks what came of a request that the server accepted. The result's own status stands in
    /// `AsyncResult` (OData Protocol 8.3.1).
    pub async fn ask_again(&self, operation: &'static str, monitor: &Monitor) -> Result<Outcome, ODataError> {
        let call = Call::new(operation, Effect::Read);
        let mut response = self.send(call, &monitor.url, Outgoing::get(HeaderMap::new())).await?;
        if response.status() == StatusCode::ACCEPTED {
            let same = Self::still(monitor, &response);
            let moved = Monitor::read(self, operation, &monitor.url, &response)?;
            return Ok(Outcome::Accepted(moved.unwrap_or(same)));
        }
        if let Some(status) = async_result(response.headers()) {
            *response.status_mut() = status;
        }
        if !response.status().is_success() {
            let error = Box::new(refusal::from_response(&response));
            return Err(ODataError::Status { operation, error });
        }
        written(operation, &response).map(|written| Outcome::Written(Box::new(written)))
    }

    fn still(monitor: &Monitor, response: &Response) -> Monitor {
        Monitor { url: monitor.url.clone(), retry_after: refusal::retry_after(response.headers()) }
    }
}

fn async_result(headers: &HeaderMap) -> Option<StatusCode> {
    StatusCode::from_bytes(headers.get("asyncresult")?.as_bytes()).ok()
}
