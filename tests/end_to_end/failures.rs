//! What goes wrong is said clearly, ends with the documented code, and loses nothing.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use ml_connector_tests::playground::{Playground, ask, binary, differences};

use crate::exit_codes::{ANSWER, CONFIG, DONE, IN_USE, REFUSED, STORAGE, UNREACHABLE};
use crate::outcome::{Outcome, cycle, number, written};

const SUPPLIERS: usize = 300;

fn playground(folder: &Path) -> Playground {
    Playground::start(folder, SUPPLIERS)
}

/// Pages of 50 rows, so that 300 suppliers fill several.
fn with_small_pages(folder: &Path) -> Playground {
    let playground = playground(folder);
    playground.configure("link.toml", "lag = \"0s\"", "lag = \"0s\"\npage_size = 50");
    playground
}

/// Runs, which must fail, and compares what people read with what scripts read.
#[track_caller]
fn fails(playground: &Playground, code: i32, words: &[&str]) {
    let failed = Outcome::of(playground, &["run", "--json"]).ends_with(code).tells(words);
    let error = &failed.json()["flows"][0]["error"];
    assert_eq!(error["code"], code);
    for word in words {
        assert!(error["chain"].to_string().contains(word), "{word:?} is not in {error}");
    }
    assert!(error["hint"].as_str().is_some_and(|hint| failed.err.contains(hint)), "{error}");
}

/// The next run has to bring everything, and the log has to hold.
#[track_caller]
fn nothing_is_lost(playground: &Playground) {
    cycle(playground, DONE);
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());
    assert_eq!(written(playground)[0], SUPPLIERS as u64, "an Account was made twice");
    Outcome::of(playground, &["audit", "verify"]).ends_with(DONE);
}

/// An address of this machine where nobody listens.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[test]
fn a_wrong_secret_is_refused_and_never_shown() {
    for (system, told) in [("ifs", "invalid_client"), ("salesforce", "invalid_client")] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let playground = playground(folder.path());
        let place = playground.link.join("secrets").join(system);
        let right = std::fs::read(&place).expect("a secret");
        std::fs::write(&place, "not-the-secret-7Q\n").expect("the secret can be changed");
        fails(&playground, REFUSED, &[told]);
        assert_eq!(written(&playground), [0, 0, 0]);
        std::fs::write(&place, right).expect("the secret can be changed back");
        nothing_is_lost(&playground);
        let log = Outcome::of(&playground, &["audit", "export"]).ends_with(DONE);
        assert!(!log.out.contains("not-the-secret-7Q") && !log.err.contains("not-the-secret-7Q"));
        assert!(!log.out.contains("sandbox-secret"), "a secret stands in the audit log");
    }
}

#[test]
fn a_secret_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    std::fs::remove_file(playground.link.join("secrets/ifs")).expect("the secret can be removed");
    let failed = Outcome::of(&playground, &["run"]).ends_with(CONFIG);
    failed.tells(&["secrets/ifs"]);
    assert_eq!(playground.salesforce_stats()["calls"], 0);
}

#[test]
fn an_unreachable_ifs_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let elsewhere = closed_port();
    playground.configure("link.toml", &playground.ifs, &elsewhere);
    fails(&playground, UNREACHABLE, &["UNREACHED", &elsewhere, "refused"]);
    playground.configure("link.toml", &elsewhere, &playground.ifs);
    nothing_is_lost(&playground);
}

#[test]
fn an_unreachable_salesforce_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let elsewhere = closed_port();
    playground.configure("link.toml", &playground.salesforce, &elsewhere);
    fails(&playground, UNREACHABLE, &["UNREACHED", &elsewhere, "refused"]);
    playground.configure("link.toml", &elsewhere, &playground.salesforce);
    nothing_is_lost(&playground);
}

#[test]
fn a_field_that_ifs_does_not_have_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    ask(&playground.ifs, "POST", "/sandbox/switches", r#"{"hidden":"PayTermId"}"#);
    fails(&playground, CONFIG, &["SupplierSet", "PayTermId", "supplier-to-account.toml:"]);
    assert_eq!(written(&playground), [0, 0, 0]);
    ask(&playground.ifs, "POST", "/sandbox/switches", "{}");
    nothing_is_lost(&playground);
}

#[test]
fn a_field_that_salesforce_hides_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    ask(&playground.salesforce, "POST", "/sandbox/switches", r#"{"hidden":["IFS_Payment_Terms__c"]}"#);
    fails(&playground, CONFIG, &["Account", "IFS_Payment_Terms__c", "supplier-to-account.toml:"]);
    assert_eq!(written(&playground), [0, 0, 0]);
    ask(&playground.salesforce, "POST", "/sandbox/switches", r#"{"hidden":[]}"#);
    nothing_is_lost(&playground);
}

#[test]
fn an_entity_set_that_is_not_granted_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    ask(&playground.ifs, "POST", "/sandbox/switches", r#"{"no_sets":true}"#);
    fails(&playground, REFUSED, &["SupplierSet"]);
    ask(&playground.ifs, "POST", "/sandbox/switches", "{}");
    nothing_is_lost(&playground);
}

#[test]
fn an_unknown_entity_set_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    playground.configure("link.toml", "lag = \"0s\"", "lag = \"0s\"\nset = \"VendorSet\"");
    fails(&playground, REFUSED, &["VendorSet"]);
    playground.configure("link.toml", "set = \"VendorSet\"", "");
    nothing_is_lost(&playground);
}

