//! Tests of single rows: what is sent, and what each answer means.

use std::sync::Arc;
use std::time::Duration;

use wire::scripted::{self, Scripted, answer};
use wire::{Call, Effect};

use crate::codes::ErrorClass;
use crate::collections::Creation;
use crate::conditions::{Condition, Freshness};
use crate::rows::*;
use crate::{Client, RecordBody, RecordId, RowAt, SfdcError};

const ID: &str = "001A0000006Vm9rIAC";

fn org(status: u16, headers: &[(&str, &str)], body: &str) -> (Client, Arc<Scripted>) {
    let org = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(answer(status, headers, body))]);
    let base = "https://acme.my.salesforce.com".parse().expect("a URL");
    (Client::new(org.clone(), &base, "64.0"), org)
}

fn id() -> RecordId {
    RecordId::parse(ID).expect("an id")
}

fn body() -> RecordBody {
    let mut body = RecordBody::new("Account");
    body.text("Name", "x");
    body
}

/// The line, one header, the body and the effect of the only request.
fn sent(org: &Scripted, header: &str) -> (String, String, String, Effect) {
    let seen = org.seen();
    let [(_, request)] = &seen[..] else { panic!("{} requests", seen.len()) };
    let value = request.headers().get(header).map(|value| value.to_str().expect("text").to_owned());
    let path = request.uri().path_and_query().expect("a path").as_str();
    let path = path.strip_prefix("/services/data/v64.0/sobjects/").unwrap_or(path);
    let effect = request.extensions().get::<Call>().expect("a call").effect;
    let body = String::from_utf8_lossy(request.body()).into_owned();
    (format!("{} {path}", request.method()), value.unwrap_or_default(), body, effect)
}

const NOT_FOUND: &str = r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
const DELETED: &str = r#"[{"errorCode":"ENTITY_IS_DELETED","message":"entity is deleted"}]"#;

#[tokio::test(start_paused = true)]
async fn a_row_is_read_with_its_validator() {
    let headers = [("ETag", "\"abc\""), ("Date", "Fri, 02 Jan 2026 03:04:06 GMT")];
    let record = r#"{"Id":"001A0000006Vm9rIAC","LastModifiedDate":"2026-01-02T03:04:05.000+0000"}"#;
    let (client, org) = org(200, &headers, record);
    let (id, fields) = (id(), ["Id", "LastModifiedDate"]);
    let got = client.row(&RowAt::id("Account", &id), &fields, &Freshness::Any).await.expect("a row");
    let Got::Row { record: read, validator } = got else { panic!("{got:?}") };
    assert_eq!(read.get(), record);
    assert_eq!(validator.etag.as_deref(), Some("\"abc\""));
    assert_eq!(validator.modified.map(|stamp| stamp.to_string()).as_deref(), Some("2026-01-02T03:04:05Z"));
    let line = format!("GET Account/{ID}?fields=Id,LastModifiedDate");
    assert_eq!(sent(&org, "if-match"), (line, String::new(), String::new(), Effect::Read));
}

