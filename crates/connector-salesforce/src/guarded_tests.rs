//! Records that people change too, merged ones, and removals, against a sandbox org.

use std::time::Duration;

use mapping::{Action, Lane, Step, Value};
use sandbox::salesforce::SalesforceSettings as OrgSettings;
use sync_engine::{FaultClass, Lookup};

use crate::sandbox_org::{Stage, account, draft, parent, planned};

fn guarded(step: &mut Step) {
    step.lane = Lane::Guarded;
}

fn contact(id: &str, name: &str, of: &str) -> mapping::Draft {
    draft("Contact", id, &[("LastName", Value::text(name)), ("AccountId", parent("Account", of))])
}

#[tokio::test]
async fn a_create_fails_where_the_record_exists() {
    let stage = Stage::new().await;
    assert_eq!(stage.carry_on(vec![account("S1")], guarded).await, ["created"]);
    let again = Step { lane: Lane::Guarded, ..Step::owned(account("S1"), Action::Create) };
    assert_eq!(stage.apply(vec![again]).await, ["Conflict EXISTS"]);
    assert_eq!(stage.org.by_key("S1").len(), 1);
}

/// A first load of what people change too takes no call a record, and refuses what is there already.
#[tokio::test]
async fn many_creates_go_in_few_calls_and_each_has_its_outcome() {
    let stage = Stage::new().await;
    stage.carry(["S0007", "S0500"].map(account).to_vec()).await;
    assert!(stage.org.human_edit(
        &stage.org.account_by_key("S0007").expect("there").id,
        "Name",
        Some("theirs")
    ));
    let before = stage.calls("");
    let steps: Vec<Step> = (0..1_000)
        .map(|number| {
            let step = Step::owned(account(&format!("S{number:04}")), Action::Create);
            Step { lane: Lane::Guarded, ..step }
        })
        .collect();
    let told = stage.apply(steps.clone()).await;
    for (number, outcome) in told.iter().enumerate() {
        let expected = if matches!(number, 7 | 500) { "Conflict EXISTS" } else { "created" };
        assert_eq!(outcome, expected, "S{number:04}");
    }
    assert!(stage.calls("") - before <= 4, "{} calls", stage.calls("") - before);
    assert_eq!(stage.org.account_by_key("S0007").expect("there").text("Name").as_deref(), Some("theirs"));
    // A lost answer is not sent again: nobody knows, and the engine looks.
    stage.lose("/composite");
    let lost = Step { lane: Lane::Guarded, ..Step::owned(account("L1"), Action::Create) };
    assert_eq!(stage.apply(vec![lost.clone()]).await, ["unknown"]);
    assert_eq!(stage.apply(vec![lost]).await, ["Conflict EXISTS"]);
}

#[tokio::test]
async fn an_edit_by_people_between_look_and_write_is_not_overwritten() {
    let stage = Stage::new().await;
    assert_eq!(stage.carry(vec![account("S1"), contact("C1", "Li", "S1")]).await, ["created", "created"]);
    stage.pass(5);
    for (entity, changed) in [("Account", "Name"), ("Contact", "LastName")] {
        let id = if entity == "Account" { "S1" } else { "C1" };
        let wanted = draft(entity, id, &[(changed, Value::text("ours"))]);
        let found = stage.find(&wanted).await.expect("there");
        let mut step = planned(wanted.clone(), Some(&found));
        guarded(&mut step);
        // Somebody edits another field: the whole record is another one.
        assert!(stage.org.human_edit(found.target.as_str(), "Phone", Some("1")));
        assert_eq!(stage.apply(vec![step.clone()]).await, ["Conflict MOVED"], "{entity}");
        let found = stage.find(&wanted).await.expect("there");
        assert_ne!(found.fields.get(changed), Some(&Value::text("ours")));
        step.guard.clone_from(&found.validator);
        assert_eq!(stage.apply(vec![step]).await, ["written"], "{entity}");
        let now = stage.find(&wanted).await.expect("there");
        assert_eq!(now.fields.get(changed), Some(&Value::text("ours")));
        let record =
            stage.org.records(entity).into_iter().find(|record| record.key() == Some(id)).expect("there");
        assert_eq!(record.text("Phone").as_deref(), Some("1"), "what people wrote stays");
    }
}