#[test]
fn a_broken_third_page_keeps_the_first_two() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = with_small_pages(folder.path());
    let script = r#"{"plan":"script","faults":[
        {"from":3,"only":{"kind":"page"},"fault":{"kind":"malformed_json"}}]}"#;
    ask(&playground.ifs, "POST", "/sandbox/faults", script);
    fails(&playground, ANSWER, &["SupplierSet", "page 3", "MALFORMED_PAGE"]);
    let kept = written(&playground)[0];
    assert_eq!(kept, 100, "two pages of 50 were whole");

    let next = cycle(&playground, DONE);
    assert_eq!(number(&next["report"]["created"]), SUPPLIERS as u64 - kept, "it goes on from there");
    assert!(number(&next["report"]["read"]) < SUPPLIERS as u64, "what was done is not read again");
    nothing_is_lost(&playground);
}

#[test]
fn answers_cut_short_and_errors_are_tried_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = with_small_pages(folder.path());
    let script = r#"{"plan":"script","faults":[
        {"from":2,"only":{"kind":"page"},"fault":{"kind":"truncated_body"}},
        {"from":4,"only":{"kind":"page"},"fault":{"kind":"unavailable"}}]}"#;
    ask(&playground.ifs, "POST", "/sandbox/faults", script);
    let run = cycle(&playground, DONE);
    assert_eq!(number(&run["report"]["created"]), SUPPLIERS as u64);
    let struck = ask(&playground.ifs, "GET", "/sandbox/stats", "");
    assert_eq!(
        (&struck["faults"]["truncated_body"], &struck["faults"]["unavailable"]),
        (&1.into(), &1.into())
    );
    nothing_is_lost(&playground);
}

#[test]
fn a_page_of_another_origin_is_never_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = with_small_pages(folder.path());
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a free port");
    stranger.set_nonblocking(true).expect("a listener that does not wait");
    let address = stranger.local_addr().expect("an address");
    let switches = format!(r#"{{"next_link_when_full":true,"foreign_next_link":"http://{address}/"}}"#);
    ask(&playground.ifs, "POST", "/sandbox/switches", &switches);
    let run = Outcome::of(&playground, &["run", "--json"]);
    // Whoever comes is in the queue of the socket by now: our calls are over.
    let visit = stranger.accept().map(|(_, from)| from);
    assert!(
        visit.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
        "somebody followed the link: {visit:?}"
    );
    assert!(matches!(run.code, DONE | ANSWER), "{run:?}");
    ask(&playground.ifs, "POST", "/sandbox/switches", "{}");
    nothing_is_lost(&playground);
}

#[test]
fn one_data_folder_is_used_by_one_process() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let slow = r#"{"plan":"script","faults":[
        {"from":1,"only":{"kind":"page"},"fault":{"kind":"slow_body","chunk":8000,"pause_ms":250}}]}"#;
    ask(&playground.ifs, "POST", "/sandbox/faults", slow);
    let first = playground
        .command(&["run", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the first run starts");
    // The first one holds the folder once it reads its slow page.
    let reads = || ask(&playground.ifs, "GET", "/sandbox/stats", "")["faults"]["slow_body"] == 1;
    assert!((0..100_000).any(|_| reads()), "the first run never reads");

    let second = Outcome::of(&playground, &["run"]).ends_with(IN_USE);
    second.tells(&["in use by another process", &first.id().to_string()]);
    // Looking is allowed meanwhile.
    Outcome::of(&playground, &["status"]).ends_with(DONE);
    Outcome::of(&playground, &["audit", "search"]).ends_with(DONE);

    Outcome::from(first.wait_with_output().expect("the first run ends")).ends_with(DONE);
    nothing_is_lost(&playground);
}

/// A limit on the size of files stands in for a full disk: writes fail the same way.
#[cfg(unix)]
#[test]
fn a_full_disk_stops_before_anything_goes_unrecorded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    // With XFSZ ignored a write beyond the limit (300 blocks of 512 bytes) is an error, not a signal.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 300; exec \"$0\" run --json -C \"$1\""])
        .arg(binary())
        .arg(&playground.link)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    Outcome::from(output).ends_with(STORAGE).tells(&["audit.db", "free space"]);
    nothing_is_lost(&playground);
}

#[test]
fn a_lost_answer_is_settled_by_reading_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path());
    let script =
        r#"{"plan":"script","faults":[{"from":1,"only":{"writes":true},"fault":{"kind":"lost_answer"}}]}"#;
    ask(&playground.salesforce, "POST", "/sandbox/faults", script);
    let run = cycle(&playground, DONE);
    assert_eq!(playground.salesforce_stats()["faults"]["lost_answer"], 1);
    // All 300 went in one call, as a collection of 200 and one of 100.
    assert_eq!(run["report"]["settled"], 300, "the whole call is read back: {run}");
    nothing_is_lost(&playground);
}