#[tokio::test(start_paused = true)]
async fn reads_mean_what_their_status_says() {
    let links = r#"["/services/data/v64.0/sobjects/Account/001A0000006Vm9rIAC"]"#;
    let key = RowAt::external("Account", "IFS_Key__c", "S 1");
    for (status, body, wanted) in [
        (304, "", "Unchanged"),
        (404, NOT_FOUND, "Absent"),
        (300, links, "Several([\"001A0000006Vm9rIAC\"])"),
    ] {
        let (client, org) = org(status, &[], body);
        let since = Freshness::ModifiedSince("2026-01-02T03:04:05Z".parse().expect("a stamp"));
        let got = client.row(&key, &[], &since).await.expect("an answer");
        assert_eq!(format!("{got:?}"), wanted);
        let (line, header, ..) = sent(&org, "if-modified-since");
        assert_eq!(
            (line.as_str(), header.as_str()),
            ("GET Account/IFS_Key__c/S%201", "Fri, 02 Jan 2026 03:04:05 GMT")
        );
    }
    let odd = RowAt::external("Account", "Email", "me@acme.exe");
    let error = org(404, &[], NOT_FOUND).0.row(&odd, &[], &Freshness::Any).await.expect_err("nobody knows");
    assert!(matches!(error, SfdcError::Unaddressable { .. }), "{error}");
    let hidden = r#"[{"errorCode":"NOT_FOUND","message":"Provided external ID field does not exist or is not accessible: X"}]"#;
    let error = org(404, &[], hidden).0.row(&key, &[], &Freshness::Any).await.expect_err("no such field");
    assert!(matches!(&error, SfdcError::Api(failure) if failure.class == ErrorClass::Access), "{error}");
    org(200, &[], "<html>").0.row(&key, &[], &Freshness::Any).await.expect_err("no JSON");
    let name = ["Name,(SELECT Id FROM Users)"];
    org(200, &[], "{}").0.row(&key, &name, &Freshness::Any).await.expect_err("no field");
}

#[tokio::test(start_paused = true)]
async fn a_create_says_the_id_or_who_holds_the_value() {
    let made = r#"{"id":"001A0000006Vm9rIAC","success":true,"errors":[]}"#;
    for (creation, effect) in [(Creation::Plain, Effect::Append), (Creation::Unique, Effect::Put)] {
        let (client, org) = org(201, &[("Location", "/x")], made);
        assert_eq!(client.create(("Account", "S1"), &body(), creation).await.expect("an id"), id());
        let expected = (
            "POST Account".to_owned(),
            "client=ml-connector".to_owned(),
            r#"{"Name":"x"}"#.to_owned(),
            effect,
        );
        assert_eq!(sent(&org, "sforce-call-options"), expected);
    }
    let taken = r#"[{"errorCode":"DUPLICATE_VALUE","message":"duplicate value found: IFS_Key__c duplicates value on record with id: 001A0000006Vm9r","fields":[]}]"#;
    let error =
        org(400, &[], taken).0.create(("Account", "S1"), &body(), Creation::Unique).await.expect_err("taken");
    let SfdcError::Api(failure) = error else { panic!("{error}") };
    let holder = failure.errors[0].duplicate_value().expect("a duplicate").holder;
    assert_eq!((failure.class, holder), (ErrorClass::Identity, Some(id())));
    org(201, &[], "{}").0.create(("Account", "S1"), &body(), Creation::Plain).await.expect_err("no id");
}

