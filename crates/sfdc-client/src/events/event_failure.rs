//! Why there are no events, and what to do then.

use std::time::Duration;

use wire::{Response, TransportError};

/// Where the Pub/Sub API tells what is wrong.
const ERROR_CODE: &str = "error-code";
/// Where gRPC tells it.
const GRPC_STATUS: &str = "grpc-status";
/// In its own words.
const GRPC_MESSAGE: &str = "grpc-message";

/// Why there are no events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {detail}")]
#[non_exhaustive]
pub struct EventFailure {
    /// What to do.
    pub class: EventFailureClass,
    /// What was asked.
    pub what: String,
    /// What the org, or the network, said.
    pub detail: String,
}

/// What to do about missing events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventFailureClass {
    /// The session was refused, with a new one too.
    Session,
    /// The place in the stream is not known to the org.
    Place,
    /// The day's deliveries are used up: polling has to do, for hours.
    Quota,
    /// The topic is not there, or not for us: events are not switched on for the object, or the user
    /// lacks View All.
    Topic,
    /// The stream was silent for longer than the org ever is.
    Silence,
    /// The stream ended in order: the org closes streams on which nothing is asked for.
    Ended,
    /// Something that passes.
    Transient,
    /// We may not ask, or nothing can be sent at all: again in vain until something is changed.
    Refused,
    /// What came is not what was asked for.
    Malformed,
}

impl EventFailureClass {
    /// What the reader can do, where it is not only waiting.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::Topic => Some(
                "select the objects for Change Data Capture (`ml-connector salesforce setup` does) and give the user View All on them; until then polling does the work",
            ),
            Self::Quota => Some(
                "the daily deliveries of events are used up, by all subscribers of the org together; polling does the work until they come back",
            ),
            Self::Session => Some("look at the connected app's policies and at the user"),
            _ => None,
        }
    }

    /// How long to stay off, where that is known better than by trying.
    pub(crate) fn pause(self) -> Option<Duration> {
        match self {
            Self::Quota | Self::Topic | Self::Refused => Some(Duration::from_secs(60 * 60)),
            Self::Place | Self::Ended => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// Whether polling should take over at once.
    pub(crate) fn is_lasting(self) -> bool {
        matches!(self, Self::Quota | Self::Topic | Self::Refused | Self::Session | Self::Silence)
    }
}

impl EventFailure {
    pub(crate) fn malformed(what: &str, detail: impl Into<String>) -> Self {
        Self { class: EventFailureClass::Malformed, what: what.to_owned(), detail: detail.into() }
    }

    /// What an answer that is no message says.
    pub(crate) fn told(what: &str, answer: &Response) -> Self {
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (code, status, words) = (header(ERROR_CODE), header(GRPC_STATUS), header(GRPC_MESSAGE));
        let class = match answer.status().as_u16() {
            204 => EventFailureClass::Ended,
            http => by_code(&code).unwrap_or_else(|| by_status(http)),
        };
        let detail = [code, words, format!("gRPC status {status}")];
        let detail: Vec<String> = detail.into_iter().filter(|part| !part.is_empty()).collect();
        Self { class, what: what.to_owned(), detail: detail.join(", ") }
    }

    /// What no answer means, after a wait of this length.
    pub fn lost(error: &TransportError, waited: Duration) -> Self {
        use wire::TransportErrorKind::{Denied, Refused, Unknown};
        let class = match error.kind {
            Refused => EventFailureClass::Refused,
            Denied => EventFailureClass::Session,
            // The org sends something every 270 s.
            Unknown if waited >= Duration::from_secs(270) => EventFailureClass::Silence,
            _ => EventFailureClass::Transient,
        };
        Self { class, what: error.what.clone(), detail: error.detail.clone() }
    }
}

/// What the Pub/Sub API's own codes mean (Pub/Sub API guide, "Handle Errors").
fn by_code(code: &str) -> Option<EventFailureClass> {
    let code = code.strip_prefix("sfdc.platform.eventbus.grpc.")?;
    [
        ("subscription.fetch.replayid.", EventFailureClass::Place),
        ("service.auth.", EventFailureClass::Session),
        ("subscription.limit.exceeded", EventFailureClass::Quota),
        ("topic.", EventFailureClass::Topic),
    ]
    .into_iter()
    .find_map(|(prefix, class)| code.starts_with(prefix).then_some(class))
}

fn by_status(status: u16) -> EventFailureClass {
    match status {
        401 => EventFailureClass::Session,
        403 | 404 => EventFailureClass::Topic,
        429 => EventFailureClass::Quota,
        400 | 412 | 501 => EventFailureClass::Refused,
        _ => EventFailureClass::Transient,
    }
}

/// Whether a session has expired and a new one may help, for the token layer.
pub fn is_session_refused(answer: &Response) -> bool {
    answer.status().is_client_error() && EventFailure::told("", answer).class == EventFailureClass::Session
}

#[cfg(test)]
mod tests {
    use wire::scripted::answer;

    use super::*;

    #[test]
    fn failures_have_the_class_that_says_what_to_do() {
        use EventFailureClass::*;
        for (status, code, class) in [
            (400, "sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted", Place),
            (400, "sfdc.platform.eventbus.grpc.subscription.fetch.replayid.validation.failed", Place),
            (401, "sfdc.platform.eventbus.grpc.service.auth.error", Session),
            (403, "sfdc.platform.eventbus.grpc.service.auth.refresh.invalid", Session),
            (429, "sfdc.platform.eventbus.grpc.subscription.limit.exceeded", Quota),
            (403, "", Topic),
            (404, "", Topic),
            (400, "", Refused),
            (503, "", Transient),
            (500, "something.new", Transient),
            (204, "", Ended),
        ] {
            let failure = EventFailure::told("subscribing", &answer(status, &[(ERROR_CODE, code)], ""));
            assert_eq!(failure.class, class, "{status} {code}");
        }
        assert!(is_session_refused(&answer(401, &[], "")));
        assert!(!is_session_refused(&answer(403, &[], "")));
    }
}
