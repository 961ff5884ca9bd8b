//! The sink against an org whose answers are written down.

use std::sync::Arc;

use mapping::{Action, Draft, Entity, ExternalId, FieldName, Fields, Step, Value};
use sandbox::InProcess;
use sync_engine::{FaultClass, Lookup, Outcome, Sink};
use wire::{AuthStyle, Credentials, Secret, SeededEntropy, TokenConfig, TokenSource};

use crate::sandbox_org::Stage;
use crate::scripted_org::{Answer, ScriptedOrg, StillClock};
use crate::{OrgId, SalesforceSettings, SalesforceSink, account};

fn sink(answers: impl IntoIterator<Item = Answer>) -> (SalesforceSink, Arc<ScriptedOrg>) {
    let org = Arc::new(ScriptedOrg::new(answers));
    let mut settings = SalesforceSettings::new("https://acme.my.salesforce.com".parse().expect("a URL"));
    settings.concurrency = 1;
    let tools = (Arc::new(StillClock) as _, Arc::new(SeededEntropy::new(1)) as _);
    (SalesforceSink::new(org.clone(), tools, &settings, [account::settings()]), org)
}

fn steps(ids: &[&str]) -> Vec<Step> {
    let step = |id: &&str| {
        let fields: Fields =
            [(FieldName::from("Name"), Value::text(format!("name {id}")))].into_iter().collect();
        let draft = Draft { entity: Entity::from("Account"), id: ExternalId::from(*id), fields };
        Step::owned(draft, Action::Create)
    };
    ids.iter().map(step).collect()
}

