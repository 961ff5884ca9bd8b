//! Answers of the org that lead away, say nothing, or say no.

use std::time::Duration;

use sandbox::salesforce::SalesforceSettings;
use sandbox::{Fault, Only, RetryAfter, Scripted as Script, ScriptedFault};
use sfdc_client::{ErrorClass, Item, RecordBody, RecordResult, Reserve, Select, SfdcError, UpsertKey};
use wire::scripted::answer;
use wire::{Call, Effect};

use crate::org::Org;
use crate::scripted_org::{FIRST, LAST, ORG, class, error, login, says, stage};

/// Links of the org that lead elsewhere are errors, not requests.
#[tokio::test(start_paused = true)]
async fn attack_9_a_locator_that_leads_elsewhere_is_not_followed() {
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

/// What a refused call means, and whether the org may have acted.
#[tokio::test(start_paused = true)]
async fn f3_f32_f36_f50_refused_writes_say_what_they_mean_and_whether_to_look_first() {
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

/// Every record has its own outcome, whatever becomes of the others.
#[tokio::test(start_paused = true)]
async fn f34_f35_f53_f55_f56_each_record_of_a_call_fails_in_its_own_way() {
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

/// What is kept for others is not touched, and work goes on when the allowance comes back.
#[tokio::test(start_paused = true)]
async fn f33_the_reserve_is_kept_and_asked_about_seldom() {
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

async fn names(org: &Org) -> Result<usize, SfdcError> {
    let select = Select::from("Account", ["Name"]).expect("names");
    org.client.query(Call::new("test.query", Effect::Read), &select).await.map(|all| all.records.len())
}

/// 429 with `Retry-After`: just that pause, at least a second; one of years is not waited for.
#[tokio::test(start_paused = true)]
async fn f1_a_pause_that_was_asked_for_is_kept() {
    for (after, waits) in [
        (RetryAfter::Seconds(7), Some(7..=8)),
        (RetryAfter::DateIn(20), Some(19..=21)),
        (RetryAfter::DateIn(-60), Some(1..=2)),
        (RetryAfter::Seconds(10 * 365 * 86_400), None),
    ] {
        let fault = Fault::TooManyRequests { retry_after: Some(after) };
        let org = Org::with(SalesforceSettings::default(), Script::nth(2, fault));
        let begun = org.clock.elapsed();
        let result = names(&org).await;
        let waited = org.clock.elapsed().saturating_sub(begun).as_secs();
        match waits {
            Some(waits) => {
                assert_eq!(result.expect("records"), 0);
                assert!(waits.contains(&waited), "{after:?}: {waited} s");
            }
            None => assert_eq!((class(&result.expect_err("too long")), waited), (ErrorClass::Throttle, 0)),
        }
    }
}

/// 429 without it: a random pause that grows, and not for ever.
#[tokio::test(start_paused = true)]
async fn f2_without_a_pause_waits_grow_and_end() {
    let fault = Fault::TooManyRequests { retry_after: None };
    let always = ScriptedFault { from: 2, times: u64::MAX, only: Only::default(), fault };
    let org = Org::with(SalesforceSettings::default(), Script::new([always]));
    let begun = org.clock.elapsed();
    assert_eq!(class(&names(&org).await.expect_err("throttled")), ErrorClass::Throttle);
    assert_eq!(org.gate.journal().faults["too_many_requests"], 5);
    assert!(org.clock.elapsed().saturating_sub(begun) < Duration::from_secs(10));
}

/// A page of HTML with 503 passes; a write that may have landed is not sent again by itself.
#[tokio::test(start_paused = true)]
async fn f3_a_page_of_html_passes_and_no_write_is_repeated() {
    let org = Org::with(SalesforceSettings::default(), Script::nth(2, Fault::Unavailable));
    assert_eq!(names(&org).await.expect("records"), 0);
    let org = Org::with(SalesforceSettings::default(), Script::nth(2, Fault::Unavailable));
    let body = RecordBody::new("Account");
    let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
    let refused = org.client.upsert(&[Item::new("S1", &body)], key).await.expect_err("503");
    assert_eq!((class(&refused), refused.may_have_acted()), (ErrorClass::Transient, true));
    assert_eq!(org.gate.journal().of("collection"), 1);
}

/// An answer of another shape is an error, never "no records".
#[tokio::test(start_paused = true)]
async fn f3_another_shape_is_an_error() {
    for body in ["{}", "[]", r#"{"records":[]}"#, "<html></html>", r#"{"totalSize":1,"done":true}"#] {
        let stage = stage(vec![login(ORG)], vec![says(200, body)]);
        assert!(stage.query().await.is_err(), "{body}");
    }
}

/// A collection that the org answers with less, in another order, or as a whole.
#[tokio::test(start_paused = true)]
async fn f35_a_result_that_is_missing_is_unknown_and_not_success() {
    let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
    let keys: Vec<String> = (0..200).map(|number| format!("S{number}")).collect();
    let upsert = async |org: &Org, bad: usize| {
        let bodies: Vec<RecordBody> = (0..200)
            .map(|number| {
                let mut body = RecordBody::new("Account");
                body.text("IFS_Key__c", &format!("S{number}"));
                body.text("Name", &"x".repeat(if number < bad { 256 } else { 5 }));
                body
            })
            .collect();
        let items: Vec<Item<'_>> = keys.iter().zip(&bodies).map(|(key, body)| Item::new(key, body)).collect();
        org.client.upsert(&items, key).await
    };
    let counts = |results: &[RecordResult]| {
        let count =
            |wanted: fn(&RecordResult) -> bool| results.iter().filter(|result| wanted(result)).count();
        [
            count(|result| matches!(result, RecordResult::Done { .. })),
            count(|result| matches!(result, RecordResult::Failed(_))),
            count(|result| matches!(result, RecordResult::Missing)),
        ]
    };
    for bad in [0, 1, 199, 200] {
        let org = Org::new();
        let results = upsert(&org, bad).await.expect("results");
        assert_eq!(counts(&results), [200 - bad, bad, 0], "{bad} bad");
        assert_eq!(org.sandbox.accounts().len(), 200 - bad);
    }
    let org = Org::new();
    org.sandbox.switch(|switches| switches.short_answers = true);
    let short = upsert(&org, 0).await.expect("results");
    let [done, failed, missing] = counts(&short);
    assert!(failed == 0 && missing >= 1 && done + missing == 200, "{done} done, {missing} missing");
    let org = Org::new();
    org.sandbox.switch(|switches| switches.top_level_errors = true);
    match upsert(&org, 0).await {
        Ok(results) => assert_eq!(counts(&results)[0], 0),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert_eq!(org.sandbox.accounts().len(), 0);
}

/// Maintenance: writes wait, reads go on.
#[tokio::test(start_paused = true)]
async fn f32_in_maintenance_writes_wait_and_reads_go_on() {
    let org = Org::new();
    org.sandbox.switch(|switches| switches.maintenance = true);
    let mut body = RecordBody::new("Account");
    body.text("IFS_Key__c", "S1");
    body.text("Name", "x");
    let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
    let results = org.client.upsert(&[Item::new("S1", &body)], key).await.expect("results");
    let [RecordResult::Failed(errors)] = &results[..] else { panic!("{results:?}") };
    assert_eq!(errors[0].verdict().class, ErrorClass::Transient);
    assert_eq!(names(&org).await.expect("records"), 0);
}

/// The day's calls are used up, and come back.
#[tokio::test(start_paused = true)]
async fn f33_a_used_up_day_is_no_throttle() {
    let org = Org::new();
    names(&org).await.expect("records");
    org.sandbox.switch(|switches| switches.quota_exhausted = true);
    let refused = names(&org).await.expect_err("used up");
    assert_eq!((class(&refused), refused.may_have_acted()), (ErrorClass::Quota, false));
    org.sandbox.switch(|switches| {
        switches.quota_exhausted = false;
        switches.too_concurrent = true;
    });
    assert_eq!(class(&names(&org).await.expect_err("too many at once")), ErrorClass::Throttle);
}

/// A field that is taken away is an error: it never reads as empty.
#[tokio::test(start_paused = true)]
async fn f50_a_field_that_vanished_is_no_empty_value() {
    let org = Org::new();
    org.insert("x");
    assert_eq!(names(&org).await.expect("records"), 1);
    org.sandbox.switch(|switches| switches.hidden.extend(["Account.Name".to_owned()]));
    let refused = names(&org).await.expect_err("no such column");
    assert_eq!(class(&refused), ErrorClass::Access);
}

/// A body that the edge refuses is told as such: nothing was written, and smaller pieces may go.
#[tokio::test(start_paused = true)]
async fn f36_a_body_that_is_too_large_is_split_by_the_packer_or_told() {
    let org = Org::new();
    org.sandbox.switch(|switches| switches.largest_body = Some(10_000));
    let keys: Vec<String> = (0..150).map(|number| format!("S{number}")).collect();
    let bodies: Vec<RecordBody> = keys
        .iter()
        .map(|key| {
            let mut body = RecordBody::new("Account");
            body.text("IFS_Key__c", key);
            body.text("Name", "a name of ordinary length");
            body
        })
        .collect();
    let items: Vec<Item<'_>> = keys.iter().zip(&bodies).map(|(key, body)| Item::new(key, body)).collect();
    let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
    let refused = org.client.upsert(&items, key).await.expect_err("too large");
    assert_eq!((class(&refused), refused.may_have_acted()), (ErrorClass::Request, false));
    assert_eq!(org.sandbox.accounts().len(), 0);
    let half = org.client.upsert(&items[..75], key).await.expect("results");
    assert!(half.iter().all(|result| matches!(result, RecordResult::Done { .. })), "{half:?}");
    assert_eq!(half.len(), 75);
}

/// Headers of the org that lead elsewhere are no addresses.
#[tokio::test(start_paused = true)]
async fn attack_9_a_redirect_is_an_answer_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let step = Ok(answer(status, &[("location", "https://evil.example/x")], ""));
        let stage = stage(vec![login(ORG)], vec![step]);
        assert!(stage.query().await.is_err());
        assert_eq!(stage.org.count(), 1);
        assert!(
            stage
                .org
                .seen()
                .iter()
                .all(|(_, request)| request.uri().host() == Some("acme.my.salesforce.com"))
        );
    }
}
