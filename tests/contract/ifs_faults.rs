//! Wrong answers, changed schemas and attacks on the reader of IFS, by the numbers of the fault list.

use mapping::Key;
use ml_connector_tests::Tenant;
use ml_connector_tests::tenant::Reading;
use sandbox::ifs::{IfsSettings, IfsSwitches, OddAnswer, Renamed};
use sandbox::{Fault, Only, Scripted, ScriptedFault};
use sync_engine::{FaultClass, Source as _, SourceError};

fn told(error: SourceError) -> sync_engine::Fault {
    match error {
        SourceError::Failed { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

/// Sets switches besides those that the tenant needs for its token.
fn switch(tenant: &Tenant, switches: IfsSwitches) {
    tenant.ifs.switch(|all| {
        *all = IfsSwitches { token_seconds: all.token_seconds, ..switches };
    });
}

fn few(suppliers: usize) -> IfsSettings {
    IfsSettings { suppliers, customers: 0, orders: 0, invoices: 0, ..IfsSettings::default() }
}

/// What a run with these switches comes to, after a first one without them.
async fn second_run(switches: IfsSwitches) -> Result<Vec<String>, SourceError> {
    let tenant = Tenant::new(few(300));
    let source = tenant.source("SupplierSet", r#"{"page_size":100}"#);
    let mut reading = Reading::default();
    reading.run(&source).await.expect("the first run is undisturbed");
    tenant.pass(2_000);
    let rows = tenant.ifs.rows();
    let keys: Vec<_> = rows.iter().take(250).map(|row| row.key()).collect();
    let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
    assert_eq!(tenant.ifs.edit_together(&keys, &[("City", Some("Everywhere"))]), 250);
    tenant.pass(10);
    switch(&tenant, switches);
    let run = reading.run(&source).await?;
    Ok(run.keys().into_iter().map(str::to_owned).collect())
}

#[tokio::test]
async fn f11_pages_before_a_broken_one_are_kept() {
    let line = |fault| ScriptedFault { from: 2, times: 1, only: Only::kind("page"), fault };
    for fault in [Fault::MalformedJson, Fault::TruncatedBody, Fault::ServerError, Fault::Unavailable] {
        let tenant = Tenant::with_faults(few(250), Scripted::new([line(fault.clone())]));
        let source = tenant.source("SupplierSet", r#"{"page_size":100}"#);
        let mut reading = Reading::default();
        let error = reading.run(&source).await.unwrap_err();
        assert!(told(error).hint.is_some() || fault == Fault::TruncatedBody, "{fault:?}");
        let rest = reading.run(&source).await.unwrap();
        assert!(!rest.keys().contains(&"S10001"), "it goes on behind the first page");
        assert!(rest.keys().contains(&"S10101") && rest.keys().contains(&"S10250"), "{fault:?}");
    }
}

#[tokio::test]
async fn f12_what_is_no_collection_is_never_an_empty_one() {
    for odd in [OddAnswer::LoginPage, OddAnswer::EmptyObject, OddAnswer::NoValue, OddAnswer::Error] {
        let run = second_run(IfsSwitches { odd_answer: Some(odd), ..IfsSwitches::default() }).await;
        let fault = told(run.expect_err("an error"));
        assert!(matches!(fault.class, FaultClass::Protocol | FaultClass::Transient), "{odd:?}: {fault}");
    }
}

#[tokio::test]
async fn f42_links_in_circles_and_full_last_pages_end() {
    for switches in [
        IfsSwitches { next_link_loops: true, ..IfsSwitches::default() },
        IfsSwitches { next_link_circles: true, ..IfsSwitches::default() },
        IfsSwitches { next_link_when_full: true, ..IfsSwitches::default() },
        IfsSwitches { relative_next_link: true, next_link_when_full: true, ..IfsSwitches::default() },
    ] {
        let keys = second_run(switches.clone()).await.unwrap_or_else(|error| panic!("{switches:?}: {error}"));
        assert!(keys.len() >= 250, "{} {switches:?}", keys.len());
    }
}

#[tokio::test]
async fn f43_rows_too_many_and_twice_are_harmless_and_a_wrong_order_stops() {
    for switches in [
        IfsSwitches { rows_too_many: 7, ..IfsSwitches::default() },
        IfsSwitches { repeat_row: true, ..IfsSwitches::default() },
    ] {
        let outcome = second_run(switches.clone()).await;
        match outcome {
            Ok(keys) => assert!(keys.len() >= 250, "{} {switches:?}", keys.len()),
            // A row that comes again at the end of its page stands in the wrong order.
            Err(error) => assert_eq!(told(error).code, "ORDER_IGNORED", "{switches:?}"),
        }
    }
    let swapped = second_run(IfsSwitches { swap_rows: true, ..IfsSwitches::default() }).await;
    let fault = told(swapped.expect_err("an error"));
    assert_eq!((fault.code.as_str(), fault.class), ("ORDER_IGNORED", FaultClass::Protocol));
}

/// F44: a row that changes between two pages is read, and read as what it became.
#[tokio::test]
async fn f44_rows_that_change_between_pages_are_not_lost() {
    let tenant = Tenant::new(few(300));
    let source = tenant.source("SupplierSet", r#"{"page_size":50}"#);
    let mut cursor = None;
    let mut seen = std::collections::BTreeMap::new();
    for round in 0..40 {
        let page = source.pull(cursor.as_ref()).await.unwrap();
        for observation in &page.observations {
            let sync_engine::Observation::Change(mapping::Change::Put(record)) = observation else {
                continue;
            };
            seen.insert(record.key.to_string(), record.fields.get("City").cloned());
        }
        cursor = Some(page.cursor);
        let city = format!("City {round}");
        if round < 20 {
            tenant.ifs.edit(&format!("S{}", 10_001 + (round * 37) % 300), &[("City", Some(&city))]);
        }
        tenant.pass(3);
    }
    for row in tenant.ifs.rows() {
        let wanted = row.get("City").text().map(mapping::Value::Text);
        let got = seen.get(&*row.key()).cloned().flatten().filter(|value| !value.is_null());
        assert_eq!(got, wanted.filter(|city| city.as_text().is_some_and(|city| !city.trim().is_empty())));
    }
}

/// F45: more rows of one time than three pages hold, in a poll.
#[tokio::test]
async fn f45_more_equal_stamps_than_pages_hold_all_arrive() {
    let keys = second_run(IfsSwitches::default()).await.unwrap();
    assert!(keys.len() >= 250);
}

/// F46 and X2: a commit that is later than the overlap is found by the sweep.
#[tokio::test]
async fn f46_x2_a_commit_later_than_the_overlap_is_found_by_the_sweep() {
    let tenant = Tenant::new(few(50));
    let source = tenant.source("SupplierSet", r#"{"overlap":"2min","sweep":{"every":"12h"}}"#);
    let mut reading = Reading::default();
    reading.run(&source).await.unwrap();
    tenant.pass(600);
    assert!(tenant.ifs.begin_edit("S10007", &[("City", Some("Late"))]));
    tenant.pass(600);
    assert!(tenant.ifs.edit("S10008", &[("City", Some("Now"))]));
    tenant.pass(60);
    reading.run(&source).await.unwrap();
    assert_eq!(tenant.ifs.commit_open(), 1);
    tenant.pass(600);
    assert!(!reading.run(&source).await.unwrap().keys().contains(&"S10007"), "the overlap is over");
    tenant.pass(43_200);
    let told = reading.run(&source).await.unwrap();
    let city = told.record("S10007").fields.get("City").cloned();
    assert_eq!(city, Some(mapping::Value::text("Late")));
}

#[tokio::test]
async fn f47_a_server_that_forgets_the_filter_is_found_out() {
    let run = second_run(IfsSwitches { ignore_filter: true, ..IfsSwitches::default() }).await;
    let fault = told(run.expect_err("an error"));
    assert_eq!(fault.class, FaultClass::Protocol);
    assert!(["FILTER_IGNORED", "PAGING_NO_PROGRESS"].contains(&fault.code.as_str()), "{fault}");
}

#[tokio::test]
async fn f49_a_schema_that_changes_stops_the_flow_and_nothing_is_taken_for_empty() {
    let renamed = Renamed { from: "City".into(), to: "Town".into() };
    for (switches, class) in [
        (IfsSwitches { hidden: Some("City".into()), ..IfsSwitches::default() }, FaultClass::Protocol),
        (IfsSwitches { renamed: Some(renamed), ..IfsSwitches::default() }, FaultClass::Protocol),
        (IfsSwitches { withheld: Some("City".into()), ..IfsSwitches::default() }, FaultClass::Access),
        (IfsSwitches { no_sets: true, ..IfsSwitches::default() }, FaultClass::Access),
        (IfsSwitches { denied: vec!["*".into()], ..IfsSwitches::default() }, FaultClass::Access),
    ] {
        let fault = told(second_run(switches.clone()).await.expect_err("an error"));
        assert_eq!(fault.class, class, "{switches:?}: {fault}");
        assert!(fault.hint.is_some());
    }
}

#[tokio::test]
async fn a_page_that_takes_too_long_is_asked_for_in_halves() {
    let keys = second_run(IfsSwitches { timeout_above: Some(30), ..IfsSwitches::default() }).await.unwrap();
    assert!(keys.len() >= 250);
}

/// Attacks 1 to 3 and 5: a link is nothing but a flag to the walk, and never leads away.
#[tokio::test]
async fn attacks_1_2_3_5_links_that_lead_away_are_not_followed() {
    for evil in [
        "https://evil.example/",
        "http://sandbox.ifs.cloud.evil.example/",
        "//evil.example/",
        "http://sandbox.ifs.cloud:81/",
    ] {
        let tenant = Tenant::new(few(300));
        let link = Some(evil.to_owned());
        switch(
            &tenant,
            IfsSwitches { foreign_next_link: link, next_link_when_full: true, ..IfsSwitches::default() },
        );
        let source = tenant.source("SupplierSet", r#"{"page_size":100}"#);
        match Reading::default().run(&source).await {
            Ok(told) => assert_eq!(told.put.len(), 300),
            Err(error) => assert_eq!(told(error).code, wire::OriginError::CODE),
        }
        let calls = tenant.calls();
        assert!(
            calls.iter().all(|call| call.starts_with("GET https://sandbox.ifs.cloud/int/")),
            "{calls:#?}"
        );
    }
}

/// Attack 13: a number that no number type holds spoils its own record only.
#[tokio::test]
async fn attack_13_values_that_cannot_be_spoil_their_record_only() {
    let tenant = Tenant::new(few(20));
    switch(&tenant, IfsSwitches { huge_number: Some("S10003".into()), ..IfsSwitches::default() });
    let told = Reading::default().run(&tenant.source("SupplierSet", "{}")).await.unwrap();
    assert_eq!((told.unreadable, told.put.len()), (vec![Key::from("S10003")], 19));
}

/// Attacks 16 and 17: what stands in a key is one literal, whatever it looks like.
#[tokio::test]
async fn attacks_16_17_keys_are_literals() {
    let tenant = Tenant::new(few(5));
    let nasty = [
        "x') or true or (Name eq 'y",
        "a''b",
        "$it/",
        "/$value",
        "?$expand=",
        "a/b",
        "..",
        "a&b#c%27",
        "ü + ß",
    ];
    for key in nasty {
        tenant.ifs.insert(key, &[("Name", Some("n")), ("Objstate", Some("Active"))]);
    }
    let source = tenant.source("SupplierSet", r#"{"page_size":2}"#);
    let told = Reading::default().run(&source).await.unwrap();
    assert_eq!(told.put.len(), 5 + nasty.len());
    let keys: Vec<Key> = nasty.into_iter().map(Key::from).collect();
    let found = source.fetch(&keys).await.unwrap();
    for (key, found) in keys.iter().zip(found) {
        assert_eq!(found.map(|row| row.key().clone()).as_ref(), Some(key));
    }
}
