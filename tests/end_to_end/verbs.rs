//! What the commands say and do, beside `run`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use ml_connector_tests::playground::{Playground, ask, binary, differences};
use serde_json::Value;

use crate::exit_codes::{DAMAGED, DONE, MISSING, MOVED, RED, USAGE, WAITING};
use crate::outcome::{Outcome, cycle, number, pass_seconds, written};

const SUPPLIERS: usize = 300;

fn playground(folder: &Path) -> Playground {
    Playground::start(folder, SUPPLIERS)
}

/// Everything is over there already.
fn loaded(folder: &Path) -> Playground {
    let playground = playground(folder);
    cycle(&playground, DONE);
    playground
}

/// People edit `count` suppliers, some seconds ago; returns whom.
fn edited(playground: &Playground, count: u64, seconds: u64) -> BTreeSet<String> {
    let answer = ask(&playground.ifs, "POST", &format!("/sandbox/edit?count={count}"), "");
    pass_seconds(playground, seconds);
    answer["edited"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|key| key.as_str().expect("a key").into())
        .collect()
}

/// A run's calls, without those for tokens: those that read and those that write.
fn calls(run: &Value) -> (u64, u64) {
    let calls = run["calls"].as_object().expect("calls by kind");
    let count = |writes: bool| {
        let kinds = calls.iter().filter(|(kind, _)| kind.rsplit('.').next() != Some("token"));
        kinds
            .filter(|(kind, _)| (*kind == "salesforce.upsert") == writes)
            .map(|(_, calls)| number(calls))
            .sum()
    };
    (count(false), count(true))
}

fn forecast(plan: &Value) -> (u64, u64) {
    let calls = &plan["calls_of_a_run"];
    (number(&calls["reads"]), number(&calls["writes"]))
}

/// Plans; returns the planned records and the summary.
fn plan(playground: &Playground, more: &[&str]) -> (Vec<Value>, Value) {
    let args = [&["plan", "--json", "--limit", "0"], more].concat();
    let mut lines = Outcome::of(playground, &args).ends_with(DONE).lines();
    let summary = lines.pop().expect("a summary");
    (lines, summary)
}

#[test]
fn doctor_is_green_or_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let green = Outcome::of(&playground, &["doctor", "--json"]).ends_with(DONE).lines();
    for system in ["local", "ifs", "salesforce"] {
        assert!(green.iter().filter(|line| line["system"] == system).count() > 3, "{system}: {green:?}");
    }
    assert!(green.iter().all(|line| line["health"] != "red"), "{green:?}");

    ask(&playground.ifs, "POST", "/sandbox/switches", r#"{"hidden":"PayTermId"}"#);
    ask(&playground.salesforce, "POST", "/sandbox/switches", r#"{"not_unique":true}"#);
    let red = Outcome::of(&playground, &["doctor", "--json"]).ends_with(RED).lines();
    let red: Vec<&Value> = red.iter().filter(|line| line["health"] == "red").collect();
    for (system, word) in [("ifs", "PayTermId"), ("salesforce", "IFS_Key__c")] {
        let line = red.iter().find(|line| line["system"] == system && line.to_string().contains(word));
        let fix = line.unwrap_or_else(|| panic!("{word} is not red: {red:?}"))["fix"].as_str();
        assert!(fix.is_some_and(|fix| !fix.is_empty()), "{line:?}");
    }
    assert_eq!(written(&playground), [0, 0, 0], "doctor writes nothing");
}

#[test]
fn doctor_finds_a_wrong_secret() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    std::fs::write(playground.link.join("secrets/salesforce"), "wrong\n").expect("a file");
    let lines = Outcome::of(&playground, &["doctor", "--json"]).ends_with(RED).lines();
    let red: Vec<&Value> = lines.iter().filter(|line| line["health"] == "red").collect();
    assert!(red.iter().all(|line| line["system"] == "salesforce"), "{red:?}");
    assert!(red.iter().any(|line| line["check"] == "address and token"), "{red:?}");
}

