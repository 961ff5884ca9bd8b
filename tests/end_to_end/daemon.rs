//! The daemon as a process: it runs, is talked to, and ends as it is asked.

use std::path::Path;
use std::process::Command;

use ml_connector_tests::playground::{Playground, ask, call, daemon_binary, differences};
use serde_json::Value;

use crate::daemon_process::{Daemon, command, playground, status, suppliers};
use crate::exit_codes::{CONFIG, DONE, IN_USE, INTERRUPTED, MISSING};
use crate::outcome::{Outcome, written};

#[track_caller]
fn in_step(playground: &Playground) {
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());
}

#[test]
fn it_keeps_both_sides_in_step_and_does_what_it_is_asked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 60);
    Outcome::of(&playground, &["daemon", "status"]).ends_with(MISSING).tells(&["no daemon listens"]);
    let mut daemon = Daemon::start(&playground.link);
    daemon.wait_for("run ended");
    in_step(&playground);

    let second = command(&playground.link).output().expect("it runs");
    assert_eq!(second.status.code(), Some(IN_USE));
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(words.contains("in use") && words.contains(&daemon.id().to_string()), "{words}");

    playground.edit(5);
    Outcome::of(&playground, &["daemon", "run", "suppliers"]).ends_with(DONE);
    daemon.wait_for("run ended");
    in_step(&playground);
    let flow = suppliers(&playground);
    assert_eq!((&flow["state"], &flow["next"]["why"]), (&"waiting".into(), &"every 1h".into()), "{flow}");

    Outcome::of(&playground, &["daemon", "pause"]).ends_with(DONE);
    assert_eq!(suppliers(&playground)["state"], "paused");
    daemon.signal("-KILL");
    daemon.end();

    // What was paused stays paused, and a socket that was left behind is no obstacle.
    let mut daemon = Daemon::start(&playground.link);
    assert_eq!(suppliers(&playground)["state"], "paused");
    playground.configure("flows/suppliers.toml", "every = \"1h\"", "every = \"soon\"");
    daemon.signal("-HUP");
    daemon.wait_for("the old one stays in force");
    assert!(status(&playground)["links"][0]["wrong"].as_str().is_some_and(|wrong| wrong.contains("soon")));
    playground.configure("flows/suppliers.toml", "every = \"soon\"", "every = \"2h\"");
    Outcome::of(&playground, &["daemon", "reload"]).ends_with(DONE);
    Outcome::of(&playground, &["daemon", "resume"]).ends_with(DONE);
    assert_eq!(suppliers(&playground)["next"]["why"], "every 2h");
    daemon.stop();
    assert!(!playground.link.join(".daemon/control.sock").exists(), "the socket is left behind");
}

#[test]
fn its_folder_may_be_named_from_where_one_stands() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 20);
    let mut command = command(Path::new("link"));
    let mut daemon = Daemon::spawn({
        command.current_dir(folder.path());
        command
    });
    daemon.wait_for("run ended");
    in_step(&playground);
    let asked = Command::new(ml_connector_tests::playground::binary())
        .args(["daemon", "drain", "--link", "link"])
        .current_dir(folder.path())
        .output();
    Outcome::from(asked.expect("it runs")).ends_with(DONE);
    let (status, said) = daemon.end();
    assert_eq!(status.code(), Some(DONE), "{said}");
}

#[test]
fn its_port_asks_for_the_token_and_its_health_does_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 20);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    std::fs::write(playground.link.join("daemon.toml"), format!("[control]\nlisten = \"{address}\"\n"))
        .expect("the file can be written");
    let mut daemon = Daemon::start(&playground.link);
    let base = format!("http://{address}");
    let (code, refused) = call(&base, ("GET", "/v1/status"), &[], "");
    assert_eq!(code, 401, "{refused}");
    let token = std::fs::read_to_string(playground.link.join(".daemon/token")).expect("the token");
    let shown = format!("Bearer {}", token.trim());
    let (code, answer) = call(&base, ("GET", "/v1/status"), &[("authorization", &shown)], "");
    assert_eq!((code, &answer["draining"]), (200, &Value::Bool(false)), "{answer}");
    let (code, _) = call(&base, ("POST", "/v1/run"), &[("authorization", &shown)], r#"{"flow":"nothing"}"#);
    assert_eq!(code, 404);
    daemon.wait_for("run ended");
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(text_of(&base, path).0, 200, "{path}");
    }
    let said = daemon.stop();
    assert!(!said.contains(token.trim()), "the token stands in the log");
}

