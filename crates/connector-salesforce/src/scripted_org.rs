//! An org whose answers the test writes, and that remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use wire::{Clock, HttpTransport, Request, Response, Timestamp, TransportError, TransportErrorKind};

/// One answer.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16, String),
    Lost,
    Unreached,
}

/// Answers describes by itself and everything else in the order of the script.
#[derive(Debug, Default)]
pub(crate) struct ScriptedOrg {
    pub(crate) answers: Mutex<VecDeque<Answer>>,
    pub(crate) asked: Mutex<Vec<(String, String)>>,
}

const DESCRIBE: &str = r#"{"name":"Account","createable":true,"updateable":true,"queryable":true,"fields":[
    {"name":"IFS_Key__c","type":"string","length":100,"externalId":true,"unique":true,"caseSensitive":false},
    {"name":"Name","type":"string","length":255},{"name":"Limit__c","type":"currency","precision":18,"scale":2}]}"#;

/// The object of the script.
pub(crate) fn object() -> crate::schema::Object {
    crate::schema::Object::of(serde_json::from_str(DESCRIBE).expect("a description"), "IFS_Key__c")
}

impl ScriptedOrg {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() }
    }

    /// Path and body of every call but describes.
    pub(crate) fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl HttpTransport for ScriptedOrg {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let response = |status: u16, body: String| {
            http::Response::builder().status(status).body(Bytes::from(body)).expect("a response")
        };
        if path.ends_with("/describe") {
            return Ok(response(200, DESCRIBE.to_owned()));
        }
        let body = String::from_utf8_lossy(request.body()).into_owned();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((path, body));
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match answer.expect("the script has an answer for every call") {
            Answer::Status(status, body) => Ok(response(status, body)),
            Answer::Lost => {
                Err(TransportError::new(TransportErrorKind::Unknown, "reading the answer", "reset"))
            }
            Answer::Unreached => {
                Err(TransportError::new(TransportErrorKind::Unreached, "connecting", "refused"))
            }
        }
    }
}

/// A clock on which sleeping takes no time.
#[derive(Debug, Default)]
pub(crate) struct StillClock;

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
    async fn sleep(&self, _: Duration) {}
}