#[test]
fn a_plan_writes_nothing_and_counts_the_calls_of_the_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let (records, summary) = plan(&playground, &[]);
    assert_eq!(records.len(), SUPPLIERS);
    assert_eq!(number(&summary["plan"]["created"]), SUPPLIERS as u64);
    assert_eq!((written(&playground), &playground.salesforce_stats()["writes"]), ([0, 0, 0], &0.into()));
    let load = cycle(&playground, DONE);
    assert_eq!(forecast(&summary).1, calls(&load).1, "{summary}\n{load}");

    let keys = edited(&playground, 20, 5);
    let before = playground.salesforce_stats();
    let (records, summary) = plan(&playground, &[]);
    let planned: BTreeSet<String> =
        records.iter().map(|one| one["planned"]["record"]["key"].as_str().expect("a key").into()).collect();
    assert!(!planned.is_empty() && planned.is_subset(&keys), "{planned:?} of {keys:?}");
    for one in &records {
        let changes = one["planned"]["step"]["action"]["changes"].as_array().expect("changes");
        assert!(!changes.is_empty() && changes.iter().all(|change| change["before"] != change["after"]));
    }
    assert_eq!(playground.salesforce_stats()["writes"], before["writes"]);
    let run = cycle(&playground, DONE);
    assert_eq!(forecast(&summary), calls(&run), "{summary}\n{run}");
    assert_eq!(summary["plan"]["updated"], run["report"]["updated"]);
}

#[test]
fn a_saved_plan_is_carried_out_and_leaves_alone_what_has_moved() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let file = folder.path().join("load.plan");
    let path = file.to_str().expect("a path");
    plan(&playground, &["--out", path]);
    // Somebody enters one of them by hand meanwhile.
    ask(&playground.salesforce, "POST", "/sandbox/insert", r#"{"Name":"By hand","IFS_Key__c":"S10007"}"#);
    let applied = Outcome::of(&playground, &["apply", path, "--json"]).ends_with(MOVED).json();
    let moved = applied["moved"].as_array().expect("a list");
    assert_eq!((moved.len(), &moved[0]["key"]), (1, &"S10007".into()), "{applied}");
    assert_eq!(number(&applied["applied"]["report"]["created"]), SUPPLIERS as u64 - 1);
    let by_hand = playground.accounts().into_iter().find(|account| account["IFS_Key__c"] == "S10007");
    assert_eq!(by_hand.expect("it is there")["Name"], "By hand");

    // Carried out once more, everything has moved.
    let again = Outcome::of(&playground, &["apply", path, "--json"]).ends_with(MOVED).json();
    assert_eq!(again["moved"].as_array().map(Vec::len), Some(SUPPLIERS));
    // The ordinary run brings the one.
    cycle(&playground, DONE);
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());
}

#[test]
fn a_saved_plan_of_updates_is_carried_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = loaded(folder.path());
    let file = folder.path().join("edits.plan");
    let path = file.to_str().expect("a path");
    edited(&playground, 10, 5);
    let (records, _) = plan(&playground, &["--out", path]);
    let (moving, staying) = records.split_first().expect("planned records");
    let key = moving["planned"]["record"]["key"].as_str().expect("a key");
    ask(
        &playground.salesforce,
        "POST",
        &format!("/sandbox/edit?key={key}&field=BillingCity&value=Elsewhere"),
        "",
    );
    let applied = Outcome::of(&playground, &["apply", path, "--json"]).ends_with(MOVED).json();
    let moved: Vec<&Value> =
        applied["moved"].as_array().expect("a list").iter().map(|one| &one["key"]).collect();
    assert_eq!(moved, [key], "only what has moved is left alone: {applied}");
    assert_eq!(number(&applied["applied"]["report"]["updated"]), staying.len() as u64);
    cycle(&playground, DONE);
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());
}

