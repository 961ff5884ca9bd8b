//! Attacks and faults against the client with its session layer: what is sent, what is believed, and
//! what the caller is told.

use std::sync::Arc;
use std::time::Duration;

use sfdc_client::{
    Client, ErrorClass, Item, RecordBody, RecordResult, Reserve, Rows, Select, SfdcError, UpsertKey, session,
};
use wire::scripted::{self, Scripted, Step, answer};
use wire::{
    AuthStyle, Authorized, Call, Clock, Credentials, Effect, Grant, Secret, TokenConfig, TokenSource,
    TransportErrorKind,
};

const ORG: &str = "https://acme.my.salesforce.com";

struct Stage {
    client: Client,
    org: Arc<Scripted>,
    provider: Arc<Scripted>,
    clock: Arc<dyn Clock>,
}

/// The client behind its session layer, the org and the identity provider by script.
fn stage(logins: Vec<Step>, answers: Vec<Step>) -> Stage {
    let clock = scripted::clock();
    let org = Scripted::new(&clock, Duration::ZERO, answers);
    let provider = Scripted::new(&clock, Duration::ZERO, logins);
    let base: url::Url = ORG.parse().expect("a URL");
    let mut config = TokenConfig::new(Credentials {
        token_url: base.join("/services/oauth2/token").expect("a URL"),
        client_id: "key".to_owned(),
        client_secret: Secret::new("canary secret"),
        scopes: Vec::new(),
        style: AuthStyle::Basic,
    });
    let configured = base.clone();
    config.check = Some(Arc::new(move |grant: &Grant| {
        session::check_instance_url(&configured, grant.instance_url()).map_err(|error| error.to_string())
    }));
    config.advice = Some(session::explain);
    let tokens = TokenSource::new(config, provider.clone(), clock.clone()).expect("an origin");
    let transport = Authorized::new(org.clone(), Arc::new(tokens), session::is_expired);
    Stage { client: Client::new(Arc::new(transport), &base, "64.0"), org, provider, clock }
}

