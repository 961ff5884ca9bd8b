//! Change events over TLS: a run is worth its while as soon as somebody edits, nothing is missed when the
//! listener is killed or its place is lost, and `status` says what happened.

use ml_connector::Connector;
use ml_connector::sync_engine::{Mode, Unwatched};
use ml_connector_tests::playground::{Playground, ask};
use serde_json::{Value, json};

use crate::outcome::{Outcome, number, pass_seconds};
use crate::people::People;

const FLOW: &str = "customers-back";

/// What `status` says of the flow's events.
fn events(playground: &Playground) -> Value {
    Outcome::of(playground, &["status", "--json"]).ends_with(0).json()["events"][FLOW].take()
}

/// Runs the flow; how many records it changed in IFS.
async fn run(connector: &Connector) -> u64 {
    connector.run(FLOW, Mode::Changes, &Unwatched).await.expect("a run").report.updated
}

/// A pair of customers, and a flow back that listens.
fn playground(folder: &std::path::Path) -> Playground {
    let playground = Playground::start(folder, 20);
    playground.configure("flows/customers.toml", "enabled = false", "enabled = true");
    let file = playground.link.join(format!("flows/{FLOW}.toml"));
    let text = std::fs::read_to_string(&file).expect("the flow is there");
    let events = "[events]\nenabled = true\nchannel = \"ChangeEvents\"\nwait = \"300ms\"\n";
    std::fs::write(&file, text + "\n" + events).expect("it can be written");
    pass_seconds(&playground, 5);
    playground
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_in_salesforce_wakes_the_flow_back_and_survives_kills_and_lost_places() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let people = People::log_in(&playground);
    let open = || Connector::open(&playground.link).expect("the link opens");
    let connector = open();
    connector.run("customers", Mode::Changes, &Unwatched).await.expect("a run");
    for _ in 0..2 {
        assert_eq!(run(&connector).await, 0);
    }
    let known = events(&playground);
    assert!(known["listened"].is_string() && known["down"].is_null(), "{known}");

    // Somebody edits while nothing runs: whoever listens is told.
    let accounts = people.query("SELECT Id,IFS_Key__c FROM Account WHERE Type = 'Customer - Direct' LIMIT 1");
    let (id, key) = (accounts[0]["Id"].as_str().expect("an id"), accounts[0]["IFS_Key__c"].as_str());
    let (id, customer) = (id.to_owned(), People::customer(key.expect("a key")));
    let feed = connector.events(FLOW).expect("a flow").expect("it listens");
    let streams = || number(&playground.salesforce_stats()["figures"]["streams"]);
    let before = streams();
    let listens = tokio::spawn(async move { feed.news().await });
    tokio::task::block_in_place(|| while streams() == before {});
    people.change_in_salesforce("Account", &id, &json!({ "Name": "Told at once" }));
    listens.await.expect("news");
    assert_eq!(run(&connector).await, 1);
    assert_eq!(people.row(&customer)["Name"], "Told at once");
    assert_eq!(number(&events(&playground)["events"]), 1);

    // Killed: what happens meanwhile is told to the next process, from the durable place.
    drop(connector);
    people.change_in_salesforce("Account", &id, &json!({ "Name": "While nobody listened" }));
    let connector = open();
    assert_eq!(run(&connector).await, 1);
    assert_eq!(people.row(&customer)["Name"], "While nobody listened");
    let known = events(&playground);
    assert!(number(&known["events"]) == 2 && known["missed"].is_null(), "{known}");

    // The org has moved: the place means nothing, polls bring what was missed, and `status` says so.
    ask(&playground.salesforce, "POST", "/sandbox/switches", r#"{"events":{"generation":1}}"#);
    people.change_in_salesforce("Account", &id, &json!({ "Name": "Before the move" }));
    drop(connector);
    let connector = open();
    run(&connector).await;
    ask(&playground.salesforce, "POST", "/sandbox/clock?offset_ms=600000", "");
    pass_seconds(&playground, 600);
    run(&connector).await;
    assert_eq!(people.row(&customer)["Name"], "Before the move");
    let known = events(&playground);
    let note = &known["missed"][0];
    assert!(note["what"].as_str().is_some_and(|what| what.contains("replayid.corrupted")), "{known}");
    assert!(note["remedy"] == "changes" && note["reconciled"].is_string(), "{known}");
    let told = Outcome::of(&playground, &["status"]).ends_with(0).out;
    assert!(told.contains("missed") && told.contains("the changes read again"), "{told}");
    assert!(told.contains("  events          connected"), "{told}");
}
