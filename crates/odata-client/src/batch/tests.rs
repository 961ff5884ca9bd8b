//! Batches against a server by script.

use std::sync::Arc;
use std::time::Duration;

use wire::scripted::{Scripted, answer, clock};
use wire::{Call, Effect, Response};

use super::*;
use crate::{Body, ETag, Key, Monitor, ODataError, Polled, Precondition, Profile, Query, Resource, Service};

const MULTIPART: (&str, &str) = ("content-type", "multipart/mixed; boundary=\"b\"");
const JSON: (&str, &str) = ("content-type", "application/json");

fn service(steps: Vec<Response>) -> (Arc<Scripted>, Service) {
    let script = Scripted::new(&clock(), Duration::ZERO, steps.into_iter().map(Ok).collect());
    (script.clone(), Service::new(script, "https://h.example/int/S.svc/".parse().unwrap()))
}

fn row(id: &str) -> Resource {
    Resource::set("CustomerSet").key(&Key::text(id))
}

fn name() -> Body {
    Body::new().set("Name", "Ann")
}

fn exact() -> Precondition {
    Precondition::Exact(ETag::new("W/\"a\"").unwrap())
}

/// A read, a group of two, and a change by itself: parts 1 to 4.
fn mixed(format: BatchFormat) -> Batch {
    let mut batch = Batch::new().format(format);
    batch.read(Read::set("CountrySet").query(Query { top: Some(1), ..Query::default() }));
    batch.group(|group| {
        let made = group.change(Change::create(Resource::set("CustomerSet"), name()));
        let condition = Precondition::AsPart(made);
        group.change(Change::update(made.resource(), Body::new().bind("Boss", &made.resource()), condition));
    });
    batch.change(Change::delete(row("C9"), exact()));
    batch
}

fn part(id: &str, rest: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("Content-ID: {id}\r\n") };
    format!("Content-Type: application/http\r\n{id}\r\nHTTP/1.1 {rest}\r\n")
}

/// Parts between boundaries `b`, ended or not.
fn multipart(parts: &[String], ended: bool) -> Response {
    let mut body = String::new();
    for part in parts {
        body.extend(["--b\r\n", part]);
    }
    body.push_str(if ended {
        "--b--\r\n"
    } else {
        "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204"
    });
    answer(200, &[MULTIPART], &body)
}

fn group(members: &[String]) -> String {
    let mut body = "Content-Type: multipart/mixed; boundary=c\r\n\r\n".to_owned();
    body.extend(members.iter().map(|member| format!("--c\r\n{member}")));
    body + "--c--\r\n"
}

/// One letter for each part: written, answered, refused, rolled back, unknown.
fn letters(answer: &BatchAnswer) -> String {
    answer
        .verdicts()
        .map(|(_, verdict)| match verdict {
            Verdict::Written(_) => 'W',
            Verdict::Answered(_) => 'A',
            Verdict::Refused(_) => 'R',
            Verdict::RolledBack { .. } => 'B',
            Verdict::Unknown { .. } => '?',
        })
        .collect()
}

const PAGE: &str = "200 OK\r\nContent-Type: application/json\r\n\r\n{\"value\":[{\"A\":1}]}";
const MADE: &str =
    "201 Created\r\nContent-Type: application/json\r\nETag: W/\"n\"\r\n\r\n{\"CustomerId\":\"C1\"}";
const DONE: &str = "204 No Content\r\nETag: W/\"m\"\r\n\r\n";
const MOVED: &str = "412 Precondition Failed\r\nContent-Type: application/json\r\n\r\n{\"error\":{\"code\":\"MOVED\",\"message\":\"m\"}}";

