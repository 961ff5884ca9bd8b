//! The JSON form of OTLP: what is posted to `/v1/traces` and `/v1/metrics`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::span::{Span, Value};
use crate::daemon::{MetricKind, MetricRow};

/// Our name.
const SERVICE: &str = "ml-connector";

/// Finished spans.
pub(crate) fn traces(spans: &[Span]) -> Json {
    let spans: Vec<Json> = spans.iter().map(span).collect();
    let scope = json!({ "scope": scope(), "spans": spans });
    json!({ "resourceSpans": [{ "resource": resource(), "scopeSpans": [scope] }] })
}

/// Metrics as they stand at `now`; counters count since `since`.
pub(crate) fn metrics(rows: &[MetricRow], since: Timestamp, now: Timestamp) -> Json {
    let of_one_metric = rows.chunk_by(|left, right| left.metric == right.metric);
    let metrics: Vec<Json> = of_one_metric.map(|rows| metric(rows, since, now)).collect();
    let scope = json!({ "scope": scope(), "metrics": metrics });
    json!({ "resourceMetrics": [{ "resource": resource(), "scopeMetrics": [scope] }] })
}

fn scope() -> Json {
    json!({ "name": SERVICE, "version": env!("CARGO_PKG_VERSION") })
}

fn resource() -> Json {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    json!({ "attributes": [text("service.name", SERVICE), text("service.version", env!("CARGO_PKG_VERSION"))] })
}

fn nanoseconds(at: Timestamp) -> String {
    at.as_nanosecond().max(0).to_string()
}

fn span(span: &Span) -> Json {
    let ended = span.began.checked_add(signed(span.took)).unwrap_or(span.began);
    let attributes: Vec<Json> =
        span.attributes.iter().map(|(key, value)| json!({ "key": key, "value": attribute(value) })).collect();
    let mut json = json!({
        "traceId": format!("{:032x}", span.trace),
        "spanId": format!("{:016x}", span.id),
        "name": span.name,
        // A call leaves the process, everything else happens inside.
        "kind": if span.name == "call" { 3 } else { 1 },
        "startTimeUnixNano": nanoseconds(span.began),
        "endTimeUnixNano": nanoseconds(ended),
        "attributes": attributes,
        "status": span.error().map_or_else(|| json!({}), |error| json!({ "code": 2, "message": error })),
    });
    if let (Some(parent), Some(members)) = (span.parent, json.as_object_mut()) {
        members.insert("parentSpanId".into(), format!("{parent:016x}").into());
    }
    json
}

fn signed(span: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(span).unwrap_or(jiff::SignedDuration::ZERO)
}

fn attribute(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!({ "stringValue": text }),
        // Whole numbers are texts in this form.
        Value::Whole(number) => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::Truth(truth) => json!({ "boolValue": truth }),
    }
}

/// A metric's name and unit by the semantic conventions: a collector makes the Prometheus name of it again.
fn named(name: &str) -> (String, &'static str) {
    let name = name.strip_suffix("_total").unwrap_or(name);
    let (name, unit) = [("_seconds", "s"), ("_ratio", "1")]
        .into_iter()
        .find_map(|(end, unit)| Some((name.strip_suffix(end)?, unit)))
        .unwrap_or((name, ""));
    (name.replacen("mlc_", "mlc.", 1).replacen("flow_", "flow.", 1).replacen("system_", "system.", 1), unit)
}

fn metric(rows: &[MetricRow], since: Timestamp, now: Timestamp) -> Json {
    let Some(first) = rows.first() else { return Json::Null };
    let counts = first.metric.kind == MetricKind::Counter;
    let points: Vec<Json> = rows.iter().map(|row| point(row, counts.then_some(since), now)).collect();
    let (name, unit) = named(first.metric.name);
    let mut json = json!({ "name": name, "description": first.metric.help, "unit": unit });
    let (member, data) = if counts {
        ("sum", json!({ "dataPoints": points, "aggregationTemporality": 2, "isMonotonic": true }))
    } else {
        ("gauge", json!({ "dataPoints": points }))
    };
    if let Some(members) = json.as_object_mut() {
        members.insert(member.into(), data);
    }
    json
}

fn point(row: &MetricRow, since: Option<Timestamp>, now: Timestamp) -> Json {
    let labels = row.metric.labels.iter().zip(&row.labels);
    let attributes: Vec<Json> =
        labels.map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect();
    let mut json =
        json!({ "attributes": attributes, "timeUnixNano": nanoseconds(now), "asDouble": row.value });
    if let (Some(since), Some(members)) = (since, json.as_object_mut()) {
        members.insert("startTimeUnixNano".into(), nanoseconds(since).into());
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_the_form_that_the_specification_asks_for() {
        let span = Span {
            trace: 0x5b8a_a5a2_d2c8_72e8_321c_f373_08d6_9df2,
            id: 0x051_581b_f3cb_55c1,
            parent: Some(1),
            name: "call",
            began: "2026-11-27T12:00:00Z".parse().unwrap(),
            since: Duration::ZERO,
            took: Duration::from_millis(1500),
            attributes: vec![
                ("system", Value::Text("ifs".into())),
                ("http.response.status_code", Value::Whole(503)),
                ("error", Value::Text("503".into())),
            ],
        };
        let sent = traces(&[span]);
        let span = &sent["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], "5b8aa5a2d2c872e8321cf37308d69df2");
        assert_eq!(
            (&span["spanId"], &span["parentSpanId"]),
            (&"0051581bf3cb55c1".into(), &"0000000000000001".into())
        );
        assert_eq!(span["startTimeUnixNano"], "1795780800000000000");
        assert_eq!(span["endTimeUnixNano"], "1795780801500000000");
        assert_eq!(
            span["attributes"][1],
            json!({ "key": "http.response.status_code", "value": { "intValue": "503" } })
        );
        assert_eq!((&span["kind"], &span["status"]["code"]), (&3.into(), &2.into()));
        let service = &sent["resourceSpans"][0]["resource"]["attributes"][0];
        assert_eq!(service, &json!({ "key": "service.name", "value": { "stringValue": "ml-connector" } }));
    }

    #[test]
    fn names_and_units_follow_the_conventions() {
        assert_eq!(named("mlc_flow_age_seconds"), ("mlc.flow.age".into(), "s"));
        assert_eq!(named("mlc_flow_runs_total"), ("mlc.flow.runs".into(), ""));
        assert_eq!(named("mlc_flow_run_seconds_total"), ("mlc.flow.run".into(), "s"));
        assert_eq!(named("mlc_system_quota_left_ratio"), ("mlc.system.quota_left".into(), "1"));
    }
}
