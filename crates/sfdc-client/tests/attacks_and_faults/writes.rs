//! Writes that meet other people, other records, and the org's rules.

use jiff::Timestamp;
use sfdc_client::{
    Condition, Creation, ErrorClass, Filter, Freshness, Got, Item, Literal, Operator, RecordBody, RecordId,
    RecordResult, RowAt, Rows, Select, SfdcError, Together, Updated, UpsertKey, Window,
};
use std::time::Duration;
use wire::{Call, Effect};

use crate::org::Org;

const CONTACTS: UpsertKey<'_> = UpsertKey { object: "Contact", field: "IFS_Key__c", case_sensitive: false };
const ACCOUNTS: UpsertKey<'_> = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };

fn id(text: &str) -> RecordId {
    RecordId::parse(text).expect("an id")
}

fn account(fields: &[(&str, &str)]) -> RecordBody {
    let mut body = RecordBody::new("Account");
    for (name, value) in fields {
        body.text(name, value);
    }
    body
}

fn class(error: &SfdcError) -> ErrorClass {
    let SfdcError::Api(failure) = error else { panic!("{error:?}") };
    failure.class
}

fn failed(results: &[RecordResult]) -> ErrorClass {
    let [RecordResult::Failed(errors)] = results else { panic!("{results:?}") };
    errors[0].verdict().class
}

/// Rows of one parent that others hold are told apart from rows that are wrong, and go again.
#[tokio::test(start_paused = true)]
async fn f34_a_locked_row_is_transient_and_goes_again() {
    let org = Org::new();
    org.sandbox.switch(|switches| switches.locked_rows = 1);
    let bodies = ["S1", "S2"].map(|key| account(&[("IFS_Key__c", key), ("Name", "x")]));
    let items = [Item::new("S1", &bodies[0]), Item::new("S2", &bodies[1])];
    let results = org.client.upsert(&items, ACCOUNTS).await.expect("results");
    assert_eq!(failed(&results[..1]), ErrorClass::Transient);
    assert!(matches!(results[1], RecordResult::Done { .. }));
    let again = org.client.upsert(&items[..1], ACCOUNTS).await.expect("results");
    assert!(matches!(again[0], RecordResult::Done { created: true, .. }));
}

/// A trigger that rewrites a value: reading back shows what the org made of it, and the same write
/// again changes nothing.
#[tokio::test(start_paused = true)]
async fn f51_what_the_org_made_of_a_value_can_be_read_back() {
    let org = Org::new();
    org.sandbox.switch(|switches| switches.rewrites_phones = true);
    let body = account(&[("IFS_Key__c", "S1"), ("Name", "x"), ("Phone", "040 555 01")]);
    let results = org.client.upsert(&[Item::new("S1", &body)], ACCOUNTS).await.expect("results");
    let RecordResult::Done { id: made, .. } = &results[0] else { panic!("{results:?}") };
    let made = id(made);
    let at = RowAt::id("Account", &made);
    let Got::Row { record, .. } = org.client.row(&at, &["Phone"], &Freshness::Any).await.expect("read")
    else {
        panic!("there")
    };
    assert!(record.get().contains("04055501"), "{record}");
    let before = org.sandbox.stats()["updated"];
    org.client.upsert(&[Item::new("S1", &body)], ACCOUNTS).await.expect("results");
    assert_eq!(org.sandbox.stats()["updated"], before);
}

/// Two writers of one field: the change itself names who wrote.
#[tokio::test(start_paused = true)]
async fn f52_each_writer_is_named() {
    let org = Org::new();
    let account = org.insert("x");
    let made = id(&account);
    let at = RowAt::id("Account", &made);
    let mut ours = RecordBody::new("Account");
    ours.text("Phone", "ours");
    org.client.update(&at, &ours, &Condition::None).await.expect("written");
    assert!(org.sandbox.human_edit(&account, "Phone", Some("theirs")));
    let writers: Vec<(String, String)> = org
        .sandbox
        .changes_after(1)
        .iter()
        .map(|change| (change.user.to_string(), change.origin.to_string()))
        .collect();
    assert_eq!(writers.len(), 2);
    assert!(writers[0].0 != writers[1].0 && writers[0].1 != writers[1].1, "{writers:?}");
    let identity = org.client.identity().await.expect("who we are");
    assert_eq!(identity.user.as_str(), writers[0].0);
}

