//! Faults of servers and networks, and what this client makes of them. Those below HTTP are in the
//! tests of `wire`; those that need a store and a target in the tests of the engine and in the
//! simulation.
//!
//! Each test carries the number of its fault in the project's list of faults.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use wire::scripted::{Scripted, answer, clock};
use wire::{
    AuthStyle, Authorized, Credentials, Effect, HttpTransport, Request, Response, Retry, RetryPolicy, Secret,
    SeededEntropy, TokenConfig, TokenSource, TransportError, TransportErrorKind,
};

use crate::metadata::{Severity, Used};
use crate::{
    Body, Change, Drift, ETag, Key, KeyColumn, Metadata, ODataError, Page, Precondition, Read, Reason,
    Resource, Service, Walk,
};

const JSON: (&str, &str) = ("content-type", "application/json");
const ROOT: &str = "https://h.example/int/S.svc/";

type Step = Result<Response, TransportError>;

fn script(steps: Vec<Step>) -> (Arc<Scripted>, Service) {
    let script = Scripted::new(&clock(), Duration::ZERO, steps);
    (script.clone(), Service::new(script, ROOT.parse().unwrap()))
}

#[expect(clippy::unnecessary_wraps, reason = "a step of a script may also be a failure")]
fn ok(body: &str) -> Step {
    Ok(answer(200, &[JSON], body))
}

fn lost() -> Step {
    Err(TransportError::new(TransportErrorKind::Unknown, "reading the answer", "the body stopped for 30s"))
}

fn rows(ids: std::ops::Range<u32>, next: Option<&str>) -> Step {
    let rows: Vec<_> = ids.map(|id| serde_json::json!({ "Id": format!("{id:03}") })).collect();
    let mut body = serde_json::json!({ "value": rows });
    if let Some(next) = next {
        body["@odata.nextLink"] = next.into();
    }
    ok(&body.to_string())
}

fn by_id(service: Service) -> Walk {
    Walk::by_key(service, "t", Read::set("S"), [KeyColumn::text("Id")], 3).unwrap()
}

/// All rows of a walk, asked again after each error, of which there are `errors`.
async fn stubborn(walk: &mut Walk, errors: usize) -> Vec<String> {
    let (mut found, mut failed) = (Vec::new(), 0);
    loop {
        match walk.next().await {
            Ok(Some(page)) => found.extend(ids(&page)),
            Ok(None) => break,
            Err(error) => {
                assert!(error.retryable(), "{error}");
                failed += 1;
                assert!(failed <= errors, "{error}");
            }
        }
    }
    assert_eq!(failed, errors);
    found
}

fn ids(page: &Page) -> Vec<String> {
    page.typed::<serde_json::Value>().map(|row| row.unwrap()["Id"].as_str().unwrap().to_owned()).collect()
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|id| format!("{id:03}")).collect()
}

/// One row that changes with the right ETag only; the first request lands after its answer was given
/// up, behind the second.
#[derive(Debug, Default)]
struct Late {
    version: Mutex<u32>,
    held: Mutex<Vec<Request>>,
    landed: Mutex<Vec<u16>>,
    asked: Mutex<u32>,
}

impl Late {
    fn land(&self, request: &Request) -> Response {
        let mut version = self.version.lock().unwrap();
        let current = format!("W/\"{version}\"");
        let condition = request.headers().get("if-match").map(|value| value.to_str().unwrap().to_owned());
        let status = if condition.is_none_or(|condition| condition == current) { 204 } else { 412 };
        if status == 204 {
            *version += 1;
        }
        self.landed.lock().unwrap().push(status);
        answer(status, &[("etag", &format!("W/\"{version}\""))], "")
    }
}

#[async_trait]
impl HttpTransport for Late {
    async fn send(&self, request: Request) -> Step {
        *self.asked.lock().unwrap() += 1;
        if *self.asked.lock().unwrap() == 1 {
            self.held.lock().unwrap().push(request);
            return lost();
        }
        Ok(self.land(&request))
    }
}

