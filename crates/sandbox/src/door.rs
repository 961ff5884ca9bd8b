//! The door for whoever runs the experiment: stats, faults and the clock of a served gate.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use wire::{Request, Response};

use crate::fault_plan::{NoFaults, Rate, Scripted, ScriptedFault, SeededRates};
use crate::gate::Gate;
use crate::journal::Journal;

/// Where the door is.
pub const PREFIX: &str = "/sandbox/";

/// The body of `POST /sandbox/faults`.
///
/// ```json
/// {"plan": "script", "faults": [{"from": 3, "only": {"kind": "page"}, "fault": {"kind": "malformed_json"}}]}
/// {"plan": "rates", "seed": 7, "rates": [{"per_mille": 50, "fault": {"kind": "lost_answer"}}]}
/// {"plan": "none"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "plan", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultOrder {
    /// Nothing goes wrong.
    None,
    /// Counted calls go wrong.
    Script {
        /// The lines.
        faults: Vec<ScriptedFault>,
    },
    /// Chance decides.
    Rates {
        /// What it is drawn from.
        seed: u64,
        /// How often each fault strikes.
        rates: Vec<Rate>,
    },
}

#[derive(Serialize)]
struct Stats<'a> {
    #[serde(flatten)]
    journal: &'a Journal,
    pending: usize,
    figures: BTreeMap<String, u64>,
}

/// Answers a request under [`PREFIX`].
pub(crate) fn answer(gate: &Gate, request: &Request) -> Response {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/sandbox/stats") => {
            let stats = Stats {
                journal: &gate.journal(),
                pending: gate.pending(),
                figures: gate.endpoint().figures(),
            };
            reply(StatusCode::OK, &stats)
        }
        (&Method::POST, "/sandbox/faults") => faults(gate, request),
        (&Method::POST, "/sandbox/clock") => clock(gate, request),
        (_, path) => {
            gate.settle_due();
            gate.endpoint().door(request).unwrap_or_else(|| {
                complain(StatusCode::NOT_FOUND, &format!("no {} {path} at this door", request.method()))
            })
        }
    }
}

fn faults(gate: &Gate, request: &Request) -> Response {
    match serde_json::from_slice::<FaultOrder>(request.body()) {
        Ok(FaultOrder::None) => gate.faults().set(NoFaults),
        Ok(FaultOrder::Script { faults }) => gate.faults().set(Scripted::new(faults)),
        Ok(FaultOrder::Rates { seed, rates }) => gate.faults().set(SeededRates::new(seed, rates)),
        Err(error) => return complain(StatusCode::BAD_REQUEST, &error.to_string()),
    }
    reply(StatusCode::OK, &BTreeMap::from([("ok", true)]))
}

fn clock(gate: &Gate, request: &Request) -> Response {
    let Some(offset) = parameter(request, "offset_ms").and_then(|text| text.parse::<i64>().ok()) else {
        return complain(StatusCode::BAD_REQUEST, "say ?offset_ms=<whole milliseconds, negative is behind>");
    };
    gate.settle_due();
    let clock = gate.endpoint().clock();
    clock.set_offset(SignedDuration::from_millis(offset));
    reply(StatusCode::OK, &BTreeMap::from([("now", clock.now().to_string())]))
}

/// The value of the query parameter `name`, decoded.
pub(crate) fn parameter(request: &Request, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A JSON answer of the door.
pub(crate) fn reply(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A refusal of the door.
pub(crate) fn complain(status: StatusCode, what: &str) -> Response {
    reply(status, &BTreeMap::from([("error", what)]))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::manual_clock::ManualClock;
    use crate::{Endpoint, Outcome, ServerClock};

    #[derive(Debug)]
    struct Quiet(ServerClock);

    impl Endpoint for Quiet {
        fn answer(&self, _request: &Request) -> Response {
            Response::new(Bytes::from_static(b"{}"))
        }

        fn clock(&self) -> &ServerClock {
            &self.0
        }
    }

    fn knock(gate: &Gate, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = http::Request::builder().method(method).uri(path).body(body.to_string().into());
        let response = answer(gate, &request.expect("request"));
        (response.status().as_u16(), serde_json::from_slice(response.body()).expect("json"))
    }

    #[test]
    fn the_door_sets_faults_and_the_clock_and_shows_the_figures() {
        let clock = ServerClock::new(Arc::new(ManualClock::at("2026-03-01T10:00:00Z")));
        let gate = Gate::new(Arc::new(Quiet(clock)));
        let order = json!({"plan": "script", "faults": [{"from": 1, "fault": {"kind": "lost_answer"}}]});
        assert_eq!(knock(&gate, "POST", "/sandbox/faults", &order).0, 200);
        let request = http::Request::post("/x").body(Bytes::new()).expect("request");
        assert!(matches!(gate.call(&request), Outcome::Lost));

        let moved = knock(&gate, "POST", "/sandbox/clock?offset_ms=-5000", &Value::Null);
        assert_eq!(moved, (200, json!({"now": "2026-03-01T09:59:55Z"})));

        let (_, stats) = knock(&gate, "GET", "/sandbox/stats", &Value::Null);
        assert_eq!((&stats["calls"], &stats["faults"]["lost_answer"]), (&json!(1), &json!(1)));
    }

    #[test]
    fn the_door_says_what_it_does_not_understand() {
        let clock = ServerClock::new(Arc::new(ManualClock::at("2026-03-01T10:00:00Z")));
        let gate = Gate::new(Arc::new(Quiet(clock)));
        assert_eq!(knock(&gate, "POST", "/sandbox/faults", &json!({"plan": "chaos"})).0, 400);
        assert_eq!(knock(&gate, "POST", "/sandbox/clock", &Value::Null).0, 400);
        assert_eq!(knock(&gate, "GET", "/sandbox/nothing", &Value::Null).0, 404);
    }
}
