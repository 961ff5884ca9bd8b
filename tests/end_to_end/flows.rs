//! Every flow of the mission over real HTTP, both ways.

use ml_connector_tests::playground::{Playground, ask};
use serde_json::{Value, json};

use crate::outcome::{Outcome, number, pass_seconds, written};
use crate::people::People;

/// All flows, switched on.
const FLOWS: [&str; 6] = ["suppliers", "customers", "contacts", "orders", "invoices", "customers-back"];

/// A playground whose link runs all flows.
fn playground(folder: &std::path::Path) -> Playground {
    let playground = Playground::start(folder, 500);
    for flow in FLOWS.iter().filter(|flow| **flow != "suppliers") {
        playground.configure(&format!("flows/{flow}.toml"), "enabled = false", "enabled = true");
    }
    pass_seconds(&playground, 5);
    playground
}

/// Runs all flows once; what each of them says, by name.
#[track_caller]
fn run(playground: &Playground) -> Value {
    let told = Outcome::of(playground, &["run", "--json"]).ends_with(0).json();
    let flows = told["flows"].as_array().expect("flows").iter();
    flows.map(|flow| (flow["flow"].as_str().expect("a name").to_owned(), flow["report"].clone())).collect()
}

fn sum(report: &Value, name: &str) -> u64 {
    FLOWS.iter().map(|flow| number(&report[flow][name])).sum()
}

#[test]
fn every_flow_arrives_and_an_unchanged_world_costs_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let first = run(&playground);
    for flow in FLOWS {
        assert_eq!(number(&first[flow]["parked"]), 0, "{flow}: {first}");
    }
    for made in ["suppliers", "customers", "contacts", "orders"] {
        assert!(number(&first[made]["created"]) > 0, "{made}: {first}");
    }
    assert!(number(&first["invoices"]["updated"]) > 0, "{first}");
    let before = written(&playground);
    let second = run(&playground);
    assert_eq!((sum(&second, "created"), sum(&second, "updated")), (0, 0), "{second}");
    assert_eq!(written(&playground), before, "an unchanged world costs no write");
    orders_have_their_lines(&playground);
}

fn orders_have_their_lines(playground: &Playground) {
    let people = People::log_in(playground);
    let orders = people.query("SELECT Id,AccountId,IFS_Invoice_Count__c FROM Order");
    let lines = people.query("SELECT Id,OrderId,Quantity,UnitPrice FROM OrderItem");
    assert!(orders.iter().all(|order| order["AccountId"].is_string()), "{orders:?}");
    assert!(lines.len() > orders.len() && lines.iter().all(|line| line["UnitPrice"].is_number()));
    assert!(orders.iter().any(|order| order["IFS_Invoice_Count__c"].as_f64() > Some(0.0)));
}

#[test]
fn people_on_both_sides_change_customers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    run(&playground);
    let people = People::log_in(&playground);
    let accounts = people.query(
        "SELECT Id,IFS_Key__c FROM Account WHERE Type = 'Customer - Direct' ORDER BY IFS_Key__c LIMIT 4",
    );
    let key = |place: usize| accounts[place]["IFS_Key__c"].as_str().expect("a key").to_owned();
    let id = |place: usize| accounts[place]["Id"].as_str().expect("an id").to_owned();

    people.change_in_salesforce("Account", &id(0), &json!({ "Name": "As the seller says" }));
    people.rename_in_ifs(&key(1), "As the buyer says");
    people.change_in_salesforce("Account", &id(2), &json!({ "Name": "The seller's word" }));
    people.rename_in_ifs(&key(2), "The buyer's word");
    people.change_in_salesforce("Account", &id(3), &json!({ "Name": "Also a seller's word" }));
    people.rename_in_ifs(&key(3), "Also a buyer's word");
    pass_seconds(&playground, 600);
    ask(&playground.salesforce, "POST", "/sandbox/clock?offset_ms=600000", "");
    let ran = run(&playground);
    let again = run(&playground);

    let name = people.row(&People::customer(&key(0)))["Name"].clone();
    assert_eq!(name, "As the seller says", "{ran:#} {again:#}");
    let name =
        |id: &str| people.query(&format!("SELECT Name FROM Account WHERE Id = '{id}'"))[0]["Name"].clone();
    assert_eq!(name(&id(1)), "As the buyer says");
    assert_eq!(
        (name(&id(2)), people.row(&People::customer(&key(2)))["Name"].clone()),
        (json!("The seller's word"), json!("The buyer's word"))
    );

    let list = || Outcome::of(&playground, &["conflicts", "list", "--json"]).ends_with(0).lines();
    let conflicts = list();
    assert_eq!(conflicts.len(), 2, "{conflicts:?}");
    let shown = conflicts[0]["conflict"]["id"].as_str().expect("an id");
    let shown = Outcome::of(&playground, &["conflicts", "show", shown]).ends_with(0).out;
    assert!(["seller's word", "buyer's word"].iter().all(|value| shown.contains(value)), "{shown}");
    // A whole class is settled at once.
    let class = ["conflicts", "resolve", "--field", "Name", "--take", "salesforce", "--json"];
    assert_eq!(number(&Outcome::of(&playground, &class).ends_with(0).json()["conflicts"]), 2);
    run(&playground);
    assert_eq!(list().len(), 0);
    let both = |place: usize| (name(&id(place)), people.row(&People::customer(&key(place)))["Name"].clone());
    for (place, said) in [(2, "The seller's word"), (3, "Also a seller's word")] {
        assert_eq!(both(place), (json!(said), json!(said)), "everybody has it");
    }
}