#[test]
fn a_record_is_explained_and_has_a_story() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = loaded(folder.path());
    let explained =
        Outcome::of(&playground, &["record", "explain", "S10001", "--json"]).ends_with(DONE).json();
    let target = playground.accounts().into_iter().find(|account| account["IFS_Key__c"] == "S10001");
    assert_eq!(explained["link"]["target"], target.expect("it is there")["Id"]);
    assert!(explained["explanation"].as_array().is_some_and(|words| words.len() > 1), "{explained}");
    let words = Outcome::of(&playground, &["record", "explain", "S10001"]).ends_with(DONE);
    assert!(words.out.contains("S10001 stands in the source"), "{}", words.out);
    Outcome::of(&playground, &["record", "explain", "S99999999"]).ends_with(MISSING);

    let story = Outcome::of(&playground, &["record", "timeline", "S10001", "--json"]).ends_with(DONE).lines();
    let told: Vec<&str> = story.iter().map(|line| line["what"].as_str().expect("a word")).collect();
    let mut rest = told.iter();
    for what in ["poll", "answer", "mapped", "look-up", "answer", "decided", "write", "answer"] {
        assert!(rest.any(|word| *word == what), "{what} does not come in its turn: {told:?}");
    }
}

#[test]
fn what_waits_is_listed_and_taken_up_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let refused = r#"{"refused":{"field":"AccountNumber","contains":"S10007"}}"#;
    ask(&playground.salesforce, "POST", "/sandbox/switches", refused);
    let run = cycle(&playground, WAITING);
    assert_eq!((number(&run["report"]["created"]), number(&run["report"]["parked"])), (299, 1));

    let waiting = Outcome::of(&playground, &["quarantine", "list", "--json"]).ends_with(DONE).lines();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert!(waiting[0].to_string().contains("FIELD_CUSTOM_VALIDATION_EXCEPTION"), "{waiting:?}");
    let page = Outcome::of(&playground, &["quarantine", "list"]).ends_with(DONE);
    assert!(page.out.contains("S10007"), "{}", page.out);
    let status = Outcome::of(&playground, &["status", "--json"]).ends_with(DONE).json();
    assert_eq!(status["flows"][0]["parked"].as_array().map(Vec::len), Some(1), "{status}");

    ask(&playground.salesforce, "POST", "/sandbox/switches", r#"{"refused":null}"#);
    Outcome::of(&playground, &["quarantine", "retry", "S10008"]).ends_with(MISSING);
    Outcome::of(&playground, &["quarantine", "retry"]).ends_with(USAGE);
    Outcome::of(&playground, &["quarantine", "retry", "S10007", "--reason", "the rule is gone"])
        .ends_with(DONE);
    let next = cycle(&playground, DONE);
    assert_eq!(number(&next["report"]["created"]), 1, "{next}");
    assert_eq!(Outcome::of(&playground, &["quarantine", "list", "--json"]).ends_with(DONE).out, "");
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());
    let decisions =
        Outcome::of(&playground, &["audit", "search", "--kind", "operator", "--json"]).ends_with(DONE);
    assert!(decisions.out.contains("the rule is gone"), "{}", decisions.out);
}

#[test]
fn the_audit_log_is_searched_shown_verified_and_exported() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = loaded(folder.path());
    let search = ["audit", "search", "--record", "S10042", "--kind", "decided", "--json"];
    let found = Outcome::of(&playground, &search).ends_with(DONE).lines();
    assert_eq!(found.len(), 1, "one decision was made about it");
    let names = found[0]["records"].as_array().expect("records");
    assert!(names.contains(&"S10042".into()), "{names:?}");
    let entry = found[0]["number"].to_string();
    let shown = Outcome::of(&playground, &["audit", "show", &entry, "--json"]).ends_with(DONE).json();
    assert_eq!(shown, found[0]);
    Outcome::of(&playground, &["audit", "show", "99999999"]).ends_with(MISSING).tells(&["99999999"]);

    let verdict = Outcome::of(&playground, &["audit", "verify", "--json"]).ends_with(DONE).json();
    assert_eq!(verdict["intact"], true);
    let file = folder.path().join("log.jsonl");
    Outcome::of(&playground, &["audit", "export", "--out", file.to_str().expect("a path")]).ends_with(DONE);
    let log = std::fs::read_to_string(file).expect("the file is there");
    let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(entries.len() as u64, number(&verdict["entries"]));
    let last = entries.last().expect("an entry");
    assert_eq!(last["hash"], verdict["head"]);
    let run = last["run"].as_str().expect("a run");
    let of_run = Outcome::of(&playground, &["audit", "export", "--run", run]).ends_with(DONE).lines();
    assert!(!of_run.is_empty() && of_run.iter().all(|entry| entry["run"] == run));

    let head = verdict["head"].as_str().expect("a hash");
    let noted = |hash: &str| format!("{}:{hash}", verdict["entries"]);
    Outcome::of(&playground, &["audit", "verify", "--noted", &noted(head)]).ends_with(DONE);
    let other = noted(&"0".repeat(64));
    Outcome::of(&playground, &["audit", "verify", "--noted", &other]).ends_with(DAMAGED).tells(&["damaged"]);
}

