//! How the tenant takes batches.

use serde_json::json;
use wire::Response;

use super::bench::Bench;
use super::write_tests::CUSTOMERS;

const MULTIPART: (&str, &str) = ("content-type", "multipart/mixed; boundary=b1");

fn request(method: &str, target: &str, headers: &str, body: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nContent-Type: application/json\r\n{headers}\r\n{body}\r\n")
}

fn part(boundary: &str, id: &str, request: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("Content-ID: {id}\r\n") };
    format!("--{boundary}\r\nContent-Type: application/http\r\n{id}\r\n{request}")
}

fn set(parts: &str) -> String {
    format!("--b1\r\nContent-Type: multipart/mixed; boundary=c1\r\n\r\n{parts}--c1--\r\n")
}

impl Bench {
    fn batch(&self, headers: &[(&str, &str)], parts: &str) -> (u16, String) {
        let response: Response =
            self.send("POST", &format!("{CUSTOMERS}/$batch"), headers, &format!("{parts}--b1--\r\n"));
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
    }

    /// The statuses of the parts of an answer.
    fn statuses(&self, headers: &[(&str, &str)], parts: &str) -> Vec<u16> {
        let (status, text) = self.batch(headers, parts);
        assert_eq!(status, 200, "{text}");
        let lines = text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 "));
        lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
    }
}

fn create(key: &str) -> String {
    request("POST", "CustomerInfoSet", "", &json!({"CustomerId": key, "Name": "A"}).to_string())
}

#[test]
fn parts_are_done_one_after_another() {
    let bench = Bench::with_customers();
    let etag = bench.etag("C10001");
    let patch =
        request("PATCH", "CustomerInfoSet('C10001')", &format!("If-Match: {etag}\r\n"), "{\"Name\":\"N\"}");
    let absolute = format!("{CUSTOMERS}/CustomerInfoSet('C10001')?$select=Name");
    let parts = [
        part("b1", "", &create("K1")),
        part("b1", "", &patch),
        part("b1", "", &request("GET", &absolute, "", "")),
        part(
            "b1",
            "",
            &request("GET", &format!("http://ifs.test{CUSTOMERS}/CustomerInfoSet/$count"), "", ""),
        ),
    ];
    assert_eq!(bench.statuses(&[MULTIPART], &parts.concat()), [201, 200, 200, 200]);
    let (_, text) = bench.batch(&[MULTIPART], &parts[2..].concat());
    assert!(text.contains("\"Name\":\"N\"") && text.contains("\r\n\r\n11\r\n"), "{text}");
    assert_eq!((bench.figure("batches"), bench.figure("batch_parts")), (2, 6));
}

#[test]
fn a_failed_change_set_leaves_nothing_and_answers_once() {
    let bench = Bench::with_customers();
    bench.tenant.switch(|switches| switches.history = vec!["*".into()]);
    let members = [part("c1", "1", &create("K1")), part("c1", "2", &create("C10001"))].concat();
    assert_eq!(bench.statuses(&[MULTIPART], &set(&members)), [500]);
    assert!(bench.tenant.row_of("CustomerInfo", &["K1"]).is_none());
    assert!(bench.tenant.rows_of("HistoryLog").is_empty());
    let members = [part("c1", "1", &create("K1")), part("c1", "2", &create("K2"))].concat();
    let (_, text) = bench.batch(&[MULTIPART], &set(&members));
    assert!(text.contains("Content-ID: 1\r\n") && text.contains("Content-ID: 2\r\n"), "{text}");
    assert_eq!(bench.tenant.rows_of("HistoryLog").len(), 2);
}

#[test]
fn what_was_created_can_be_named_by_its_content_id() {
    let bench = Bench::with_customers();
    let address = json!({"AddressId": "1", "Country": "DE", "DefaultDomain": true}).to_string();
    let members = [
        part("c1", "1", &create("K1")),
        part("c1", "2", &request("POST", "$1/CustomerInfoAddresses", "", &address)),
        part("c1", "3", &request("PATCH", "$1", "If-Match: $1\r\n", "{\"Name\":\"B\"}")),
    ];
    assert_eq!(bench.statuses(&[MULTIPART], &set(&members.concat())), [201, 201, 200]);
    let row = bench.tenant.row_of("CustomerInfo", &["K1"]).expect("a customer");
    assert_eq!(row.get("Name").text().as_deref(), Some("B"));
    assert!(bench.tenant.row_of("CustomerInfoAddress", &["K1", "1"]).is_some());
    let unknown = part("b1", "", &request("PATCH", "CustomerInfoSet('K1')", "If-Match: $9\r\n", "{}"));
    assert_eq!(bench.statuses(&[MULTIPART], &unknown), [400]);
}

#[test]
fn the_first_failure_ends_the_batch_unless_it_is_to_go_on() {
    let bench = Bench::with_customers();
    let parts = |key: &str| [create("C10001"), create(key)].map(|one| part("b1", "", &one)).concat();
    assert_eq!(bench.statuses(&[MULTIPART], &parts("K1")), [500]);
    assert!(bench.tenant.row_of("CustomerInfo", &["K1"]).is_none());
    let goes_on = [MULTIPART, ("prefer", "odata.continue-on-error")];
    assert_eq!(bench.statuses(&goes_on, &parts("K2")), [500, 201]);
}

#[test]
fn what_is_no_batch_is_refused_before_anything_is_done() {
    let bench = Bench::with_customers();
    let one = part("b1", "", &create("K1"));
    let read = part("c1", "1", &request("GET", "CustomerInfoSet", "", ""));
    let many = part("b1", "", &request("GET", "CustomerInfoSet/$count", "", "")).repeat(201);
    for (kind, parts) in [
        ("application/json", one.clone()),
        ("multipart/mixed", one.clone()),
        ("multipart/mixed; boundary=other", one.clone()),
        ("multipart/mixed; boundary=b1", set(&[part("c1", "2", &create("K1")), read].concat())),
        ("multipart/mixed; boundary=b1", [one.clone(), many].concat()),
        ("multipart/mixed; boundary=b1", format!("{one}--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n")),
        ("multipart/mixed; boundary=b1", part("b1", "", "POST CustomerInfoSet\r\n\r\n{}\r\n")),
    ] {
        assert_eq!(bench.batch(&[("content-type", kind)], &parts).0, 400, "{kind}");
    }
    assert!(bench.tenant.row_of("CustomerInfo", &["K1"]).is_none());
    let nested = part("b1", "", &request("POST", "$batch", "", ""));
    let foreign = part("b1", "", &request("GET", "http://elsewhere.test/x", "", ""));
    assert_eq!(bench.statuses(&[MULTIPART], &nested), [400]);
    assert_eq!(bench.statuses(&[MULTIPART], &foreign), [400]);
}
