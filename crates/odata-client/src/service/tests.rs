//! A service against a server by script.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use http::StatusCode;
use wire::{TransportError, TransportErrorKind};

use super::*;
use crate::{ETag, Freshness, Key, Prefer, Profile, Query, Resource};

/// Answers in turn, and keeps what it was asked.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<(u16, &'static str, String)>>,
    asked: Mutex<Vec<Request>>,
}

#[async_trait]
impl HttpTransport for Script {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.asked.lock().unwrap().push(request);
        let Some((status, kind, body)) = self.answers.lock().unwrap().pop_front() else {
            return Err(TransportError::new(TransportErrorKind::Unreached, "script", "at its end"));
        };
        let response = http::Response::builder()
            .status(status)
            .header("content-type", kind)
            .header("etag", "W/\"x\"")
            .body(Bytes::from(body))
            .unwrap();
        Ok(response)
    }
}

fn service(answers: &[(u16, &'static str, &str)]) -> (Arc<Script>, Service) {
    let script = Arc::new(Script::default());
    let answers = answers.iter().map(|(status, kind, body)| (*status, *kind, (*body).to_owned()));
    script.answers.lock().unwrap().extend(answers);
    let root = "https://acme.example/int/S.svc?x=1".parse().unwrap();
    (script.clone(), Service::new(script, root))
}

fn page(next: &str) -> String {
    serde_json::json!({ "value": [{ "A": 1 }], "@odata.nextLink": next }).to_string()
}

#[tokio::test]
async fn reads_say_what_they_are_and_how_they_want_numbers() {
    let (script, service) = service(&[(200, "application/json", "{\"value\":[]}")]);
    let query = Query { top: Some(2), ..Query::default() };
    service.page_about("t.page", vec!["S1".to_owned()], "A Set", &query).await.unwrap();
    let asked = script.asked.lock().unwrap();
    assert_eq!(asked[0].uri(), "https://acme.example/int/S.svc/A%20Set?$top=2");
    assert_eq!(asked[0].headers()["accept"], JSON);
    assert_eq!(asked[0].headers()["odata-maxversion"], "4.01");
    assert!(!asked[0].headers().contains_key("accept-language"));
    let call = asked[0].extensions().get::<Call>().unwrap();
    assert_eq!(
        (call.operation, call.effect, &*call.records),
        ("t.page", Effect::Read, &["S1".to_owned()][..])
    );
}

#[tokio::test]
async fn next_links_are_followed_below_the_root_and_never_in_circles() {
    let json = "application/json";
    let (script, service) = service(&[
        (200, json, &page("Set?%24skiptoken=1")),
        (200, json, &page("https://acme.example/int/S.svc/Set?%24skiptoken=2")),
        (200, json, &page("/int/S.svc/Set?%24skiptoken=1")),
        (200, json, &page("Set?%24skiptoken=2")),
        (200, json, &page("Set?%24skiptoken=1")),
        (200, json, &page("Set?%24skiptoken=2")),
    ]);
    let mut page = service.page("t", "Set", &Query::default()).await.unwrap();
    let error = loop {
        match service.next(&page).await {
            Ok(Some(next)) => page = next,
            Ok(None) => panic!("there is always a next link"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ODataError::PagingNoProgress { .. }), "{error:?}");
    assert_eq!(script.asked.lock().unwrap()[1].uri(), "https://acme.example/int/S.svc/Set?%24skiptoken=1");
    assert!(script.asked.lock().unwrap()[1].headers().contains_key("odata-version"));
}

#[tokio::test]
async fn nothing_is_sent_to_a_foreign_link() {
    for link in ["https://evil.example/x", "//acme.example@evil/x", "/auth/realms", "", "Set\n", "../../auth"]
    {
        let (script, service) = service(&[(200, "application/json", &page(link))]);
        let page = service.page("t", "Set", &Query::default()).await.unwrap();
        let error = service.next(&page).await.unwrap_err();
        assert!(matches!(error, ODataError::ForeignLink { .. }), "{link}");
        assert!(!error.may_have_acted() && !error.retryable());
        assert_eq!(script.asked.lock().unwrap().len(), 1, "{link}");
    }
}

#[tokio::test]
async fn single_rows_keep_their_etag_and_may_be_absent() {
    let json = "application/json";
    let (script, service) = service(&[
        (200, json, "{\"@odata.etag\":\"W/\\\"y\\\"\",\"A\":1}"),
        (404, json, "{\"error\":{\"code\":\"ODP_RESOURCE_NOTFOUND\",\"message\":\"m\"}}"),
        (200, json, "{\"error\":{\"code\":\"X\",\"message\":\"m\"}}"),
        (302, "text/html", "<html>"),
    ]);
    let key = Key::text("a/b");
    let select = ["A".to_owned()];
    let found = service.entity("t", "Set", &key, &select).await.unwrap().unwrap();
    assert_eq!(found.etag.as_deref(), Some("W/\"x\""), "the header holds");
    assert!(service.entity("t", "Set", &key, &select).await.unwrap().is_none());
    let error = service.entity("t", "Set", &key, &select).await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), "X");
    let error = service.entity("t", "Set", &key, &select).await.unwrap_err();
    assert_eq!(error.status().unwrap().status, StatusCode::FOUND, "redirects are errors");
    let error = service.entity("t", "Set", &key, &select).await.unwrap_err();
    assert!(matches!(error, ODataError::Transport { .. }) && error.retryable());
    let asked = script.asked.lock().unwrap();
    assert_eq!(asked[0].uri(), "https://acme.example/int/S.svc/Set(%27a%2Fb%27)?$select=A");
}

#[tokio::test]
async fn documents_of_the_service() {
    let json = "application/json";
    let document = r#"{"value":[{"name":"A","kind":"EntitySet","url":"A"},{"name":"F","kind":"FunctionImport"},{"name":"B"}]}"#;
    let (_, service) = service(&[(200, json, document), (200, json, "[]"), (200, "text/html", "<html/>")]);
    assert_eq!(service.service_document("t").await.unwrap().entity_sets, ["A", "B"]);
    assert!(matches!(service.service_document("t").await, Err(ODataError::Malformed { .. })));
    assert!(matches!(service.metadata("t").await, Err(ODataError::Malformed { .. })));
}

#[tokio::test]
async fn each_kind_of_resource_is_read_as_what_it_is() {
    let json = "application/json";
    let (script, service) = service(&[
        (200, json, r#"{"@odata.context":"c","value":"79228162514264337593543950.10"}"#),
        (200, json, r##"{"Street":"x","@odata.type":"#N.Address"}"##),
        (204, json, ""),
        (200, "text/plain;charset=utf-8", "\u{feff}12500\r\n"),
        (200, "text/plain", "-1"),
        (200, "image/png", "\u{89}PNG"),
        (204, json, ""),
        (204, json, ""),
        (200, json, r#"{"value":{"error"#),
    ]);
    let row = Resource::set("S").key(&Key::text("1"));
    let property = Read::of(row.clone().then("Credit"));
    let credit = service.value("t", &property).await.unwrap().unwrap();
    assert_eq!(credit.cell().decimal().unwrap().unwrap().to_string(), "79228162514264337593543950.10");
    let address = service.value("t", &property).await.unwrap().unwrap();
    assert!(address.text.starts_with("{\"Street\""));
    assert!(service.value("t", &property).await.unwrap().is_none());
    let count = Read::of(Resource::set("S").count());
    assert_eq!(service.count("t", &count).await.unwrap(), 12_500);
    assert!(matches!(service.count("t", &count).await, Err(ODataError::Malformed { .. })));
    let media = Read::of(row.clone().then("Photo").value());
    let photo = service.media("t", &media).await.unwrap().unwrap();
    assert_eq!((photo.content_type.as_deref(), photo.bytes.len()), (Some("image/png"), 5));
    assert!(service.media("t", &media).await.unwrap().is_none());
    assert!(service.row("t", &Read::of(row.then("Boss"))).await.unwrap().is_none(), "nothing is related");
    assert!(matches!(service.value("t", &property).await, Err(ODataError::Malformed { .. })));
    let asked = script.asked.lock().unwrap();
    assert_eq!(asked[0].uri().path(), "/int/S.svc/S(%271%27)/Credit");
    assert_eq!(asked[3].uri().path(), "/int/S.svc/S/$count");
    assert_eq!(asked[3].headers()["accept"], "text/plain");
    assert_eq!(asked[5].uri().path(), "/int/S.svc/S(%271%27)/Photo/$value");
}

#[tokio::test]
async fn a_row_that_is_still_the_same_does_not_come_again() {
    let json = "application/json";
    let (script, service) =
        service(&[(304, json, ""), (200, json, r#"{"A":1}"#), (404, json, ""), (500, json, "")]);
    let read = Read::of(Resource::set("S").key(&Key::text("1")));
    let known = ETag::new("W/\"a\"").unwrap();
    assert!(matches!(service.row_unless("t", &read, &known).await, Ok(Freshness::Same)));
    let changed = service.row_unless("t", &read, &known).await.unwrap();
    assert!(matches!(changed, Freshness::Changed(row) if row.etag.as_deref() == Some("W/\"x\"")));
    assert!(matches!(service.row_unless("t", &read, &known).await, Ok(Freshness::Absent)));
    assert!(service.row_unless("t", &read, &known).await.is_err());
    assert_eq!(script.asked.lock().unwrap()[0].headers()["if-none-match"], "W/\"a\"");
    let ifs = service.with_profile(Profile::ifs());
    let refused = ifs.row_unless("t", &read, &known).await.unwrap_err();
    assert!(refused.to_string().contains("If-None-Match"), "{refused}");
}

#[tokio::test]
async fn long_addresses_go_into_the_body_where_the_server_can_do_that() {
    let empty = (200, "application/json", r#"{"value":[],"@odata.nextLink":"S?$skiptoken=1"}"#);
    let (script, service) = service(&[empty, empty, empty]);
    let filter = crate::property("Name").eq("x".repeat(300));
    let query = Query { filter: Some(filter), top: Some(1), ..Query::default() };
    let service = service.with_longest_url(200);
    let page = service.page("t", "S", &query).await.unwrap();
    service.next(&page).await.unwrap();
    service.rows("t", &Read::set("S").in_body()).await.unwrap();
    {
        let asked = script.asked.lock().unwrap();
        assert_eq!((asked[0].method().as_str(), asked[0].uri().path()), ("POST", "/int/S.svc/S/$query"));
        assert_eq!(asked[0].headers()["content-type"], "text/plain");
        assert_eq!(*asked[0].body(), query.encoded());
        assert_eq!(asked[0].extensions().get::<Call>().unwrap().effect, Effect::Read);
        assert_eq!((asked[1].method().as_str(), asked[1].uri().query()), ("GET", Some("$skiptoken=1")));
        assert_eq!(asked[2].method(), "POST");
    }
    let error = service.with_profile(Profile::ifs()).page("t", "S", &query).await.unwrap_err().to_string();
    assert!(error.contains("more than 200") && error.contains("/$query cannot be asked of ifs"), "{error}");
    assert_eq!(script.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn functions_are_read_and_their_parameters_cannot_break_out() {
    let (script, service) = service(&[
        (200, "application/json", r#"{"value":true}"#),
        (200, "application/json", r#"{"value":[{"A":1}]}"#),
    ]);
    let exists = Resource::set("AssociationNoExist")
        .parameters(&[("AssociationNo", crate::Literal::text("1') or ('/$value?x=#"))]);
    let answer = service.value("t", &Read::of(exists)).await.unwrap().unwrap();
    assert!(answer.typed::<bool>().unwrap());
    // Long values as aliases, and a function bound to a set that gives rows.
    let bound =
        Resource::set("S").then("IfsApp.H.Late").parameters(&[("Since", crate::Literal::Alias("p".into()))]);
    let aliases = vec![("p".to_owned(), crate::Expression::from("a&b"))];
    let read = Read::of(bound).query(Query { aliases, ..Query::default() });
    assert_eq!(service.rows("t", &read).await.unwrap().len(), 1);
    let asked = script.asked.lock().unwrap();
    assert_eq!(
        asked[0].uri(),
        "https://acme.example/int/S.svc/AssociationNoExist(AssociationNo=%271%27%27%29%20or%20%28%27%27%2F%24value%3Fx%3D%23%27)"
    );
    assert_eq!(asked[1].uri(), "https://acme.example/int/S.svc/S/IfsApp.H.Late(Since=%40p)?@p=%27a%26b%27");
}

#[tokio::test]
async fn what_no_address_can_hold_is_not_sent() {
    let (script, service) = service(&[]);
    for resource in [Resource::set(".."), Resource::set("S").then(".."), Resource::set("S").then(".")] {
        let error = service.rows("t", &Read::of(resource)).await.unwrap_err();
        assert!(matches!(error, ODataError::Unaskable { .. }), "{error}");
    }
    assert!(script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn keys_as_segments_are_asked_only_of_servers_that_know_them() {
    let (script, service) = service(&[(200, "application/json", r#"{"A":1}"#)]);
    let read = Read::of(Resource::set("S").key_segment(&Key::text("A-1")));
    let ifs = service.clone().with_profile(Profile::ifs());
    assert!(matches!(ifs.row("t", &read).await, Err(ODataError::Unaskable { .. })));
    service.row("t", &read).await.unwrap().unwrap();
    let alternate = Read::of(Resource::set("S").key(&Key::alternate("Email", "a@b")));
    assert_eq!(alternate.encoded(), "S(Email=%27a%40b%27)");
    assert_eq!(script.asked.lock().unwrap()[0].uri().path(), "/int/S.svc/S/A-1");
}

#[tokio::test]
async fn an_error_that_breaks_off_a_stream_is_told_as_the_server_says_it() {
    let json = "application/json";
    let (_, service) = service(&[
        (200, json, r#"{"value":[{"A":1},{"A":{"error":{"code":"ORA-1555","message":"snapshot too old"}}"#),
        (200, json, r#"{"A":1,"B":"{"error":{"code":"X","message":"m"}}"#),
    ]);
    let error = service.page("t", "S", &Query::default()).await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), "ORA-1555");
    assert!(error.may_have_acted() && !error.to_string().contains("malformed"), "{error}");
    let row = service.row("t", &Read::of(Resource::set("S").key(&Key::text("1")))).await.unwrap_err();
    assert_eq!(row.status().unwrap().code(), "X");
}

#[tokio::test]
async fn preferences_go_along_and_only_what_is_applied_is_believed() {
    let (script, service) = service(&[(200, "application/json", r#"{"value":[]}"#)]);
    let prefer = Prefer { max_page_size: Some(7), ..Prefer::default() };
    let page = service.rows("t", &Read::set("S").prefer(prefer)).await.unwrap();
    assert_eq!(page.applied.max_page_size(), None);
    assert_eq!(script.asked.lock().unwrap()[0].headers()["prefer"], "odata.maxpagesize=7");
}