#[tokio::test]
async fn a_second_that_is_not_over_is_waited_out() {
    let stage = Stage::new().await;
    stage.carry(vec![account("S1"), contact("C1", "Li", "S1")]).await;
    // No time has passed since: the date proves nothing yet.
    let before = wire::Clock::elapsed(&*stage.clock);
    let wanted = draft("Contact", "C1", &[("LastName", Value::text("Lee"))]);
    assert_eq!(stage.carry_on(vec![wanted], guarded).await, ["written"]);
    assert!(wire::Clock::elapsed(&*stage.clock) >= before + Duration::from_secs(1));
    // Accounts have an ETag, which is a proof at once.
    let before = wire::Clock::elapsed(&*stage.clock);
    let wanted = draft("Account", "S1", &[("Name", Value::text("other"))]);
    assert_eq!(stage.carry_on(vec![wanted], guarded).await, ["written"]);
    assert_eq!(wire::Clock::elapsed(&*stage.clock), before);
}

#[tokio::test]
async fn only_what_changed_is_sent() {
    let stage = Stage::new().await;
    let all = [("Name", Value::text("a")), ("Phone", Value::text("1"))];
    stage.carry(vec![draft("Account", "S1", &all)]).await;
    stage.pass(5);
    let wanted = draft("Account", "S1", &[("Name", Value::text("b")), ("Phone", Value::text("2"))]);
    let told = stage
        .carry_on(vec![wanted], |step| {
            guarded(step);
            if let Action::Update { changes, .. } = &mut step.action {
                changes.retain(|change| change.field.as_str() == "Name");
            }
        })
        .await;
    assert_eq!(told, ["written"]);
    assert_eq!(stage.records("Account", "Name"), ["S1: b"]);
    assert_eq!(stage.records("Account", "Phone"), ["S1: 1"]);
}

#[tokio::test]
async fn what_has_gone_already_is_removed() {
    let stage = Stage::new().await;
    stage.carry(vec![account("S1"), account("S2"), account("S3")]).await;
    stage.pass(5);
    let mut steps = Vec::new();
    for (id, lane) in [("S1", Lane::Owned), ("S2", Lane::Guarded), ("S3", Lane::Guarded)] {
        let found = stage.find(&account(id)).await.expect("there");
        let action = Action::Remove { target: found.target.clone() };
        steps.push(Step { lane, guard: found.validator, ..Step::owned(account(id), action) });
    }
    let target = |step: &Step| match &step.action {
        Action::Remove { target } => target.to_string(),
        _ => String::new(),
    };
    assert!(stage.org.human_edit(&target(&steps[2]), "Phone", Some("1")));
    let told = stage.apply(steps.clone()).await;
    assert_eq!(told, ["written", "written", "Conflict MOVED"]);
    assert_eq!(stage.records("Account", "Name"), ["S3: name S3"]);
    assert_eq!(stage.apply(steps[..2].to_vec()).await, ["written", "written"], "gone already");
}

#[tokio::test]
async fn a_merged_record_is_followed_to_the_winner() {
    let stage = Stage::new().await;
    stage.carry(vec![account("A"), account("B"), contact("C1", "Li", "A")]).await;
    let id = |key: &str| stage.org.account_by_key(key).expect("there").id.clone();
    let by_hand = stage.org.human_insert(&[("Name", "by hand")]);
    stage.org.human_merge(&by_hand, &[&id("A")]).expect("merged");
    stage.pass(120);
    let found = stage.find(&account("A")).await.expect("the winner");
    assert_eq!((found.target.as_str(), found.id.as_str()), (by_hand.as_str(), ""), "it carries none yet");
    let told = stage.carry(vec![account("A"), contact("C2", "New", "A")]).await;
    assert_eq!(told, ["written", "created"]);
    assert_eq!(stage.records("Account", "Name"), ["A: name A", "B: name B"], "no duplicate was made");
    assert_eq!(stage.org.account_by_key("A").expect("healed").id, by_hand);

    // A winner that stands for another record is not overwritten, but children find it.
    stage.org.human_merge(&id("B"), &[&id("A")]).expect("merged");
    stage.pass(120);
    let Lookup::Ambiguous(fault) = stage.look_up(&account("A")).await else { panic!("followed blindly") };
    assert_eq!((fault.class, fault.code.as_str()), (FaultClass::Identity, "MERGED"));
    assert_eq!(stage.carry(vec![contact("C3", "Child", "A")]).await, ["created"]);
    let child =
        stage.org.records("Contact").into_iter().find(|contact| contact.key() == Some("C3")).expect("there");
    assert_eq!(child.text("AccountId"), Some(id("B")));
}

