//! Tests of collections: what is sent, and what is believed.

use std::sync::Arc;
use std::time::Duration;

use wire::scripted::{self, Scripted, Step, answer};
use wire::{Call, Effect, TransportError, TransportErrorKind};

use crate::collections::*;
use crate::{Client, ErrorClass, RecordBody, RecordId, RecordResult, SfdcError};

const KEY: UpsertKey<'_> = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
const ID: [&str; 3] = ["001A0000006Vm9rIAC", "001A0000006Vm9sIAC", "001A0000006Vm9tIAC"];

fn org(step: Step) -> (Client, Arc<Scripted>) {
    let org = Scripted::new(&scripted::clock(), Duration::ZERO, vec![step]);
    let base = "https://acme.my.salesforce.com".parse().expect("a URL");
    (Client::new(org.clone(), &base, "64.0"), org)
}

fn answered(body: &str) -> (Client, Arc<Scripted>) {
    org(Ok(answer(200, &[], body)))
}

/// Method, path, body and effect of the only request.
fn sent(org: &Scripted) -> (String, String, Effect) {
    let seen = org.seen();
    let [(_, request)] = &seen[..] else { panic!("{} requests", seen.len()) };
    let path = request.uri().path_and_query().expect("a path").to_string();
    let body = std::str::from_utf8(request.body()).expect("UTF-8").to_owned();
    let effect = request.extensions().get::<Call>().expect("a call").effect;
    (format!("{} {path}", request.method()), body, effect)
}

fn bodies(count: usize) -> Vec<RecordBody> {
    let body = |number: usize| {
        let mut body = RecordBody::new("Account");
        body.plain("N", number);
        body
    };
    (0..count).map(body).collect()
}

fn done(id: &str, created: bool) -> RecordResult {
    RecordResult::Done { id: id.to_owned(), created }
}

#[tokio::test(start_paused = true)]
async fn an_upsert_is_one_call_and_each_record_has_its_own_result() {
    let (client, org) = answered(&format!(
        r#"[{{"id":"{}","success":true,"errors":[],"created":true}},
            {{"success":false,"errors":[{{"statusCode":"STRING_TOO_LONG","message":"m","fields":["Name"]}}]}},
            {{"id":"{}","success":true,"errors":[],"created":false}}]"#,
        ID[0], ID[1]
    ));
    let bodies = bodies(3);
    let items: Vec<Item<'_>> =
        ["a", "b", "c"].iter().zip(&bodies).map(|(key, body)| Item::new(key, body)).collect();
    let results = client.upsert(&items, KEY).await.expect("results");
    assert_eq!(results[0], done(ID[0], true));
    assert_eq!(results[2], done(ID[1], false));
    let RecordResult::Failed(errors) = &results[1] else { panic!("{results:?}") };
    assert_eq!(
        (errors[0].fields.as_slice(), errors[0].verdict().class),
        (&["Name".to_owned()][..], ErrorClass::Data)
    );
    let (line, body, effect) = sent(&org);
    assert_eq!(line, "PATCH /services/data/v64.0/composite/sobjects/Account/IFS_Key__c");
    assert_eq!(
        body,
        r#"{"allOrNone":false,"records":[{"attributes":{"type":"Account"},"N":0},{"attributes":{"type":"Account"},"N":1},{"attributes":{"type":"Account"},"N":2}]}"#
    );
    assert_eq!(effect, Effect::Append);
}

