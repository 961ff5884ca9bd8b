//! Marked secrets go in by every way; everything that is written, said, answered or told is searched for them.

use std::path::Path;
use std::process::{Command, Stdio};

use ml_connector_tests::playground::Playground;

use crate::daemon_faults::metrics;
use crate::daemon_process::{Daemon, command, playground};
use crate::exit_codes::{CONFIG, DONE, RED, REFUSED};
use crate::outcome::Outcome;
use crate::sinks::{MailServer, Vault, Webhook};

/// What the sandbox takes, in the form of its own and in that of an `Authorization` header.
const RIGHT: &str = "sandbox-secret";
const BASIC: &str = "bWwtY29ubmVjdG9yOnNhbmRib3gtc2VjcmV0";
/// What it does not take.
const WRONG: &str = "canary-wrong-5Hq2";
const VAULT_TOKEN: &str = "canary-vault-8Zk4";
const HOOK_PATH: &str = "canary-path-1Tn7";
const HOOK_TOKEN: &str = "canary-hook-6Rw9";
const MAIL_PASSWORD: &str = "canary-mail-3Xd5";
const COLLECTOR_TOKEN: &str = "canary-collector-4Vb1";
const DEAD_MAN_PATH: &str = "canary-alarm-2Lm8";
/// Written into the configuration itself, by mistake.
const PLAIN: &str = "canary-plain-9Qs3";
/// How the tokens of both sandboxes begin or what they hold.
const SESSIONS: [&str; 2] = ["eyJhbGciOiJub25lIn0.0", "!AQ0000"];

/// Everything that must not be found.
fn marks() -> Vec<&'static str> {
    let mut marks = vec![
        RIGHT,
        BASIC,
        WRONG,
        VAULT_TOKEN,
        HOOK_PATH,
        HOOK_TOKEN,
        MAIL_PASSWORD,
        COLLECTOR_TOKEN,
        DEAD_MAN_PATH,
        PLAIN,
    ];
    marks.extend(SESSIONS);
    marks
}

/// Which marks stand in `bytes`.
fn found(bytes: &[u8]) -> Vec<&'static str> {
    let holds = |mark: &&str| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    marks().into_iter().filter(holds).collect()
}

/// Searches every file below `folder`, but for those that secrets are read from.
fn search(folder: &Path, searched: &mut usize) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() && !["secrets", "credentials"].iter().any(|name| path.ends_with(name)) {
            search(&path, searched);
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).expect("a file");
            assert_eq!(found(&bytes), Vec::<&str>::new(), "{}", path.display());
            *searched += 1;
        }
    }
}

/// The whole surroundings of a link whose secrets are marked.
struct Stage {
    folder: tempfile::TempDir,
    playground: Playground,
    /// Everything that was said and answered.
    said: Vec<(String, String)>,
}

impl Stage {
    fn new(vault: &Vault, [hook, collector]: [&Webhook; 2], mail: &MailServer) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let playground = playground(folder.path(), 40);
        for name in ["ifs", "salesforce"] {
            std::fs::remove_file(playground.link.join("secrets").join(name)).expect("the secret is there");
        }
        let credentials = folder.path().join("credentials");
        std::fs::create_dir(&credentials).expect("a folder");
        std::fs::write(credentials.join("salesforce"), RIGHT).expect("a file");
        let in_vault = format!(
            "{{ vault = {{ address = \"{}\", path = \"secret/data/mlc\", field = \"ifs\", \
             token = {{ env = \"CANARY_VAULT_TOKEN\" }} }} }}",
            vault.url
        );
        playground.configure("link.toml", "{ file = \"secrets/ifs\" }", &in_vault);
        let credential = "{ credential = \"salesforce\" }";
        playground.configure("link.toml", "{ file = \"secrets/salesforce\" }", credential);
        playground.keep_secret("hook", &format!("{}/{HOOK_PATH}", hook.url));
        playground.keep_secret("hook-token", HOOK_TOKEN);
        playground.keep_secret("mail", MAIL_PASSWORD);
        playground.keep_secret("collector", COLLECTOR_TOKEN);
        let settings = format!(
            "[alerts]\nfailures = 1\n\
             [[alerts.webhooks]]\nname = \"chat\"\nsecret_url = {{ file = \"secrets/hook\" }}\n\
             token = {{ file = \"secrets/hook-token\" }}\n\
             [[alerts.emails]]\nname = \"ops\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
             user = \"mlc\"\npassword = {{ file = \"secrets/mail\" }}\n\
             from = \"mlc@acme.example\"\nto = [\"ops@acme.example\"]\n\
             [dead_man]\nsecret_url = {{ env = \"CANARY_DEAD_MAN\" }}\nevery = \"200ms\"\n\
             [telemetry]\notlp = \"{}\"\ntoken = {{ file = \"secrets/collector\" }}\nevery = \"500ms\"\n",
            mail.port,
            collector.url.trim_end_matches("/hook"),
        );
        std::fs::write(playground.link.join("daemon.toml"), settings).expect("a file");
        Self { folder, playground, said: Vec::new() }
    }

    fn with_secrets(&self, mut command: Command) -> Command {
        command
            .env("CREDENTIALS_DIRECTORY", self.folder.path().join("credentials"))
            .env("CANARY_VAULT_TOKEN", VAULT_TOKEN)
            // Nobody listens there: what is said about it must not name it.
            .env("CANARY_DEAD_MAN", format!("http://127.0.0.1:9/{DEAD_MAN_PATH}"));
        command
    }

    #[track_caller]
    fn does(&mut self, args: &[&str], code: i32) {
        let mut command = self.with_secrets(self.playground.command(args));
        let outcome = Outcome::from(command.output().expect("the command runs")).ends_with(code);
        self.said.push((args.join(" "), outcome.out + &outcome.err));
    }
}