#[tokio::test]
async fn a_multipart_batch_is_written_as_the_protocol_says() {
    let (script, service) = service(vec![multipart(&[], true)]);
    service.batch("t.batch", &mixed(BatchFormat::Multipart).continue_on_error()).await.unwrap();
    let seen = script.seen();
    let request = &seen[0].1;
    assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/int/S.svc/$batch"));
    assert_eq!(request.headers()["content-type"], "multipart/mixed; boundary=batch_odata");
    assert_eq!(request.headers()["prefer"], "odata.continue-on-error");
    assert_eq!(request.extensions().get::<Call>().unwrap().effect, Effect::Append);
    let accept = "accept: application/json;odata.metadata=minimal;IEEE754Compatible=true\r\n";
    let head = |boundary: &str, id: u8| {
        format!(
            "--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {id}\r\n\r\n"
        )
    };
    let expected = [
        head("batch_odata", 1),
        format!("GET CountrySet?$top=1 HTTP/1.1\r\n{accept}\r\n\r\n"),
        "--batch_odata\r\nContent-Type: multipart/mixed; boundary=changeset_2\r\n\r\n".into(),
        head("changeset_2", 2),
        format!(
            "POST CustomerSet HTTP/1.1\r\ncontent-type: application/json\r\n{accept}Content-Length: 14\r\n\r\n{{\"Name\":\"Ann\"}}\r\n"
        ),
        head("changeset_2", 3),
        format!(
            "PATCH $2 HTTP/1.1\r\ncontent-type: application/json\r\nif-match: $2\r\n{accept}Content-Length: 24\r\n\r\n{{\"Boss@odata.bind\":\"$2\"}}\r\n"
        ),
        "--changeset_2--\r\n".into(),
        head("batch_odata", 4),
        format!("DELETE CustomerSet(%27C9%27) HTTP/1.1\r\nif-match: W/\"a\"\r\n{accept}\r\n\r\n"),
        "--batch_odata--\r\n".into(),
    ];
    assert_eq!(std::str::from_utf8(request.body()).unwrap(), expected.concat());
}

#[tokio::test]
async fn a_json_batch_is_written_as_the_format_says() {
    let (script, service) = service(vec![answer(200, &[JSON], "{\"responses\":[]}")]);
    let mut batch = mixed(BatchFormat::Json);
    let digits = "79228162514264337593543950.10".parse::<rust_decimal::Decimal>().unwrap();
    batch.change(Change::action(
        PartId(2).resource().then("N.Release"),
        Body::new().set("Limit", digits),
        Precondition::None,
    ));
    service.batch("t.batch", &batch).await.unwrap();
    let seen = script.seen();
    let text = std::str::from_utf8(seen[0].1.body()).unwrap();
    assert!(text.contains(r#""body":{"Limit":79228162514264337593543950.10}"#), "{text}");
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    let of = |place: usize, name: &str| json["requests"][place][name].clone();
    assert_eq!(
        (of(0, "id"), of(0, "method"), of(0, "url")),
        ("1".into(), "get".into(), "CountrySet?$top=1".into())
    );
    assert_eq!((of(1, "atomicityGroup"), of(2, "atomicityGroup")), ("g2".into(), "g2".into()));
    assert_eq!(of(1, "dependsOn"), serde_json::Value::Null);
    assert_eq!(of(2, "dependsOn"), serde_json::json!(["2"]), "inside of the group by id");
    assert_eq!(of(2, "headers")["if-match"], "$2");
    assert_eq!(of(3, "headers")["if-match"], "W/\"a\"");
    assert_eq!((of(4, "url"), of(4, "dependsOn")), ("$2/N.Release".into(), serde_json::json!(["g2"])));
}

#[tokio::test]
async fn parts_are_answered_by_id_or_by_place() {
    let by_place =
        multipart(&[part("", PAGE), group(&[part("", MADE), part("", DONE)]), part("", DONE)], true);
    let by_id =
        multipart(&[part("4", DONE), group(&[part("3", DONE), part("2", MADE)]), part("1", PAGE)], true);
    let json = r#"{"responses":[{"id":"4","status":204,"headers":{"ETag":"W/\"m\""}},
        {"id":"2","status":"201","headers":{"etag":"W/\"n\""},"body":{"CustomerId":"C1"}},
        {"id":3,"status":204},{"id":"1","status":200,"body":{"value":[{"A":1}]}},{"id":"77","status":500}]}"#;
    let (_, service) = service(vec![by_place, by_id, answer(200, &[JSON], json)]);
    for _ in 0..3 {
        let batch = mixed(BatchFormat::Multipart);
        let answer = service.batch("t", &batch).await.unwrap();
        assert_eq!(letters(&answer), "AWWW");
        let Verdict::Answered(reply) = answer.verdict(PartId(1)) else { panic!() };
        assert_eq!(reply.page().unwrap().rows().collect::<Vec<_>>(), ["{\"A\":1}"]);
        let Verdict::Written(made) = answer.verdict(PartId(2)) else { panic!() };
        assert_eq!((made.etag.as_ref().unwrap().as_str(), made.entity.is_some()), ("W/\"n\"", true));
        assert!(answer.is_success() && matches!(answer.verdict(PartId(9)), Verdict::Unknown { .. }));
    }
}

