//! Attacks by a server, or by the values of a record, as far as this client stands in their way. Those
//! on the bytes below HTTP (11, 12, 14) are in the tests of `wire`.
//!
//! Each test carries the number of its attack in the project's list of bad inputs.

use std::sync::Arc;
use std::time::Duration;

use wire::scripted::{Scripted, answer, clock};

use crate::{
    Batch, Body, Change, Changes, Columns, Key, Literal, Metadata, ODataError, Outcome, Precondition, Prefer,
    Query, Read, RelativeUri, Resource, Row, Service, property,
};

const JSON: (&str, &str) = ("content-type", "application/json");
const ROOT: &str = "https://tenant.ifs.example/int/S.svc/";

fn service(steps: Vec<wire::Response>) -> (Arc<Scripted>, Service) {
    let script = Scripted::new(&clock(), Duration::ZERO, steps.into_iter().map(Ok).collect());
    (script.clone(), Service::new(script, ROOT.parse().unwrap()))
}

fn page(control: &str, link: &str) -> wire::Response {
    let mut body = serde_json::json!({ "value": [{ "Id": "1" }] });
    body[control] = link.into();
    answer(200, &[JSON], &body.to_string())
}

/// Lets a server send `link` on every road on which a client follows links, and gives the addresses
/// that were asked behind it; the error where it was not followed.
async fn followed(link: &str) -> Vec<Result<String, ODataError>> {
    let mut found = Vec::new();
    let last = |script: &Scripted, before: usize| {
        assert!(script.count() <= before + 1);
        script.seen().get(before).map(|(_, request)| request.uri().to_string())
    };
    let empty = || answer(200, &[JSON], r#"{"value":[]}"#);

    let (script, one) = service(vec![page("@odata.nextLink", link), empty()]);
    let first = one.page("t", "S", &Query::default()).await.unwrap();
    let next = one.next(&first).await;
    found.push(next.map(|_| last(&script, 1).unwrap()));

    let nested = serde_json::json!({ "value": [{ "L": [], "L@odata.nextLink": link }] }).to_string();
    let (script, one) = service(vec![answer(200, &[JSON], &nested), empty()]);
    let first = one.page("t", "S", &Query::default()).await.unwrap();
    let inner = first.inner(0, "L").unwrap().unwrap();
    found.push(one.next(&inner).await.map(|_| last(&script, 1).unwrap()));

    let (script, one) =
        service(vec![page("@odata.deltaLink", link), page("@odata.deltaLink", "S?$deltatoken=2")]);
    let first = one.page("t", "S", &Query::default()).await.unwrap();
    let delta = one.delta_link(&first).map(Option::unwrap);
    found.push(match delta {
        Ok(delta) => one.changes("t", &delta).await.map(|changes| {
            assert!(matches!(changes, Changes::Page(_)));
            last(&script, 1).unwrap()
        }),
        Err(error) => Err(error),
    });

    let accepted = answer(202, &[("location", link)], "");
    // A header holds no line end: such a link does not come on this road.
    if accepted.headers().contains_key("location") {
        let (script, one) = service(vec![accepted, answer(204, &[], "")]);
        let prefer = Prefer { respond_async: true, ..Prefer::default() };
        let change = Change::create(Resource::set("S"), Body::new().set("A", "x")).prefer(prefer);
        found.push(match one.write("t", &change).await {
            Ok(Outcome::Accepted(monitor)) => {
                one.ask_again("t", &monitor).await.map(|_| last(&script, 1).unwrap())
            }
            Ok(Outcome::Written(_)) => panic!("it was accepted"),
            Err(error) => {
                assert!(error.may_have_acted(), "accepted all the same: {error}");
                Err(error)
            }
        });
    }
    found
}

async fn refused(links: &[&str]) {
    for link in links {
        for outcome in followed(link).await {
            let error = outcome.expect_err(link).to_string();
            let told = error.contains("ORIGIN_VIOLATION") || error.contains("outside of the service");
            assert!(told, "{link}: {error}");
        }
    }
}

#[tokio::test]
async fn attack_01_a_link_to_another_host_is_an_error_and_no_request() {
    refused(&["https://evil.example/int/S.svc/S", "https://evil.example/"]).await;
}

#[tokio::test]
async fn attack_02_links_that_look_like_the_host() {
    refused(&[
        "https://tenant.ifs.example.evil.example/int/S.svc/S",
        "https://tenant.ifs.example@evil.example/int/S.svc/S",
        "https://user:pw@tenant.ifs.example/int/S.svc/S",
        "//evil.example/x",
        "\\\\evil.example\\x",
        "https:\\\\evil.example",
        "/\\evil.example/x",
        "htt\tps://evil.example/",
        "S\n",
        "\u{0}S",
    ])
    .await;
}

#[tokio::test]
async fn attack_03_other_schemes_and_ports_and_spellings_of_the_host() {
    refused(&[
        "http://tenant.ifs.example/int/S.svc/S",
        "https://tenant.ifs.example:8443/int/S.svc/S",
        "https://tenant.ifs.example./int/S.svc/S",
        "https://[::ffff:127.0.0.1]/int/S.svc/S",
        "https://t\u{435}nant.ifs.example/int/S.svc/S",
        "ftp://tenant.ifs.example/int/S.svc/S",
    ])
    .await;
    for same in
        ["HTTPS://TENANT.IFS.EXAMPLE/int/S.svc/S?x=1", "https://tenant.ifs.example:443/int/S.svc/S?x=1"]
    {
        for outcome in followed(same).await {
            assert_eq!(outcome.unwrap(), format!("{ROOT}S?x=1"), "{same}");
        }
    }
}

#[tokio::test]
async fn attack_04_links_out_of_the_service_root() {
    refused(&[
        "/auth/realms/x/protocol/openid-connect/token",
        "../Other.svc/S",
        "https://tenant.ifs.example/int/S.svc/../../auth",
        "S/..%2f..%2fauth",
        "S/%2e%2e/%2e%2e/auth",
        "/int/S.svcevil/S",
    ])
    .await;
}

#[tokio::test]
async fn attack_05_relative_absolute_empty_long_and_fragments() {
    for (link, asked) in [
        ("S?$skiptoken=1#part", "S?$skiptoken=1"),
        ("/int/S.svc/S?$skiptoken=1", "S?$skiptoken=1"),
        ("https://tenant.ifs.example/int/S.svc/S?$skiptoken=a%20b%2B", "S?$skiptoken=a%20b%2B"),
    ] {
        for outcome in followed(link).await {
            assert_eq!(outcome.unwrap(), format!("{ROOT}{asked}"), "verbatim: {link}");
        }
    }
    refused(&["", &"x".repeat(8 * 1024 + 1)]).await;
}

#[tokio::test]
async fn attack_06_redirects_are_errors_and_nothing_is_sent_again() {
    for status in [301, 302, 303, 307, 308] {
        for place in ["https://evil.example/x", "https://tenant.ifs.example/int/S.svc/T"] {
            let redirect = || answer(status, &[("location", place)], "");
            let (script, service) = service(vec![redirect()]);
            let read = service.page("t", "S", &Query::default()).await.unwrap_err();
            assert_eq!(read.status().unwrap().status.as_u16(), status);
            let change = Change::create(Resource::set("S"), Body::new().set("A", "x"));
            let write = service.write("t", &change).await.unwrap_err();
            assert_eq!(write.status().unwrap().status.as_u16(), status);
            let mut batch = Batch::new();
            batch.change(change);
            assert!(service.batch("t", &batch).await.is_err());
            assert_eq!(script.count(), 3, "{status}");
            assert!(!read.retryable() && !write.retryable());
        }
    }
}

#[test]
fn attack_10_metadata_that_expands_or_nests_or_is_something_else() {
    let around = |inside: &str| {
        format!(
            "<Edmx Version=\"4.0\"><DataServices><Schema Namespace=\"N\">{inside}</Schema></DataServices></Edmx>"
        )
    };
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let external = "<!DOCTYPE x SYSTEM \"https://evil.example/x.dtd\">";
    let file = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>";
    let utf16: Vec<u8> = around("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let nested =
        |open: &str, close: &str| around(&format!("{}{}", open.repeat(1_000_000), close.repeat(1_000_000)));
    let documents = [
        format!("{laughs}{}", around("<Term Name=\"&b;\" Type=\"Edm.String\"/>")).into_bytes(),
        format!("{external}{}", around("")).into_bytes(),
        format!("{file}{}", around("<Term Name=\"&e;\" Type=\"Edm.String\"/>")).into_bytes(),
        around("<Term Name=\"&nbsp;\" Type=\"Edm.String\"/>").into_bytes(),
        nested("<a>", "</a>").into_bytes(),
        nested("<Annotation Term=\"A.B\"><Record>", "</Record></Annotation>").into_bytes(),
        format!("{{\"$Version\":\"4.0\",\"N\":{}{}}}", "{\"a\":".repeat(1_000_000), "}".repeat(1_000_000))
            .into_bytes(),
        utf16,
        vec![b' '; (64 << 20) + 1],
        b"<html>sign in</html>".to_vec(),
    ];
    for document in documents {
        let begin = String::from_utf8_lossy(document.get(..60).unwrap_or(&document)).into_owned();
        let error = Metadata::read(&document).expect_err(&begin);
        assert!(!error.to_string().contains("root:"), "nothing outside of the document is read");
    }
}

#[tokio::test]
async fn attack_13_json_that_is_deep_or_twofold_or_not_text() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let read = |body: String| async move {
        let (_, service) = service(vec![answer(200, &[JSON], &body)]);
        service.page("t", "S", &Query::default()).await
    };
    // What nobody asked for may be as deep as it likes; what is read is never a tree of it.
    let page = read(format!("{{\"value\":[{{\"A\":{deep},\"B\":1}}],\"x\":{deep}}}")).await.unwrap();
    let columns = Columns::new(["B"]);
    let mut row = Row::default();
    columns.reader().read(page.row(0).unwrap(), &mut row).unwrap();
    assert_eq!(row.cell(0).unwrap().int64().unwrap(), Some(1));
    assert!(page.typed::<serde_json::Value>().next().unwrap().is_err(), "a tree of it is refused");
    for bad in [
        "{\"value\":[],\"value\":[]}".to_owned(),
        "{\"value\":[],\"@odata.nextLink\":\"a\",\"@nextLink\":\"b\"}".to_owned(),
        "\u{feff}{\"value\":[]}".to_owned(),
        "{\"value\":[]}\u{0}".to_owned(),
        "{\"value\":[{\"A\":1}".to_owned(),
        "{\"value\":[NaN]}".to_owned(),
        format!("{{\"value\":{deep}"),
    ] {
        let error = read(bad.clone()).await.unwrap_err();
        assert!(matches!(error, ODataError::Malformed { .. }), "{bad:.40}: {error}");
    }
    let twice = read("{\"value\":[{\"A\":1,\"A\":2}]}".to_owned()).await.unwrap();
    let columns = Columns::new(["A"]);
    assert!(columns.reader().read(twice.row(0).unwrap(), &mut row).is_err(), "a wanted member comes once");
}

#[test]
fn attack_13_numbers_and_texts_are_exact_or_refused() {
    let columns = Columns::new(["A"]);
    let mut row = Row::default();
    let mut check = |raw: &str, decimal: Option<&str>, int: Option<i64>, text: bool| {
        let body = format!("{{\"A\":{raw}}}");
        // The row borrows from the body.
        let mut own = std::mem::take(&mut row);
        let read = columns.reader().read(&body, &mut own);
        if let Err(error) = read {
            assert!(decimal.is_none() && int.is_none() && !text, "{raw}: {error}");
            return;
        }
        let cell = own.cell(0).unwrap();
        let found = cell.decimal().ok().flatten().map(|number| number.to_string());
        assert_eq!(found.as_deref(), decimal, "{raw}");
        assert_eq!(cell.int64().ok().flatten(), int, "{raw}");
        assert_eq!(cell.text().is_ok(), text, "{raw}");
    };
    check("1e999", None, None, false);
    check("-0", Some("0"), Some(0), false);
    check("9999999999999999999", Some("9999999999999999999"), None, false);
    check("\"9223372036854775807\"", Some("9223372036854775807"), Some(i64::MAX), true);
    check("123456789012345678901234567890", None, None, false);
    check("01", None, None, false);
    check("\"\\ud800\"", None, None, false);
    check("\"a\\u0000b\"", None, None, true);
}

#[test]
fn attack_16_values_that_look_like_odata_stay_one_literal() {
    let values = [
        "x') or true or (Name eq 'y",
        "''",
        "'",
        "$it/",
        "/$value",
        "?$expand=Lines",
        "&$filter=true",
        "%27 or 1 eq 1",
        "+",
        "a b",
        "#",
        ";$top=1",
        "@p",
        "\u{2019}\u{0}\n",
    ];
    for value in values {
        let filter = property("Name").eq(value);
        let query = Query { filter: Some(filter.clone()), ..Query::default() };
        let encoded = query.encoded();
        assert_eq!(Query::parse(&encoded).unwrap(), query, "{value:?}: {encoded}");
        assert!(!encoded.contains(['+', ' ', '#']) && !encoded.contains("&$filter"), "{encoded}");
        let url = url::Url::parse(&format!("{ROOT}S?{encoded}")).unwrap();
        assert_eq!(url.query_pairs().count(), 1, "{encoded}");
        let read = Read::of(Resource::set("S").key(&Key::text(value)));
        let RelativeUri::Resource { path, query } = RelativeUri::parse(&read.encoded()).unwrap() else {
            panic!("a resource")
        };
        assert_eq!(query, Query::default());
        assert_eq!(path.segments.len(), 2, "{}", read.encoded());
        assert_eq!(path.segments[1], crate::Segment::Key(Key::text(value)));
        assert_eq!(Literal::parse(&Literal::text(value).to_string()), Ok(Literal::text(value)));
    }
}

#[tokio::test]
async fn attack_17_keys_keep_to_their_segment() {
    let long = "k".repeat(300);
    let keys =
        ["../Account/001", "..", ".", "a/b", "a?x", "a#x", "a\\b", "S1 ", "s1", "S1", "%2e%2e", &long, ""];
    let mut seen = std::collections::BTreeSet::new();
    for key in keys {
        for resource in
            [Resource::set("S").key(&Key::text(key)), Resource::set("S").key_segment(&Key::text(key))]
        {
            let (script, service) = service(vec![answer(404, &[JSON], "")]);
            assert!(service.row("t", &Read::of(resource.clone())).await.unwrap().is_none());
            let asked = script.seen()[0].1.uri().to_string();
            let below = asked.strip_prefix(&format!("{ROOT}S")).expect("below the set");
            let slashes = below.matches('/').count();
            assert!(slashes <= usize::from(below.starts_with('/')), "{asked}");
            assert!(!below.contains(['?', '#', '\\']), "{asked}");
            // A parser of addresses, as the transport has one, leaves it as it is.
            assert_eq!(url::Url::parse(&asked).unwrap().as_str(), asked);
            seen.insert(asked);
        }
    }
    let own = keys.len() - ["..", ".", ""].len();
    assert_eq!(seen.len(), keys.len() + own, "no two keys share an address");
    let change = Change::delete(Resource::set("S").then(".."), Precondition::None);
    let (script, service) = service(vec![answer(204, &[], "")]);
    assert!(matches!(service.write("t", &change).await, Err(ODataError::Unaskable { .. })));
    assert_eq!(script.count(), 0);
}
