//! The org as a client meets it: requests in, answers out.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use wire::Response;

use super::*;
use crate::manual_clock::ManualClock;
use crate::{Endpoint, Gate, ServerClock};

const UPSERT: &str = "/composite/sobjects/Account/IFS_Key__c";
const KEYED: &str = "/sobjects/Account/IFS_Key__c";

pub(super) struct Client {
    pub(super) org: Arc<SalesforceSandbox>,
    pub(super) clock: Arc<ManualClock>,
    token: String,
}

impl Client {
    pub(super) fn new() -> Self {
        Self::with(SalesforceSettings::default())
    }

    pub(super) fn with(settings: SalesforceSettings) -> Self {
        let clock = Arc::new(ManualClock::at("2026-03-01T10:00:00Z"));
        let org = Arc::new(SalesforceSandbox::new(ServerClock::new(clock.clone()), settings));
        let mut client = Self { org, clock, token: String::new() };
        client.log_in();
        client
    }

    pub(super) fn log_in(&mut self) {
        let form = "grant_type=client_credentials&client_id=ml-connector&client_secret=sandbox-secret";
        let (status, body) = self.token(form, None);
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().expect("a token").clone_into(&mut self.token);
    }

    pub(super) fn token(&self, form: &str, basic: Option<&str>) -> (u16, Value) {
        let mut request = http::Request::post("/services/oauth2/token").header("host", "acme.example");
        if let Some(pair) = basic {
            let pair = base64::engine::general_purpose::STANDARD.encode(pair);
            request = request.header("authorization", format!("Basic {pair}"));
        }
        read(&self.org.answer(&request.body(Bytes::from(form.to_owned())).expect("a request")))
    }

    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = http::Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.org.answer(&request.body(body.into()).expect("a request"))
    }

    /// The same org, as its administrator meets it.
    pub(super) fn administrator(&self) -> Self {
        let form = "grant_type=client_credentials&client_id=ml-connector-admin&client_secret=sandbox-secret";
        let (status, body) = self.token(form, None);
        assert_eq!(status, 200, "{body}");
        let token = body["access_token"].as_str().expect("a token").to_owned();
        Self { org: self.org.clone(), clock: self.clock.clone(), token }
    }

    pub(super) fn tooling_query(&self, soql: &str) -> (u16, Value) {
        let text: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.call("GET", &format!("/tooling/query?q={text}"), &Value::Null)
    }

    /// `path` below the versioned root.
    pub(super) fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        read(&self.send(method, &format!("/services/data/v64.0{path}"), body, &[]))
    }

    pub(super) fn query(&self, soql: &str) -> (u16, Value) {
        let text: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.call("GET", &format!("/query?q={text}"), &Value::Null)
    }

    /// The values of one field that a query finds.
    fn found(&self, field: &str, rest: &str) -> Vec<String> {
        let (status, body) = self.query(&format!("SELECT {field} FROM Account {rest}"));
        assert_eq!(status, 200, "{rest}: {body}");
        let records = body["records"].as_array().expect("records");
        records.iter().map(|record| record[field].as_str().unwrap_or("-").to_owned()).collect()
    }

    fn upsert(&self, records: &[Value]) -> Vec<Value> {
        self.collection("PATCH", UPSERT, records, false)
    }

    pub(super) fn collection(
        &self,
        method: &str,
        path: &str,
        records: &[Value],
        together: bool,
    ) -> Vec<Value> {
        let (status, body) = self.call(method, path, &json!({ "allOrNone": together, "records": records }));
        assert_eq!(status, 200, "{body}");
        serde_json::from_value(body).expect("a list")
    }

    /// The id of a record that the API makes.
    pub(super) fn made(&self, object: &str, body: &Value) -> String {
        let (status, answer) = self.call("POST", &format!("/sobjects/{object}"), body);
        assert_eq!(status, 201, "{object} {body}: {answer}");
        answer["id"].as_str().expect("an id").to_owned()
    }

    /// The code of why the API does not make a record.
    pub(super) fn refused(&self, object: &str, body: &Value) -> String {
        let answer = self.call("POST", &format!("/sobjects/{object}"), body);
        assert_eq!(answer.0, 400, "{object} {body}: {}", answer.1);
        code(&answer).1.to_owned()
    }

    /// The text of the only field of the first record that a query finds.
    pub(super) fn first(&self, soql: &str) -> String {
        let field = soql.split_whitespace().nth(1).expect("a field");
        let (status, body) = self.query(soql);
        assert_eq!(status, 200, "{soql}: {body}");
        body["records"][0][field].as_str().unwrap_or("-").to_owned()
    }

    /// A number of the first record that a query finds.
    pub(super) fn number(&self, soql: &str, field: &str) -> Value {
        self.query(soql).1["records"][0][field].clone()
    }

    /// How many records a query counts.
    pub(super) fn count(&self, soql: &str) -> u64 {
        self.query(soql).1["totalSize"].as_u64().expect("a number")
    }

    fn id(&self, key: &str) -> String {
        self.org.account_by_key(key).expect("an account").id.clone()
    }
}

