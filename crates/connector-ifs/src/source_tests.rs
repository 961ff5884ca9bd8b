//! Wrong servers, refusals and unreadable rows, and what `doctor` says about them.

use std::sync::Arc;

use mapping::{Change, Key, Value};
use sync_engine::{FaultClass, Finding, Health, Observation, Page, Probe, Source, SourceError};

use crate::fake_ifs::{FakeIfs, Quirks, World};
use crate::replica::{Replica, block_on, fake, settings, source};
use crate::settings::IfsSettings;
use crate::{IfsProbe, IfsSource};

/// Two hundred rows, all read once; then the server gets `quirks`.
fn after_reading(page_size: u32, quirks: Quirks) -> (Arc<FakeIfs>, IfsSource, Replica) {
    let mut world = World { now: 1_000, ..World::default() };
    for n in 0..200 {
        world.put(&format!("A{n:04}"), Some(n));
    }
    let fake = fake(world);
    let source = source(&fake, page_size);
    let mut replica = Replica::default();
    replica.run(&source, &fake, 0).unwrap();
    replica.compare(&fake).unwrap();
    {
        let mut world = fake.0.lock().unwrap();
        world.pass(500);
        for n in 0..200 {
            let key = format!("A{n:04}");
            world.put(&key, Some(1_000 + n % 3));
        }
        world.quirks = quirks;
    }
    (fake, source, replica)
}

fn failure(result: Result<Page, SourceError>) -> (FaultClass, String, String) {
    match result {
        Err(SourceError::Failed { fault, operation }) => (
            fault.class,
            fault.code,
            format!("{operation}: {} {}", fault.message, fault.hint.unwrap_or_default()),
        ),
        other => panic!("a failure, not {other:?}"),
    }
}

fn last_failure(source: &IfsSource, replica: &mut Replica) -> String {
    for _ in 0..100 {
        match block_on(source.pull(replica.cursor.as_ref())) {
            Ok(page) if page.more => {
                replica.take(page).unwrap();
            }
            Ok(_) => panic!("a failure, not an end"),
            failed => return failure(failed).1,
        }
    }
    panic!("it does not end");
}

#[test]
fn servers_that_ignore_what_is_asked_are_stopped() {
    for (quirks, code) in [
        (Quirks { ignores_filter: true, ..Quirks::default() }, "FILTER_IGNORED"),
        (Quirks { ignores_order: true, ..Quirks::default() }, "ORDER_IGNORED"),
        (Quirks { ignores_keys: true, ..Quirks::default() }, "PAGING_NO_PROGRESS"),
    ] {
        let (fake, source, mut replica) = after_reading(50, Quirks::default());
        if code == "FILTER_IGNORED" {
            fake.0.lock().unwrap().put("OLD", Some(-5_000));
        }
        fake.0.lock().unwrap().quirks = quirks;
        assert_eq!(last_failure(&source, &mut replica), code);
    }
}

#[test]
fn a_server_that_runs_out_of_time_is_asked_for_less() {
    let quirks = Quirks { slow_above: Some(60), ..Quirks::default() };
    let (fake, source, mut replica) = after_reading(5_000, quirks);
    replica.run(&source, &fake, 0).unwrap();
    replica.compare(&fake).unwrap();
    let (_, source, replica) = after_reading(100, Quirks { slow_above: Some(1), ..Quirks::default() });
    let (class, code, _) = failure(block_on(source.pull(replica.cursor.as_ref())));
    assert_eq!((class, code.as_str()), (FaultClass::Transient, "ODP_OPERATION_TIMEOUT"));
}

#[test]
fn a_server_that_cannot_count_is_read_all_the_same() {
    let mut world = World { now: 1_000, ..World::default() };
    world.quirks.cannot_count = true;
    world.put("A", Some(1));
    let fake = fake(world);
    let source = source(&fake, 10);
    let mut replica = Replica::default();
    replica.run(&source, &fake, 0).unwrap();
    replica.compare(&fake).unwrap();
}

#[test]
fn totals_are_told_on_every_page_of_the_first_walk() {
    let mut world = World { now: 1_000, ..World::default() };
    for n in 0..5 {
        world.put(&format!("A{n}"), Some(1));
    }
    let fake = fake(world);
    let source = source(&fake, 2);
    let first = block_on(source.pull(None)).unwrap();
    let second = block_on(source.pull(Some(&first.cursor))).unwrap();
    assert_eq!((first.total, second.total, first.more), (Some(5), Some(5), true));
    let asked = fake.0.lock().unwrap().asked.clone();
    assert!(asked[0].contains("$count=true") && !asked[1].contains("$count"));
    assert!(asked[1].contains("$filter=(SupplierId%20gt%20%27A1%27)"), "{}", asked[1]);
    assert!(asked.iter().all(|url| !url.contains("$skip=") && !url.contains('+')));
}