#[tokio::test]
async fn the_verdict_on_a_group_is_its_worst_member() {
    let json = |two: u16, three: u16| {
        format!(
            r#"{{"responses":[{{"id":"1","status":200,"body":{{"value":[]}}}},{{"id":"2","status":{two}}},{{"id":"3","status":{three},
            "body":{{"error":{{"code":"X","message":"m"}}}}}},{{"id":"4","status":204}}]}}"#
        )
    };
    let cases = [
        // What some servers say though the first member is rolled back.
        (answer(200, &[JSON], &json(200, 412)), "ABRW", Some(3)),
        (answer(200, &[JSON], &json(424, 409)), "ARRW", Some(3)),
        (multipart(&[part("", PAGE), part("3", MOVED), part("", DONE)], true), "ABRW", Some(3)),
        // The failure of a change set is one answer for all of it.
        (multipart(&[part("", PAGE), part("", MOVED), part("", DONE)], true), "ABBW", None),
        (
            multipart(&[part("", PAGE), group(&[part("2", MADE), part("3", MOVED)]), part("", DONE)], true),
            "ABRW",
            Some(3),
        ),
        // A success is not one.
        (multipart(&[part("", PAGE), part("", DONE), part("", DONE)], true), "A??W", None),
        (multipart(&[part("", PAGE), group(&[part("2", MADE)]), part("", DONE)], true), "A??W", None),
        (multipart(&[part("", PAGE), group(&[part("", MADE)]), part("", DONE)], true), "A??W", None),
        (
            multipart(
                &[part("", PAGE), group(&[part("2", MADE), "x\r\n\r\nno answer\r\n".into()]), part("", DONE)],
                true,
            ),
            "A??W",
            None,
        ),
    ];
    for (response, expected, cause) in cases {
        let (_, service) = service(vec![response.clone()]);
        let answer = service.batch("t", &mixed(BatchFormat::Multipart)).await.unwrap();
        assert_eq!(letters(&answer), expected, "{:?}", String::from_utf8_lossy(response.body()));
        if let Verdict::RolledBack { because_of, error } = answer.verdict(PartId(2)) {
            assert_eq!(because_of.map(|part| part.0), cause);
            assert!(!error.code().is_empty() && !answer.verdict(PartId(2)).may_have_acted());
        }
        assert!(!answer.is_success());
    }
}

#[tokio::test]
async fn what_is_missing_is_unknown_and_what_came_is_true() {
    let cut = "{\"responses\":[{\"id\":\"1\",\"status\":200,\"body\":{\"value\":[]}},{\"id\":\"2\",\"sta";
    let twice = r#"{"responses":[{"id":"4","status":204},{"id":"4","status":412},{"id":"1","status":200}]}"#;
    let unreadable = multipart(&[part("4", "200 OK\r\nContent-Type: application/json\r\n\r\n{\"A\":")], true);
    for (response, expected, why) in [
        (multipart(&[part("", PAGE), group(&[part("", MADE), part("", DONE)])], false), "AWW?", "breaks off"),
        (multipart(&[part("", PAGE)], true), "A???", "says nothing"),
        (multipart(&[part("1", MOVED)], true), "R???", "says nothing"),
        (answer(200, &[JSON], cut), "A???", "breaks off"),
        (answer(200, &[JSON], twice), "A???", "answered twice"),
        (unreadable, "????", "malformed row"),
        (answer(200, &[MULTIPART], ""), "????", "breaks off"),
    ] {
        let (_, service) = service(vec![response]);
        let answer = service.batch("t", &mixed(BatchFormat::Multipart)).await.unwrap();
        assert_eq!(letters(&answer), expected);
        let Verdict::Unknown { why: told } = answer.verdict(PartId(4)) else { panic!("{expected}") };
        assert!(told.contains(why) && answer.verdict(PartId(4)).may_have_acted(), "{told}");
    }
}

#[tokio::test]
async fn a_batch_that_is_refused_as_a_whole_is_an_error() {
    let refusal = r#"{"error":{"code":"X","message":"m"}}"#;
    let (_, service) = service(vec![
        answer(400, &[JSON], refusal),
        answer(200, &[JSON], refusal),
        answer(200, &[("content-type", "text/html")], "<html>"),
        answer(200, &[JSON], "{}"),
        answer(200, &[JSON], "{\"resp"),
        answer(503, &[], ""),
    ]);
    let batch = mixed(BatchFormat::Json);
    for acted in [false, true, true, true, true, true] {
        let error = service.batch("t", &batch).await.unwrap_err();
        assert_eq!(error.may_have_acted(), acted, "{error}");
    }
}