pub(super) fn read(response: &Response) -> (u16, Value) {
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

/// A record of a collection.
fn account(key: &str, fields: Value) -> Value {
    let mut record = json!({ "attributes": { "type": "Account" }, "IFS_Key__c": key });
    if let (Some(record), Value::Object(fields)) = (record.as_object_mut(), fields) {
        record.extend(fields);
    }
    record
}

/// The code of each result, or `created`, `updated`, `done`.
pub(super) fn codes(results: &[Value]) -> Vec<&str> {
    let code = |result: &'_ Value| match (&result["errors"][0]["statusCode"], &result["created"]) {
        (Value::String(_), _) => None,
        (_, Value::Bool(true)) => Some("created"),
        (_, Value::Bool(false)) => Some("updated"),
        _ => Some("done"),
    };
    results
        .iter()
        .map(|result| {
            code(result).unwrap_or_else(|| result["errors"][0]["statusCode"].as_str().unwrap_or_default())
        })
        .collect()
}

/// The code of an answer's first error.
pub(super) fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1[0]["errorCode"].as_str().unwrap_or_default())
}

#[test]
fn a_session_is_opened_both_ways_and_ends() {
    let mut client = Client::new();
    let (status, body) = client.token("grant_type=client_credentials", Some("ml-connector:sandbox-secret"));
    assert_eq!((status, body["instance_url"].as_str()), (200, Some("http://acme.example")));
    assert!(
        body["access_token"].as_str().is_some_and(|token| token.starts_with("00D") && token.contains('!'))
    );
    assert!(body.get("expires_in").is_none() && body["issued_at"].is_string());
    for (form, basic, error) in [
        ("grant_type=password", None, "unsupported_grant_type"),
        ("grant_type=client_credentials", Some("x:sandbox-secret"), "invalid_client_id"),
        ("grant_type=client_credentials", Some("ml-connector:x"), "invalid_client"),
    ] {
        let (status, body) = client.token(form, basic);
        assert_eq!((status, body["error"].as_str()), (400, Some(error)));
    }
    client.org.switch(|switches| switches.token_trouble = Some(TokenTrouble::NoRunAsUser));
    let (status, body) = client.token("grant_type=client_credentials", Some("ml-connector:sandbox-secret"));
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    client.org.switch(|switches| switches.token_trouble = None);

    let ended = json!([{ "message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID" }]);
    assert_eq!(client.call("GET", "/limits", &Value::Null).0, 200);
    client.clock.advance(Duration::from_hours(2));
    assert_eq!(client.call("GET", "/limits", &Value::Null), (401, ended.clone()));
    client.log_in();
    client.org.expire_sessions();
    assert_eq!(client.call("GET", "/limits", &Value::Null), (401, ended));
}

