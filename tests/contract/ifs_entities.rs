//! Every entity of IFS as a source, against the sandbox.

use mapping::{Record, Value};
use ml_connector_tests::Tenant;
use ml_connector_tests::tenant::Reading;
use sandbox::ifs::{IfsSettings, IfsSwitches};

fn list<'a>(record: &'a Record, field: &str) -> &'a [Record] {
    match record.fields.get(field) {
        Some(Value::List(records)) => records,
        other => panic!("{} has {other:?} as {field}", record.key),
    }
}

fn text<'a>(record: &'a Record, field: &str) -> &'a str {
    record.fields.get(field).and_then(Value::as_text).unwrap_or_else(|| panic!("{field} of {}", record.key))
}

#[tokio::test]
async fn every_entity_is_read_whole_and_then_rests() {
    let tenant = Tenant::small();
    for (entity, unit) in [
        ("SupplierSet", "SupplierInfoGeneral"),
        ("CustomerSet", "CustomerInfo"),
        ("PurchaseOrderSet", "PurchaseOrder"),
        ("AccountSet", "Account"),
        ("GenLedVoucherSet", "GenLedVoucher"),
    ] {
        let source = tenant.source(entity, "{}");
        let mut reading = Reading::default();
        let told = reading.run(&source).await.unwrap_or_else(|error| panic!("{entity}: {error}"));
        let wanted = tenant.ifs.rows_of(unit).len();
        assert_eq!((told.put.len(), told.unreadable.len()), (wanted, 0), "{entity}");
        tenant.pass(3_600);
        let again = reading.run(&source).await.unwrap_or_else(|error| panic!("{entity}: {error}"));
        // The newest row comes again with each poll, as what it was.
        assert!(again.put.iter().all(|record| *record == *told.record(record.key.as_str())), "{entity}");
        assert!(again.put.len() < 4, "{entity}: {:?}", again.keys());
    }
}

