//! What the IFS sink does, against the sandbox: never a write without an exact ETag, never a second
//! record, never a value over one that was not seen.

use std::sync::Arc;

use connector_ifs::{ErrorTable, IfsSettings, IfsSink, Writable, WriteSettings};
use mapping::{
    Action, Cause, Difference, Draft, Entity, ExternalId, FieldName, Fields, Found, Lane, Step, TargetId,
    Value,
};
use ml_connector_tests::Tenant;
use ml_connector_tests::tenant::BASE;
use sandbox::{Endpoint as _, Fault, Only, Scripted, ScriptedFault};
use sync_engine::{Fault as Told, FaultClass, Lookup, Outcome, Sink as _};
use wire::Clock;

fn sink_with(tenant: &Tenant, settings: &IfsSettings, overrides: &str) -> IfsSink {
    let clock: Arc<dyn Clock> = tenant.clock.clone();
    let targets = Writable::ALL.map(|what| {
        let overrides = if what == Writable::Customer { overrides } else { "{}" };
        WriteSettings::new(what, serde_json::from_str(overrides).unwrap()).unwrap()
    });
    IfsSink::new(tenant.transport(), &clock, (settings, &ErrorTable::shipped()), targets).unwrap()
}

fn sink(tenant: &Tenant) -> IfsSink {
    sink_with(tenant, &Tenant::settings(), "{}")
}

fn fields(values: &[(&str, Value)]) -> Fields {
    values.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
}

fn draft(entity: &str, id: &str, values: &[(&str, Value)]) -> Draft {
    Draft { entity: Entity::from(entity), id: ExternalId::from(id), fields: fields(values) }
}

fn create(entity: &str, id: &str, values: &[(&str, Value)]) -> Step {
    Step { draft: draft(entity, id, values), action: Action::Create, lane: Lane::Guarded, guard: None }
}

fn update(found: &Found, values: &[(&str, Value)]) -> Step {
    let change = |(name, after): &(&str, Value)| Difference {
        field: FieldName::from(*name),
        before: found.fields.get(name).cloned().unwrap_or(Value::Null),
        after: after.clone(),
        cause: Cause::Source,
    };
    Step {
        draft: draft(found.entity.as_str(), found.id.as_str(), values),
        action: Action::Update { target: found.target.clone(), changes: values.iter().map(change).collect() },
        lane: Lane::Guarded,
        guard: found.validator.clone(),
    }
}

async fn find(sink: &IfsSink, entity: &str, id: &str, names: &[&str]) -> Lookup {
    let names: Vec<FieldName> = names.iter().map(|name| FieldName::from(*name)).collect();
    let found = sink.find(&Entity::from(entity), &[ExternalId::from(id)], &names).await.unwrap();
    found.into_iter().next().unwrap()
}

async fn one(sink: &IfsSink, entity: &str, id: &str, names: &[&str]) -> Found {
    match find(sink, entity, id, names).await {
        Lookup::One(found) => found,
        other => panic!("{id}: {other:?}"),
    }
}

async fn apply(sink: &IfsSink, step: Step) -> Outcome {
    sink.apply(vec![step]).await.unwrap().into_iter().next().unwrap().outcome
}

fn refused(outcome: Outcome) -> Told {
    match outcome {
        Outcome::Rejected(fault) => fault,
        other => panic!("{other:?}"),
    }
}

fn figure(tenant: &Tenant, name: &str) -> u64 {
    tenant.ifs.figures().get(name).copied().unwrap_or(0)
}

