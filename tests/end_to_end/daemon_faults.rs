//! What a machine can do to a daemon: killed in the middle of a write, no space left, no file handles left,
//! nobody who reads its log or lets go of its socket. Nothing is lost or doubled, and it goes on by itself.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use ml_connector_tests::playground::{Playground, ask, differences};

use crate::daemon_process::{Daemon, command, limited, playground, status, suppliers};
use crate::exit_codes::DONE;
use crate::outcome::{Outcome, number, written};

#[track_caller]
fn in_step(playground: &Playground, suppliers: u64) {
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());
    assert_eq!(written(playground)[0], suppliers, "an Account was made twice");
    Outcome::of(playground, &["audit", "verify"]).ends_with(DONE);
}

#[test]
fn killed_in_the_middle_of_a_write_it_finds_out_what_landed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 200);
    // The server acts and its answer takes a minute: long enough to be killed before it comes.
    let script = r#"{"plan":"script","faults":[
        {"from":1,"only":{"writes":true},"fault":{"kind":"slow_body","chunk":8,"pause_ms":60000}}]}"#;
    ask(&playground.salesforce, "POST", "/sandbox/faults", script);
    let daemon = Daemon::start(&playground.link);
    let struck = || playground.salesforce_stats()["faults"]["slow_body"] == 1;
    assert!((0..100_000).any(|_| struck()), "nothing is ever written");
    daemon.signal("-KILL");
    daemon.end();
    let open = Outcome::of(&playground, &["status", "--json"]).ends_with(DONE).json();
    let open =
        open["flows"].as_array().expect("flows").iter().map(|flow| number(&flow["intents"])).sum::<u64>();
    assert!(open > 0, "the kill came too late");

    ask(&playground.salesforce, "POST", "/sandbox/faults", r#"{"plan":"script","faults":[]}"#);
    let mut daemon = Daemon::start(&playground.link);
    daemon.wait_for("run ended");
    in_step(&playground, 200);
    let settled = Outcome::of(&playground, &["status", "--json"]).ends_with(DONE).json();
    assert!(settled["flows"].as_array().expect("flows").iter().all(|flow| flow["intents"] == 0), "{settled}");
}

#[test]
fn a_full_disk_stops_its_runs_and_space_lets_them_go_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 300);
    let mut daemon = Daemon::spawn(limited(&playground.link, "-S -f 300"));
    let failed = daemon.wait_for("run failed");
    assert!(failed.contains("audit.db") && failed.contains("free space"), "{failed}");
    // Who asks is answered all the same.
    assert_eq!(suppliers(&playground)["exit"], 7);
    let mut freed = Command::new("prlimit");
    freed.args(["--fsize=unlimited:unlimited", "--pid"]).arg(daemon.id().to_string());
    assert!(freed.status().is_ok_and(|status| status.success()), "prlimit of util-linux is needed");
    Outcome::of(&playground, &["daemon", "run", "suppliers", "--wait"]).ends_with(DONE);
    in_step(&playground, 300);
    assert_eq!(suppliers(&playground)["failures"], 0);
}

#[test]
fn nobody_who_reads_its_log_holds_it_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 300);
    // A pipe that is full from the beginning, and that nobody reads.
    let (unread, mut full) = std::io::pipe().expect("a pipe");
    full.write_all(&vec![b'x'; 64 << 10]).expect("so much fits into a pipe");
    let mut daemon = command(&playground.link).stderr(full).spawn().expect("the daemon starts");
    let answer = || Outcome::of(&playground, &["daemon", "run", "suppliers", "--wait"]);
    assert!((0..400).any(|_| answer().code == DONE), "{:?}", answer());
    in_step(&playground, 300);
    assert!(metrics(&playground).contains("mlc_log_lines_dropped_total 0"), "what waits is not lost yet");
    Outcome::of(&playground, &["daemon", "drain"]).ends_with(DONE);
    let status = daemon.wait().expect("it ends");
    assert_eq!(status.code(), Some(DONE));
    drop(unread);
}

/// The metrics, over the control socket.
pub(crate) fn metrics(playground: &Playground) -> String {
    let mut socket = UnixStream::connect(playground.link.join(".daemon/control.sock")).expect("it listens");
    socket
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .expect("the request leaves");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("the answer comes");
    answer
}

#[test]
fn callers_that_hang_and_few_file_handles_hold_up_neither_runs_nor_others() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 60);
    let mut daemon = Daemon::spawn(limited(&playground.link, "-n 64"));
    daemon.wait_for("run ended");
    // They connect and say nothing.
    let socket = playground.link.join(".daemon/control.sock");
    let hanging: Vec<UnixStream> =
        (0..20).map(|_| UnixStream::connect(&socket).expect("it listens")).collect();
    playground.edit(5);
    Outcome::of(&playground, &["daemon", "run", "suppliers", "--wait"]).ends_with(DONE);
    in_step(&playground, 60);
    drop(hanging);
    let more: Vec<UnixStream> = (0..60).map(|_| UnixStream::connect(&socket).expect("it listens")).collect();
    drop(more);
    assert_eq!(status(&playground)["draining"], false);
    daemon.stop();
}

#[test]
fn a_command_that_holds_the_data_folder_is_named_and_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 60);
    let slow = r#"{"plan":"script","faults":[
        {"from":1,"only":{"kind":"page"},"fault":{"kind":"slow_body","chunk":2000,"pause_ms":60}}]}"#;
    ask(&playground.ifs, "POST", "/sandbox/faults", slow);
    let by_hand = playground
        .command(&["run", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the run starts");
    let reads = || ask(&playground.ifs, "GET", "/sandbox/stats", "")["faults"]["slow_body"] == 1;
    assert!((0..100_000).any(|_| reads()), "the run never reads");
    let mut daemon = Daemon::start(&playground.link);
    let failed = daemon.wait_for("run failed");
    assert!(failed.contains("in use by another process"), "{failed}");
    Outcome::from(by_hand.wait_with_output().expect("it ends")).ends_with(DONE);
    Outcome::of(&playground, &["daemon", "run", "suppliers", "--wait"]).ends_with(DONE);
    in_step(&playground, 60);
}
