//! Sends one change and types what comes back.

use http::StatusCode;
use http::header::{HeaderMap, LOCATION};
use jiff::Timestamp;
use url::Url;
use wire::{Call, Evidence, Response};

use crate::monitor::Monitor;
use crate::prefer::Applied;
use crate::service::Outgoing;
use crate::{Change, ETag, Entity, ODataError, Service};

/// A change that the server made.
#[derive(Debug, Clone)]
pub struct Written {
    /// Which success it was; servers answer the same change with `200`, `201`, `202` or `204`.
    pub status: StatusCode,
    /// The row as it is now (or the answer of an action), if the server sent it.
    pub entity: Option<String>,
    /// The version of the row now, from the header or else from the row.
    pub etag: Option<ETag>,
    /// Where the row is (`Location`), as it came.
    pub location: Option<String>,
    /// Which row it is (`OData-EntityId`), as it came.
    pub entity_id: Option<String>,
    /// Which preferences were followed.
    pub applied: Applied,
    /// The server's clock when it answered.
    pub date: Option<Timestamp>,
    /// The audit entry that holds the answer.
    pub evidence: Option<Evidence>,
    pub(crate) operation: &'static str,
}

/// What came of a change that was not refused.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is made.
    Written(Box<Written>),
    /// The server works on it and answers later; only if `respond-async` was preferred.
    Accepted(Monitor),
}

impl Outcome {
    /// What was written; `None` if the server still works on it.
    pub fn written(self) -> Option<Written> {
        match self {
            Self::Written(written) => Some(*written),
            Self::Accepted(_) => None,
        }
    }
}

impl Service {
    /// Sends `change`. `operation` names the call in audit and limits. Any success status counts;
    /// a refusal is an [`ODataError::Status`] whose [`reason`](crate::StatusError::reason) says what
    /// to do next.
    ///
    /// A change with an exact ETag may be sent again by the retry layer: a `412` then may mean that
    /// the first landing succeeded, so read the row before you call it a conflict.
    pub async fn write(&self, operation: &'static str, change: &Change) -> Result<Outcome, ODataError> {
        if !change.references().is_empty() {
            let why = "it refers to a part of a batch, but is sent alone".into();
            return Err(ODataError::Unaskable { operation, why });
        }
        let needs = change.needs();
        self.guard.check(operation, &needs)?;
        let url = self.url(operation, change.resource.path(), &change.query.encoded())?;
        let outgoing = Outgoing {
            method: change.method.clone(),
            headers: change.headers(),
            body: change.bytes(operation)?,
        };
        let call = Call::new(operation, change.effect()).about(change.records.clone());
        let answer = self.send(call, &url, outgoing).await;
        let response = answer.inspect_err(|error| self.guard.learn(&needs, error))?;
        if change.prefer.respond_async
            && let Some(monitor) = Monitor::read(self, operation, &url, &response)?
        {
            return Ok(Outcome::Accepted(monitor));
        }
        written(operation, &url, &response).map(|written| Outcome::Written(Box::new(written)))
    }
}