#[tokio::test]
async fn fault_08_a_request_that_lands_late_changes_nothing_twice() {
    let row = Resource::set("S").key(&Key::text("1"));
    let body = || Body::new().set("Name", "Ann");
    let exact = Precondition::Exact(ETag::new("W/\"0\"").unwrap());
    for (change, tries, effect) in [
        // The retry layer sends it again; the late landing of the first is refused.
        (Change::update(row.clone(), body(), exact), 2, Effect::Put),
        // Nobody sends it again: the caller must look first.
        (Change::create(Resource::set("S"), body()), 1, Effect::Append),
        (Change::upsert(row, body()), 1, Effect::Append),
    ] {
        assert_eq!(change.effect(), effect);
        let server = Arc::new(Late::default());
        let entropy = Arc::new(SeededEntropy::new(1));
        let retry = Retry::new(server.clone(), RetryPolicy::default(), clock(), entropy);
        let service = Service::new(Arc::new(retry), ROOT.parse().unwrap());
        let outcome = service.write("t", &change).await;
        assert_eq!(*server.asked.lock().unwrap(), tries);
        match effect {
            Effect::Append => assert!(outcome.unwrap_err().may_have_acted()),
            _ => assert_eq!(outcome.unwrap().written().unwrap().etag.unwrap().as_str(), "W/\"1\""),
        }
        let held = server.held.lock().unwrap().pop().unwrap();
        server.land(&held);
        let effects = server.landed.lock().unwrap().iter().filter(|status| **status == 204).count();
        assert_eq!(effects, 1, "one effect, whatever lands when");
    }
}