#[tokio::test]
async fn what_no_server_could_understand_is_not_sent() {
    let (script, service) = service(vec![multipart(&[], true)]);
    let mut forward = Batch::new();
    forward.change(Change::delete(PartId(2).resource(), Precondition::None));
    forward.change(Change::delete(row("x"), Precondition::None));
    let mut of_read = Batch::new();
    let read = of_read.read(Read::set("S"));
    of_read.change(Change::create(Resource::set("S"), Body::new().bind("N", &read.resource())));
    let mut twice = Batch::new();
    twice.change(Change::create(Resource::set("S"), name().null("Name")));
    let mut climbing = Batch::new();
    climbing.read(Read::of(Resource::set("S").then("..").then("..")));
    let mut empty = Batch::new();
    empty.group(|_| ());
    for batch in [forward, of_read, twice, climbing, empty] {
        let error = service.batch("t", &batch).await.unwrap_err();
        assert!(matches!(error, ODataError::Unaskable { .. }), "{error}");
    }
    let ifs = service.with_profile(Profile::ifs());
    let error = ifs.batch("t", &mixed(BatchFormat::Json)).await.unwrap_err();
    assert!(error.to_string().contains("JSON batches cannot be asked of ifs"), "{error}");
    assert_eq!(script.count(), 0);
    assert!(ifs.batch("t", &mixed(BatchFormat::Multipart)).await.is_ok());
}

#[tokio::test]
async fn what_sending_twice_would_do_is_the_worst_of_the_parts() {
    let (script, service) = service(vec![multipart(&[], true)]);
    let mut batch = Batch::new();
    batch.read(Read::set("S").about(vec!["r".to_owned()]));
    service.batch("t", &batch).await.unwrap();
    batch.change(Change::update(row("a"), name(), exact()).about(vec!["a".to_owned()]));
    service.batch("t", &batch).await.unwrap();
    batch.change(Change::upsert(row("b"), name()));
    service.batch("t", &batch).await.unwrap();
    let effects: Vec<Effect> =
        script.seen().iter().map(|(_, request)| request.extensions().get::<Call>().unwrap().effect).collect();
    assert_eq!(effects, [Effect::Read, Effect::Put, Effect::Append]);
    let records = script.seen()[2].1.extensions().get::<Call>().unwrap().records.clone();
    assert_eq!(&*records, ["r".to_owned(), "a".to_owned()]);
}

#[tokio::test]
async fn a_batch_may_be_answered_later() {
    let whole =
        multipart(&[part("1", PAGE), group(&[part("2", MADE), part("3", DONE)]), part("4", DONE)], true);
    let body = String::from_utf8(whole.body().to_vec()).unwrap();
    let wrapped = format!("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{body}");
    let (script, service) = service(vec![
        answer(202, &[("location", "monitor/1")], ""),
        answer(202, &[("retry-after", "3")], ""),
        answer(200, &[("content-type", "application/http")], &wrapped),
        answer(200, &[("asyncresult", "200"), MULTIPART], &body),
        answer(204, &[], ""),
        answer(200, &[("content-type", "application/http")], "nothing"),
    ]);
    let batch = mixed(BatchFormat::Multipart);
    let Polled::Pending(monitor) = service.batch_later("t", &batch).await.unwrap() else { panic!() };
    assert_eq!(script.seen()[0].1.headers()["prefer"], "respond-async");
    let Polled::Pending(monitor) = service.poll("t", &monitor).await.unwrap() else { panic!() };
    assert_eq!(monitor.retry_after, Some(Duration::from_secs(3)));
    let monitor = Monitor::at(&service, "t", monitor.address()).unwrap();
    for _ in 0..2 {
        let Polled::Ready(reply) = service.poll("t", &monitor).await.unwrap() else { panic!() };
        assert_eq!(letters(&service.batch_answer(&batch, &reply).unwrap()), "AWWW");
    }
    service.cancel("t", &monitor).await.unwrap();
    assert_eq!(script.seen()[4].1.method(), "DELETE");
    assert!(matches!(service.poll("t", &monitor).await, Err(ODataError::Malformed { .. })));
    assert!(Monitor::at(&service, "t", "https://evil.example/").is_err());
}