#[tokio::test]
async fn customers_are_found_in_chunks_with_their_etags() {
    let tenant = Tenant::small();
    let sink = sink(&tenant);
    let mut ids: Vec<ExternalId> =
        (10_001..10_061).rev().map(|n| ExternalId::from(format!("C{n}"))).collect();
    ids.extend(["nobody", "", " C10001", "c10001", "x') or true or (Name eq 'y"].map(ExternalId::from));
    let found = sink.find(&Entity::from("CustomerSet"), &ids, &[FieldName::from("Name")]).await.unwrap();
    assert_eq!(found.len(), 65);
    for (id, lookup) in ids.iter().zip(&found).take(60) {
        let Lookup::One(found) = lookup else { panic!("{id}: {lookup:?}") };
        assert_eq!((&found.id, found.target.as_str()), (id, id.as_str()));
        assert!(found.validator.as_ref().is_some_and(|etag| etag.starts_with("W/\"")));
        assert!(found.fields.get("Name").is_some());
    }
    assert_eq!(found[60], Lookup::Absent);
    assert!(matches!(&found[61], Lookup::Ambiguous(fault) if fault.code == "UNUSABLE_EXTERNAL_ID"));
    assert!(matches!(&found[62], Lookup::Ambiguous(fault) if fault.class == FaultClass::Data));
    assert!(matches!(found[63], Lookup::Absent));
    assert_eq!(found[64], Lookup::Absent);
    let calls = tenant.calls();
    assert!(calls.len() <= 4 && calls.iter().all(|call| call.len() < 2_500), "{calls:#?}");
}