/// A merged record leads to its winner, and its external id is free: whoever writes by it again
/// would make a second record.
#[tokio::test(start_paused = true)]
async fn f53_a_merged_record_leads_to_its_winner() {
    let org = Org::new();
    let winner = org.sandbox.human_insert(&[("Name", "stays"), ("IFS_Key__c", "S1")]);
    let loser = org.sandbox.human_insert(&[("Name", "goes"), ("IFS_Key__c", "S2")]);
    let start = org.clock.now();
    org.sandbox.human_merge(&winner, &[&loser]).expect("merged");
    let gone = id(&loser);
    let at = RowAt::id("Account", &gone);
    let found = org.client.row(&at, &["Id"], &Freshness::Any).await;
    assert!(matches!(found, Ok(Got::Absent)), "{found:?}");
    let update = org.client.update(&at, &account(&[("Phone", "1")]), &Condition::None).await;
    assert_eq!(class(&update.expect_err("deleted")), ErrorClass::Stale);
    let select = Select::from("Account", ["Id", "MasterRecordId"]).expect("names");
    let filter = Filter::is("Id", Operator::Equal, &Literal::Text(loser.clone())).expect("a filter");
    let call = Call::new("test.query", Effect::Read);
    let rows = org.client.query_rows(call, &select.filter(filter), Rows::DeletedToo).await.expect("records");
    assert!(rows.records[0].get().contains(&winner), "{:?}", rows.records[0]);
    org.pass(Duration::from_secs(120)).await;
    let window = Window::new(start, org.clock.now()).expect("a window");
    let deletions = org.client.deleted("Account", window).await.expect("deletions");
    assert_eq!(deletions.records.iter().map(|deletion| deletion.id.clone()).collect::<Vec<_>>(), [gone]);
}

/// An edit against a deletion, and a key that comes back: two records, and no mixture.
#[tokio::test(start_paused = true)]
async fn f54_a_deleted_record_is_not_written_and_its_key_makes_a_new_one() {
    let org = Org::new();
    let body = account(&[("IFS_Key__c", "S1"), ("Name", "x")]);
    let items = [Item::new("S1", &body)];
    let made = org.client.upsert(&items, ACCOUNTS).await.expect("results");
    let RecordResult::Done { id: first, .. } = &made[0] else { panic!("{made:?}") };
    assert!(org.sandbox.human_delete(first));
    let mut change = RecordBody::new("Account");
    change.text("Id", first);
    change.text("Phone", "1");
    let results = org.client.update_all(&[Item::new(first, &change)], Together::Each).await.expect("results");
    assert_eq!(failed(&results), ErrorClass::Stale);
    let again = org.client.upsert(&items, ACCOUNTS).await.expect("results");
    let RecordResult::Done { id: second, created: true } = &again[0] else { panic!("{again:?}") };
    assert_ne!(first, second);
}

/// An edit between reading and writing is not overwritten.
#[tokio::test(start_paused = true)]
async fn f54_an_edit_in_between_wins_against_a_conditional_write() {
    let org = Org::new();
    let account_id = org.insert("x");
    let made = id(&account_id);
    org.pass(Duration::from_secs(5)).await;
    let at = RowAt::id("Account", &made);
    let got = org.client.row(&at, &["Phone"], &Freshness::Any).await.expect("read");
    let Got::Row { validator, .. } = got else { panic!("there") };
    let condition = validator.condition().expect("a proof");
    org.pass(Duration::from_secs(5)).await;
    assert!(org.sandbox.human_edit(&account_id, "Phone", Some("theirs")));
    let updated =
        org.client.update(&at, &account(&[("Phone", "ours")]), &condition).await.expect("an answer");
    assert_eq!(updated, Updated::Overtaken);
    let old = Condition::UnmodifiedSince(Timestamp::UNIX_EPOCH);
    let updated = org.client.update(&at, &account(&[("Phone", "ours")]), &old).await.expect("an answer");
    assert_eq!(updated, Updated::Overtaken);
    assert_eq!(org.sandbox.accounts()[0].text("Phone").as_deref(), Some("theirs"));
}

