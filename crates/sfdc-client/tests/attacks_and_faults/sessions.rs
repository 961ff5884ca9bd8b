//! Sessions and tokens that end, lie, or are refused.

use std::time::Duration;

use sfdc_client::{ErrorClass, RecordResult, SfdcError};
use wire::TransportErrorKind;
use wire::scripted::answer;

use crate::org::Org;
use crate::scripted_org::{FIRST, LAST, ORG, class, error, login, says, stage};

/// A session that ends between two pages costs one login, and no page comes twice.
#[tokio::test(start_paused = true)]
async fn f13_a_session_that_ends_between_pages_is_opened_again_once() {
    let expired = error(401, "INVALID_SESSION_ID", "Session expired or invalid");
    let stage = stage(vec![login(ORG), login(ORG)], vec![says(200, FIRST), expired, says(200, LAST)]);
    assert_eq!(stage.query().await.expect("records"), 2);
    assert_eq!((stage.provider.count(), stage.org.count()), (2, 3));
}

/// A write is sent again too, because nothing was processed.
#[tokio::test(start_paused = true)]
async fn f13_a_write_with_an_expired_session_is_sent_once_more_and_not_twice() {
    let expired = || error(401, "INVALID_SESSION_ID", "Session expired or invalid");
    let done = r#"[{"id":"001A0000006Vm9rIAC","success":true,"errors":[],"created":true}]"#;
    let stage = stage(vec![login(ORG), login(ORG)], vec![expired(), says(200, done)]);
    assert!(matches!(stage.upsert().await.expect("results")[0], RecordResult::Done { .. }));
    let stage = self::stage(vec![login(ORG), login(ORG)], vec![expired()]);
    assert_eq!(class(&stage.upsert().await.expect_err("refused twice")), ErrorClass::Session);
    assert_eq!((stage.provider.count(), stage.org.count()), (2, 2));
}