#[test]
fn versions_resources_and_fields_are_described() {
    let client = Client::new();
    let nobody = http::Request::get("/services/data").body(Bytes::new()).expect("a request");
    let (status, versions) = read(&client.org.answer(&nobody));
    assert_eq!(
        (status, &versions[0]["version"], versions.as_array().map(Vec::len)),
        (200, &json!("31.0"), Some(36))
    );
    assert_eq!(client.call("GET", "", &Value::Null).1["query"], "/services/data/v64.0/query");
    assert_eq!(code(&read(&client.send("GET", "/services/data/v30.0/limits", "", &[]))), (404, "NOT_FOUND"));
    assert_eq!(read(&client.send("GET", "//services/data/v31.0/limits", "", &[])).0, 200);

    let fields = || client.call("GET", "/sobjects/Account/describe", &Value::Null).1["fields"].clone();
    let named = |name: &str| {
        fields().as_array().and_then(|all| all.iter().find(|field| field["name"] == name)).cloned()
    };
    let key = named("IFS_Key__c").expect("the key");
    assert_eq!(
        (&key["externalId"], &key["unique"], &key["length"]),
        (&json!(true), &json!(true), &json!(100))
    );
    let limit = named("IFS_Credit_Limit__c").expect("the limit");
    assert_eq!(
        (&limit["type"], &limit["precision"], &limit["scale"]),
        (&json!("currency"), &json!(18), &json!(2))
    );
    assert_eq!(named("Name").expect("the name")["nillable"], false);
    assert_eq!(named("IFS_Status__c").expect("the status")["picklistValues"][1]["value"], "Blocked");
    client.org.switch(|switches| {
        switches.hidden.insert("Phone".into());
        switches.lengths.insert("Fax".into(), 10);
    });
    assert_eq!((named("Phone"), &named("Fax").expect("the fax")["length"]), (None, &json!(10)));
    assert_eq!(client.call("GET", "/sobjects/Nope/describe", &Value::Null).0, 404);
}

#[test]
fn an_upsert_creates_updates_and_leaves_a_journal() {
    let client = Client::new();
    let first = client.upsert(&[
        account("S1", json!({ "Name": "Steel", "IFS_Credit_Limit__c": 10.005 })),
        account("S2", json!({ "Name": "Ωmega № 株式会社" })),
    ]);
    assert_eq!(codes(&first), ["created", "created"]);
    client.clock.advance(Duration::from_secs(5));
    let again =
        client.upsert(&[account("s1", json!({ "Name": "Steel" })), account("S2", json!({ "Name": "New" }))]);
    assert_eq!(codes(&again), ["updated", "updated"]);
    assert_eq!(first[0]["id"], again[0]["id"]);

    let (_, body) = client.query("SELECT LastModifiedDate, CreatedDate FROM Account WHERE Name = 'new'");
    assert_eq!(body["records"][0]["CreatedDate"], "2026-03-01T10:00:00.000+0000");
    assert_eq!(body["records"][0]["LastModifiedDate"], "2026-03-01T10:00:05.000+0000");
    let effects = client.org.effects();
    let seen: Vec<_> = effects.iter().map(|effect| (effect.number, effect.created, effect.changed)).collect();
    // The key is spelled anew by the second call.
    assert_eq!(seen, [(1, true, true), (2, true, true), (3, false, true), (4, false, true)]);
    assert_eq!(effects[0].after.text("IFS_Credit_Limit__c").as_deref(), Some("10.01"));
    client.clock.advance(Duration::from_secs(5));
    client.upsert(&[account("S2", json!({ "Name": "New" }))]);
    let last = &client.org.effects_from(5)[0];
    assert_eq!((last.changed, last.after.modified.to_string()), (false, "2026-03-01T10:00:10Z".into()));
    let stats = client.org.stats();
    assert_eq!((stats["accounts"], stats["created"], stats["updated"], stats["unchanged"]), (2, 2, 2, 1));
    assert_eq!((stats["calls.collection"], stats["calls.query"], stats["calls.token"]), (3, 1, 1));
}

