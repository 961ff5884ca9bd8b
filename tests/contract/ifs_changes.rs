//! The ways in which changes and deletions of IFS records are found, against the sandbox.

use mapping::{Key, Value};
use ml_connector_tests::Tenant;
use ml_connector_tests::tenant::{Reading, Told};
use sync_engine::{FaultClass, SourceError};

fn class(error: &SourceError) -> (FaultClass, String) {
    match error {
        SourceError::Failed { fault, .. } => (fault.class, fault.code.clone()),
        other => panic!("{other}"),
    }
}

fn name(told: &Told, key: &str) -> String {
    told.record(key).fields.get("Name").and_then(Value::as_text).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_history_log_tells_of_changes_of_a_customer_and_of_what_belongs_to_it() {
    let tenant = Tenant::small();
    tenant.ifs.switch(|switches| switches.history = vec!["*".into()]);
    let source = tenant.source("CustomerSet", r#"{"detect":"history"}"#);
    let mut reading = Reading::default();
    assert_eq!(reading.run(&source).await.unwrap().put.len(), 60);
    tenant.pass(1_000);
    assert!(tenant.ifs.edit_of("CustomerInfo", &["C10003"], &[("Name", Some("New name"))]));
    assert!(tenant.ifs.edit_of("CustomerInfoAddress", &["C10004", "1"], &[("City", Some("Malmö"))]));
    assert!(tenant.ifs.edit("S10001", &[("Name", Some("a supplier"))]));
    assert!(tenant.ifs.remove_of("CustomerInfo", &["C10005"]));
    tenant.pass(10);
    let told = reading.run(&source).await.unwrap();
    assert_eq!(told.keys(), ["C10003", "C10004"]);
    assert_eq!(name(&told, "C10003"), "New name");
    assert_eq!(told.gone, [Key::from("C10005")]);
    // Entered again under the same key: it is there.
    tenant.pass(1_000);
    let again =
        [("CustomerId", Some("C10005")), ("Name", Some("Back")), ("CustomerCategory", Some("Customer"))];
    assert!(tenant.ifs.insert_of("CustomerInfo", &again));
    tenant.pass(10);
    let told = reading.run(&source).await.unwrap();
    assert_eq!((name(&told, "C10005"), told.gone.len()), ("Back".into(), 0));
}

#[tokio::test]
async fn a_late_commit_is_found_in_the_history_log() {
    let tenant = Tenant::small();
    tenant.ifs.switch(|switches| switches.history = vec!["SupplierInfoGeneral".into()]);
    let source = tenant.source("SupplierSet", r#"{"detect":"history"}"#);
    let mut reading = Reading::default();
    reading.run(&source).await.unwrap();
    for round in 0..30 {
        tenant.pass(20);
        assert!(tenant.ifs.begin_edit("S10002", &[("Name", Some(&format!("late {round}")))]));
        tenant.pass(20);
        assert!(tenant.ifs.edit("S10003", &[("Name", Some(&format!("now {round}")))]));
        tenant.pass(5);
        reading.run(&source).await.unwrap();
        tenant.ifs.commit_open();
        tenant.pass(5);
        let told = reading.run(&source).await.unwrap();
        assert_eq!(name(&told, "S10002"), format!("late {round}"));
    }
}

#[tokio::test]
async fn sweeps_find_changes_of_rows_that_show_no_modification() {
    for by in ["content", "etag"] {
        let tenant = Tenant::small();
        let source =
            tenant.source("SupplierSet", &format!(r#"{{"detect":"sweep","sweep":{{"by":"{by}"}}}}"#));
        let mut reading = Reading::default();
        let first = reading.run(&source).await.unwrap();
        assert!(first.put.len() >= 40, "{by}");
        tenant.pass(100_000);
        assert_eq!(reading.run(&source).await.unwrap().keys(), Vec::<&str>::new(), "{by}");
        assert!(tenant.ifs.edit("S10005", &[("Name", Some("once"))]));
        tenant.ifs.insert("NEW", &[("Name", Some("entered")), ("Objstate", Some("Active"))]);
        let told = reading.run(&source).await.unwrap();
        assert_eq!(told.keys(), ["NEW", "S10005"], "{by}");
        // Within the same second, so that its ETag stays the same.
        assert!(tenant.ifs.edit("S10005", &[("Name", Some("twice"))]));
        let told = reading.run(&source).await.unwrap();
        assert_eq!(name(&told, "S10005"), "twice", "{by}");
        tenant.pass(100_000);
        reading.run(&source).await.unwrap();
        assert_eq!(reading.run(&source).await.unwrap().keys(), Vec::<&str>::new(), "{by}");
    }
}

#[tokio::test]
async fn a_sweep_by_content_sees_changes_of_children() {
    let tenant = Tenant::small();
    let source = tenant.source("CustomerSet", r#"{"detect":"sweep"}"#);
    let mut reading = Reading::default();
    reading.run(&source).await.unwrap();
    tenant.pass(60);
    assert!(tenant.ifs.edit_of("CustomerInfoAddress", &["C10004", "1"], &[("City", Some("Malmö"))]));
    assert_eq!(reading.run(&source).await.unwrap().keys(), ["C10004"]);
}

#[tokio::test]
async fn a_deletion_is_believed_after_two_looks_ten_minutes_apart() {
    for overrides in [
        r#"{"detect":"sweep","sweep":{"by":"etag"}}"#,
        r#"{"sweep":{"every":"0s"}}"#,
        r#"{"detect":"hints","sweep":{"every":"0s","by":"content"}}"#,
    ] {
        let tenant = Tenant::small();
        let source = tenant.source("SupplierSet", overrides);
        let mut reading = Reading::default();
        reading.run(&source).await.unwrap();
        reading.run(&source).await.unwrap();
        tenant.pass(60);
        assert!(tenant.ifs.remove("S10007"));
        assert_eq!(reading.run(&source).await.unwrap().gone, [], "{overrides}");
        tenant.pass(300);
        assert_eq!(reading.run(&source).await.unwrap().gone, [], "{overrides}");
        tenant.pass(301);
        assert_eq!(reading.run(&source).await.unwrap().gone, [Key::from("S10007")], "{overrides}");
        tenant.pass(3_600);
        assert_eq!(reading.run(&source).await.unwrap().gone, [], "{overrides}");
    }
}

/// X10: no tombstone from rights that were taken away, from an answer without rows, from a server
/// that fails, or from many rows that vanish at once.
#[tokio::test]
async fn x10_nothing_but_missing_rows_is_a_deletion() {
    let tenant = Tenant::small();
    let source = tenant.source("SupplierSet", r#"{"sweep":{"every":"0s","most_gone":5}}"#);
    let mut reading = Reading::default();
    reading.run(&source).await.unwrap();
    let denied = |on: bool| {
        let names = if on { vec!["SupplierHandling".to_owned()] } else { Vec::new() };
        tenant.ifs.switch(|switches| switches.denied = names);
    };
    denied(true);
    for _ in 0..3 {
        tenant.pass(700);
        assert_eq!(class(&reading.run(&source).await.unwrap_err()).0, FaultClass::Access);
    }
    denied(false);
    tenant.ifs.switch(|switches| switches.no_sets = true);
    tenant.pass(700);
    assert_eq!(class(&reading.run(&source).await.unwrap_err()).0, FaultClass::Access);
    tenant.ifs.switch(|switches| switches.no_sets = false);
    for number in 10_001..10_007 {
        assert!(tenant.ifs.remove(&format!("S{number}")));
    }
    for _ in 0..3 {
        tenant.pass(700);
        let error = reading.run(&source).await.unwrap_err();
        assert_eq!(class(&error), (FaultClass::Access, "MASS_DELETION".into()));
    }
    // Somebody looks, and allows them.
    let source = tenant.source("SupplierSet", r#"{"sweep":{"every":"0s","most_gone":6}}"#);
    assert_eq!(reading.run(&source).await.unwrap().gone, []);
    tenant.pass(700);
    assert_eq!(reading.run(&source).await.unwrap().gone.len(), 6);
}

#[tokio::test]
async fn a_withdrawn_invoice_leaves_its_order() {
    let tenant = Tenant::small();
    let source = tenant.source("PostingProposalHeadSet", r#"{"sweep":{"every":"0s"}}"#);
    let mut reading = Reading::default();
    let told = reading.run(&source).await.unwrap();
    let invoices = |told: &Told, order: &str| match told.record(order).fields.get("Invoices") {
        Some(Value::List(list)) => list.iter().map(|row| row.key.to_string()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let order = told.put[0].key.to_string();
    let gone = invoices(&told, &order)[0].clone();
    reading.run(&source).await.unwrap();
    let key: Vec<&str> = gone.split('^').collect();
    assert!(tenant.ifs.remove_of("PostingProposalHead", &key));
    tenant.pass(60);
    assert!(reading.run(&source).await.unwrap().gone.is_empty());
    tenant.pass(700);
    let told = reading.run(&source).await.unwrap();
    assert!(!invoices(&told, &order).contains(&gone) && told.gone.is_empty());
}

#[tokio::test]
async fn a_hint_is_looked_at_and_is_evidence_of_nothing() {
    let tenant = Tenant::small();
    let source = tenant.source("CustomerSet", r#"{"detect":"hints"}"#);
    let hints = source.hints();
    hints.look_at(Key::from("C10001")).unwrap();
    let mut reading = Reading::default();
    assert_eq!(reading.run(&source).await.unwrap().put.len(), 60);
    tenant.pass(60);
    assert!(tenant.ifs.edit_of("CustomerInfo", &["C10002"], &[("Name", Some("told"))]));
    assert!(tenant.ifs.edit_of("CustomerInfo", &["C10003"], &[("Name", Some("untold"))]));
    for key in ["C10002", "nobody", "x') or true or (Name eq 'y"] {
        hints.look_at(Key::from(key)).unwrap();
    }
    let told = reading.run(&source).await.unwrap();
    assert!(told.keys().contains(&"C10002") && !told.keys().contains(&"C10003"));
    assert_eq!((name(&told, "C10002").as_str(), told.gone.len(), hints.waiting()), ("told", 0, 0));
    tenant.ifs.switch(|switches| switches.denied = vec!["CustomerHandling".into()]);
    hints.look_at(Key::from("C10004")).unwrap();
    reading.run(&source).await.unwrap_err();
    assert_eq!(hints.waiting(), 1, "kept for the next run");
}

/// The header is asked for once; where the endpoint refuses it, times are of the server's zone.
#[tokio::test]
async fn times_are_instants_whether_the_endpoint_is_aware_of_zones_or_not() {
    let city = |told: &Told| told.record("S10004").fields.get("City").cloned();
    for unaware in [false, true] {
        let tenant = Tenant::small();
        tenant.ifs.switch(|switches| {
            switches.time_zone = Some("Europe/Stockholm".into());
            switches.zone_unaware = if unaware { vec!["*".into()] } else { Vec::new() };
        });
        let overrides = r#"{"time_zone":{"aware_or":"Europe/Stockholm"}}"#;
        let source = tenant.source("SupplierSet", overrides);
        let mut reading = Reading::default();
        let told = reading.run(&source).await.unwrap();
        let key = told.keys()[10].to_owned();
        let real = tenant.ifs.row(&key).and_then(|row| row.modified()).map(Value::Timestamp);
        assert_eq!(told.record(&key).fields.get("ModifiedDate").cloned(), real, "unaware: {unaware}");
        for round in 0..5 {
            tenant.pass(700);
            assert!(tenant.ifs.edit("S10004", &[("City", Some(&format!("City {round}")))]));
            tenant.pass(10);
            let told = reading.run(&source).await.unwrap();
            assert_eq!(city(&told), Some(Value::text(format!("City {round}"))), "unaware: {unaware}");
        }
        // A release update changes it: everything is read once more, and goes on.
        tenant
            .ifs
            .switch(|switches| switches.zone_unaware = if unaware { Vec::new() } else { vec!["*".into()] });
        let source = tenant.source("SupplierSet", overrides);
        let error = reading.run(&source).await.unwrap_err();
        assert!(matches!(error, SourceError::CursorExpired { .. }), "{error}");
        let told = Reading::default().run(&source).await.unwrap();
        assert_eq!(told.record(&key).fields.get("ModifiedDate").cloned(), real);
    }
}
