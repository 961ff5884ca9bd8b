//! Mappings are tried out, held against both systems, and stopped before their first write.

use ml_connector_tests::playground::Playground;

use crate::exit_codes::{CONFIG, DONE};
use crate::outcome::Outcome;

const MAPPING: &str = "mappings/supplier-to-account.toml";

/// Twelve slips in the target's half of the shipped mapping.
const SLIPS: [(&str, &str); 12] = [
    ("[fields.AccountNumber]", "[fields.AcountNumber]"),
    ("[fields.Phone]", "[fields.PersonPhone]"),
    ("steps = [{ truncate = 255 }, \"required\"]", "steps = [{ truncate = 255 }]"),
    (
        "separator = \"\\n\"\nsteps = [{ truncate = 255 }]",
        "separator = \"\\n\"\nsteps = [{ truncate = 900 }]",
    ),
    ("[fields.IFS_Delivery_Terms__c]", "[fields.CreatedDate]"),
    ("scale = 2, precision = 18", "scale = 4, precision = 18"),
    ("[fields.IFS_Created__c]\nfrom = \"CreationDate\"", "[fields.IFS_Created__c]\nfrom = \"Name\""),
    ("Blocked = \"Blocked\"\n", ""),
    ("Expired = \"Expired\"", "Expired = \"Gone\""),
    ("external_id = { from = \"SupplierId\" }", "external_id = { from = \"Name\" }"),
    ("owner = \"source\"\n", ""),
    (
        "from = \"WebAddress\"\nsteps = [{ truncate = 255 }]",
        "from = \"WebAddress\"\nsteps = [{ day_in = \"UTC\" }]",
    ),
];

#[test]
fn a_mapping_with_mistakes_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let playground = Playground::start(folder.path(), 30);
    for (from, to) in SLIPS {
        playground.configure(MAPPING, from, to);
    }
    let failed = Outcome::of(&playground, &["run"]).ends_with(CONFIG);
    let failed = failed.tells(&["supplier-to-account.toml:", "ml-connector mapping check"]);
    assert_eq!(failed.out, "", "nothing was done");
    assert_eq!(playground.accounts().len(), 0, "nothing was written");
    let checked = Outcome::of(&playground, &["mapping", "check", "--json"]).ends_with(CONFIG);
    let findings = checked.lines();
    assert!(findings.len() >= 12, "{} findings: {}", findings.len(), checked.out);
    for finding in &findings {
        let said = |key: &str| finding[key].as_str().is_some_and(|text| !text.is_empty());
        assert!(said("file") && said("reason") && said("remedy"), "{finding}");
        assert!(finding["line"].as_u64().is_some_and(|line| line > 0), "{finding}");
    }
}

#[test]
fn mappings_are_tried_out_and_held_against_both_systems() {
    let folder = tempfile::tempdir().expect("a folder");
    let playground = Playground::start(folder.path(), 30);
    let tested = Outcome::of(&playground, &["mapping", "test", "--json"]).ends_with(DONE).lines();
    assert!(tested.len() > 20 && tested.iter().all(|one| one["faults"] == serde_json::json!([])));
    let live = Outcome::of(&playground, &["mapping", "check", "--live"]).ends_with(DONE);
    assert!(live.out.contains("0 errors"), "{}", live.out);

    Outcome::of(&playground, &["schema", "pull"]).ends_with(DONE);
    let lock = std::fs::read_to_string(playground.link.join("schema.lock")).expect("it is there");
    assert!(lock.contains("[systems.ifs.SupplierSet.fields]") && lock.contains("IFS_Key__c = {"), "{lock}");
    let same = Outcome::of(&playground, &["schema", "diff"]).ends_with(DONE);
    assert!(same.out.contains("nothing has changed"), "{}", same.out);
    Outcome::of(&playground, &["mapping", "check", "--lock"]).ends_with(DONE);

    playground.configure("schema.lock", "length = 400", "length = 200");
    let drifted = Outcome::of(&playground, &["schema", "diff"]).ends_with(DONE);
    assert!(
        drifted.out.contains("SupplierSet.Name was") && drifted.out.contains("supplier-to-account.toml:"),
        "{}",
        drifted.out
    );

    let key = playground.suppliers()[0]["SupplierId"].as_str().expect("a key").to_owned();
    let shown = Outcome::of(&playground, &["mapping", "preview", "--key", &key]).ends_with(DONE);
    assert!(shown.out.contains(&format!("becomes Account {key}")), "{}", shown.out);
    assert_eq!(playground.accounts().len(), 0, "nothing was written");
}
