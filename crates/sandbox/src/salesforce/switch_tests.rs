//! What can be switched, conditional requests, answers of queries, and the log of changes.

use std::time::Duration;

use serde_json::{Value, json};

use super::test_client::{Client, code, codes, read};
use super::{ChangeKind, TokenTrouble};

const ROW: &str = "/services/data/v64.0/sobjects/Account";

fn record(name: &str, key: &str) -> Value {
    json!({ "attributes": { "type": "Account" }, "Name": name, "IFS_Key__c": key })
}

#[test]
fn writes_wait_during_maintenance_and_reads_go_on() {
    let client = Client::new();
    client.org.switch(|switches| switches.maintenance = true);
    let code_of = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE";
    assert_eq!(client.refused("Account", &json!({ "Name": "x" })), code_of);
    let results = client.collection("POST", "/composite/sobjects", &[record("x", "A")], false);
    assert_eq!(codes(&results), [code_of]);
    assert_eq!(client.count("SELECT COUNT() FROM Account"), 0);
}

#[test]
fn answers_to_collections_may_be_odd() {
    let client = Client::new();
    let both = [record("one", "A"), json!({ "attributes": { "type": "Account" } })];
    client.org.switch(|switches| switches.reordered_answers = true);
    let results = client.collection("POST", "/composite/sobjects", &both, false);
    assert_eq!(codes(&results), ["REQUIRED_FIELD_MISSING", "done"]);
    client.org.switch(|switches| switches.top_level_errors = true);
    let results = client.collection("POST", "/composite/sobjects", &[record("two", "B")], false);
    assert_eq!(results[0]["errorCode"], "UNKNOWN_EXCEPTION");
    assert_eq!(client.count("SELECT COUNT() FROM Account"), 1);
    client.org.switch(|switches| switches.largest_body = Some(10));
    assert_eq!(client.call("POST", "/sobjects/Account", &json!({ "Name": "long enough" })).0, 413);
}

#[test]
fn every_trouble_with_tokens_has_its_words() {
    let client = Client::new();
    for (trouble, error) in [
        (TokenTrouble::NoValidScopes, "invalid_grant"),
        (TokenTrouble::NotApproved, "invalid_app_access"),
        (TokenTrouble::InactiveUser, "inactive_user"),
        (TokenTrouble::InactiveOrg, "inactive_org"),
        (TokenTrouble::LoginRate, "rate_limit_exceeded"),
    ] {
        client.org.switch(|switches| switches.token_trouble = Some(trouble));
        let (status, body) =
            client.token("grant_type=client_credentials", Some("ml-connector:sandbox-secret"));
        assert_eq!((status, body["error"].as_str()), (400, Some(error)));
    }
}

