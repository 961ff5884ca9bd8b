//! Several requests in one, and windows of changes.

use std::time::Duration;

use serde_json::{Value, json};

use super::test_client::{Client, code, codes};
use crate::Endpoint as _;

const ROOT: &str = "/services/data/v64.0";

fn part(method: &str, path: &str, name: &str, body: &Value) -> Value {
    json!({ "method": method, "url": format!("{ROOT}{path}"), "referenceId": name, "body": body })
}

fn composite(client: &Client, parts: &[Value], all_or_none: bool) -> Vec<(u64, Value)> {
    let body = json!({ "allOrNone": all_or_none, "compositeRequest": parts });
    let (status, answer) = client.call("POST", "/composite", &body);
    assert_eq!(status, 200, "{answer}");
    let list = answer["compositeResponse"].as_array().expect("a list");
    list.iter().map(|one| (one["httpStatusCode"].as_u64().expect("a status"), one["body"].clone())).collect()
}

#[test]
fn parts_refer_to_earlier_answers() {
    let client = Client::new();
    let answers = composite(
        &client,
        &[
            part("POST", "/sobjects/Account", "steel", &json!({ "Name": "Steel \"A\"" })),
            part("POST", "/sobjects/Contact", "ek", &json!({ "LastName": "Ek", "AccountId": "@{steel.id}" })),
            json!({
                "method": "GET", "referenceId": "read",
                "url": format!("{ROOT}/query?q=SELECT Id, Name FROM Account WHERE Id = '@{{steel.id}}'"),
            }),
            part(
                "PATCH",
                "/sobjects/Contact/@{ek.id}",
                "named",
                &json!({ "FirstName": "@{read.records[0].Name}" }),
            ),
            part("PATCH", "/sobjects/Contact/@{nobody.id}", "lost", &json!({ "FirstName": "x" })),
        ],
        false,
    );
    let statuses: Vec<u64> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [201, 201, 200, 204, 400]);
    assert_eq!(answers[4].1[0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(client.first("SELECT FirstName FROM Contact"), "Steel \"A\"");
    let calls = client.org.stats()["calls"];
    composite(&client, &[part("GET", "/sobjects/Account/describe", "a", &Value::Null)], false);
    assert_eq!(client.org.stats()["calls"], calls + 1, "a composite is one call");
}

#[test]
fn numbers_keep_their_digits_on_the_way_through_a_composite() {
    let client = Client::new();
    let limit = "1234567890123456.78";
    let body: Value = json!({ "Name": "Steel", "IFS_Key__c": "S1", "IFS_Credit_Limit__c": limit });
    let read = part("GET", "/query?q=SELECT+IFS_Credit_Limit__c+FROM+Account", "b", &Value::Null);
    let parts = json!({ "compositeRequest": [part("POST", "/sobjects/Account", "a", &body), read] });
    let response = client.send("POST", "/services/data/v64.0/composite", parts.to_string(), &[]);
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(text.contains(&format!(r#""IFS_Credit_Limit__c":{limit}"#)), "{text}");
}

#[test]
fn a_composite_that_only_asks_is_no_write() {
    let client = Client::new();
    let writes = |parts: &[Value]| {
        let body = json!({ "compositeRequest": parts }).to_string();
        let request = http::Request::builder().method("POST").uri("http://x/services/data/v64.0/composite");
        client.org.kind(&request.body(body.into()).expect("a request")).writes
    };
    let read = part("GET", "/query?q=SELECT+Id+FROM+Account", "a", &Value::Null);
    let write = part("POST", "/sobjects/Account", "b", &json!({ "Name": "Steel" }));
    assert!(!writes(std::slice::from_ref(&read)));
    assert!(writes(&[read, write]));
}

#[test]
fn all_or_none_takes_everything_back() {
    let client = Client::new();
    let parts = [
        part("POST", "/sobjects/Account", "a", &json!({ "Name": "Steel" })),
        part("POST", "/sobjects/Account", "b", &json!({ "Phone": "1" })),
        part("POST", "/sobjects/Account", "c", &json!({ "Name": "Iron" })),
    ];
    let codes = |answers: &[(u64, Value)]| -> Vec<String> {
        answers.iter().map(|(_, body)| body[0]["errorCode"].as_str().unwrap_or("-").to_owned()).collect()
    };
    let answers = composite(&client, &parts, true);
    assert_eq!(codes(&answers), ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]);
    assert_eq!(client.count("SELECT COUNT() FROM Account"), 0);
    assert!(client.org.effects().is_empty() && client.org.changes_after(0).is_empty());
    let answers = composite(&client, &parts, false);
    assert_eq!(codes(&answers), ["-", "REQUIRED_FIELD_MISSING", "-"]);
    assert_eq!(client.count("SELECT COUNT() FROM Account"), 2);
}

#[test]
fn composites_have_limits() {
    let client = Client::new();
    let many = |count: usize, path: &str| -> Value {
        let parts: Vec<Value> =
            (0..count).map(|number| part("GET", path, &format!("r{number}"), &Value::Null)).collect();
        json!({ "compositeRequest": parts })
    };
    let refused = |body: &Value| client.call("POST", "/composite", body).0 == 400;
    assert!(!refused(&many(25, "/limits")) && refused(&many(26, "/limits")) && refused(&many(0, "/limits")));
    let query = "/query?q=SELECT+Id+FROM+Account";
    assert!(!refused(&many(5, query)) && refused(&many(6, query)));
    let twice = json!({ "compositeRequest": [part("GET", "/limits", "a", &Value::Null), part("GET", "/limits", "a", &Value::Null)] });
    assert!(refused(&twice));
    let nested = composite(&client, &[part("POST", "/composite", "a", &json!({}))], false);
    assert_eq!(nested[0].0, 400);
    let mut header = part("GET", "/limits", "a", &Value::Null);
    header["httpHeaders"] = json!({ "Authorization": "x" });
    assert_eq!(composite(&client, &[header], false)[0].0, 400);
}

#[test]
fn collections_within_a_composite_write_and_fail_by_row() {
    let client = Client::new();
    let records = json!({ "allOrNone": true, "records": [
        { "attributes": { "type": "Account" }, "Name": "one", "IFS_Key__c": "A" },
        { "attributes": { "type": "Account" }, "IFS_Key__c": "B" },
    ] });
    let path = "/composite/sobjects/Account/IFS_Key__c";
    let fine =
        json!({ "records": [{ "attributes": { "type": "Account" }, "Name": "two", "IFS_Key__c": "C" }] });
    let answers =
        composite(&client, &[part("PATCH", path, "a", &records), part("PATCH", path, "b", &fine)], false);
    let first: Vec<Value> = serde_json::from_value(answers[0].1.clone()).expect("a list");
    assert_eq!(codes(&first), ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]);
    assert_eq!((answers[1].0, client.count("SELECT COUNT() FROM Account")), (200, 1));
}

#[test]
fn graphs_stand_and_fall_alone() {
    let client = Client::new();
    let graph = |name: &str, key: &str, last: Value| {
        json!({ "graphId": name, "compositeRequest": [
            // Needs what comes later.
            part("POST", "/sobjects/Contact", "ek", &json!({ "LastName": last, "AccountId": "@{steel.id}" })),
            part("PATCH", &format!("/sobjects/Account/IFS_Key__c/{key}"), "steel", &json!({ "Name": key })),
        ] })
    };
    let body = json!({ "graphs": [graph("1", "A", json!("Ek")), graph("2", "B", Value::Null), graph("3", "C", json!("Ek"))] });
    let (status, answer) = client.call("POST", "/composite/graph", &body);
    assert_eq!(status, 200, "{answer}");
    let done: Vec<bool> =
        answer["graphs"].as_array().expect("graphs").iter().map(|one| one["isSuccessful"] == true).collect();
    assert_eq!(done, [true, false, true]);
    let failed = &answer["graphs"][1]["graphResponse"]["compositeResponse"];
    assert_eq!(failed[0]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(failed[1]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(client.count("SELECT COUNT() FROM Account"), 2);
    assert_eq!(client.count("SELECT COUNT() FROM Contact WHERE Account.IFS_Key__c IN ('A', 'C')"), 2);
    let query = json!({ "graphs": [{ "graphId": "1", "compositeRequest": [part("GET", "/query?q=x", "a", &Value::Null)] }] });
    assert_eq!(client.call("POST", "/composite/graph", &query).0, 400);
}

#[test]
fn the_rest_is_not_tried_after_fourteen_failed_graphs() {
    let client = Client::new();
    let graphs: Vec<Value> = (0..16)
        .map(|number| {
            let body = if number == 15 { json!({ "Name": "x" }) } else { json!({}) };
            json!({ "graphId": number.to_string(), "compositeRequest": [part("POST", "/sobjects/Account", "a", &body)] })
        })
        .collect();
    let (_, answer) = client.call("POST", "/composite/graph", &json!({ "graphs": graphs }));
    let code = |place: usize| {
        answer["graphs"][place]["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"].clone()
    };
    assert_eq!((code(13), code(15)), (json!("REQUIRED_FIELD_MISSING"), json!("PROCESSING_HALTED")));
    assert_eq!(client.count("SELECT COUNT() FROM Account"), 0);
}

#[test]
fn trees_grow_whole_or_not_at_all() {
    let client = Client::new();
    let tree = |last: Value| {
        json!({ "records": [{
            "attributes": { "type": "Account", "referenceId": "a" }, "Name": "Steel",
            "Contacts": { "records": [
                { "attributes": { "type": "Contact", "referenceId": "b" }, "LastName": "Ek" },
                { "attributes": { "type": "Contact", "referenceId": "c" }, "LastName": last },
            ] },
        }] })
    };
    let (status, answer) = client.call("POST", "/composite/tree/Account", &tree(Value::Null));
    assert_eq!((status, &answer["hasErrors"]), (400, &json!(true)));
    assert_eq!(answer["results"][0]["referenceId"], "c");
    assert_eq!(client.count("SELECT COUNT() FROM Account"), 0);
    let (status, answer) = client.call("POST", "/composite/tree/Account", &tree(json!("Berg")));
    assert_eq!((status, answer["results"].as_array().map(Vec::len)), (201, Some(3)));
    assert_eq!(client.count("SELECT COUNT() FROM Contact WHERE Account.Name = 'Steel'"), 2);
}

#[test]
fn batches_go_on_or_halt() {
    let client = Client::new();
    let batch = |halt: bool| {
        json!({ "haltOnError": halt, "batchRequests": [
            { "method": "GET", "url": "v64.0/limits" },
            { "method": "POST", "url": "v64.0/sobjects/Account", "richInput": {} },
            { "method": "POST", "url": "v64.0/sobjects/Account", "richInput": { "Name": "x" } },
        ] })
    };
    let statuses = |halt: bool| -> Vec<Value> {
        let (_, answer) = client.call("POST", "/composite/batch", &batch(halt));
        assert_eq!(answer["hasErrors"], true);
        answer["results"].as_array().expect("results").iter().map(|one| one["statusCode"].clone()).collect()
    };
    assert_eq!(statuses(true), [json!(200), json!(400), json!(412)]);
    assert_eq!(statuses(false), [json!(200), json!(400), json!(201)]);
}

#[test]
fn windows_tell_of_changes_and_deletions() {
    let client = Client::new();
    let old = client.made("Account", &json!({ "Name": "old" }));
    client.clock.advance(Duration::from_secs(600));
    let gone = client.made("Account", &json!({ "Name": "gone" }));
    let purged = client.made("Account", &json!({ "Name": "purged" }));
    let kept = client.made("Account", &json!({ "Name": "kept" }));
    client.clock.advance(Duration::from_secs(60));
    assert!(client.org.human_delete(&gone) && client.org.human_purge(&purged));
    let window = |what: &str, start: &str, end: &str| {
        client.call("GET", &format!("/sobjects/Account/{what}/?start={start}&end={end}"), &Value::Null)
    };
    let (_, body) = window("updated", "2026-03-01T10:05:30%2B00:00", "2026-03-01T10:30:00Z");
    assert_eq!(body, json!({ "ids": [kept], "latestDateCovered": "2026-03-01T10:11:00.000+0000" }));
    let (_, body) = window("deleted", "2026-03-01T10:05:00+00:00", "2026-03-01T10:30:00Z");
    let ids: Vec<&str> = body["deletedRecords"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_eq!(ids, [gone.as_str(), purged.as_str()]);
    let (_, body) = window("updated", "2026-03-01T09:00:00Z", "2026-03-01T10:05:00Z");
    assert_eq!(body["ids"], json!([old]));
    for (what, start, end) in [
        ("updated", "2026-01-01T00:00:00Z", "2026-03-01T10:00:00Z"),
        ("deleted", "2026-02-10T00:00:00Z", "2026-03-01T10:00:00Z"),
        ("updated", "2026-03-01T10:00:00Z", "2026-03-01T09:00:00Z"),
        ("updated", "yesterday", "2026-03-01T09:00:00Z"),
    ] {
        assert_eq!(code(&window(what, start, end)), (400, "INVALID_REPLICATION_DATE"), "{start}");
    }
}