#[test]
fn status_tells_how_things_stand() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let before = Outcome::of(&playground, &["status", "--json"]).ends_with(DONE).json();
    let configured = before["configured"].as_array().expect("flows");
    assert!(configured.contains(&"suppliers".into()) && before["flows"] == Value::Array(vec![]), "{before}");
    cycle(&playground, DONE);
    let after = Outcome::of(&playground, &["status", "--json"]).ends_with(DONE).json();
    let flow = &after["flows"][0];
    assert_eq!((number(&flow["links"]), number(&flow["intents"])), (SUPPLIERS as u64, 0), "{after}");
    assert_eq!((&flow["clean"], &flow["parked"]), (&true.into(), &Value::Array(vec![])), "{after}");
    assert!(flow["finished"].is_string(), "{after}");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = Command::new(binary()).args(["completions", shell]).output().expect("the command runs");
        let script = Outcome::from(output).ends_with(DONE);
        for verb in ["doctor", "plan", "quarantine", "timeline"] {
            assert!(script.out.contains(verb), "{shell} does not know {verb}");
        }
    }
}

#[test]
fn the_demo_runs_to_its_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(binary())
        .args(["demo", "--suppliers", "300", "--json"])
        .arg(folder.path().join("demo"))
        .output()
        .expect("the demo runs");
    let demo = Outcome::from(output).ends_with(DONE).json();
    let runs = demo["runs"].as_array().expect("runs");
    let counts = |place: usize, what: &str| number(&runs[place]["report"][what]);
    assert_eq!(counts(0, "created"), 300, "{demo}");
    assert_eq!((counts(1, "created"), counts(1, "updated")), (0, 0), "{demo}");
    assert!(runs.iter().any(|run| run["report"]["updated"].as_u64() > Some(10)), "{demo}");
    assert!(runs.iter().any(|run| run["report"]["parked"] == 1), "{demo}");
    assert_eq!(runs.last().map(|run| &run["report"]["parked"]), Some(&0.into()), "{demo}");
}

#[test]
fn init_ends_with_doctor_where_nothing_was_left_open() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = Playground::start(folder.path(), 5);
    let init = |name: &str, secret: &str| {
        let link = folder.path().join(name);
        let mut command = playground.command(&["init", "--yes", "--realm", "sandbox"]);
        for (flag, value) in [
            ("--ifs-url", &playground.ifs),
            ("--salesforce-url", &playground.salesforce),
            ("--ifs-client-id", &playground.client("ifs")),
            ("--salesforce-client-id", &playground.client("salesforce")),
        ] {
            command.args([flag, value]);
        }
        command.arg(&link).env(secret, "sandbox-secret").env("SALESFORCE_CLIENT_SECRET", "sandbox-secret");
        Outcome::from(command.output().expect("it runs")).ends_with(DONE)
    };
    let told = init("whole", "IFS_CLIENT_SECRET");
    assert!(told.out.contains("link.toml") && told.out.contains("0 red"), "{}\n{}", told.out, told.err);
    let told = init("open", "SOMETHING_ELSE");
    assert!(!told.out.contains("red") && told.err.contains(" doctor"), "{}\n{}", told.out, told.err);
}