#[expect(clippy::unnecessary_wraps, reason = "a step of a script may be an error too")]
fn login(instance: &str) -> Step {
    let body = format!(r#"{{"access_token":"canary!1","token_type":"Bearer","instance_url":"{instance}"}}"#);
    Ok(answer(200, &[("content-type", "application/json")], &body))
}

#[expect(clippy::unnecessary_wraps, reason = "a step of a script may be an error too")]
fn says(status: u16, body: &str) -> Step {
    Ok(answer(status, &[], body))
}

fn error(status: u16, code: &str, message: &str) -> Step {
    says(status, &format!(r#"[{{"errorCode":"{code}","message":"{message}"}}]"#))
}

impl Stage {
    async fn query(&self) -> Result<usize, SfdcError> {
        let select = Select::from("Account", ["Id"]).expect("names");
        let call = Call::new("test.query", Effect::Read);
        self.client.query_rows(call, &select, Rows::Living).await.map(|all| all.records.len())
    }

    async fn upsert(&self) -> Result<Vec<RecordResult>, SfdcError> {
        let body = RecordBody::new("Account");
        let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: true };
        self.client.upsert(&[Item::new("S1", &body)], key).await
    }
}

fn class(error: &SfdcError) -> ErrorClass {
    let SfdcError::Api(failure) = error else { panic!("{error:?}") };
    failure.class
}

const FIRST: &str = r#"{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v64.0/query/0r8x-1","records":[{"Id":"1"}]}"#;
const LAST: &str = r#"{"totalSize":2,"done":true,"records":[{"Id":"2"}]}"#;

/// F13: a session that ends between two pages costs one login, and no page comes twice.
#[tokio::test(start_paused = true)]
async fn a_session_that_ends_between_pages_is_opened_again_once() {
    let expired = error(401, "INVALID_SESSION_ID", "Session expired or invalid");
    let stage = stage(vec![login(ORG), login(ORG)], vec![says(200, FIRST), expired, says(200, LAST)]);
    assert_eq!(stage.query().await.expect("records"), 2);
    assert_eq!((stage.provider.count(), stage.org.count()), (2, 3));
}

/// F13: a write is sent again too, because nothing was processed.
#[tokio::test(start_paused = true)]
async fn a_write_with_an_expired_session_is_sent_once_more_and_not_twice() {
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
async fn refusals_that_a_new_session_does_not_cure_are_not_sent_again() {
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

/// Attack 7: a token of another org is thrown away before it is used.
#[tokio::test(start_paused = true)]
async fn a_token_of_another_org_is_never_sent() {
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

/// Attack 9: links of the org that lead elsewhere are errors, not requests.
#[tokio::test(start_paused = true)]
async fn a_locator_that_leads_elsewhere_is_not_followed() {
    for link in [
        "https://evil.example/services/data/v64.0/query/0r8x-1",
        "//evil.example/services/data/v64.0/query/0r8x-1",
        "https://acme.my.salesforce.com@evil.example/services/data/x",
        "http://acme.my.salesforce.com/services/data/v64.0/query/0r8x-1",
        "/secur/logout.jsp",
        "/services/data/../../secur/logout.jsp",
        "",
    ] {
        let first = FIRST.replace("/services/data/v64.0/query/0r8x-1", link);
        let stage = stage(vec![login(ORG)], vec![says(200, &first), says(200, LAST)]);
        let refused = stage.query().await.expect_err(link);
        assert!(matches!(refused, SfdcError::Origin(_)), "{link}: {refused:?}");
        assert_eq!(stage.org.count(), 1, "{link}");
    }
}

/// F14: a refused client is left alone, and the reader is told what to do.
#[tokio::test(start_paused = true)]
async fn wrong_credentials_make_no_hot_loop() {
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

/// F3, F32, F36, F50: what a refused call means, and whether the org may have acted.
#[tokio::test(start_paused = true)]
async fn refused_writes_say_what_they_mean_and_whether_to_look_first() {
    for (step, wanted, acted) in [
        (says(503, "<html><body>Down for maintenance</body></html>"), ErrorClass::Transient, true),
        (says(502, ""), ErrorClass::Transient, true),
        (says(413, ""), ErrorClass::Request, false),
        (says(420, ""), ErrorClass::Throttle, false),
        (says(429, ""), ErrorClass::Throttle, false),
        (
            error(400, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "read-only"),
            ErrorClass::Transient,
            false,
        ),
        (
            error(400, "INVALID_FIELD", "No such column 'X__c' on sobject of type Account"),
            ErrorClass::Access,
            false,
        ),
        (error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), ErrorClass::Quota, false),
        (
            error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
            ErrorClass::Throttle,
            false,
        ),
    ] {
        let shown = format!("{step:?}");
        let stage = stage(vec![login(ORG)], vec![step]);
        let refused = stage.upsert().await.expect_err("refused");
        assert_eq!((class(&refused), refused.may_have_acted()), (wanted, acted), "{shown}");
    }
}

/// F34, F35, F53, F55, F56: every record has its own outcome, whatever becomes of the others.
#[tokio::test(start_paused = true)]
async fn each_record_of_a_call_fails_in_its_own_way() {
    let cases = [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", ErrorClass::Transient),
        (
            "INVALID_FIELD",
            "Foreign key external ID: S9 not found for field IFS_Key__c in entity Account",
            ErrorClass::Dependency,
        ),
        ("ENTITY_IS_DELETED", "entity is deleted", ErrorClass::Stale),
        ("FAILED_ACTIVATION", "An activated order must have at least one product.", ErrorClass::Data),
        (
            "DUPLICATE_VALUE",
            "duplicate value found: IFS_Key__c duplicates value on record with id: 001A0000006Vm9r",
            ErrorClass::Identity,
        ),
        ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "rolled back", ErrorClass::Collateral),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "System.LimitException: Too many SOQL queries: 101",
            ErrorClass::Collateral,
        ),
        ("STRING_TOO_LONG", "data value too large", ErrorClass::Data),
        ("A_CODE_OF_NEXT_YEAR", "?", ErrorClass::Data),
    ];
    let failed = |(code, message, _): &(&str, &str, ErrorClass)| {
        format!(
            r#"{{"success":false,"errors":[{{"statusCode":"{code}","message":"{message}","fields":[]}}]}}"#
        )
    };
    let mut results: Vec<String> = cases.iter().map(failed).collect();
    results.push(r#"{"id":"001A0000006Vm9rIAC","success":true,"errors":[],"created":false}"#.to_owned());
    let stage = stage(vec![login(ORG)], vec![says(200, &format!("[{}]", results.join(",")))]);
    let body = RecordBody::new("Account");
    let keys: Vec<String> = (0..results.len()).map(|number| format!("S{number}")).collect();
    let items: Vec<Item<'_>> = keys.iter().map(|key| Item::new(key, &body)).collect();
    let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
    let results = stage.client.upsert(&items, key).await.expect("results");
    for ((code, _, wanted), result) in cases.iter().zip(&results) {
        let RecordResult::Failed(errors) = result else { panic!("{code}: {result:?}") };
        let verdict = errors[0].verdict();
        assert_eq!(verdict.class, *wanted, "{code}");
        assert!(!verdict.remedy.is_empty(), "{code}");
    }
    assert!(matches!(results[cases.len()], RecordResult::Done { created: false, .. }));
}

/// F33: what is kept for others is not touched, and work goes on when the allowance comes back.
#[tokio::test(start_paused = true)]
async fn the_reserve_is_kept_and_asked_about_seldom() {
    let told =
        |used: u32| Ok(answer(200, &[("Sforce-Limit-Info", &format!("api-usage={used}/15000"))], LAST));
    let mut stage = stage(vec![login(ORG)], vec![told(11_999), told(12_000), told(12_000), told(100)]);
    stage.client = stage.client.with_reserve(Reserve::Percent(20), stage.clock.clone());
    for asked in [1, 2] {
        stage.query().await.expect("records");
        assert_eq!(stage.org.count(), asked);
    }
    for _ in 0..10 {
        let refused = stage.query().await.expect_err("kept");
        assert!(matches!(refused, SfdcError::Reserved(reached) if reached.left == 3_000), "{refused:?}");
        assert!(!refused.may_have_acted());
    }
    assert_eq!(stage.org.count(), 2);
    for (asked, goes_on) in [(3, false), (4, true)] {
        stage.clock.sleep(Duration::from_secs(300)).await;
        stage.query().await.expect("one may ask");
        assert_eq!(stage.org.count(), asked);
        assert_eq!(stage.query().await.is_ok(), goes_on);
    }
}