#[tokio::test]
async fn fault_09_and_10_a_page_that_breaks_off_is_discarded_whole_and_asked_for_again() {
    let (seen, service) =
        script(vec![rows(0..3, None), lost(), lost(), rows(3..5, None), ok(r#"{"value":[]}"#)]);
    assert_eq!(stubborn(&mut by_id(service), 2).await, numbers(0..5));
    let seen = seen.seen();
    let asked: Vec<_> = seen.iter().map(|(_, request)| request.uri().to_string()).collect();
    assert!(asked[1] == asked[2] && asked[2] == asked[3], "the position has not moved: {asked:#?}");
}

#[tokio::test]
async fn fault_11_damage_in_one_page_keeps_the_pages_before_it() {
    let damaged = [
        r#"{"value":[{"Id":"003"},{"Id":"004"#,
        r#"{"value":[{"Id":"003"},{"Id":tru}]}"#,
        r#"{"value":[{"Id":"003"},{"Id":"0{"error":{"code":"X","message":"m"}}"#,
    ];
    for body in damaged {
        let broken = body.contains("error");
        let (seen, service) =
            script(vec![rows(0..3, None), ok(body), rows(3..5, None), ok(r#"{"value":[]}"#)]);
        let mut walk = by_id(service);
        let mut found = ids(&walk.next().await.unwrap().unwrap());
        let error = walk.next().await.unwrap_err();
        assert_eq!(error.status().is_some(), broken, "{error}");
        found.extend(stubborn(&mut walk, 0).await);
        assert_eq!(found, numbers(0..5), "{body}");
        assert_eq!(seen.count(), 4);
    }
}

#[tokio::test]
async fn fault_12_an_answer_of_another_shape_is_never_no_rows() {
    let html = ("content-type", "text/html");
    for (kind, body) in [
        (html, "<html>sign in</html>"),
        (JSON, "<html>"),
        (JSON, "{}"),
        (JSON, "[]"),
        (JSON, "null"),
        (JSON, ""),
        (JSON, r#"{"value":null}"#),
        (JSON, r#"{"value":{"Id":"1"}}"#),
        (JSON, r#"{"d":{"results":[]}}"#),
        (JSON, r#"{"error":{"code":"X","message":"m"}}"#),
        (JSON, r#"{"value":[],"error":{"code":"X","message":"m"}}"#),
    ] {
        let (_, service) = script(vec![Ok(answer(200, &[kind], body))]);
        let error = by_id(service.clone()).next().await.expect_err(body);
        assert!(matches!(error, ODataError::Malformed { .. } | ODataError::Status { .. }), "{body}: {error}");
        assert!(service.count("t", &Read::of(Resource::set("S").count())).await.is_err(), "{body}");
        assert!(service.service_document("t").await.is_err() || body.contains("value\":[]"), "{body}");
        assert!(service.metadata("t").await.is_err(), "{body}");
    }
}

/// A service that asks for tokens through `tokens` and for all else through `steps`.
fn with_tokens(tokens: Vec<Step>, steps: Vec<Step>) -> (Arc<Scripted>, Arc<Scripted>, Service) {
    let time = clock();
    let tokens = Scripted::new(&time, Duration::ZERO, tokens);
    let server = Scripted::new(&time, Duration::ZERO, steps);
    let credentials = Credentials {
        token_url: "https://h.example/auth/token".parse().unwrap(),
        client_id: "id".into(),
        client_secret: Secret::new("secret"),
        scopes: Vec::new(),
        style: AuthStyle::RequestBody,
    };
    let source = TokenSource::new(TokenConfig::new(credentials), tokens.clone(), time).unwrap();
    let expired = |response: &Response| response.status() == StatusCode::UNAUTHORIZED;
    let transport = Authorized::new(server.clone(), Arc::new(source), expired);
    (tokens, server, Service::new(Arc::new(transport), ROOT.parse().unwrap()))
}

fn token() -> Step {
    ok(r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#)
}

#[tokio::test]
async fn fault_13_a_token_that_ends_in_the_middle_of_a_walk_is_replaced_once() {
    let unauthorized = || Ok(answer(401, &[], ""));
    let steps = vec![rows(0..3, None), unauthorized(), rows(3..5, None), ok(r#"{"value":[]}"#)];
    let (tokens, _, service) = with_tokens(vec![token()], steps);
    assert_eq!(stubborn(&mut by_id(service), 0).await, numbers(0..5));
    assert_eq!(tokens.count(), 2, "the first one, and one in its place");
    let (tokens, server, service) = with_tokens(vec![token()], vec![unauthorized()]);
    let error = by_id(service).next().await.unwrap_err();
    assert!(!error.retryable() && !error.may_have_acted(), "{error}");
    assert!(tokens.count() <= 2 && server.count() <= 2, "no loop");
}

#[tokio::test]
async fn fault_14_a_provider_that_refuses_or_is_down_is_not_asked_in_a_hot_loop() {
    let refused = || Ok(answer(400, &[JSON], r#"{"error":"invalid_client"}"#));
    let down = || Err(TransportError::new(TransportErrorKind::Unreached, "connecting", "refused"));
    for (step, retryable) in [(refused(), false), (down(), true), (Ok(answer(403, &[], "")), false)] {
        let (tokens, server, service) = with_tokens(vec![step], vec![rows(0..1, None)]);
        for _ in 0..100 {
            let error = by_id(service.clone()).next().await.unwrap_err();
            assert_eq!(error.retryable(), retryable, "{error}");
            assert!(!error.may_have_acted());
        }
        assert_eq!((tokens.count(), server.count()), (1, 0), "no time has passed");
    }
}

#[tokio::test]
async fn fault_42_next_links_in_circles_stop_and_long_or_empty_walks_go_on() {
    let to = |n: u8| format!("S?$skiptoken={n}");
    for circle in [vec![1, 1], vec![1, 2, 1], vec![1, 2, 3, 4, 2]] {
        let mut steps: Vec<Step> = circle.iter().map(|n| rows(0..1, Some(&to(*n)))).collect();
        steps.extend((0..20).map(|n| rows(0..1, Some(&to(circle[1 + n % (circle.len() - 1)])))));
        let (seen, service) = script(steps);
        let mut walk = Walk::by_next_link(service, "t", Read::set("S"));
        let error = loop {
            match walk.next().await {
                Ok(Some(_)) => assert!(seen.count() < 20, "{circle:?} does not end"),
                Ok(None) => panic!("there is always a link"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ODataError::PagingNoProgress { .. }) && !error.retryable(), "{error}");
    }
    // Empty pages with a link are no end.
    let (_, service) = script(vec![
        rows(0..0, Some("S?$skiptoken=1")),
        rows(0..0, Some("S?$skiptoken=2")),
        rows(0..2, None),
    ]);
    assert_eq!(stubborn(&mut Walk::by_next_link(service, "t", Read::set("S")), 0).await, numbers(0..2));
    // The last page again and again, along a key.
    let (_, service) = script(vec![rows(0..3, None)]);
    let mut walk = by_id(service);
    walk.next().await.unwrap();
    assert!(matches!(walk.next().await, Err(ODataError::PagingNoProgress { .. })));
}

/// Gives one row a page, `total` pages by next links.
#[derive(Debug)]
struct Endless(u64);

#[async_trait]
impl HttpTransport for Endless {
    async fn send(&self, request: Request) -> Step {
        let token = request.uri().query().and_then(|query| query.rsplit_once('=')).map_or("0", |(_, n)| n);
        let number: u64 = token.parse().unwrap();
        let next = number + 1;
        let link = if next < self.0 {
            format!(",\"@odata.nextLink\":\"S?$skiptoken={next}\"")
        } else {
            String::new()
        };
        Ok(Response::new(Bytes::from(format!("{{\"value\":[{{\"Id\":\"{number}\"}}]{link}}}"))))
    }
}

#[tokio::test]
async fn fault_42_a_hundred_thousand_pages_are_walked_to_their_end() {
    let service = Service::new(Arc::new(Endless(100_000)), ROOT.parse().unwrap());
    let mut walk = Walk::by_next_link(service, "t", Read::set("S"));
    let mut pages = 0;
    while walk.next().await.unwrap().is_some() {
        pages += 1;
    }
    assert_eq!(pages, 100_000);
}

#[tokio::test]
async fn fault_43_pages_out_of_order_stop_and_larger_ones_are_read() {
    let (_, service) = script(vec![rows(0..9, None), ok(r#"{"value":[]}"#)]);
    assert_eq!(stubborn(&mut by_id(service), 0).await, numbers(0..9), "larger than asked");
    let number = || [KeyColumn::new("N", "Edm.Int64")];
    for (first, second) in [("3,2,1", "4"), ("1,2,3", "3,4"), ("1,2,3", "2,5"), ("1,1", "2")] {
        let body = |list: &str| {
            let rows: Vec<_> = list.split(',').map(|n| format!("{{\"N\":{n}}}")).collect();
            ok(&format!("{{\"value\":[{}]}}", rows.join(",")))
        };
        let (_, service) = script(vec![body(first), body(second)]);
        let mut walk = Walk::by_key(service, "t", Read::set("S"), number(), 3).unwrap();
        let error = match walk.next().await {
            Ok(_) => walk.next().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, ODataError::PagingNoProgress { .. }), "{first} | {second}: {error}");
    }
}

#[tokio::test]
async fn fault_44_a_row_that_changed_between_read_and_write_is_told_apart() {
    let row = Resource::set("S").key(&Key::text("1"));
    let (seen, service) = script(vec![
        Ok(answer(200, &[JSON, ("etag", "W/\"1\"")], r#"{"Id":"1"}"#)),
        Ok(answer(412, &[JSON], r#"{"error":{"code":"X","message":"m"}}"#)),
        Ok(answer(200, &[JSON, ("etag", "W/\"2\"")], r#"{"Id":"1"}"#)),
        Ok(answer(204, &[("etag", "W/\"3\"")], "")),
    ]);
    let mut rounds = 0;
    loop {
        let read = service.row("t", &Read::of(row.clone())).await.unwrap().unwrap();
        let condition = Precondition::Exact(ETag::new(read.etag.unwrap()).unwrap());
        let change = Change::update(row.clone(), Body::new().set("Name", "Ann"), condition);
        rounds += 1;
        match service.write("t", &change).await {
            Ok(_) => break,
            Err(error) => assert_eq!(error.status().unwrap().reason(), Reason::Moved),
        }
    }
    assert_eq!(rounds, 2);
    assert_eq!(seen.seen()[3].1.headers()["if-match"], "W/\"2\"");
}

#[tokio::test]
async fn fault_45_keys_that_are_null_or_without_a_zone_are_told_and_the_future_is_walked() {
    let stamped = |stamp: &str| ok(&format!("{{\"value\":[{{\"M\":{stamp},\"Id\":\"1\"}}]}}"));
    let along = |service| {
        let columns = [KeyColumn::new("M", "Edm.DateTimeOffset"), KeyColumn::text("Id")];
        Walk::by_key(service, "t", Read::set("S"), columns, 3).unwrap()
    };
    for (stamp, why) in [
        ("null", "`M` is null"),
        ("\"2026-10-25T02:30:00\"", "`M` is no Edm.DateTimeOffset"),
        ("\"2026-10-25\"", "`M` is no Edm.DateTimeOffset"),
    ] {
        let (_, service) = script(vec![stamped(stamp)]);
        let error = along(service).next().await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let (seen, service) = script(vec![stamped("\"9999-12-31T23:59:59Z\""), ok(r#"{"value":[]}"#)]);
    assert_eq!(stubborn(&mut along(service), 0).await, ["1"]);
    let asked = seen.seen()[1].1.uri().to_string();
    assert!(asked.contains("M%20gt%209999-12-31T23:59:59Z"), "{asked}");
}

#[tokio::test]
async fn fault_46_a_late_commit_behind_the_position_is_found_by_a_walk_that_begins_earlier() {
    // Two rows with one stamp were read; a third of that stamp is committed late, with a smaller key.
    let page = |ids: &[u8]| {
        let rows: Vec<_> = ids.iter().map(|id| format!("{{\"N\":1,\"Id\":\"{id}\"}}")).collect();
        ok(&format!("{{\"value\":[{}]}}", rows.join(",")))
    };
    let empty = || ok(r#"{"value":[]}"#);
    let (seen, service) = script(vec![page(&[2, 3]), empty(), empty(), page(&[1, 2, 3]), empty()]);
    let along = |service: &Service| {
        let columns = [KeyColumn::new("N", "Edm.Int64"), KeyColumn::text("Id")];
        Walk::by_key(service.clone(), "t", Read::set("S"), columns, 9).unwrap()
    };
    let mut walk = along(&service);
    assert_eq!(stubborn(&mut walk, 0).await, ["2", "3"]);
    let position = walk.position().unwrap().clone();
    assert!(stubborn(&mut along(&service).after(position), 0).await.is_empty(), "the naive way misses it");
    assert_eq!(stubborn(&mut along(&service), 0).await, ["1", "2", "3"], "the overlap finds it");
    assert_eq!(seen.count(), 5);
}

#[tokio::test]
async fn fault_47_a_filter_that_the_server_ignores_stops_the_walk() {
    for columns in [vec![KeyColumn::text("Id")], vec![KeyColumn::new("Id", "Edm.Int64")]] {
        let all = ok(r#"{"value":[{"Id":"1"},{"Id":"2"},{"Id":"3"}]}"#);
        let (seen, service) = script(vec![all]);
        let mut walk = Walk::by_key(service, "t", Read::set("S"), columns, 3).unwrap();
        walk.next().await.unwrap();
        assert!(matches!(walk.next().await, Err(ODataError::PagingNoProgress { .. })));
        assert_eq!(seen.count(), 2);
    }
}

#[tokio::test]
async fn fault_48_stamps_that_the_server_truncates_stop_the_walk_instead_of_going_round() {
    // The server takes `gt …:00.7Z` for `gt …:00Z`, and gives the same row again.
    let again = ok(r#"{"value":[{"M":"2026-01-01T00:00:00.7Z"}]}"#);
    let (seen, service) = script(vec![again]);
    let columns = [KeyColumn::new("M", "Edm.DateTimeOffset")];
    let mut walk = Walk::by_key(service, "t", Read::set("S"), columns, 1).unwrap();
    walk.next().await.unwrap();
    let asked = |number: usize| seen.seen()[number].1.uri().to_string();
    assert!(matches!(walk.next().await, Err(ODataError::PagingNoProgress { .. })));
    assert!(asked(1).contains("00:00:00.7Z"), "the whole stamp is asked for: {}", asked(1));
}

#[test]
fn fault_49_every_change_of_the_schema_is_told_with_its_weight() {
    let schema = |inside: &str, set: &str| {
        let text = format!(
            "<Edmx Version=\"4.0\"><DataServices><Schema Namespace=\"N\"><EnumType Name=\"E\"><Member Name=\"A\"/>{inside}\
             </EntityType><EntityContainer Name=\"C\"><EntitySet Name=\"{set}\" EntityType=\"N.T\"/></EntityContainer>\
             </Schema></DataServices></Edmx>"
        );
        Metadata::read(text.as_bytes()).unwrap()
    };
    let key = "</EnumType><EntityType Name=\"T\"><Key><PropertyRef Name=\"Id\"/></Key><Property Name=\"Id\" Type=\"Edm.String\" Nullable=\"false\"/>";
    let name = |rest: &str| format!("{key}<Property Name=\"Name\" {rest}/>");
    let plain = name("Type=\"Edm.String\" MaxLength=\"100\"");
    let old = schema(&plain, "S");
    let used = [Used::written("S", "Name"), Used::read("S", "Id")];
    let worst = |new: &Metadata| Drift::between(&old, new, &used).worst();
    for (what, new, weight) in [
        ("nothing", schema(&plain, "S"), None),
        ("removed", schema(key, "S"), Some(Severity::Breaking)),
        ("renamed", schema(&plain.replace("Name=\"Name\"", "Name=\"Title\""), "S"), Some(Severity::Breaking)),
        ("retyped", schema(&name("Type=\"Edm.Int64\""), "S"), Some(Severity::Breaking)),
        ("shorter", schema(&name("Type=\"Edm.String\" MaxLength=\"10\""), "S"), Some(Severity::Breaking)),
        (
            "new required",
            schema(&format!("{plain}<Property Name=\"Must\" Type=\"Edm.String\" Nullable=\"false\"/>"), "S"),
            Some(Severity::Warning),
        ),
        ("new member", schema(&format!("<Member Name=\"B\"/>{plain}"), "S"), Some(Severity::Info)),
        ("set gone", schema(&plain, "Other"), Some(Severity::Breaking)),
    ] {
        assert_eq!(worst(&new), weight, "{what}");
    }
}
