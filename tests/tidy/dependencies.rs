//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

/// The table of `ARCHITECTURE.md`: a room, and the rooms it may know.
const TABLE: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("odata-client", &["wire"]),
    ("sfdc-client", &["wire"]),
    ("mapping", &[]),
    ("audit", &["wire"]),
    ("sync-engine", &["wire", "mapping", "audit"]),
    ("store", &["sync-engine", "audit", "mapping"]),
    ("connector-ifs", &["odata-client", "mapping", "sync-engine", "wire"]),
    ("connector-salesforce", &["sfdc-client", "mapping", "sync-engine", "wire"]),
    ("sandbox", &["wire"]),
    ("schedule", &[]),
    (
        "ml-connector",
        &[
            "wire",
            "odata-client",
            "sfdc-client",
            "mapping",
            "audit",
            "sync-engine",
            "store",
            "connector-ifs",
            "connector-salesforce",
            "sandbox",
            "schedule",
        ],
    ),
    ("ml-connector-cli", &["ml-connector"]),
    ("ml-connectord", &["ml-connector"]),
    // What users copy knows what users have: the facade.
    ("example-custom-mapper", &["ml-connector"]),
    ("example-csv-folder", &["ml-connector"]),
    ("example-embedded-service", &["ml-connector"]),
];

/// The crate of these tests may know everybody, and nobody may know it.
const TESTS: &str = "ml-connector-tests";

/// What `mapping` must never know, directly: it is pure.
const IMPURE: &[&str] = &["tokio", "futures", "http", "reqwest", "rusqlite", "async-trait"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    features: Vec<String>,
    path: Option<String>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(super::sources::root())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata.packages
}

impl Package {
    fn built_on(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"))
    }
}

#[test]
fn rooms_know_only_whom_the_table_allows() {
    let table: BTreeMap<&str, BTreeSet<&str>> =
        TABLE.iter().map(|(room, known)| (*room, known.iter().copied().collect())).collect();
    let mut strangers = Vec::new();
    for package in packages().iter().filter(|package| package.name != TESTS) {
        let Some(allowed) = table.get(package.name.as_str()) else {
            strangers.push(format!("{} is not in the table", package.name));
            continue;
        };
        for dependency in package.built_on().filter(|dependency| dependency.path.is_some()) {
            if !allowed.contains(dependency.name.as_str()) {
                strangers.push(format!("{} depends on {}", package.name, dependency.name));
            }
        }
    }
    assert!(strangers.is_empty(), "{}", strangers.join("\n"));
}

#[test]
fn mapping_is_pure() {
    let packages = packages();
    let mapping = packages.iter().find(|package| package.name == "mapping").expect("mapping is there");
    let impure: Vec<&str> =
        mapping.built_on().map(|d| d.name.as_str()).filter(|name| IMPURE.contains(name)).collect();
    assert!(impure.is_empty(), "mapping depends on {impure:?}");
}

#[test]
fn only_the_facade_switches_the_real_transport_on() {
    let uses_reqwest = |package: &Package| {
        package.built_on().any(|d| d.name == "wire" && d.features.iter().any(|feature| feature == "reqwest"))
    };
    let packages = packages();
    let found: Vec<&str> = packages
        .iter()
        .filter(|package| uses_reqwest(package))
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(found, ["ml-connector"]);
}