#[test]
fn accounts_are_read_and_changed_by_tag() {
    let client = Client::new();
    let id = client.made("Account", &json!({ "Name": "one" }));
    let path = format!("{ROW}/{id}");
    let tag = client.send("GET", &path, "", &[]).headers()["etag"].to_str().expect("text").to_owned();
    let status = |method: &str, name: &str, value: &str| {
        client.send(method, &path, r#"{"Name":"two"}"#, &[(name, value)]).status().as_u16()
    };
    assert_eq!(status("GET", "if-none-match", &tag), 304);
    client.clock.advance(Duration::from_secs(1));
    assert_eq!((status("PATCH", "if-match", "\"x\""), status("PATCH", "if-match", &tag)), (412, 204));
    assert_eq!((status("PATCH", "if-match", &tag), status("GET", "if-none-match", &tag)), (412, 200));
    assert_eq!(status("GET", "if-modified-since", "Sun, 01 Mar 2026 10:00:01 GMT"), 304);
    let tunnel = client.send("POST", &format!("{path}?_HttpMethod=PATCH"), r#"{"Name":"three"}"#, &[]);
    assert_eq!((tunnel.status().as_u16(), client.first("SELECT Name FROM Account").as_str()), (204, "three"));
}

#[test]
fn descriptions_are_sent_again_only_if_they_changed() {
    let client = Client::new();
    let describe = "/services/data/v64.0/sobjects/Account/describe";
    let status =
        |since: &str| client.send("GET", describe, "", &[("if-modified-since", since)]).status().as_u16();
    client.clock.advance(Duration::from_secs(10));
    assert_eq!(status("Sun, 01 Mar 2026 10:00:05 GMT"), 304);
    client.org.switch(|switches| switches.hidden = ["Account.Phone".into()].into());
    assert_eq!(
        (status("Sun, 01 Mar 2026 10:00:05 GMT"), status("Sun, 01 Mar 2026 10:00:10 GMT")),
        (200, 304)
    );
    assert_eq!(status("yesterday"), 400);
}

#[test]
fn queries_reckon_nest_and_look_up_parents() {
    let client = Client::new();
    for (name, city, revenue) in
        [("a", "Oslo", json!(10)), ("b", "Oslo", json!(20)), ("c", "Rom", Value::Null)]
    {
        let id =
            client.made("Account", &json!({ "Name": name, "BillingCity": city, "AnnualRevenue": revenue }));
        client.made("Contact", &json!({ "LastName": format!("of {name}"), "AccountId": id }));
    }
    let rows = |soql: &str| {
        let (status, body) = client.query(soql);
        assert_eq!(status, 200, "{soql}: {body}");
        body["records"].clone()
    };
    let groups = rows(
        "SELECT BillingCity town, COUNT(Id), SUM(AnnualRevenue) total, AVG(AnnualRevenue), MIN(Name), MAX(Name) \
         FROM Account GROUP BY BillingCity ORDER BY COUNT(Id) DESC, BillingCity",
    );
    let oslo = json!({
        "attributes": { "type": "AggregateResult" }, "town": "Oslo", "expr0": 2, "total": 30, "expr1": 15,
        "expr2": "a", "expr3": "b",
    });
    assert_eq!((&groups[0], &groups[1]["total"]), (&oslo, &Value::Null));
    assert_eq!(rows("SELECT COUNT(AnnualRevenue) n FROM Account")[0]["n"], 2);
    let few = rows("SELECT BillingCity FROM Account GROUP BY BillingCity HAVING COUNT(Id) > 1");
    assert_eq!(few.as_array().map(Vec::len), Some(1));
    let nested =
        rows("SELECT Name, BillingAddress, (SELECT LastName FROM Contacts) FROM Account WHERE Name = 'a'");
    assert_eq!(nested[0]["Contacts"]["records"][0]["LastName"], "of a");
    assert_eq!(
        (&nested[0]["BillingAddress"]["city"], &nested[0]["BillingAddress"]["street"]),
        (&json!("Oslo"), &Value::Null)
    );
    let parents = rows(
        "SELECT LastName, Account.Name, Account.Owner.Name FROM Contact WHERE Account.BillingCity = 'rom'",
    );
    assert_eq!(parents[0]["Account"]["Name"], "c");
    assert_eq!(parents[0]["Account"]["Owner"]["Name"], "Integration User");
    let joined = rows(
        "SELECT LastName FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE AnnualRevenue > 15)",
    );
    assert_eq!(joined, json!([{ "attributes": joined[0]["attributes"], "LastName": "of b" }]));
    assert_eq!(rows("SELECT Id FROM Account WHERE CreatedDate = TODAY").as_array().map(Vec::len), Some(3));
    assert_eq!(rows("SELECT Id FROM Account WHERE CreatedDate < TODAY"), json!([]));
}

#[test]
fn changes_are_logged_with_their_author_and_forgotten_after_three_days() {
    let client = Client::new();
    let options = [("sforce-call-options", "client=referee")];
    client.send("POST", ROW, r#"{"Name":"one","Phone":"1"}"#, &options);
    let id = client.first("SELECT Id FROM Account");
    client.send("PATCH", &format!("{ROW}/{id}"), r#"{"Phone":null}"#, &options);
    client.send("PATCH", &format!("{ROW}/{id}"), r#"{"Name":"one"}"#, &options);
    client.clock.advance(Duration::from_secs(60));
    assert!(client.org.human_delete(&id) && client.org.human_undelete(&id));
    let changes = client.org.changes_after(0);
    let kinds: Vec<ChangeKind> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Create, ChangeKind::Update, ChangeKind::Delete, ChangeKind::Undelete]);
    assert_eq!(changes[1].fields(), ["Phone"], "a write that changes nothing is no change");
    assert_eq!(&*changes[0].origin, "com/salesforce/api/rest/64.0;client=referee");
    assert!(changes[0].commit < changes[1].commit && changes[0].user != changes[2].user);
    client.clock.advance(Duration::from_hours(72));
    let left = client.org.changes_after(0);
    assert_eq!((left.len(), client.org.changes_reach()), (2, (4, Some(3))));
}

#[test]
fn people_log_in_by_soap() {
    let client = Client::new();
    let login = |password: &str| {
        let body = format!(
            "<e:Envelope xmlns:e=\"x\"><e:Body><login xmlns=\"urn:partner.soap.sforce.com\">\
             <username>admin@sandbox.example</username><password>{password}</password></login></e:Body></e:Envelope>"
        );
        let request = http::Request::post("/services/Soap/u/64.0").header("host", "acme.example");
        let response = crate::Endpoint::answer(&*client.org, &request.body(body.into()).expect("a request"));
        (response.status().as_u16(), String::from_utf8(response.body().to_vec()).expect("text"))
    };
    let (status, answer) = login("sandbox-secretTOKEN");
    assert_eq!(status, 200, "{answer}");
    let session =
        answer.split_once("<sessionId>").and_then(|(_, rest)| rest.split_once('<')).expect("a session").0;
    let who =
        http::Request::get("/services/oauth2/userinfo").header("authorization", format!("Bearer {session}"));
    let who = crate::Endpoint::answer(&*client.org, &who.body(bytes::Bytes::new()).expect("a request"));
    assert_eq!(read(&who).1["username"], "admin@sandbox.example");
    let (status, answer) = login("x");
    assert!(status == 500 && answer.contains("INVALID_LOGIN"));
    assert_eq!(code(&client.call("GET", "/sobjects/Nope", &Value::Null)), (404, "NOT_FOUND"));
}
