//! The org as a client meets it: requests in, answers out.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::test_client::{Client, KEYED, UPSERT, account, code, codes, read};
use super::*;
use crate::{Endpoint as _, Gate};

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
        ("grant_type=refresh_token", None, "unsupported_grant_type"),
        ("grant_type=password&username=admin@sandbox.example", Some("ml-connector:x"), "invalid_client"),
        (
            "grant_type=password&username=admin@sandbox.example&password=x",
            Some("ml-connector:sandbox-secret"),
            "invalid_grant",
        ),
        ("grant_type=client_credentials", Some("x:sandbox-secret"), "invalid_client_id"),
        ("grant_type=client_credentials", Some("ml-connector:x"), "invalid_client"),
    ] {
        let (status, body) = client.token(form, basic);
        assert_eq!((status, body["error"].as_str()), (400, Some(error)));
    }
    let (status, body) = client.token(
        "grant_type=password&username=admin@sandbox.example&password=sandbox-secretTOKEN&client_id=ml-connector\
         &client_secret=sandbox-secret",
        None,
    );
    assert_eq!(status, 200, "{body}");
    assert!(body["id"].as_str().is_some_and(|url| url.ends_with("/005SBX000000002YBA")), "{body}");
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