fn ok(id: &str) -> String {
    format!(r#"{{"id":"001{id}","success":true,"errors":[],"created":true}}"#)
}

fn bad(code: &str, message: &str) -> String {
    format!(
        r#"{{"success":false,"errors":[{{"statusCode":"{code}","message":"{message}","fields":["Name"]}}]}}"#
    )
}

fn answer(results: &[String]) -> Answer {
    Answer::Status(200, format!("[{}]", results.join(",")))
}

async fn outcomes(answers: Vec<Answer>, ids: &[&str]) -> (Vec<String>, usize) {
    let (sink, org) = sink(answers);
    let receipts = sink.apply(steps(ids)).await.expect("sent");
    let told = receipts.iter().map(|receipt| match &receipt.outcome {
        Outcome::Applied { target, .. } => target.to_string(),
        Outcome::Rejected(fault) => format!("{:?} {}", fault.class, fault.code),
        Outcome::Unknown { .. } => "unknown".into(),
    });
    (told.collect(), org.asked().len())
}

#[tokio::test]
async fn each_record_has_its_own_outcome() {
    let answers = vec![answer(&[ok("a"), bad("STRING_TOO_LONG", "too long"), ok("c")])];
    let (told, calls) = outcomes(answers, &["a", "b", "c"]).await;
    assert_eq!(told, ["001a", "Data STRING_TOO_LONG", "001c"]);
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn a_short_answer_is_not_believed() {
    assert_eq!(outcomes(vec![answer(&[ok("a")])], &["a", "b"]).await.0, ["unknown", "unknown"]);
}

#[tokio::test]
async fn lost_answers_and_server_failures_leave_the_outcome_open() {
    for lost in [Answer::Lost, Answer::Status(503, "<html>".into()), Answer::Status(200, "{}".into())] {
        assert_eq!(outcomes(vec![lost], &["a"]).await, (vec!["unknown".to_owned()], 1));
    }
}

#[tokio::test]
async fn what_surely_was_not_written_is_refused_with_its_class() {
    let quota = r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#;
    assert_eq!(outcomes(vec![Answer::Unreached], &["a"]).await.0, ["Transient UNREACHED"]);
    assert_eq!(
        outcomes(vec![Answer::Status(403, quota.into())], &["a"]).await.0,
        ["Quota REQUEST_LIMIT_EXCEEDED"]
    );
}

#[tokio::test]
async fn a_batch_that_fails_as_a_whole_is_halved_down_to_the_culprit() {
    let parser = || Answer::Status(400, r#"[{"errorCode":"JSON_PARSER_ERROR","message":"x"}]"#.into());
    // abcd fails; cd passes; ab fails; b passes; a is the culprit.
    let answers = vec![parser(), answer(&[ok("c"), ok("d")]), parser(), answer(&[ok("b")]), parser()];
    let (told, calls) = outcomes(answers, &["a", "b", "c", "d"]).await;
    assert_eq!(told, ["Data JSON_PARSER_ERROR", "001b", "001c", "001d"]);
    assert_eq!(calls, 5);
}

#[tokio::test]
async fn innocent_records_are_sent_again_without_the_culprit() {
    let limit = || bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "System.LimitException: CPU");
    let answers = vec![answer(&[limit(), limit()]), answer(&[ok("b")]), answer(&[limit()])];
    let (told, _) = outcomes(answers, &["a", "b"]).await;
    assert_eq!(told, ["Data CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "001b"]);
}

#[tokio::test]
async fn locked_rows_are_sent_again_a_few_times() {
    let lock = || bad("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access");
    let answers = vec![answer(&[lock(), ok("b")]), answer(&[lock()]), answer(&[ok("a")])];
    assert_eq!(outcomes(answers, &["a", "b"]).await, (vec!["001a".to_owned(), "001b".to_owned()], 3));
    let answers = (0..4).map(|_| answer(&[lock()])).collect();
    assert_eq!(outcomes(answers, &["a"]).await.0, ["Transient UNABLE_TO_LOCK_ROW"]);
}

#[tokio::test]
async fn ids_that_salesforce_takes_for_the_same_are_not_sent() {
    let (told, calls) = outcomes(vec![answer(&[ok("x")])], &["abc", "ABC", "x"]).await;
    assert_eq!(told, ["Identity CASE_COLLISION", "Identity CASE_COLLISION", "001x"]);
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn look_ups_answer_in_order_and_name_what_is_not_clear() {
    let record = |id: &str, key: &str| {
        format!(
            r#"{{"attributes":{{}},"Id":"{id}","SystemModstamp":"2026-01-02T03:04:05.000+0000","IFS_Key__c":"{key}","Name":"n","Limit__c":1.50}}"#
        )
    };
    let records = [record("1", "B"), record("2", "d"), record("3", "E"), record("4", "E")].join(",");
    let page = format!(r#"{{"totalSize":4,"done":true,"records":[{records}]}}"#);
    let (sink, org) = sink([Answer::Status(200, page)]);
    let ids: Vec<ExternalId> = ["A", "B", "D", "E", " F", ""].into_iter().map(ExternalId::from).collect();
    let fields = [FieldName::from("Name"), FieldName::from("Limit__c")];
    let found = sink.find(&Entity::from("Account"), &ids, &fields).await.expect("answers");
    assert_eq!(found[0], Lookup::Absent);
    let Lookup::One(one) = &found[1] else { panic!("{:?}", found[1]) };
    assert_eq!(
        (one.target.as_str(), one.modified.map(jiff::Timestamp::as_second)),
        ("1", Some(1_767_323_045))
    );
    assert_eq!(one.fields.get("Limit__c"), Some(&Value::Decimal("1.5".parse().expect("a number"))));
    let codes: Vec<String> = found[2..]
        .iter()
        .map(|lookup| match lookup {
            Lookup::Ambiguous(fault) => format!("{:?} {}", fault.class, fault.code),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        codes,
        [
            "Identity CASE_COLLISION",
            "Identity SEVERAL_RECORDS",
            "Data UNUSABLE_EXTERNAL_ID",
            "Data UNUSABLE_EXTERNAL_ID"
        ]
    );
    let asked = org.asked();
    assert!(asked[0].0.contains("IN%20(%27A%27,%27B%27,%27D%27,%27E%27)"), "{}", asked[0].0);
}

#[tokio::test]
async fn a_field_that_is_hidden_stops_the_flow() {
    let (sink, _) = sink([]);
    let ids = [ExternalId::from("A")];
    let error =
        sink.find(&Entity::from("Account"), &ids, &[FieldName::from("Secret__c")]).await.expect_err("hidden");
    assert_eq!((error.class(), error.fault.code.as_str()), (FaultClass::Access, "INVALID_FIELD"));
    assert!(error.fault.hint.is_some());
}

#[tokio::test]
async fn the_org_is_told_by_its_id() {
    let Stage { gate, clock, sink, org, .. } = Stage::new().await;
    assert_eq!(sink.fingerprint().await, Ok(None), "without tokens nobody can tell");
    let network = Arc::new(InProcess::new(gate, clock.clone(), Arc::new(SeededEntropy::new(3))));
    let tokens = TokenConfig::new(Credentials {
        token_url: "https://acme.my.salesforce.com/services/oauth2/token".parse().expect("a URL"),
        client_id: "ml-connector".to_owned(),
        client_secret: Secret::new("sandbox-secret".to_owned()),
        scopes: Vec::new(),
        style: AuthStyle::Basic,
    });
    let tokens = TokenSource::new(tokens, network, clock).expect("an origin");
    let sink = sink.told_by(OrgId::new(Arc::new(tokens)));
    let id = org.records("Organization")[0].id.clone();
    assert_eq!(sink.fingerprint().await, Ok(Some(format!("Salesforce org {id}"))));
}