#[test]
fn each_record_of_a_collection_has_its_own_fate() {
    let client = Client::new();
    let batch = [
        account("A", json!({ "Name": "fine" })),
        account("B", json!({})),
        account("C", json!({ "Name": "x", "Nope__c": 1 })),
        account("D", json!({ "Name": "one" })),
        account("d", json!({ "Name": "two" })),
        json!({ "attributes": { "type": "Account" }, "Name": "no key" }),
        json!({ "attributes": { "type": "Contact" }, "IFS_Key__c": "E" }),
    ];
    let wanted = [
        "created",
        "REQUIRED_FIELD_MISSING",
        "INVALID_FIELD",
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
        "MISSING_ARGUMENT",
        "INVALID_TYPE",
    ];
    assert_eq!(codes(&client.upsert(&batch)), wanted);
    assert_eq!(client.org.accounts().len(), 1);

    let results = client.collection("PATCH", UPSERT, &batch[..2], true);
    assert_eq!(codes(&results), ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]);
    assert_eq!(client.org.effects().len(), 1);

    let many: Vec<Value> =
        (0..201).map(|number| account(&format!("M{number}"), json!({ "Name": "x" }))).collect();
    let body = json!({ "records": many });
    assert_eq!(code(&client.call("PATCH", UPSERT, &body)), (400, "EXCEEDED_ID_LIMIT"));
    assert_eq!(client.upsert(&many[..200]).len(), 200);
    assert_eq!(code(&client.call("PATCH", "/composite/sobjects/Account/Name", &body)), (404, "NOT_FOUND"));
    let response = client.send("PATCH", &format!("/services/data/v64.0{UPSERT}"), "{\"records\":[{]}", &[]);
    assert_eq!(code(&read(&response)), (400, "JSON_PARSER_ERROR"));
}