/// X10: none of these is ever taken for a missing row.
#[test]
fn refusals_are_failures_with_a_way_out() {
    let (fake, source, replica) = after_reading(50, Quirks::default());
    let json = "application/json";
    let cases = [
        (401, json, "{}", FaultClass::Auth, "HTTP_401"),
        (403, json, "{}", FaultClass::Access, "HTTP_403"),
        (
            404,
            json,
            r#"{"error":{"code":"ODP_RESOURCE_NOTFOUND","message":"x"}}"#,
            FaultClass::Access,
            "ODP_RESOURCE_NOTFOUND",
        ),
        (501, json, "{}", FaultClass::Access, "HTTP_501"),
        (503, "text/html", "<html>", FaultClass::Transient, "HTTP_503"),
        (200, "text/html", "<html>sign in", FaultClass::Protocol, "MALFORMED_PAGE"),
        (200, json, "{}", FaultClass::Protocol, "MALFORMED_PAGE"),
        (200, json, r#"{"value":[{"SupplierId":"A""#, FaultClass::Protocol, "MALFORMED_PAGE"),
        (200, json, r#"{"error":{"code":"X","message":"x"}}"#, FaultClass::Transient, "X"),
        (
            200,
            json,
            r#"{"value":[],"@odata.nextLink":"https://evil.example/"}"#,
            FaultClass::Protocol,
            "ORIGIN_VIOLATION",
        ),
    ];
    for (status, kind, body, class, code) in cases {
        fake.0.lock().unwrap().answers.push_back((status, kind, body.into()));
        let found = failure(block_on(source.pull(replica.cursor.as_ref())));
        assert_eq!((found.0, found.1.as_str()), (class, code), "{found:?}");
        assert!(found.2.contains("page 1 of changes"), "{found:?}");
        if status == 404 {
            assert!(found.2.contains("SupplierSet, Other"), "{found:?}");
        }
        fake.0.lock().unwrap().answers.push_back((status, kind, body.into()));
        assert!(block_on(source.fetch(&[Key::from("A0001")])).is_err());
    }
}

#[test]
fn the_date_header_must_have_come_once() {
    let (fake, source, mut replica) = after_reading(50, Quirks { no_date: true, ..Quirks::default() });
    replica.run(&source, &fake, 0).unwrap();
    replica.compare(&fake).unwrap();
    let tenant = IfsSettings::new("https://acme.example".parse().unwrap());
    let new = IfsSource::new(fake.clone(), fake.clone(), &tenant, settings(50)).unwrap();
    assert_eq!(failure(block_on(new.pull(None))).1, "NO_SERVER_CLOCK");
}

#[test]
fn a_field_that_vanishes_stops_the_walk_and_is_never_null() {
    let (_, source, replica) = after_reading(50, Quirks { hides: Some("Name"), ..Quirks::default() });
    let (class, code, _) = failure(block_on(source.pull(replica.cursor.as_ref())));
    assert_eq!((class, code.as_str()), (FaultClass::Access, "FIELD_MISSING"));
}

#[test]
fn a_restored_database_is_noticed() {
    let (fake, source, mut replica) = after_reading(50, Quirks::default());
    replica.run(&source, &fake, 0).unwrap();
    let world = World { now: 0, ..World::default() };
    *fake.0.lock().unwrap() = world;
    assert_eq!(failure(block_on(source.pull(replica.cursor.as_ref()))).1, "SERVER_CLOCK_WENT_BACK");
}

#[test]
fn rows_that_cannot_be_read_do_not_stop_the_others() {
    let (fake, source, replica) = after_reading(50, Quirks::default());
    let body = r#"{"value":[
        {"SupplierId":"A1","Name":"\ud800","ModifiedDate":"2026-03-01T00:16:40Z"},
        {"SupplierId":"A2","Name":"edit 2","ModifiedDate":"2026-03-01T00:16:60Z"},
        {"SupplierId":null,"Name":"edit 2","ModifiedDate":"2026-03-01T00:16:40Z"},
        7,
        {"SupplierId":"A3","Name":" ","ModifiedDate":"2026-03-01T00:16:41Z"}]}"#;
    fake.0.lock().unwrap().answers.push_back((200, "application/json", body.into()));
    let page = block_on(source.pull(replica.cursor.as_ref())).unwrap();
    let told: Vec<(String, String)> = page
        .observations
        .iter()
        .map(|observation| match observation {
            Observation::Change(change) => (change.key().to_string(), "read".into()),
            Observation::Unreadable(row) => {
                assert_eq!((row.fault.class, row.fault.code.as_str()), (FaultClass::Data, "UNREADABLE_ROW"));
                (row.key.to_string(), row.fault.fields[0].to_string())
            }
        })
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(key, what)| (key.as_str(), what.as_str())).collect();
    assert_eq!(
        told,
        [
            ("A1", "Name"),
            ("A2", "ModifiedDate"),
            ("page row 3", "SupplierId"),
            ("page row 4", "*"),
            ("A3", "read")
        ]
    );
    let Observation::Change(Change::Put(record)) = &page.observations[4] else { panic!("a record") };
    assert_eq!(record.fields.get("Name"), Some(&Value::Null), "blanks are null");
}