/// One answer that is no JSON.
pub(crate) fn text_of(base: &str, path: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let host = base.strip_prefix("http://").expect("plain HTTP");
    let mut socket = std::net::TcpStream::connect(host).expect("the daemon listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("the request leaves");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("the answer comes");
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (code, answer)
}

#[test]
fn a_stop_waits_for_the_page_under_way_and_a_second_one_for_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 300);
    playground.configure("link.toml", "lag = \"0s\"", "lag = \"0s\"\npage_size = 50");
    let slow = |from: u32, pause: u32| {
        let script = format!(
            r#"{{"plan":"script","faults":[{{"from":{from},"only":{{"kind":"page"}},"fault":{{"kind":"slow_body","chunk":4000,"pause_ms":{pause}}}}}]}}"#
        );
        ask(&playground.ifs, "POST", "/sandbox/faults", &script);
    };
    let reads =
        |times: u64| ask(&playground.ifs, "GET", "/sandbox/stats", "")["faults"]["slow_body"] == times;
    slow(2, 60);
    let daemon = Daemon::start(&playground.link);
    assert!((0..100_000).any(|_| reads(1)), "the second page is never read");
    daemon.stop();
    let made = written(&playground)[0];
    assert!((50..300).contains(&made), "{made} of 300: it stops between two pages");

    let told = Outcome::of(&playground, &["status"]).ends_with(DONE);
    assert!(!told.out.contains("failed"), "a stop is no failure: {}", told.out);

    // It goes on at once, and nobody waits for a page that takes half a minute.
    slow(1, 20_000);
    let mut daemon = Daemon::start(&playground.link);
    daemon.wait_for("goes on where it was stopped");
    assert!((0..100_000).any(|_| reads(2)), "no page is read");
    daemon.signal("-TERM");
    Outcome::of(&playground, &["daemon", "status"]).ends_with(DONE);
    daemon.signal("-TERM");
    let (status, said) = daemon.end();
    assert_eq!(status.code(), Some(INTERRUPTED), "{said}");

    ask(&playground.ifs, "POST", "/sandbox/faults", r#"{"plan":"script","faults":[]}"#);
    let mut daemon = Daemon::start(&playground.link);
    Outcome::of(&playground, &["daemon", "run", "suppliers"]).ends_with(DONE);
    daemon.wait_for("run ended");
    in_step(&playground);
    assert_eq!(written(&playground)[0], 300, "an Account was made twice");
}

#[test]
fn commands_work_beside_it_as_if_it_were_not_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 300);
    playground.configure("link.toml", "lag = \"0s\"", "lag = \"0s\"\npage_size = 50");
    let script = r#"{"plan":"script","faults":[
        {"from":2,"only":{"kind":"page"},"fault":{"kind":"slow_body","chunk":4000,"pause_ms":60}}]}"#;
    ask(&playground.ifs, "POST", "/sandbox/faults", script);
    let mut daemon = Daemon::start(folder.path());
    let reads = || ask(&playground.ifs, "GET", "/sandbox/stats", "")["faults"]["slow_body"] == 1;
    assert!((0..100_000).any(|_| reads()), "the second page is never read");
    // A run under way ends between two pages, and goes on afterwards.
    let doctor = Outcome::of(&playground, &["doctor"]).ends_with(DONE);
    assert!(doctor.err.contains("the daemon is running suppliers"), "{}", doctor.err);
    for words in ["run stopped between two pages", "run begins", "run ended"] {
        daemon.wait_for(words);
    }
    in_step(&playground);
    assert_eq!(written(&playground)[0], 300, "an Account was made twice");

    playground.edit(5);
    for args in [
        &["plan", "--out", "plan.json"][..],
        &["apply", "plan.json"],
        &["run"],
        &["status"],
        &["quarantine", "list"],
        &["audit", "verify"],
    ] {
        let mut command = playground.command(args);
        Outcome::from(command.current_dir(folder.path()).output().expect("it runs")).ends_with(DONE);
    }
    in_step(&playground);
    // The daemon runs the folder above, and has the link back.
    Outcome::of(&playground, &["daemon", "run", "suppliers", "--wait"]).ends_with(DONE);
    let link = status(&playground)["links"][0].clone();
    assert_eq!((&link["link"], &link["lent_to"]), (&"link".into(), &Value::Null), "{link}");
    let said = daemon.stop();
    assert!(!said.contains("run failed"), "{said}");
}

#[test]
fn a_folder_without_a_right_link_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let start = || Command::new(daemon_binary()).arg("--links").arg(folder.path()).output().expect("it runs");
    let nothing = start();
    assert_eq!(nothing.status.code(), Some(CONFIG));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("there is no link here"));
    std::fs::create_dir(folder.path().join("acme")).expect("a folder");
    std::fs::write(folder.path().join("acme/link.toml"), "nmae = \"acme\"\n").expect("a file");
    let wrong = start();
    assert_eq!(wrong.status.code(), Some(CONFIG));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean `name`?"), "{wrong:?}");
}