/// Reads the answer to a change; the status is a success.
pub(crate) fn written(
    operation: &'static str,
    url: &Url,
    response: &Response,
) -> Result<Written, ODataError> {
    let headers = response.headers();
    let mut written = Written {
        status: response.status(),
        entity: None,
        etag: header(headers, "etag").and_then(|text| ETag::new(text).ok()),
        location: header(headers, LOCATION.as_str()),
        entity_id: header(headers, "odata-entityid").or_else(|| header(headers, "entityid")),
        applied: Applied::read(headers),
        date: crate::refusal::date(headers),
        evidence: response.extensions().get::<Evidence>().copied(),
        operation,
    };
    if !response.body().trim_ascii().is_empty() {
        let entity = Entity::read(operation, url.clone(), response)?;
        written.etag = written.etag.or_else(|| ETag::new(entity.etag?).ok());
        written.entity = Some(entity.text);
    }
    Ok(written)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use wire::scripted::{Scripted, answer, clock};
    use wire::{Effect, TransportError, TransportErrorKind};

    use super::*;
    use crate::{Body, Key, Precondition, Prefer, Reason, Resource, Return};

    const JSON: (&str, &str) = ("content-type", "application/json");

    fn service(steps: Vec<Result<Response, TransportError>>) -> (Arc<Scripted>, Service) {
        let script = Scripted::new(&clock(), Duration::ZERO, steps);
        let root: Url = "https://h.example/int/S.svc/".parse().unwrap();
        (script.clone(), Service::new(script, root))
    }

    fn row() -> Resource {
        Resource::set("CustomerSet").key(&Key::text("C1"))
    }

    fn exact() -> Precondition {
        Precondition::Exact(ETag::new("W/\"a==\"").unwrap())
    }

    fn name() -> Body {
        Body::new().set("Name", "Ann")
    }

    #[tokio::test]
    async fn each_change_says_what_it_is() {
        let (script, service) = service(vec![Ok(answer(204, &[], ""))]);
        let prefer = Prefer { returning: Some(Return::Minimal), ..Prefer::default() };
        let set = Resource::set("CustomerSet");
        let changes = [
            (Change::create(set, name()), "POST", None, Effect::Append),
            (Change::update(row(), name(), exact()).prefer(prefer), "PATCH", Some("W/\"a==\""), Effect::Put),
            (Change::update(row(), name(), Precondition::Any), "PATCH", Some("*"), Effect::Append),
            (Change::upsert(row(), name()), "PATCH", None, Effect::Append),
            (Change::replace(row(), name(), exact()), "PUT", Some("W/\"a==\""), Effect::Put),
            (Change::delete(row(), exact()), "DELETE", Some("W/\"a==\""), Effect::Put),
        ];
        for (change, method, condition, effect) in &changes {
            service.write("t.write", change).await.unwrap();
            let seen = script.seen();
            let (_, request) = seen.last().unwrap();
            assert_eq!(request.method(), *method);
            let if_match = request.headers().get("if-match").map(|value| value.to_str().unwrap());
            assert_eq!(if_match, *condition, "{method}");
            assert_eq!(request.extensions().get::<Call>().unwrap().effect, *effect, "{method}");
            assert!(!request.headers().contains_key("if-none-match"));
            let has_body = *method != "DELETE";
            assert_eq!(request.headers().contains_key("content-type"), has_body);
            assert_eq!(request.body().as_ref(), if has_body { &b"{\"Name\":\"Ann\"}"[..] } else { b"" });
        }
        assert_eq!(script.seen()[1].1.headers()["prefer"], "return=minimal");
    }

    #[tokio::test]
    async fn any_success_is_a_success_and_an_etag_stays_as_it_came() {
        let body = r#"{"@odata.etag":"W/\"b==\"","CustomerId":"C9"}"#;
        let place = [JSON, ("location", "https://h.example/int/S.svc/CustomerSet('C9')")];
        let (_, service) = service(vec![
            Ok(answer(201, &place, body)),
            Ok(answer(204, &[("etag", "W/\"c\""), ("OData-EntityID", "CustomerSet('C1')")], "")),
            Ok(answer(202, &[("location", "x")], "")),
        ]);
        let change = Change::create(Resource::set("CustomerSet"), name());
        let created = service.write("t", &change).await.unwrap().written().unwrap();
        assert_eq!(created.etag.unwrap().as_str(), "W/\"b==\"");
        assert_eq!((created.entity.as_deref(), created.location.is_some()), (Some(body), true));
        let changed = service.write("t", &change).await.unwrap().written().unwrap();
        assert_eq!(changed.etag.unwrap().as_str(), "W/\"c\"");
        assert_eq!(changed.entity_id.as_deref(), Some("CustomerSet('C1')"));
        assert_eq!(service.write("t", &change).await.unwrap().written().unwrap().status, 202);
    }

    #[tokio::test]
    async fn refusals_say_what_to_do_next() {
        let refusal = |code: &str| format!("{{\"error\":{{\"code\":\"{code}\",\"message\":\"m\"}}}}");
        for (status, code, reason) in [
            (412, "X", Reason::Moved),
            (428, "X", Reason::ConditionMissing),
            (400, "ODP_MISSING_PRECONDITION", Reason::ConditionMissing),
            (412, "ODP_MISSING_PRECONDITION", Reason::ConditionMissing),
            (404, "X", Reason::NotFound),
            (409, "X", Reason::Conflict),
            (410, "X", Reason::Gone),
            (423, "X", Reason::Locked),
            (400, "X", Reason::Other),
        ] {
            let (_, service) = service(vec![Ok(answer(status, &[JSON], &refusal(code)))]);
            let error = service.write("t", &Change::delete(row(), exact())).await.unwrap_err();
            assert_eq!(error.status().unwrap().reason(), reason, "{status} {code}");
            assert!(!error.may_have_acted());
        }
    }

    #[tokio::test]
    async fn whoever_cannot_read_the_answer_does_not_know() {
        let lost = TransportError::new(TransportErrorKind::Unknown, "x", "y");
        let steps = vec![
            Ok(answer(201, &[JSON], "{\"CustomerId\":")),
            Ok(answer(200, &[("content-type", "text/html")], "<html>")),
            Ok(answer(200, &[JSON], "{\"error\":{\"code\":\"E\",\"message\":\"\"}}")),
            Err(lost),
        ];
        let (_, service) = service(steps);
        for _ in 0..4 {
            let error = service.write("t", &Change::update(row(), name(), exact())).await.unwrap_err();
            assert!(error.may_have_acted(), "{error}");
        }
    }

    #[tokio::test]
    async fn what_makes_no_request_is_not_sent() {
        let (script, service) = service(vec![Ok(answer(204, &[], ""))]);
        let twice = Change::create(Resource::set("S"), name().null("Name"));
        let alone = Change::update(crate::PartId(1).resource(), name(), exact());
        for change in [twice, alone] {
            let error = service.write("t", &change).await.unwrap_err();
            assert!(matches!(error, ODataError::Unaskable { .. }));
        }
        assert_eq!(script.count(), 0);
    }

    #[tokio::test]
    async fn a_server_that_answers_later_is_asked_later() {
        let place = [("location", "monitor/7"), ("retry-after", "5")];
        let done = [("asyncresult", "204"), ("etag", "\"n\"")];
        let failed = [("asyncresult", "412")];
        let (script, service) = service(vec![
            Ok(answer(202, &place, "")),
            Ok(answer(202, &[("retry-after", "9")], "")),
            Ok(answer(200, &done, "")),
            Ok(answer(200, &failed, "")),
            Ok(answer(202, &[("location", "https://evil.example/x")], "")),
        ]);
        let prefer = Prefer { respond_async: true, ..Prefer::default() };
        let change = Change::update(row(), name(), exact()).prefer(prefer);
        let Outcome::Accepted(monitor) = service.write("t", &change).await.unwrap() else { panic!("later") };
        assert_eq!(monitor.retry_after, Some(Duration::from_secs(5)));
        let Outcome::Accepted(monitor) = service.ask_again("t", &monitor).await.unwrap() else {
            panic!("still later")
        };
        assert_eq!(monitor.retry_after, Some(Duration::from_secs(9)));
        let written = service.ask_again("t", &monitor).await.unwrap().written().unwrap();
        assert_eq!((written.status.as_u16(), written.etag.unwrap().as_str()), (204, "\"n\""));
        let error = service.ask_again("t", &monitor).await.unwrap_err();
        assert_eq!(error.status().unwrap().reason(), Reason::Moved);
        assert_eq!(script.seen()[1].1.uri(), "https://h.example/int/S.svc/monitor/7");
        let foreign = service.write("t", &change).await.unwrap_err();
        assert!(foreign.may_have_acted(), "it was accepted, wherever the link leads");
    }
}