/// A child before its parent waits, and goes when the parent is there.
#[tokio::test(start_paused = true)]
async fn f55_a_child_without_its_parent_waits_for_it() {
    let org = Org::new();
    let mut child = RecordBody::new("Contact");
    child.text("IFS_Key__c", "C1");
    child.text("LastName", "Ek");
    child.reference("Account", "IFS_Key__c", "S1");
    let items = [Item::new("C1", &child)];
    let results = org.client.upsert(&items, CONTACTS).await.expect("results");
    assert_eq!(failed(&results), ErrorClass::Dependency);
    org.sandbox.human_insert(&[("Name", "parent"), ("IFS_Key__c", "S1")]);
    let results = org.client.upsert(&items, CONTACTS).await.expect("results");
    assert!(matches!(results[0], RecordResult::Done { created: true, .. }));
    // A cycle of parents is a matter for people, not for waiting.
    let parent = org.sandbox.by_key("S1")[0].id.clone();
    let mut own = RecordBody::new("Account");
    own.text("ParentId", &parent);
    let made = id(&parent);
    let refused = org.client.update(&RowAt::id("Account", &made), &own, &Condition::None).await;
    assert_eq!(class(&refused.expect_err("a cycle")), ErrorClass::Data);
}

/// An activated order says no, in words, and stays as it is.
#[tokio::test(start_paused = true)]
async fn f56_an_activated_order_says_why_it_is_closed() {
    let org = Org::new();
    let human =
        |object: &str, values: &[(&str, &str)]| org.sandbox.human_create(object, values).expect("made");
    let account = human("Account", &[("Name", "x")]);
    let product = human("Product2", &[("Name", "Bolt"), ("IsActive", "true")]);
    let book = org.sandbox.records("Pricebook2")[0].id.clone();
    let entry = [
        ("Pricebook2Id", book.as_str()),
        ("Product2Id", product.as_str()),
        ("UnitPrice", "1"),
        ("IsActive", "true"),
    ];
    let entry = human("PricebookEntry", &entry);
    let order = [
        ("AccountId", account.as_str()),
        ("EffectiveDate", "2025-03-01"),
        ("Status", "Draft"),
        ("Pricebook2Id", book.as_str()),
    ];
    let order = human("Order", &order);
    let line =
        [("OrderId", order.as_str()), ("PricebookEntryId", &entry), ("Quantity", "1"), ("UnitPrice", "1")];
    let line = human("OrderItem", &line);
    assert!(org.sandbox.human_edit(&order, "Status", Some("Activated")));
    for (object, record, field, value) in
        [("Order", &order, "Description", "changed"), ("OrderItem", &line, "Description", "changed")]
    {
        let mut body = RecordBody::new(object);
        body.text(field, value);
        let record = id(record);
        let refused = org.client.update(&RowAt::id(object, &record), &body, &Condition::None).await;
        let refused = refused.expect_err("closed");
        assert_eq!(class(&refused), ErrorClass::Data, "{refused}");
        assert!(!refused.may_have_acted());
    }
    let deleted = org.client.delete(&RowAt::id("Order", &id(&order))).await.expect_err("closed");
    assert_eq!(class(&deleted), ErrorClass::Data);
    let made = org.client.create(("Account", "x"), &account_body(), Creation::Plain).await;
    made.expect("other records are not concerned");
}

fn account_body() -> RecordBody {
    account(&[("Name", "other")])
}