#[tokio::test]
async fn parents_are_read_as_they_are_written() {
    let stage = Stage::new().await;
    assert_eq!(stage.carry(vec![contact("C1", "Li", "S1")]).await, ["Dependency INVALID_FIELD"]);
    stage.carry(vec![account("S1")]).await;
    assert_eq!(stage.carry(vec![contact("C1", "Li", "S1")]).await, ["created"]);
    assert_eq!(stage.carry(vec![contact("C1", "Li", "S1")]).await, ["nothing"]);
    let private = draft("Contact", "C1", &[("LastName", Value::text("Li")), ("AccountId", Value::Null)]);
    assert_eq!(stage.carry(vec![private]).await, ["written"]);
}

#[tokio::test]
async fn customers_that_are_people_become_person_accounts() {
    let person = |id: &str| {
        let fields = [("LastName", Value::text("Li")), ("PersonEmail", Value::text("li@customer.example"))];
        draft("PersonAccount", id, &fields)
    };
    let stage = Stage::with(OrgSettings { person_accounts: true, ..OrgSettings::default() }, |_| ()).await;
    assert_eq!(stage.carry(vec![person("P1")]).await, ["created"]);
    assert_eq!(stage.carry_on(vec![person("P2")], guarded).await, ["created"]);
    assert_eq!(stage.carry(vec![person("P1"), person("P2")]).await, ["nothing", "nothing"]);
    assert_eq!(stage.records("Account", "IsPersonAccount"), ["P1: true", "P2: true"]);
    let stage = Stage::new().await;
    let step = Step::owned(person("P1"), Action::Create);
    let error = crate::sandbox_org::refused(&stage, step).await;
    assert_eq!((error.class(), error.fault.code.as_str()), (FaultClass::Access, "PERSON_ACCOUNTS_OFF"));
}

#[tokio::test]
async fn what_a_duplicate_rule_found_is_shown() {
    let stage = Stage::new().await;
    stage.carry(vec![account("S1")]).await;
    let rule = serde_json::json!({ "duplicates": { "object": "Account", "field": "Name", "blocks": true } });
    stage.org.switch(|switches| {
        if let Ok(rules) = serde_json::from_value(rule.clone()) {
            *switches = rules;
        }
    });
    let twin = draft("Account", "S9", &[("Name", Value::text("name S1"))]);
    for lane in [Lane::Owned, Lane::Guarded] {
        let step = Step { lane, ..Step::owned(twin.clone(), Action::Create) };
        let receipts = sync_engine::Sink::apply(&stage.sink, vec![step]).await.expect("sent");
        let sync_engine::Outcome::Rejected(fault) = &receipts[0].outcome else { panic!("{receipts:?}") };
        assert_eq!((fault.class, fault.code.as_str()), (FaultClass::Identity, "DUPLICATES_DETECTED"));
        let known = stage.org.account_by_key("S1").expect("there");
        assert!(fault.message.contains(&known.id), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_large_load_goes_as_a_job_and_every_row_has_its_outcome() {
    let stage = Stage::with(OrgSettings::default(), |settings| settings.bulk_from = Some(50)).await;
    let mut drafts: Vec<_> = (0..60).map(|number| account(&format!("S{number}"))).collect();
    drafts[7].fields.set("Name", Value::text("x".repeat(300)));
    drafts[8].fields.set("Phone", Value::text("#N/A"));
    let steps = drafts.into_iter().map(|draft| Step::owned(draft, Action::Create)).collect();
    let told = stage.apply(steps).await;
    assert_eq!(told[7], "Data STRING_TOO_LONG");
    assert_eq!(told.iter().filter(|outcome| *outcome == "created").count(), 59);
    assert_eq!(stage.calls("POST /services/data/v64.0/jobs/ingest"), 1);
    assert_eq!(stage.calls("GET /services/data/v64.0/jobs/ingest?"), 1, "stale jobs are looked for once");
    assert_eq!(stage.calls("composite"), 1, "what CSV cannot say goes as JSON");
}

#[tokio::test]
async fn a_lost_answer_leaves_the_outcome_open() {
    let stage = Stage::new().await;
    stage.lose("/composite");
    assert_eq!(stage.carry(vec![account("S1")]).await, ["unknown"]);
    stage.pass(5);
    let wanted = draft("Account", "S1", &[("Name", Value::text("other"))]);
    stage.lose("/sobjects/Account/001");
    let told = stage.carry_on(vec![wanted], guarded).await;
    assert_eq!(told, ["unknown"], "the read before the write was lost: nothing is claimed");
}