#[tokio::test]
async fn a_customer_with_an_address_and_a_contact_is_made_and_changed() {
    let tenant = Tenant::small();
    let sink = sink(&tenant);
    let text = |text: &str| Value::text(text);
    let steps = vec![
        create("CustomerContact", "N'1^P1", &[("Name", text("Ann")), ("Email", text("a@b.example"))]),
        create("CustomerAddress", "N'1^1", &[("City", text("Malmö")), ("Country", text("SE"))]),
        create(
            "CustomerSet",
            "N'1",
            &[("Name", text("New & Co")), ("Country", text("SE")), ("OneTime", Value::Bool(true))],
        ),
        create("CustomerCommMethod", "N'1^7", &[("MethodId", text("Phone")), ("Value", text("+46 1"))]),
    ];
    let receipts = sink.apply(steps).await.unwrap();
    for receipt in &receipts {
        let expected = Outcome::Applied { target: TargetId::from(receipt.id.as_str()), created: true };
        assert_eq!(receipt.outcome, expected);
    }
    let found = one(&sink, "CustomerSet", "N'1", &["Name", "OneTime", "AssociationNo"]).await;
    assert_eq!(
        found.fields,
        fields(&[("Name", text("New & Co")), ("OneTime", Value::Bool(true)), ("AssociationNo", Value::Null)])
    );
    let address = one(&sink, "CustomerAddress", "N'1^1", &["City", "DefaultDomain"]).await;
    assert_eq!(address.fields.get("DefaultDomain"), Some(&Value::Bool(true)));
    tenant.calls();
    let step = update(&found, &[("Name", text("Newer")), ("AssociationNo", text(" "))]);
    assert!(matches!(apply(&sink, step).await, Outcome::Applied { created: false, .. }));
    let writes = tenant.writes();
    let [patch] = writes.as_slice() else { panic!("one call") };
    assert_eq!(patch.body().as_ref(), br#"{"Name":"Newer","AssociationNo":null}"#);
    assert_eq!(patch.headers()["if-match"].to_str().unwrap(), found.validator.unwrap());
    assert_eq!(figure(&tenant, "writes_without_exact_etag"), 0);
}

#[tokio::test]
async fn somebody_elses_change_is_a_conflict_and_stays() {
    let tenant = Tenant::small();
    let sink = sink(&tenant);
    let found = one(&sink, "CustomerSet", "C10001", &["Name"]).await;
    tenant.pass(5);
    assert!(tenant.ifs.edit_of("CustomerInfo", &["C10001"], &[("Name", Some("theirs"))]));
    let fault = refused(apply(&sink, update(&found, &[("Name", Value::text("ours"))])).await);
    assert_eq!((fault.class, fault.code.as_str()), (FaultClass::Conflict, Told::MOVED));
    let now = one(&sink, "CustomerSet", "C10001", &["Name"]).await;
    assert_eq!(now.fields.get("Name"), Some(&Value::text("theirs")));
    let taken = apply(&sink, create("CustomerSet", "C10001", &[("Name", Value::text("ours"))])).await;
    let fault = refused(taken);
    assert_eq!((fault.class, fault.code.as_str()), (FaultClass::Conflict, Told::EXISTS));
    // Who forgets the ETag does not even send.
    tenant.calls();
    let bare = Step { guard: None, ..update(&now, &[("Name", Value::text("ours"))]) };
    assert_eq!(refused(apply(&sink, bare).await).code, "NO_ETAG");
    assert_eq!((tenant.writes().len(), figure(&tenant, "writes_without_exact_etag")), (0, 0));
}

#[tokio::test]
async fn rules_of_ifs_are_told_as_what_they_are() {
    let tenant = Tenant::small();
    let sink = sink(&tenant);
    let address = |id: &str| create("CustomerAddress", id, &[("Country", Value::text("SE"))]);
    let fault = refused(apply(&sink, address("nobody^1")).await);
    assert_eq!(fault.class, FaultClass::Dependency, "{fault}");
    let fault = refused(apply(&sink, create("CustomerSet", "N1", &[("Country", Value::text("SE"))])).await);
    assert_eq!(fault.class, FaultClass::Data, "{fault}");
    let fault = refused(apply(&sink, create("CustomerSet", "N1", &[("Nmae", Value::text("x"))])).await);
    assert_eq!((fault.class, fault.code.as_str()), (FaultClass::Data, "UNKNOWN_FIELD"));
    let found = one(&sink, "CustomerSet", "C10002", &["Name"]).await;
    assert!(tenant.ifs.begin_edit_of("CustomerInfo", &["C10002"], &[("Name", Some("open"))]));
    let fault = refused(apply(&sink, update(&found, &[("Name", Value::text("x"))])).await);
    assert_eq!(fault.class, FaultClass::Transient, "{fault}");
    tenant.ifs.switch(|switches| switches.denied = vec!["CustomerHandling".into()]);
    let fault = refused(apply(&sink, update(&found, &[("Name", Value::text("x"))])).await);
    assert_eq!(fault.class, FaultClass::Access, "{fault}");
    let error = sink.find(&Entity::from("AccountSet"), &[ExternalId::from("1")], &[]).await.unwrap_err();
    assert_eq!(error.fault.code, Told::UNSUPPORTED);
    assert_eq!(figure(&tenant, "financial_writes_refused"), 0);
}

#[tokio::test]
async fn a_stale_cache_of_ifs_is_asked_once_more_at_once() {
    let tenant = Tenant::small();
    let sink = sink(&tenant);
    tenant.ifs.switch(|switches| switches.stale_cache = 1);
    let made = apply(&sink, create("CustomerSet", "N1", &[("Name", Value::text("n"))])).await;
    assert!(matches!(made, Outcome::Applied { created: true, .. }));
    assert_eq!(tenant.writes().len(), 2);
    tenant.ifs.switch(|switches| switches.stale_cache = 2);
    let fault = refused(apply(&sink, create("CustomerSet", "N2", &[("Name", Value::text("n"))])).await);
    assert_eq!((fault.class, fault.code.as_str()), (FaultClass::Transient, "MI_MODIFIED_ERROR"));
}

#[tokio::test]
async fn removing_is_guarded_and_what_is_gone_is_removed() {
    let tenant = Tenant::small();
    let sink = sink(&tenant);
    let found = one(&sink, "CustomerSet", "C10003", &[]).await;
    let step = Step { action: Action::Remove { target: found.target.clone() }, ..update(&found, &[]) };
    tenant.pass(5);
    assert!(tenant.ifs.edit_of("CustomerInfo", &["C10003"], &[("Name", Some("theirs"))]));
    assert_eq!(refused(apply(&sink, step.clone()).await).code, Told::MOVED);
    let now = one(&sink, "CustomerSet", "C10003", &[]).await;
    let step = Step { guard: now.validator, ..step };
    assert!(matches!(apply(&sink, step.clone()).await, Outcome::Applied { created: false, .. }));
    assert!(matches!(apply(&sink, step).await, Outcome::Applied { .. }));
    assert_eq!(find(&sink, "CustomerSet", "C10003", &[]).await, Lookup::Absent);
}

fn losing(settings: sandbox::ifs::IfsSettings, what: &str, fault: Fault) -> Tenant {
    let line = ScriptedFault { from: 1, times: 1, only: Only::kind(what), fault };
    Tenant::with_faults(settings, Scripted::new([line]))
}

fn few() -> sandbox::ifs::IfsSettings {
    sandbox::ifs::IfsSettings {
        customers: 5,
        suppliers: 5,
        orders: 0,
        ..sandbox::ifs::IfsSettings::default()
    }
}

/// F7 and F8: a lost answer is never a failure; whether it landed is seen by looking.
#[tokio::test]
async fn f8_a_lost_answer_is_unknown_and_a_look_tells() {
    let tenant = losing(few(), "create", Fault::LostAnswer);
    let sink = sink(&tenant);
    let step = create("CustomerSet", "N1", &[("Name", Value::text("n"))]);
    assert!(matches!(apply(&sink, step.clone()).await, Outcome::Unknown { .. }));
    assert!(matches!(find(&sink, "CustomerSet", "N1", &["Name"]).await, Lookup::One(_)));
    assert_eq!(refused(apply(&sink, step).await).code, Told::EXISTS);
    assert_eq!(tenant.ifs.rows_of("CustomerInfo").len(), 6);
}

/// F8: where IFS numbers customers itself, a lost creation is not repeated while it may still land.
#[tokio::test]
async fn f8_a_record_that_ifs_numbers_is_made_once() {
    let tenant = losing(few(), "create", Fault::LostAnswer);
    let carrier = r#"{"extra_fields":{"Cf_Crm_Id":"text"},"write":{"carrier":"Cf_Crm_Id"}}"#;
    let sink = sink_with(&tenant, &Tenant::settings(), carrier);
    let step = create("CustomerSet", "001A", &[("Name", Value::text("n"))]);
    assert!(matches!(apply(&sink, step.clone()).await, Outcome::Unknown { .. }));
    assert_eq!(refused(apply(&sink, step.clone()).await).code, "SETTLING");
    let found = one(&sink, "CustomerSet", "001A", &["Name"]).await;
    assert!(found.target.as_str().starts_with('C') && found.id.as_str() == "001A");
    tenant.pass(1_000);
    assert_eq!(refused(apply(&sink, step).await).code, Told::EXISTS);
    assert_eq!(tenant.ifs.rows_of("CustomerInfo").len(), 6);
    let renamed = apply(&sink, update(&found, &[("Name", Value::text("m"))])).await;
    assert!(matches!(renamed, Outcome::Applied { created: false, .. }), "{renamed:?}");
    let other = apply(&sink, create("CustomerSet", "001B", &[("Name", Value::text("o"))])).await;
    let Outcome::Applied { target, created: true } = other else { panic!("{other:?}") };
    assert!(target.as_str().starts_with('C'));
}

#[tokio::test]
async fn the_web_entrance_wants_its_cookie_and_gets_it_when_asked_for() {
    let tenant = Tenant::small();
    tenant.ifs.switch(|switches| switches.csrf = true);
    let mut settings = Tenant::settings();
    settings.path_prefix = "main/ifsapplications/projection/v1".into();
    let step = |id: &str| create("CustomerSet", id, &[("Name", Value::text("n"))]);
    let plain = sink_with(&tenant, &settings, "{}");
    let fault = refused(apply(&plain, step("N1")).await);
    assert_eq!((fault.class, fault.code.as_str()), (FaultClass::Access, "CSRF_ERROR"));
    assert!(fault.hint.is_some_and(|hint| hint.contains("csrf = true")));
    settings.csrf = true;
    let dancing = sink_with(&tenant, &settings, "{}");
    assert!(matches!(apply(&dancing, step("N1")).await, Outcome::Applied { .. }));
    tenant.calls();
    assert!(matches!(apply(&dancing, step("N2")).await, Outcome::Applied { .. }));
    let calls = tenant.calls();
    assert_eq!(calls.len(), 1, "the cookie is kept: {calls:?}");
    assert!(calls[0].starts_with(&format!("POST {BASE}/main/")));
}

#[tokio::test]
async fn a_missing_precondition_is_explained_whatever_its_status() {
    for status in [428_u16, 400, 412] {
        let tenant = Tenant::small();
        tenant.ifs.switch(|switches| switches.missing_precondition = Some(status));
        let sink = sink(&tenant);
        let found = one(&sink, "CustomerSet", "C10001", &["Name"]).await;
        // A proxy that takes the header away: another tag than any.
        let step = Step { guard: Some("*".into()), ..update(&found, &[("Name", Value::text("x"))]) };
        assert_eq!(refused(apply(&sink, step).await).code, "NO_ETAG", "a star is no guard");
    }
}
