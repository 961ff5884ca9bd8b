//! The source against a sandbox org: everything once, then changes, deletions and merges.

use std::collections::BTreeSet;

use mapping::{Change, FieldName, Key, Value};
use sandbox::salesforce::SalesforceSettings as OrgSettings;
use sync_engine::{Cursor, FaultClass, Observation, Source, SourceError};

use crate::sandbox_org::{Stage, account, parent};
use crate::{SalesforceSource, SourceSettings};

fn source(stage: &Stage, object: &str, fields: &[&str]) -> SalesforceSource {
    let mut settings = SourceSettings::new(object, fields.iter().map(|name| FieldName::from(*name)));
    settings.page_size = 7;
    let clock = stage.clock.clone();
    SalesforceSource::new(stage.transport.clone(), clock, &stage.settings, (settings, Vec::new()))
}

/// Walks to the end; what was told, and the cursor.
async fn walk(source: &SalesforceSource, mut cursor: Option<Cursor>) -> (Vec<Observation>, Option<Cursor>) {
    let mut all = Vec::new();
    loop {
        let page = source.pull(cursor.as_ref()).await.expect("a page");
        all.extend(page.observations);
        cursor = Some(page.cursor);
        if !page.more {
            return (all, cursor);
        }
    }
}

fn names(observations: &[Observation]) -> BTreeSet<String> {
    let name = |observation: &Observation| match observation {
        Observation::Change(Change::Put(record)) => {
            record.fields.get("Name").and_then(Value::as_text).unwrap_or("-").to_owned()
        }
        Observation::Change(Change::Gone { key, .. }) => format!("gone {key}"),
        Observation::Unreadable(row) => format!("unreadable {}", row.key),
    };
    observations.iter().map(name).collect()
}

#[tokio::test]
async fn everything_comes_once_and_then_what_changes() {
    let stage = Stage::new().await;
    stage.carry((0..30).map(|number| account(&format!("S{number:02}"))).collect()).await;
    stage.pass(300);
    let source = source(&stage, "Account", &["Name", "IFS_Key__c"]);
    let (first, cursor) = walk(&source, None).await;
    let expected: BTreeSet<String> = (0..30).map(|number| format!("name S{number:02}")).collect();
    assert_eq!((first.len(), names(&first)), (30, expected));
    stage.pass(3_600);
    let id = stage.org.account_by_key("S07").expect("there").id.clone();
    assert!(stage.org.human_edit(&id, "Name", Some("changed")));
    let by_hand = stage.org.human_insert(&[("Name", "by hand")]);
    stage.pass(300);
    let (next, cursor) = walk(&source, cursor).await;
    let told = names(&next);
    assert!(told.contains("changed") && told.contains("by hand"), "{told:?}");
    let put = next.iter().find(|observation| observation.key().as_str() == by_hand).expect("told");
    let Observation::Change(Change::Put(record)) = put else { panic!("{put:?}") };
    assert_eq!(record.fields.get("IFS_Key__c"), Some(&Value::Null));
    // What is read again in the overlap has the version that it had.
    stage.pass(60);
    let (again, _) = walk(&source, cursor).await;
    for observation in &again {
        assert!(next.contains(observation), "{observation:?}");
    }
    let key = Key::from(id.as_str());
    let fetched = source.fetch(&[Key::from("001000000000000AAA"), key.clone()]).await.expect("answers");
    assert_eq!(fetched[0], None);
    assert_eq!(fetched[1].as_ref().map(Observation::key), Some(&key));
}

#[tokio::test]
async fn deletions_are_told_and_merges_lead_to_the_winner() {
    let stage = Stage::new().await;
    stage.carry(["A", "B", "C", "D"].map(account).to_vec()).await;
    stage.pass(300);
    let source = source(&stage, "Account", &["Name"]);
    let (_, cursor) = walk(&source, None).await;
    let id = |key: &str| stage.org.account_by_key(key).expect("there").id.clone();
    let (a, b, c, d) = (id("A"), id("B"), id("C"), id("D"));
    stage.pass(600);
    assert!(stage.org.human_delete(&a));
    assert!(stage.org.human_delete(&d));
    stage.org.human_merge(&c, &[&b]).expect("merged");
    stage.pass(1);
    assert!(stage.org.human_undelete(&d));
    stage.pass(600);
    let (told, _) = walk(&source, cursor).await;
    let told = names(&told);
    for gone in [&a, &b] {
        assert!(told.contains(&format!("gone {gone}")), "{told:?}");
    }
    assert!(!told.contains(&format!("gone {d}")), "taken back: it lives");
    let keys = [a, b, c.clone(), d].map(Key::from);
    let winners = source.successors(&keys).await.expect("answers");
    assert_eq!(winners, [None, Some(Key::from(c)), None, None]);
}

#[tokio::test]
async fn parents_are_told_by_their_external_ids() {
    let stage = Stage::new().await;
    stage.carry(vec![account("S1")]).await;
    let contact = [("LastName", Value::text("Li")), ("AccountId", parent("Account", "S1"))];
    stage.carry(vec![crate::sandbox_org::draft("Contact", "C1", &contact)]).await;
    stage.pass(300);
    let (told, _) = walk(&source(&stage, "Contact", &["LastName", "AccountId"]), None).await;
    let Some(Observation::Change(Change::Put(record))) = told.first() else { panic!("{told:?}") };
    assert_eq!(record.fields.get("AccountId"), Some(&parent("Account", "S1")));
}

#[tokio::test]
async fn cursors_of_other_questions_and_hidden_fields_stop_the_walk() {
    let stage = Stage::with(OrgSettings::default(), |_| ()).await;
    let (_, cursor) = walk(&source(&stage, "Account", &["Name"]), None).await;
    let other = source(&stage, "Account", &["Name", "Phone"]);
    let error = other.pull(cursor.as_ref()).await.expect_err("another question");
    assert!(matches!(error, SourceError::CursorExpired { .. }), "{error}");
    let error = source(&stage, "Account", &["Secret__c"]).pull(None).await.expect_err("hidden");
    assert_eq!(error.class(), FaultClass::Access);
}