/// Everything that a collector was sent, once it has spans of all kinds and metrics.
fn collected(collector: &Webhook) -> String {
    let mut sent = String::new();
    let names = ["run", "flow", "page", "batch", "call"].map(|name| format!("\"name\":\"{name}\""));
    let wanted = names.iter().map(String::as_str).chain(["/v1/metrics", "mlc.flow.age"]);
    while !wanted.clone().all(|name| sent.contains(name)) {
        let call = collector.next();
        assert!(call.contains(COLLECTOR_TOKEN), "the token is in use: {call}");
        sent += &call.replace(COLLECTOR_TOKEN, "");
    }
    sent
}

#[test]
fn no_secret_is_found_in_anything_that_is_left_behind_said_or_answered() {
    let (vault, hook, mail) = (Vault::open(RIGHT), Webhook::open(), MailServer::open());
    let collector = Webhook::open();
    let mut stage = Stage::new(&vault, [&hook, &collector], &mail);
    for args in [
        &["config", "check", "--json"][..],
        &["doctor", "--json", "-vvv"],
        &["plan", "--json", "-vvv"],
        &["run", "--json", "-vvv", "--log-format", "json"],
    ] {
        stage.does(args, DONE);
    }

    let mut loud = stage.with_secrets(command(&stage.playground.link));
    loud.arg("-vv").stderr(Stdio::piped());
    let mut daemon = Daemon::spawn(loud);
    daemon.wait_for("run ended");
    daemon.wait_for("the dead man's switch was not reached");
    stage.does(&["daemon", "notify"], DONE);
    let heard = hook.next();
    assert!(heard.contains(HOOK_PATH) && heard.contains(HOOK_TOKEN), "the secrets are in use: {heard}");
    daemon.wait_for("a notice was not delivered");
    vault.holds(WRONG);
    // A changed file has it open the link anew, and ask Vault again.
    stage.playground.configure("link.toml", "name = \"sandbox\"", "name = \"sandbox again\"");
    stage.does(&["daemon", "reload"], DONE);
    stage.does(&["daemon", "run", "suppliers", "--wait", "--json"], REFUSED);
    stage.said.push(("the notice".into(), hook.next().replace(HOOK_PATH, "").replace(HOOK_TOKEN, "")));
    for args in [&["daemon", "status", "--json"][..], &["status", "--json"]] {
        stage.does(args, DONE);
    }
    let place = "{ credential = \"salesforce\" }";
    let plain = format!("\"{PLAIN}\"");
    stage.playground.configure("link.toml", place, &plain);
    stage.does(&["daemon", "reload", "--json"], DONE);
    for (args, code) in [(&["config", "check"][..], CONFIG), (&["doctor"], RED), (&["run", "--json"], CONFIG)]
    {
        stage.does(args, code);
    }
    daemon.wait_for("the old one stays in force");
    stage.said.push(("another notice".into(), hook.next().replace(HOOK_PATH, "").replace(HOOK_TOKEN, "")));
    stage.playground.configure("link.toml", &plain, place);
    stage.does(&["daemon", "reload"], DONE);
    stage.said.push(("metrics".into(), metrics(&stage.playground)));
    stage.said.push(("telemetry".into(), collected(&collector)));
    let command_line =
        std::fs::read_to_string(format!("/proc/{}/cmdline", daemon.id())).expect("it is there");
    stage.said.push(("the command line".into(), command_line));
    daemon.signal("-TERM");
    let (_, log) = daemon.end();
    assert!(log.len() > 10_000, "it is loud");
    stage.said.push(("the log".into(), log));
    stage.does(&["run", "--json", "-vvv"], REFUSED);
    for args in
        [&["audit", "export"][..], &["audit", "search", "--json", "--limit", "0"], &["audit", "verify"]]
    {
        stage.does(args, DONE);
    }
    assert!(stage.said.iter().any(|(what, said)| what == "audit export" && said.contains("token")));
    assert!(vault.tokens().iter().all(|token| token == VAULT_TOKEN), "{:?}", vault.tokens());

    for (what, said) in &stage.said {
        assert_eq!(found(said.as_bytes()), Vec::<&str>::new(), "{what}:\n{said}");
    }
    let mut searched = 0;
    search(stage.folder.path(), &mut searched);
    assert!(searched > 20, "{searched} files");
    assert_eq!(found(format!("x{WRONG}y{}", SESSIONS[0]).as_bytes()).len(), 2, "the measure measures");
}
