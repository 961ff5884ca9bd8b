//! What `deny.toml` allows and bans, held against the crates that are built: `cargo deny` checks more, but
//! is not on every machine.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::process::Command;
use std::vec::IntoIter;

use serde::Deserialize;

use super::sources::root;

const REGISTRY: &str = "registry+";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    license: Option<String>,
    source: Option<String>,
}

/// The crates that this machine builds, ours left out.
fn foreign() -> Vec<Package> {
    let host = run(&["-vV"]);
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    let text =
        run(&["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host]);
    let metadata: Metadata = serde_json::from_str(&text).expect("cargo metadata is JSON");
    metadata.packages.into_iter().filter(|package| package.source.is_some()).collect()
}

fn run(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes text")
}

/// What stands in quotes between `from` and the next line that is `]`.
fn quoted(from: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    let list =
        text.split_once(from).expect("deny.toml has the list").1.split("\n]").next().unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression can be met with `allowed` licences; a `/` is an old way to write `OR`.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    let mut words = words.into_iter().peekable();
    any(&mut words, allowed) && words.next().is_none()
}

type Words = Peekable<IntoIter<String>>;

fn any(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    let mut met = all(words, allowed);
    while words.next_if(|word| word == "OR").is_some() {
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if(|word| word == "AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    let Some(mut name) = words.next() else { return false };
    if name == "(" {
        let met = any(words, allowed);
        return words.next().is_some_and(|word| word == ")") && met;
    }
    if words.next_if(|word| word == "WITH").is_some() {
        name = format!("{name} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(&name)
}

#[test]
fn every_licence_is_allowed_and_nothing_banned_is_built() {
    let (allowed, banned) = (quoted("allow = ["), quoted("deny = ["));
    let mut wrong = Vec::new();
    for package in foreign() {
        let licence = package.license.unwrap_or_default();
        if !is_met(&licence, &allowed) {
            wrong.push(format!("{} has the licence {licence:?}", package.name));
        }
        if banned.contains(&package.name) {
            wrong.push(format!("{} is banned", package.name));
        }
        if !package.source.is_some_and(|source| source.starts_with(REGISTRY)) {
            wrong.push(format!("{} comes from no registry", package.name));
        }
    }
    assert!(wrong.is_empty(), "against deny.toml: {wrong:#?}");
}

#[test]
fn licence_expressions_are_read() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
    for good in
        ["MIT", "GPL-3.0 OR MIT", "(GPL-3.0 OR MIT) AND ISC", "GPL-3.0/MIT", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(is_met(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "Apache-2.0", "MIT ISC", "(MIT"]
    {
        assert!(!is_met(bad, &allowed), "{bad}");
    }
    let lists = (quoted("allow = ["), quoted("deny = ["));
    assert!(lists.0.contains("MIT") && lists.1.contains("openssl-sys") && !lists.0.contains("openssl-sys"));
}