/// Other 401s come again with every session: they must not loop.
#[tokio::test(start_paused = true)]
async fn f13_refusals_that_a_new_session_does_not_cure_are_not_sent_again() {
    for (step, wanted) in [
        (
            error(401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
            ErrorClass::Access,
        ),
        (error(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"), ErrorClass::Access),
        (says(401, "Connected app is not attached to Agent"), ErrorClass::Session),
        (
            error(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."),
            ErrorClass::Access,
        ),
    ] {
        let shown = format!("{step:?}");
        let stage = stage(vec![login(ORG)], vec![step]);
        assert_eq!(class(&stage.query().await.expect_err("refused")), wanted, "{shown}");
        assert_eq!((stage.provider.count(), stage.org.count()), (1, 1), "{shown}");
    }
}

/// A token of another org is thrown away before it is used.
#[tokio::test(start_paused = true)]
async fn attack_7_a_token_of_another_org_is_never_sent() {
    for instance in [
        "https://evil.example",
        "https://acme.my.salesforce.com.evil.example",
        "http://acme.my.salesforce.com",
    ] {
        let stage = stage(vec![login(instance)], vec![says(200, LAST)]);
        let refused = stage.query().await.expect_err("refused");
        let SfdcError::Transport(error) = &refused else { panic!("{refused:?}") };
        assert_eq!((error.kind, stage.org.count()), (TransportErrorKind::Refused, 0), "{instance}");
        assert!(!format!("{refused:?}").contains("canary"));
    }
}

/// A refused client is left alone, and the reader is told what to do.
#[tokio::test(start_paused = true)]
async fn f14_wrong_credentials_make_no_hot_loop() {
    let refusal =
        says(400, r#"{"error":"invalid_grant","error_description":"no client credentials user enabled"}"#);
    let stage = stage(vec![refusal], vec![says(200, LAST)]);
    for _ in 0..100 {
        let refused = stage.query().await.expect_err("no session");
        let SfdcError::Transport(error) = &refused else { panic!("{refused:?}") };
        assert_eq!(error.kind, TransportErrorKind::Denied);
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("Run As")), "{error:?}");
        stage.clock.sleep(Duration::from_millis(250)).await;
    }
    assert_eq!((stage.provider.count(), stage.org.count()), (1, 0));
}

/// Whatever comes instead of a token is an error with a text, and nothing is sent with it.
#[tokio::test(start_paused = true)]
async fn attack_8_what_is_no_token_answer_is_not_used() {
    let token = |more: &str| format!(r#"{{"access_token":"canary!1","instance_url":"{ORG}"{more}}}"#);
    for body in [
        "<html><body>Log in</body></html>".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"token_type":"Bearer"}"#.to_owned(),
        token(r#","token_type":"MAC""#),
        token(r#","token_type":"Bearer","expires_in":"soon""#),
        token(r#","token_type":"Bearer","expires_in":-1"#),
        token(r#","token_type":"Bearer""#).replace("canary!1", "canary\\r\\nX-Evil: 1"),
        token(r#","token_type":"Bearer""#).replace("canary!1", ""),
    ] {
        let stage = stage(vec![says(200, &body)], vec![says(200, LAST)]);
        let refused = stage.query().await.expect_err(&body);
        assert!(matches!(refused, SfdcError::Transport(_)), "{body}: {refused:?}");
        assert_eq!(stage.org.count(), 0, "{body}");
        assert!(!format!("{refused:?}").contains("canary"), "{refused:?}");
    }
}

/// A lifetime of ages is cut to a day, and one of nothing is at least a minute: no hot loop.
#[tokio::test(start_paused = true)]
async fn attack_8_f15_lifetimes_are_clamped() {
    for (lifetime, pause, logins) in
        [("1000000000000000000", 90_000, 2), ("0", 10, 1), ("0", 61, 2), ("30", 40, 1), ("30", 61, 2)]
    {
        let body = format!(
            r#"{{"access_token":"canary!1","token_type":"Bearer","expires_in":{lifetime},"instance_url":"{ORG}"}}"#
        );
        let stage = stage(vec![says(200, &body)], vec![says(200, LAST)]);
        stage.query().await.expect("records");
        stage.clock.sleep(Duration::from_secs(pause)).await;
        stage.query().await.expect("records");
        assert_eq!(stage.provider.count(), logins, "{lifetime} s, asked again after {pause} s");
    }
}

/// A hundred callers whose session ends at once log in once.
#[tokio::test(start_paused = true)]
async fn f13_a_hundred_callers_log_in_once() {
    let org = Org::new();
    let select = sfdc_client::Select::from("Account", ["Id"]).expect("names");
    let ask = || async {
        let call = wire::Call::new("test.query", wire::Effect::Read);
        org.client.query(call, &select).await.map(|all| all.records.len())
    };
    ask().await.expect("records");
    let before = org.sandbox.stats()["sessions"];
    org.sandbox.expire_sessions();
    for result in futures::future::join_all((0..100).map(|_| ask())).await {
        result.expect("records");
    }
    assert_eq!(org.sandbox.stats()["sessions"], before + 1);
}

/// Sessions that live half a minute cost logins, and nothing else.
#[tokio::test(start_paused = true)]
async fn f15_sessions_of_half_a_minute_work() {
    let settings = sandbox::salesforce::SalesforceSettings {
        session: Duration::from_secs(30),
        ..sandbox::salesforce::SalesforceSettings::default()
    };
    let org = Org::with(settings, sandbox::NoFaults);
    let select = sfdc_client::Select::from("Account", ["Id"]).expect("names");
    for _ in 0..50 {
        let call = wire::Call::new("test.query", wire::Effect::Read);
        org.client.query(call, &select).await.expect("records");
        org.pass(Duration::from_secs(11)).await;
    }
    assert!((15..=30).contains(&org.sandbox.stats()["sessions"]));
}

/// A provider that is away for an hour is asked at most twice a minute; then work goes on.
#[tokio::test(start_paused = true)]
async fn f14_a_provider_that_is_away_is_left_alone() {
    let away = || Ok(answer(503, &[], "<html>down</html>"));
    let mut logins: Vec<_> = (0..60).map(|_| away()).collect();
    logins.push(login(ORG));
    let stage = stage(logins, vec![says(200, LAST)]);
    let mut asked = 0;
    while stage.query().await.is_err() {
        asked += 1;
        assert_eq!(stage.org.count(), 0);
        stage.clock.sleep(Duration::from_secs(1)).await;
    }
    let seconds = stage.clock.elapsed().as_secs();
    assert!(asked > 1_000 && stage.provider.count() == 61, "{asked} questions in {seconds} s");
}