#[test]
fn collections_create_change_read_and_delete() {
    let client = Client::new();
    let both = [account("A", json!({ "Name": "one" })), account("a", json!({ "Name": "two" }))];
    let results = client.collection("POST", "/composite/sobjects", &both, false);
    assert_eq!(codes(&results), ["done", "DUPLICATE_VALUE"]);
    let id = client.id("A");
    assert!(
        results[1]["errors"][0]["message"].as_str().is_some_and(|text| text.ends_with(&id[..15])),
        "{results:?}"
    );
    let change = |id: &str| json!({ "attributes": { "type": "Account" }, "Id": id, "Name": "changed" });
    let changes = [change(&id[..15]), change(&id), change("001000000000000AAA"), change("x")];
    let wanted = ["done", "DUPLICATE_VALUE", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"];
    assert_eq!(codes(&client.collection("PATCH", "/composite/sobjects", &changes, false)), wanted);
    let wanted = json!({ "ids": [id, "001000000000000AAA"], "fields": ["Name"] });
    let (_, rows) = client.call("POST", "/composite/sobjects/Account", &wanted);
    assert_eq!((&rows[0]["Name"], &rows[1]), (&json!("changed"), &Value::Null));
    let delete = format!("/composite/sobjects?ids={id},{id}");
    let (_, results) = client.call("DELETE", &format!("/composite/sobjects?ids={id}"), &Value::Null);
    assert_eq!(results[0]["success"], true);
    let (_, results) = client.call("DELETE", &delete, &Value::Null);
    assert_eq!(results[1]["errors"][0]["statusCode"], "ENTITY_IS_DELETED");
    assert!(client.found("Id", "").is_empty());
    let (_, all) = client.call("GET", "/queryAll?q=SELECT+IsDeleted+FROM+Account", &Value::Null);
    assert_eq!(all["records"][0]["IsDeleted"], true);
    // What lies in the recycle bin does not hold its external id.
    assert_eq!(codes(&client.upsert(&[account("A", json!({ "Name": "new" }))])), ["created"]);
}

#[test]
fn single_rows_are_written_and_read() {
    let client = Client::new();
    let (status, body) =
        client.call("POST", "/sobjects/Account", &json!({ "Name": "one", "IFS_Key__c": "A" }));
    assert_eq!((status, &body["success"]), (201, &json!(true)));
    let row = format!("/sobjects/Account/{}", body["id"].as_str().expect("an id"));
    let (status, body) = client.call("GET", &format!("{row}?fields=Name,Phone"), &Value::Null);
    assert_eq!(
        (status, &body["Name"], &body["Phone"], body.get("Fax")),
        (200, &json!("one"), &Value::Null, None)
    );
    assert_eq!(
        code(&client.call("GET", &format!("{row}?fields=Nope"), &Value::Null)),
        (400, "INVALID_FIELD")
    );
    assert_eq!(client.call("PATCH", &row, &json!({ "Phone": "1" })).0, 204);
    assert_eq!(code(&client.call("PATCH", &row, &json!({ "Name": null }))), (400, "REQUIRED_FIELD_MISSING"));
    let taken = client.call("POST", "/sobjects/Account", &json!({ "Name": "two", "IFS_Key__c": "a" }));
    assert_eq!(code(&taken), (400, "DUPLICATE_VALUE"));
    assert_eq!(client.call("DELETE", &row, &Value::Null).0, 204);
    assert_eq!(code(&client.call("DELETE", &row, &Value::Null)), (404, "ENTITY_IS_DELETED"));
    assert_eq!(
        code(&client.call("GET", "/sobjects/Account/001000000000000AAA", &Value::Null)),
        (404, "NOT_FOUND")
    );
}

#[test]
fn rows_are_addressed_by_external_id() {
    let client = Client::new();
    let path = format!("{KEYED}/a%2Fb%20c%2B%26");
    let (status, body) = client.call("PATCH", &path, &json!({ "Name": "one" }));
    assert_eq!((status, &body["created"]), (201, &json!(true)));
    assert_eq!(client.org.by_key("a/b c+&").len(), 1);
    let (status, body) = client.call("PATCH", &path, &json!({ "Name": "two" }));
    assert_eq!((status, &body["created"]), (200, &json!(false)));
    let with_key = json!({ "Name": "two", "IFS_Key__c": "x" });
    assert_eq!(code(&client.call("PATCH", &path, &with_key)), (400, "INVALID_FIELD"));
    let absent = format!("{KEYED}/none?updateOnly=true");
    assert_eq!(code(&client.call("PATCH", &absent, &json!({ "Name": "x" }))), (404, "NOT_FOUND"));
    assert_eq!(client.call("GET", &path, &Value::Null).1["Name"], "two");
    client.org.switch(|switches| switches.not_unique = true);
    client.org.human_insert(&[("Name", "twin"), ("IFS_Key__c", "A/B c+&")]);
    let (status, places) = client.call("PATCH", &path, &json!({ "Name": "x" }));
    assert_eq!((status, places.as_array().map(Vec::len)), (300, Some(2)));
    assert!(
        places[0]
            .as_str()
            .is_some_and(|place| place.starts_with("/services/data/v64.0/sobjects/Account/001"))
    );
    let several = client.upsert(&[account("a/b c+&", json!({ "Name": "x" }))]);
    assert_eq!(codes(&several), ["DUPLICATE_EXTERNAL_ID"]);
    client.org.switch(|switches| switches.case_sensitive = true);
    assert_eq!(client.call("DELETE", &path, &Value::Null).0, 204);
    assert_eq!(client.call("GET", &path, &Value::Null).0, 404);
}

#[test]
fn a_row_changed_meanwhile_is_not_overwritten() {
    let client = Client::new();
    client.upsert(&[account("A", json!({ "Name": "one" }))]);
    let row = format!("/services/data/v64.0/sobjects/Account/{}", client.id("A"));
    let patch = |since: &str| {
        client.send("PATCH", &row, r#"{"Name":"two"}"#, &[("if-unmodified-since", since)]).status().as_u16()
    };
    let read_at = "Sun, 01 Mar 2026 10:00:00 GMT";
    client.clock.advance(Duration::from_secs(1));
    assert_eq!((patch(read_at), patch(read_at), patch("yesterday")), (204, 412, 400));
}

#[test]
fn queries_filter_as_soql_does() {
    let client = Client::new();
    client.upsert(&[
        account("A", json!({ "Name": "Alpha", "Phone": "1", "IFS_Credit_Limit__c": 5, "IFS_Created__c": "2026-01-01" })),
        account("B", json!({ "Name": "beta", "Phone": "2", "IFS_Credit_Limit__c": 50, "IFS_Created__c": "2026-02-01" })),
        account("C", json!({ "Name": "O'Hara \\ 100%\nnext" })),
    ]);
    for (condition, wanted) in [
        ("Name = 'ALPHA'", "A"),
        ("Name != 'alpha'", "BC"),
        ("Name LIKE '%A%' AND Phone != null", "AB"),
        (r"Name LIKE '%100\%%'", "C"),
        (r"Name LIKE '1\%'", ""),
        (r"Name = 'O\'Hara \\ 100%\nnext'", "C"),
        ("IFS_Credit_Limit__c > 5", "B"),
        ("IFS_Credit_Limit__c <= 5.0", "A"),
        ("IFS_Credit_Limit__c < 100", "AB"),
        ("IFS_Created__c >= 2026-01-02", "B"),
        ("Phone = null", "C"),
        ("Phone = ''", "C"),
        ("Phone IN ('2', null)", "BC"),
        ("Phone NOT IN ('2')", "AC"),
        ("NOT (Phone = '1' OR Phone = '2')", "C"),
        ("IFS_Key__c IN ('a','c','x')", "AC"),
        ("IFS_Key__c = 'b' AND Name = 'alpha'", ""),
        ("IsDeleted = true", ""),
        ("CreatedDate = 2026-03-01T11:00:00.000+01:00", "ABC"),
        ("SystemModstamp > 2026-03-01T10:00:00Z", ""),
    ] {
        assert_eq!(client.found("IFS_Key__c", &format!("WHERE {condition}")).concat(), wanted, "{condition}");
    }
    let id = client.id("B");
    assert_eq!(client.found("IFS_Key__c", &format!("WHERE Id IN ('{}')", &id[..15])), ["B"]);
    client.org.switch(|switches| switches.case_sensitive = true);
    assert_eq!(client.found("IFS_Key__c", "WHERE IFS_Key__c IN ('a','B')"), ["B"]);
    assert_eq!(client.found("IFS_Key__c", "WHERE IFS_Key__c = 'b'").len(), 0);
}

#[test]
fn queries_sort_cut_and_count() {
    let client = Client::new();
    for (key, phone) in [("A", "2"), ("B", ""), ("C", "1"), ("D", "2")] {
        client.upsert(&[account(key, json!({ "Name": key, "Phone": phone }))]);
    }
    for (rest, wanted) in [
        ("ORDER BY Phone, Name DESC", "BCDA"),
        ("ORDER BY Phone DESC NULLS LAST, Name", "ADCB"),
        ("ORDER BY Phone NULLS LAST LIMIT 2", "CA"),
        ("ORDER BY Name LIMIT 2 OFFSET 1", "BC"),
        ("LIMIT 0", ""),
    ] {
        assert_eq!(client.found("Name", rest).concat(), wanted, "{rest}");
    }
    let (_, counted) = client.query("SELECT COUNT() FROM Account WHERE Phone = '2'");
    assert_eq!(counted, json!({ "totalSize": 2, "done": true, "records": [] }));
}

#[test]
fn long_results_come_in_pages() {
    let client = Client::with(SalesforceSettings { query_page: 2, ..SalesforceSettings::default() });
    for number in 0..5 {
        client.upsert(&[account(&format!("K{number}"), json!({ "Name": "x" }))]);
    }
    let (_, mut page) = client.query("SELECT IFS_Key__c FROM Account");
    let mut sizes = vec![page["records"].as_array().map(Vec::len)];
    let second = page["nextRecordsUrl"].as_str().expect("more").to_owned();
    while let Some(next) = page["nextRecordsUrl"].as_str() {
        // Pages show what was there when the query began.
        client.upsert(&[account(&format!("L{}", sizes.len()), json!({ "Name": "x" }))]);
        assert_eq!((&page["done"], &page["totalSize"]), (&json!(false), &json!(5)));
        page = read(&client.send("GET", next, "", &[])).1;
        sizes.push(page["records"].as_array().map(Vec::len));
    }
    assert_eq!((sizes, &page["done"]), (vec![Some(2), Some(2), Some(1)], &json!(true)));
    client.org.expire_cursors();
    let lost = read(&client.send("GET", &second, "", &[]));
    assert_eq!(code(&lost), (400, "INVALID_QUERY_LOCATOR"));
}

#[test]
fn what_is_too_long_is_refused() {
    let client = Client::new();
    let long = format!("/query?q={}", "x".repeat(16_384));
    assert_eq!(client.call("GET", &long, &Value::Null).0, 414);
    let nearly = format!("/services/data/v64.0/query?q={}", "x".repeat(16_000));
    let padding = "x".repeat(400);
    assert_eq!(client.send("GET", &nearly, "", &[("x-padding", padding.as_str())]).status(), 431);
}

#[test]
fn limits_are_counted_and_run_out() {
    let client = Client::with(SalesforceSettings { daily_calls: 2, ..SalesforceSettings::default() });
    let response = client.send("GET", "/services/data/v64.0/limits", "", &[]);
    assert_eq!(response.headers()["sforce-limit-info"], "api-usage=1/2");
    assert_eq!(
        client.call("GET", "/limits", &Value::Null).1["DailyApiRequests"],
        json!({ "Max": 2, "Remaining": 0 })
    );
    let over = json!([{ "message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED" }]);
    assert_eq!(client.call("GET", "/limits", &Value::Null), (403, over));
}

#[test]
fn switches_make_trouble() {
    let client = Client::new();
    let batch: Vec<Value> =
        ["A", "B", "C"].iter().map(|key| account(key, json!({ "Name": format!("name {key}") }))).collect();
    client.org.switch(|switches| switches.locked_rows = 2);
    assert_eq!(codes(&client.upsert(&batch)), ["UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW", "created"]);
    client.org.switch(|switches| switches.limited = Some(Matching::new("Name", "B")));
    let killed = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY";
    assert_eq!(codes(&client.upsert(&batch)), [killed, killed, killed]);
    assert_eq!(codes(&client.upsert(&batch[..1])), ["created"]);
    client.org.switch(|switches| {
        switches.limited = None;
        switches.refused = Some(Matching::new("Name", "C"));
    });
    assert_eq!(codes(&client.upsert(&batch)), ["updated", "created", "FIELD_CUSTOM_VALIDATION_EXCEPTION"]);
    client.org.switch(|switches| {
        *switches = SalesforceSwitches { short_answers: true, rewrites_phones: true, ..Default::default() };
    });
    assert_eq!(client.upsert(&[account("A", json!({ "Phone": "1 2" })), batch[1].clone()]).len(), 1);
    assert_eq!(client.org.account_by_key("A").and_then(|a| a.text("Phone")).as_deref(), Some("12"));
    client.org.switch(|switches| {
        *switches = SalesforceSwitches { hidden: ["IFS_Key__c".into()].into(), ..Default::default() };
    });
    assert_eq!(client.call("PATCH", UPSERT, &json!({ "records": batch })).0, 404);
    client.org.switch(|switches| {
        *switches = SalesforceSwitches { too_concurrent: true, ..Default::default() };
    });
    let (status, body) = client.query("SELECT Id FROM Account");
    assert_eq!(status, 403);
    assert!(body[0]["message"].as_str().is_some_and(|text| text.starts_with("ConcurrentRequests")));
}

#[test]
fn rows_are_locked_by_chance_from_the_seed() {
    let run = |seed| {
        let client = Client::with(SalesforceSettings { seed, ..SalesforceSettings::default() });
        client.org.switch(|switches| switches.locked_per_mille = 300);
        let batch: Vec<Value> =
            (0..100).map(|number| account(&number.to_string(), json!({ "Name": "x" }))).collect();
        let results = client.upsert(&batch);
        codes(&results).iter().map(|code| *code == "created").collect::<Vec<bool>>()
    };
    let locked = run(1).iter().filter(|made| !**made).count();
    assert!((10..60).contains(&locked), "{locked}");
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn people_work_in_the_browser_and_at_the_door() {
    let client = Client::new();
    let id =
        client.org.human_insert(&[("Name", "one"), ("IFS_Key__c", "A"), ("IFS_Credit_Limit__c", "1.50")]);
    client.clock.advance(Duration::from_secs(1));
    assert!(client.org.human_edit(&id, "IFS_Credit_Limit__c", Some("2.255")));
    assert!(!client.org.human_edit(&id, "IFS_Credit_Limit__c", Some("much")));
    assert!(!client.org.human_edit(&id, "Nope", Some("x")) && !client.org.human_edit("x", "Name", None));
    let account = client.org.account_by_key("A").expect("an account");
    assert_eq!(account.get("IFS_Credit_Limit__c"), &Cell::Number("2.26".parse().expect("a number")));
    assert!(account.modified > account.created);
    assert!(client.org.effects().is_empty());

    let clock = client.clock.clone();
    let gate = Gate::new(client.org);
    let knock = |method: &str, path: &str, body: &str| {
        let request = http::Request::builder().method(method).uri(path).body(Bytes::from(body.to_owned()));
        let request = request.expect("a request");
        read(&gate.endpoint().door(&request).expect("the door knows it"))
    };
    clock.advance(Duration::from_secs(1));
    assert_eq!(knock("POST", "/sandbox/edit?key=A&field=Phone&value=%2B49", "").1, json!({ "edited": 1 }));
    assert_eq!(knock("POST", "/sandbox/edit?key=A&field=Name", "").1, json!({ "edited": 1 }));
    let (_, accounts) = knock("GET", "/sandbox/accounts", "");
    assert_eq!((&accounts[0]["Phone"], &accounts[0]["Name"]), (&json!("+49"), &Value::Null));
    assert_eq!(accounts[0]["LastModifiedDate"], "2026-03-01T10:00:02.000+0000");
    let (_, made) = knock("POST", "/sandbox/insert", r#"{"Name":"two"}"#);
    let path = format!("/sandbox/delete?id={}", made["id"].as_str().expect("an id"));
    assert_eq!(knock("POST", &path, "").1, json!({ "deleted": 1 }));
    let (status, switches) = knock("POST", "/sandbox/switches", r#"{"locked_rows":3}"#);
    assert_eq!((status, &switches["locked_rows"]), (200, &json!(3)));
    let (_, switches) = knock("POST", "/sandbox/switches", r#"{"token_trouble":"no_run_as_user"}"#);
    assert_eq!((&switches["locked_rows"], &switches["token_trouble"]), (&json!(3), &json!("no_run_as_user")));
    assert_eq!(knock("POST", "/sandbox/switches", r#"{"nope":1}"#).0, 400);
    assert_eq!(knock("GET", "/sandbox/effects", "").1, json!([]));
}