#[test]
fn single_rows_come_in_the_order_of_their_keys() {
    let (fake, source, _) = after_reading(50, Quirks { cap: Some(7), ..Quirks::default() });
    let keys: Vec<Key> = ["A0007", "none", "A0001", "A0007", "x') or (1 eq 1"].map(Key::from).to_vec();
    let found = block_on(source.fetch(&keys)).unwrap();
    let names: Vec<Option<&str>> = found
        .iter()
        .map(|row| match row {
            Some(Observation::Change(change)) => Some(change.key().as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names, [Some("A0007"), None, Some("A0001"), Some("A0007"), None]);
    assert!(fake.0.lock().unwrap().asked.iter().all(|url| url.len() < 2_500));
}

fn examined(fake: &Arc<FakeIfs>) -> Vec<Finding> {
    let tenant = IfsSettings::new("https://acme.example".parse().unwrap());
    let probe = IfsProbe::new(fake.clone(), fake.clone(), &tenant, settings(50)).unwrap();
    let findings = block_on(probe.probe());
    for finding in &findings {
        assert!(finding.health == Health::Green || finding.fix.is_some(), "{finding:?}");
    }
    findings
}

fn probe(fake: &Arc<FakeIfs>) -> Vec<(String, Health)> {
    examined(fake).into_iter().map(|finding| (finding.check, finding.health)).collect()
}

/// F48: doctor finds out how the server compares, and says which precision and order to set.
#[test]
fn f48_the_probe_picks_the_precision_and_the_order() {
    let (fake, ..) = after_reading(50, Quirks::default());
    for key in ["a", "B2"] {
        fake.0.lock().unwrap().put(key, Some(800));
    }
    for (quirks, check, fix) in [
        (Quirks::default(), "modified attribute", None),
        (
            Quirks { truncates: true, ..Quirks::default() },
            "modified attribute",
            Some("precision = \"second\""),
        ),
        (Quirks { compares_finer: true, ..Quirks::default() }, "modified attribute", Some("compares finer")),
        (Quirks::default(), "order of keys", None),
        (Quirks { sorts_by_letter: true, ..Quirks::default() }, "order of keys", Some("NLS_SORT")),
        (
            Quirks { sorts_by_letter: true, compares_by_letter: true, ..Quirks::default() },
            "order of keys",
            Some("key_order = \"server\""),
        ),
    ] {
        fake.0.lock().unwrap().quirks = quirks;
        let found = examined(&fake);
        let finding = found.iter().find(|finding| finding.check == check).expect(check);
        let said = finding.fix.as_deref();
        assert!(
            said.is_some() == fix.is_some() && said.unwrap_or("").contains(fix.unwrap_or("")),
            "{finding:?}"
        );
    }
}

#[test]
fn the_probe_finds_what_is_wrong() {
    let (fake, ..) = after_reading(50, Quirks::default());
    let health = |findings: &[(String, Health)], check: &str| {
        findings.iter().find(|(name, _)| name == check).unwrap_or_else(|| panic!("{check} in {findings:?}")).1
    };
    let well = probe(&fake);
    assert_eq!(well.len(), 11, "{well:?}");
    for (check, found) in &well {
        // The fake's clock is two hours ahead of ours.
        assert_eq!(*found, if check == "clocks" { Health::Yellow } else { Health::Green }, "{check}");
    }
    fake.0.lock().unwrap().quirks =
        Quirks { ignores_filter: true, cap: Some(9), no_date: true, ..Quirks::default() };
    let ill = probe(&fake);
    for (check, expected) in [
        ("modified attribute", Health::Red),
        ("page size", Health::Yellow),
        ("clocks", Health::Red),
        ("order of keys", Health::Red),
    ] {
        assert_eq!(health(&ill, check), expected, "{check}");
    }
    fake.0.lock().unwrap().answers.push_back((401, "application/json", "{}".into()));
    assert_eq!(probe(&fake), [("token and service".to_owned(), Health::Red)]);
}
