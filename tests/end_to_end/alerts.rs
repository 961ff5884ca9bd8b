//! Somebody is told when something is wrong, and when it is over: by webhook, e-mail and command; and an alarm
//! elsewhere goes off when nothing is told at all.

use ml_connector_tests::playground::Playground;
use serde_json::Value;

use crate::daemon_process::{Daemon, playground};
use crate::exit_codes::DONE;
use crate::outcome::Outcome;
use crate::sinks::{MailServer, Webhook};

/// What stands where the secret should be.
const WRONG: &str = "not-the-secret-7Q";

fn daemon_file(playground: &Playground, text: &str) {
    std::fs::write(playground.link.join("daemon.toml"), text).expect("the file can be written");
}

#[test]
fn trouble_and_its_end_arrive_by_webhook_mail_and_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 20);
    let (whole, short, mail) = (Webhook::open(), Webhook::open(), MailServer::open());
    let pages = folder.path().join("pages");
    let (url, port, page) = (&whole.url, mail.port, pages.display());
    let settings = format!(
        "[alerts]\nfailures = 1\n\
         [[alerts.webhooks]]\nname = \"all\"\nurl = \"{url}\"\n\
         [[alerts.webhooks]]\nname = \"chat\"\nsecret_url = {{ file = \"secrets/chat\" }}\n\
         token = {{ file = \"secrets/token\" }}\nbody = '{{\"text\": \"{{state}}: {{title}} ({{hint}})\"}}'\n\
         [[alerts.emails]]\nname = \"ops\"\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n\
         from = \"ml-connector <mlc@acme.example>\"\nto = [\"ops@acme.example\", \"buyer@acme.example\"]\n\
         subject = \"{{state}} {{title}}\"\n\
         [[alerts.commands]]\nname = \"pager\"\nprogram = \"/bin/sh\"\n\
         args = [\"-c\", \"cat >> '{page}'; echo >> '{page}'\", \"{{title}}\"]\n"
    );
    daemon_file(&playground, &settings);
    playground.keep_secret("chat", &short.url);
    playground.keep_secret("token", "chat-token-3K");
    let right = std::fs::read_to_string(playground.link.join("secrets/ifs")).expect("the secret");
    playground.keep_secret("ifs", WRONG);
    let mut daemon = Daemon::start(&playground.link);
    daemon.wait_for("run failed");
    let raised = [whole.next(), short.next(), mail.next()];
    playground.keep_secret("ifs", right.trim());
    Outcome::of(&playground, &["daemon", "run", "suppliers", "--wait"]).ends_with(DONE);
    let cleared = [whole.next(), short.next(), mail.next()];
    daemon.signal("-INT");
    let (status, said) = daemon.end();
    assert_eq!(status.code(), Some(DONE), "{said}");

    for (calls, state) in [(&raised, "raised"), (&cleared, "cleared")] {
        let notice: Value = serde_json::from_str(body(&calls[0])).expect("the notice is JSON");
        assert_eq!((&notice["state"], &notice["alert"]["trouble"]), (&state.into(), &"failing".into()));
        assert!(calls[0].contains("invalid_client"), "{}", calls[0]);
        let told: Value = serde_json::from_str(body(&calls[1])).expect("the template is JSON");
        let text = told["text"].as_str().expect("a text");
        assert!(text.starts_with(&format!("{state}: link/suppliers: 1 run")), "{text}");
        assert!(calls[1].to_lowercase().contains("authorization: bearer chat-token-3k"), "{}", calls[1]);
        let subject = calls[2].lines().find(|line| line.starts_with("Subject:")).expect("a subject");
        assert!(subject.starts_with(&format!("Subject: {state} link/suppliers: 1 run")), "{subject}");
        assert!(calls[2].contains("To: ops@acme.example, buyer@acme.example"), "{}", calls[2]);
        assert!(calls[2].contains("what to do: "), "{}", calls[2]);
    }
    let pages = std::fs::read_to_string(pages).expect("the command was run");
    let pages: Vec<Value> = pages.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(
        pages.iter().map(|page| page["state"].as_str().expect("a state")).collect::<Vec<_>>(),
        ["raised", "cleared"]
    );
    for text in raised.iter().chain(&cleared).chain([&said]) {
        assert!(!text.contains(WRONG), "{text}");
    }
    assert!(!said.contains(&short.url) && !said.contains("chat-token-3K"), "{said}");
}

/// What a call carries.
fn body(call: &str) -> &str {
    call.split_once("\r\n\r\n").expect("headers end").1
}

#[test]
fn a_channel_that_nobody_serves_stops_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 20);
    daemon_file(
        &playground,
        "[alerts]\nfailures = 1\n[[alerts.webhooks]]\nname = \"gone\"\nurl = \"http://127.0.0.1:9/secret-path-5T\"\n",
    );
    let right = std::fs::read_to_string(playground.link.join("secrets/ifs")).expect("the secret");
    playground.keep_secret("ifs", WRONG);
    let mut daemon = Daemon::start(&playground.link);
    let undelivered = daemon.wait_for("a notice was not delivered");
    assert!(undelivered.contains("gone") && !undelivered.contains("secret-path-5T"), "{undelivered}");
    playground.keep_secret("ifs", right.trim());
    Outcome::of(&playground, &["daemon", "run", "suppliers", "--wait"]).ends_with(DONE);
}

#[test]
fn the_dead_mans_switch_is_fed_only_while_all_is_well() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = playground(folder.path(), 20);
    let alarm = Webhook::open();
    daemon_file(&playground, &format!("[dead_man]\nurl = \"{}\"\nevery = \"100ms\"\n", alarm.url));
    let daemon = Daemon::start(&playground.link);
    assert!(alarm.next().starts_with("GET /hook"));
    alarm.next();
    // Stopped, not ended: it holds its port and answers nobody.
    daemon.signal("-STOP");
    while alarm.heard_within(std::time::Duration::from_millis(400)).is_some() {}
    daemon.signal("-CONT");
    alarm.next();
    daemon.stop();
}