#[tokio::test(start_paused = true)]
async fn a_change_depends_on_its_condition() {
    let id = id();
    let at = RowAt::id("Account", &id).about("S1");
    let since = Condition::UnmodifiedSince("2026-01-02T03:04:05.9Z".parse().expect("a stamp"));
    for (condition, header, value, effect) in [
        (Condition::None, "if-match", "", Effect::Append),
        (Condition::Matching("\"abc\"".into()), "if-match", "\"abc\"", Effect::Put),
        (since, "if-unmodified-since", "Fri, 02 Jan 2026 03:04:05 GMT", Effect::Put),
    ] {
        let (client, org) = org(204, &[], "");
        assert_eq!(client.update(&at, &body(), &condition).await.expect("an answer"), Updated::Done);
        let line = format!("PATCH Account/{ID}");
        assert_eq!(sent(&org, header), (line, value.to_owned(), r#"{"Name":"x"}"#.to_owned(), effect));
        assert_eq!(org.seen()[0].1.extensions().get::<Call>().expect("a call").records[..], ["S1"]);
    }
    for (status, body_text) in
        [(412, ""), (400, r#"[{"errorCode":"ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE","message":"m"}]"#)]
    {
        let (client, _) = org(status, &[], body_text);
        let condition = Condition::Matching("\"abc\"".into());
        assert_eq!(client.update(&at, &body(), &condition).await.expect("an answer"), Updated::Overtaken);
    }
    let error = org(404, &[], DELETED).0.update(&at, &body(), &Condition::None).await.expect_err("gone");
    assert!(matches!(error, SfdcError::Api(failure) if failure.class == ErrorClass::Stale));
    let key = RowAt::external("Account", "IFS_Key__c", "S1");
    org(204, &[], "").0.update(&key, &body(), &Condition::None).await.expect_err("no id");
}

#[tokio::test(start_paused = true)]
async fn upserts_mean_what_their_status_says() {
    let created = r#"{"id":"001A0000006Vm9rIAC","success":true,"errors":[],"created":true}"#;
    let changed = r#"{"id":"001A0000006Vm9rIAC","success":true,"errors":[],"created":false}"#;
    let old = r#"{"id":"001A0000006Vm9rIAC","success":true,"errors":[]}"#;
    let links = r#"["/services/data/v64.0/sobjects/Account/001A0000006Vm9rIAC","/services/data/v64.0/sobjects/Account/001A0000006Vm9sIAC"]"#;
    let several = Upserted::Several(vec![ID.into(), "001A0000006Vm9sIAC".into()]);
    let at = RowAt::external("Account", "IFS_Key__c", "S/1");
    let (any, only) = (Upserting::CreateOrUpdate, Upserting::UpdateOnly);
    for (mode, status, text, wanted) in [
        (any, 201, created, Upserted::Created { id: ID.into() }),
        (any, 201, old, Upserted::Created { id: ID.into() }),
        (any, 200, changed, Upserted::Updated { id: Some(ID.into()) }),
        (any, 204, "", Upserted::Updated { id: None }),
        (any, 300, links, several),
        (only, 404, NOT_FOUND, Upserted::Absent),
    ] {
        let (client, org) = org(status, &[], text);
        assert_eq!(client.upsert_row(&at, &body(), mode).await.expect("an answer"), wanted);
        let query = if mode == only { "?updateOnly=true" } else { "" };
        let (line, _, _, effect) = sent(&org, "x");
        assert_eq!((line, effect), (format!("PATCH Account/IFS_Key__c/S%2F1{query}"), Effect::Append));
    }
    // An upsert that may create cannot fail to find.
    org(404, &[], NOT_FOUND).0.upsert_row(&at, &body(), any).await.expect_err("an odd 404");
    org(201, &[], "{}").0.upsert_row(&at, &body(), any).await.expect_err("made, but what?");
    let odd = RowAt::external("Account", "Email", "me@acme.exe");
    for mode in [any, only] {
        let error =
            org(404, &[], NOT_FOUND).0.upsert_row(&odd, &body(), mode).await.expect_err("nobody knows");
        assert!(matches!(error, SfdcError::Unaddressable { .. }), "{error}");
    }
    let (client, org) = org(200, &[], changed);
    let id = id();
    client.upsert_row(&RowAt::id("Account", &id), &body(), any).await.expect_err("by id");
    let blocked = RowAt::external("Account", "Email", "me@acme.inc");
    client.upsert_row(&blocked, &body(), any).await.expect_err("blocked");
    assert_eq!(org.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_second_delete_finds_nothing_and_does_no_harm() {
    let id = id();
    let at = RowAt::id("Account", &id);
    for (status, body, wanted) in
        [(204, "", Deleted::Done), (404, DELETED, Deleted::Absent), (404, NOT_FOUND, Deleted::Absent)]
    {
        let (client, org) = org(status, &[], body);
        assert_eq!(client.delete(&at).await.expect("an answer"), wanted);
        assert_eq!(sent(&org, "x").3, Effect::Put);
    }
    let refused = r#"[{"errorCode":"DELETE_FAILED","message":"it has orders"}]"#;
    org(400, &[], refused).0.delete(&at).await.expect_err("needed");
}