#[tokio::test]
async fn the_sets_that_tenants_expose_carry_the_same_records() {
    let tenant = Tenant::small();
    for (entity, preset) in [("CustomerSet", "info"), ("SupplierSet", "general_info")] {
        let plain = Reading::default().run(&tenant.source(entity, "{}")).await.unwrap();
        let overrides = format!(r#"{{"preset":"{preset}"}}"#);
        let real = Reading::default().run(&tenant.source(entity, &overrides)).await.unwrap();
        assert_eq!(plain.keys(), real.keys());
        let addresses = real.put.iter().map(|record| list(record, "Addresses").len()).sum::<usize>();
        let unit = if entity == "CustomerSet" { "CustomerInfoAddress" } else { "SupplierInfoAddress" };
        assert_eq!(addresses, tenant.ifs.rows_of(unit).len());
    }
}

#[tokio::test]
async fn customers_come_with_addresses_methods_and_contacts_in_few_calls() {
    let tenant = Tenant::small();
    let told = Reading::default().run(&tenant.source("CustomerSet", "{}")).await.unwrap();
    let count = |field: &str| told.put.iter().map(|record| list(record, field).len()).sum::<usize>();
    for (field, unit) in [
        ("Addresses", "CustomerInfoAddress"),
        ("CommMethods", "CustomerInfoCommMethod"),
        ("Contacts", "CustomerInfoContact"),
    ] {
        assert_eq!(count(field), tenant.ifs.rows_of(unit).len(), "{field}");
    }
    let first = told.record("C10001");
    assert_eq!(list(first, "Addresses")[0].key.as_str(), "C10001^1");
    assert_eq!(text(&list(first, "CommMethods")[0], "MethodId"), "Phone");
    // One call for the customers and one for each kind of children by their range (a page of more than
    // a hundred rows may have been cut: one more makes sure); the newest row comes again with each of
    // the two polls that follow.
    let calls = tenant.calls();
    assert!(calls.len() <= 13, "{calls:#?}");
    let ranges = calls.iter().filter(|call| call.contains("CustomerId%20le%20%27C10060%27")).count();
    assert!((3..=6).contains(&ranges), "{calls:#?}");
    assert!(calls.iter().all(|call| !call.contains("$expand")), "{calls:#?}");
}

#[tokio::test]
async fn a_changed_line_makes_its_order_come_again() {
    let tenant = Tenant::small();
    let source = tenant.source("PurchaseOrderSet", "{}");
    let mut reading = Reading::default();
    let told = reading.run(&source).await.unwrap();
    let lines = told.put.iter().map(|record| list(record, "Lines").len()).sum::<usize>();
    assert_eq!(lines, tenant.ifs.rows_of("PurchaseOrderLine").len());
    let before = told.record("100007").clone();
    tenant.pass(600);
    assert!(tenant.ifs.edit_of("PurchaseOrderLine", &["100007", "1", "1"], &[("BuyQtyDue", Some("17.5"))]));
    assert!(tenant.ifs.edit("S10001", &[("Name", Some("Elsewhere"))]));
    tenant.pass(60);
    let told = reading.run(&source).await.unwrap();
    let after = told.record("100007");
    assert!(told.keys().len() < 4, "{:?}", told.keys());
    assert_ne!(after.version, before.version);
    assert_eq!(
        list(after, "Lines")[0].fields.get("BuyQtyDue"),
        Some(&Value::Decimal("17.5".parse().unwrap()))
    );
    tenant.pass(60);
    // Within the overlap it may come again, as what it is.
    let again = reading.run(&source).await.unwrap();
    assert!(again.put.iter().all(|record| *record == *told.record(record.key.as_str())));
    // An order whose own row changes comes with its lines too.
    tenant.pass(3_600);
    assert!(tenant.ifs.edit_of("PurchaseOrder", &["100002"], &[("NoteText", Some("changed"))]));
    tenant.pass(60);
    let told = reading.run(&source).await.unwrap();
    assert!(told.keys().contains(&"100002") && !list(told.record("100002"), "Lines").is_empty());
}

#[tokio::test]
async fn lines_through_three_arrays_are_the_same_lines() {
    let tenant = Tenant::small();
    tenant.ifs.switch(|switches| switches.lines_need_select = true);
    let by_entity = Reading::default().run(&tenant.source("PurchaseOrderSet", "{}")).await.unwrap();
    let arrays = tenant.source("PurchaseOrderSet", r#"{"preset":"line_arrays"}"#);
    let by_array = Reading::default().run(&arrays).await.unwrap();
    assert_eq!(by_entity.put, by_array.put);
}

#[tokio::test]
async fn servers_that_cut_without_a_word_lose_no_child_and_no_single_row() {
    let tenant = Tenant::small();
    let whole = Reading::default().run(&tenant.source("PurchaseOrderSet", "{}")).await.unwrap();
    tenant.ifs.switch(|switches| switches.silent_cut = Some(7));
    let source = tenant.source("PurchaseOrderSet", r#"{"page_size":20}"#);
    let cut = Reading::default().run(&source).await.unwrap();
    assert_eq!(whole.put, cut.put);
    let keys: Vec<_> = whole.put.iter().map(|record| record.key.clone()).collect();
    let found = sync_engine::Source::fetch(&source, &keys).await.unwrap();
    assert!(found.iter().all(Option::is_some));
}

#[tokio::test]
async fn invoices_come_by_the_order_that_they_refer_to() {
    let tenant = Tenant::small();
    let source = tenant.source("PostingProposalHeadSet", "{}");
    let mut reading = Reading::default();
    let told = reading.run(&source).await.unwrap();
    let invoices = tenant.ifs.rows_of("PostingProposalHead");
    let referring = invoices.iter().filter(|row| row.get("PoRefNumber").text().is_some()).count();
    assert_eq!(told.put.iter().map(|record| list(record, "Invoices").len()).sum::<usize>(), referring);
    assert!(invoices.len() > referring && told.unreadable.is_empty());
    let record = told.put.iter().find(|record| list(record, "Invoices").len() == 2).expect("two invoices");
    let (order, invoice) = (record.key.to_string(), list(record, "Invoices")[0].key.to_string());
    assert_eq!(text(record, "PoRefNumber"), order);
    let key: Vec<&str> = invoice.split('^').collect();

    // Withdrawn: it stays among them, and says so.
    tenant.pass(600);
    assert!(tenant.ifs.edit_of("PostingProposalHead", &key, &[("Objstate", Some("Cancelled"))]));
    tenant.pass(60);
    let told = reading.run(&source).await.unwrap();
    assert_eq!(text(&list(told.record(&order), "Invoices")[0], "Objstate"), "Cancelled");

    // Re-pointed: both orders come again.
    tenant.pass(3_600);
    assert!(tenant.ifs.edit_of("PostingProposalHead", &key, &[("PoRefNumber", Some("100050"))]));
    tenant.pass(60);
    let told = reading.run(&source).await.unwrap();
    assert_eq!(list(told.record(&order), "Invoices").len(), 1);
    assert!(list(told.record("100050"), "Invoices").iter().any(|row| row.key.as_str() == invoice));

    // The last one leaves: the order comes with none.
    tenant.pass(3_600);
    let last = list(told.record(&order), "Invoices")[0].key.to_string();
    let last: Vec<&str> = last.split('^').collect();
    assert!(tenant.ifs.edit_of("PostingProposalHead", &last, &[("PoRefNumber", None)]));
    tenant.pass(60);
    let told = reading.run(&source).await.unwrap();
    assert!(list(told.record(&order), "Invoices").is_empty());
}

#[tokio::test]
async fn a_line_that_cannot_be_read_spoils_its_order_only() {
    let tenant = Tenant::small();
    tenant.ifs.switch(|switches| switches.activated = vec!["*".into()].into());
    let overrides = r#"{"children":{"Lines":{"extra_fields":{"Description":"decimal"}}}}"#;
    let one = r#"{"preset":"line_arrays"}"#;
    assert!(tenant.ifs.edit_of("PurchaseOrderLine", &["100003", "1", "1"], &[("Description", Some("7"))]));
    let told = Reading::default().run(&tenant.source("PurchaseOrderSet", overrides)).await.unwrap();
    assert_eq!(told.put.len() + told.unreadable.len(), 50);
    assert!(told.unreadable.iter().any(|key| key.as_str() == "100002"));
    let fine = Reading::default().run(&tenant.source("PurchaseOrderSet", one)).await.unwrap();
    assert_eq!(fine.put.len(), 50);
}

#[tokio::test]
async fn an_entity_service_that_is_not_activated_says_so() {
    let tenant = Tenant::new(IfsSettings { orders: 5, ..IfsSettings::default() });
    tenant.ifs.switch(|switches| {
        *switches = IfsSwitches {
            activated: vec![].into(),
            token_seconds: switches.token_seconds,
            ..IfsSwitches::default()
        };
    });
    let error = Reading::default().run(&tenant.source("PurchaseOrderSet", "{}")).await.unwrap_err();
    let sync_engine::SourceError::Failed { fault, .. } = error else { panic!("{error}") };
    assert!(fault.hint.is_some_and(|hint| hint.contains("activated in the API Explorer")));
}