#[tokio::test(start_paused = true)]
async fn creates_and_updates_and_deletes_say_what_twice_would_do() {
    let two = format!(
        r#"[{{"id":"{}","success":true,"errors":[]}},{{"id":"{}","success":true,"errors":[]}}]"#,
        ID[0], ID[1]
    );
    let bodies = bodies(2);
    let items = [Item::new(ID[0], &bodies[0]).about("S1"), Item::new(ID[1], &bodies[1])];
    for (creation, effect) in [(Creation::Plain, Effect::Append), (Creation::Unique, Effect::Put)] {
        let (client, org) = answered(&two);
        let results = client.create_all(&items, Together::AllOrNone, creation).await.expect("results");
        assert_eq!(results, [done(ID[0], true), done(ID[1], true)]);
        let (line, body, sent_effect) = sent(&org);
        assert_eq!((line.as_str(), sent_effect), ("POST /services/data/v64.0/composite/sobjects", effect));
        assert!(body.starts_with(r#"{"allOrNone":true,"#) && !body.contains("Id"), "{body}");
    }
    let (client, org) = answered(&two);
    let results = client.update_all(&items, Together::Each).await.expect("results");
    assert_eq!(results, [done(ID[0], false), done(ID[1], false)]);
    let (line, body, effect) = sent(&org);
    assert_eq!((line.as_str(), effect), ("PATCH /services/data/v64.0/composite/sobjects", Effect::Append));
    assert!(body.contains(&format!(r#""N":0,"Id":"{}"}}"#, ID[0])), "{body}");
    assert_eq!(org.seen()[0].1.extensions().get::<Call>().expect("a call").records[..], ["S1", ID[1]]);

    let (client, org) = answered(&two);
    let ids = [RecordId::parse(ID[0]).expect("an id"), RecordId::parse(&ID[1][..15]).expect("an id")];
    let results = client.delete_all(&ids, Together::Each).await.expect("results");
    assert_eq!(results, [done(ID[0], false), done(ID[1], false)]);
    let line =
        format!("DELETE /services/data/v64.0/composite/sobjects?ids={},{}&allOrNone=false", ID[0], ID[1]);
    assert_eq!(sent(&org), (line, String::new(), Effect::Put));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_told_of_a_record_is_not_believed() {
    let bodies = bodies(3);
    let items: Vec<Item<'_>> = ID.iter().zip(&bodies).map(|(key, body)| Item::new(key, body)).collect();
    let ok = |id: &str| format!(r#"{{"id":"{id}","success":true,"errors":[]}}"#);
    let missing = RecordResult::Missing;
    // Too few: nobody knows which are missing.
    let (client, _) = answered(&format!("[{},{}]", ok(ID[0]), ok(ID[1])));
    assert_eq!(client.upsert(&items, KEY).await.expect("results"), vec![missing.clone(); 3]);
    // Two records cannot have become one.
    let (client, _) = answered(&format!("[{},{},{}]", ok(ID[0]), ok(ID[1]), ok(ID[0])));
    let results = client.upsert(&items, KEY).await.expect("results");
    assert_eq!(results, [missing.clone(), done(ID[1], false), missing.clone()]);
    // Another record's result.
    let (client, _) = answered(&format!("[{},{},{}]", ok(ID[1]), ok(ID[0]), ok(ID[2])));
    let results = client.update_all(&items, Together::Each).await.expect("results");
    assert_eq!(results, [missing.clone(), missing.clone(), done(ID[2], false)]);
    // Success without an id.
    let (client, _) = answered(&format!(r#"[{{"success":true,"errors":[]}},{},{}]"#, ok(ID[1]), ok(ID[2])));
    assert_eq!(client.upsert(&items, KEY).await.expect("results")[0], missing);
    for body in [
        format!("[{},{},{},{}]", ok(ID[0]), ok(ID[1]), ok(ID[2]), ok("x")),
        "{}".to_owned(),
        "<html>".to_owned(),
        r#"[{"id":"x"}]"#.to_owned(),
        r#"[{"message":"m","errorCode":"X"}]"#.to_owned(),
    ] {
        let (client, _) = answered(&body);
        let error = client.upsert(&items, KEY).await.expect_err("no results");
        assert!(matches!(error, SfdcError::Malformed { .. }) && error.may_have_acted(), "{body}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn lost_and_failed_calls_say_whether_the_org_may_have_acted() {
    let bodies = bodies(1);
    let items = [Item::new("a", &bodies[0])];
    let lost = TransportError::new(TransportErrorKind::Unknown, "reading", "reset");
    let unreached = TransportError::new(TransportErrorKind::Unreached, "connecting", "refused");
    for (step, acted) in [
        (Err(lost), true),
        (Err(unreached), false),
        (Ok(answer(503, &[], "<html>")), true),
        (
            Ok(answer(
                403,
                &[],
                r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#,
            )),
            false,
        ),
        (Ok(answer(413, &[], "")), false),
    ] {
        let shown = format!("{step:?}");
        let (client, _) = org(step);
        assert_eq!(
            client.upsert(&items, KEY).await.expect_err("no results").may_have_acted(),
            acted,
            "{shown}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_api_would_refuse_is_not_sent() {
    let many = bodies(201);
    let keys: Vec<String> = (0..201).map(|number| format!("K{number}")).collect();
    let all: Vec<Item<'_>> = keys.iter().zip(&many).map(|(key, body)| Item::new(key, body)).collect();
    let body = &many[0];
    let (client, org) = answered("[]");
    for items in [
        vec![],
        all,
        vec![Item::new("a", body), Item::new("a", body)],
        vec![Item::new("a", body), Item::new("A", body)],
        vec![Item::new("a ", body), Item::new("a", body)],
        vec![Item::new("", body)],
    ] {
        let error = client.upsert(&items, KEY).await.expect_err("refused");
        assert!(matches!(error, SfdcError::Unfit { .. }) && !error.may_have_acted(), "{error}");
    }
    let twice = [Item::new(ID[0], body), Item::new(&ID[0][..15], body)];
    client.update_all(&twice, Together::Each).await.expect_err("one id twice");
    client.update_all(&[Item::new("../001", body)], Together::Each).await.expect_err("no id");
    let bad = UpsertKey { field: "Key__c?x", ..KEY };
    client.upsert(&[Item::new("a", body)], bad).await.expect_err("no field");
    let objects: Vec<RecordBody> =
        (0..11).map(|number| RecordBody::new(if number % 2 == 0 { "Account" } else { "Contact" })).collect();
    let mixed: Vec<Item<'_>> = keys.iter().zip(&objects).map(|(key, body)| Item::new(key, body)).collect();
    client.create_all(&mixed, Together::Each, Creation::Plain).await.expect_err("too mixed");
    let id = RecordId::parse(ID[0]).expect("an id");
    client.delete_all(&[id.clone(), id.clone()], Together::Each).await.expect_err("twice");
    client.retrieve("Account", &vec![id; 2_001], &[]).await.expect_err("too many");
    assert_eq!(org.count(), 0);
    // Two keys that differ in case are two records where the field tells them apart.
    let (client, org) = answered("[]");
    let apart = UpsertKey { case_sensitive: true, ..KEY };
    client.upsert(&[Item::new("a", body), Item::new("A", body)], apart).await.expect("sent");
    assert_eq!(org.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn retrieved_records_are_those_that_were_asked_for() {
    let ids: Vec<RecordId> = ID.iter().map(|id| RecordId::parse(id).expect("an id")).collect();
    let record = |id: &str| format!(r#"{{"attributes":{{"type":"Account"}},"Id":"{id}","Name":"x"}}"#);
    let (client, org) = answered(&format!("[{},null,{}]", record(ID[0]), record(ID[2])));
    let records = client.retrieve("Account", &ids, &["Name", "id"]).await.expect("records");
    assert_eq!(records.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    let (line, body, effect) = sent(&org);
    assert_eq!(
        (line.as_str(), effect),
        ("POST /services/data/v64.0/composite/sobjects/Account", Effect::Read)
    );
    assert_eq!(body, format!(r#"{{"fields":["Id","Name"],"ids":["{}","{}","{}"]}}"#, ID[0], ID[1], ID[2]));
    for answer in [
        format!("[{},null]", record(ID[0])),
        format!("[{},null,null]", record(ID[1])),
        "[{},null,null]".into(),
    ] {
        let (client, _) = answered(&answer);
        client.retrieve("Account", &ids, &[]).await.expect_err("not what was asked for");
    }
}
