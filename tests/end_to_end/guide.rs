//! The guide, done as it says: a newcomer's first hour from an empty folder, and every other command line of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ml_connector_tests::playground::{Playground, binary, daemon_binary, differences};

use crate::daemon_process::Daemon;
use crate::exit_codes::DONE;
use crate::outcome::Outcome;
use crate::sinks::{MailServer, Webhook};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests live below the workspace").to_owned()
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect("a page of the guide")
}

/// The blocks of a page, in order: their language and their text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').expect("a language")).collect()
}

/// The command lines of a block, as words, without remarks.
fn commands(block: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = block.lines().map(|line| line.split(" #").next().unwrap_or_default());
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty())
}

/// Somebody in a folder, with both programs at hand.
struct Newcomer<'a> {
    folder: &'a Path,
    playground: &'a Playground,
}

impl Newcomer<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let program = match words.first() {
            Some(&"ml-connector") => binary().to_owned(),
            Some(&"ml-connectord") => daemon_binary().to_owned(),
            other => panic!("no program of ours: {other:?}"),
        };
        let mut command = Command::new(program);
        command.args(&words[1..]).current_dir(self.folder).stdin(Stdio::null());
        for (name, secret) in [("IFS_CLIENT_SECRET", "ifs"), ("SALESFORCE_CLIENT_SECRET", "salesforce")] {
            let secret = std::fs::read_to_string(self.playground.link.join("secrets").join(secret));
            command.env(name, secret.expect("the secret"));
        }
        command
    }

    #[track_caller]
    fn does(&self, words: &[&str]) -> Outcome {
        let outcome = Outcome::from(self.command(words).output().expect("the command runs"));
        assert_eq!(outcome.code, DONE, "{words:?}\nstdout: {}\nstderr: {}", outcome.out, outcome.err);
        outcome
    }

    fn daemon(&self, words: &[&str]) -> Daemon {
        let mut command = self.command(words);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Daemon::spawn(command)
    }

    /// Changes texts in a file.
    #[track_caller]
    fn edits(&self, file: &str, changes: &[(&str, &str)]) {
        let path = self.folder.join(file);
        let mut text = std::fs::read_to_string(&path).expect("the file is there");
        for (from, to) in changes {
            assert!(text.contains(from), "{file} does not say {from}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(path, text).expect("the file can be written");
    }

    /// Adds tables to the end of a file.
    fn adds(&self, file: &str, tables: &str) {
        let path = self.folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, format!("{text}\n{tables}")).expect("the file can be written");
    }
}

#[test]
fn the_first_hour_is_walked_as_it_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = page("docs/first-hour.md");
    let mut blocks = blocks(&page).into_iter();
    let mut next = |language: &str| {
        let (found, text) = blocks.next().expect("another block");
        assert_eq!(found, language, "{text}");
        text
    };
    let serve = commands(next("sh")).next().expect("a command").join(" ");
    assert_eq!(serve, "ml-connector sandbox serve --write --suppliers 500 --link my-link");
    let playground = Playground::start_as(&folder.path().join("my-link"), 500);
    let newcomer = Newcomer { folder: folder.path(), playground: &playground };
    let all = |block: &str| commands(block).for_each(|words| drop(newcomer.does(&words)));
    all(next("sh"));
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());

    all(next("sh"));
    newcomer.edits(
        "our-link/link.toml",
        &[
            ("https://tenant.ifs.cloud", &playground.ifs),
            ("\"tenant\"", "\"sandbox\""),
            ("https://domain.my.salesforce.com", &playground.salesforce),
            ("ML_CONNECTOR", &playground.client("ifs")),
            ("CONSUMER_KEY", &playground.client("salesforce")),
        ],
    );
    all(next("sh"));
    all(next("sh"));

    newcomer.edits("our-link/flows/suppliers.toml", &[("# freshness = ", "freshness = ")]);
    let flow = std::fs::read_to_string(folder.path().join("our-link/flows/suppliers.toml")).expect("a flow");
    assert!(next("toml").lines().all(|line| flow.lines().any(|written| written == line)), "{flow}");
    newcomer.adds("our-link/link.toml", next("toml"));
    all(next("sh"));
    let (mail, chat) = (MailServer::open(), Webhook::open());
    newcomer.adds("our-link/daemon.toml", next("toml"));
    let here = format!("host = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"", mail.port);
    newcomer.edits(
        "our-link/daemon.toml",
        &[
            ("host = \"mail.acme.example\"", &here),
            ("https://chat.acme.example/hooks/procurement", &chat.url),
        ],
    );
    let daemon = commands(next("sh")).next().expect("a command");
    let daemon = newcomer.daemon(&daemon);
    playground.edit(5);
    all(next("sh"));
    assert!(mail.next().contains("this is a test"));
    assert!(chat.next().ends_with("(nothing has to be done)\"}"));
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());
    all(next("sh"));
    let (status, said) = daemon.end();
    assert_eq!(status.code(), Some(DONE), "{said}");
}

/// Command lines that another test runs, or that are no program of ours.
const ELSEWHERE: [&str; 5] = [
    "cargo ",
    // Above.
    "ml-connector sandbox serve ",
    "ml-connector init ",
    // The daemon is running.
    "ml-connectord ",
    // Comes last.
    "ml-connector daemon drain ",
];

#[test]
fn every_command_line_of_the_guide_does_what_it_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = Playground::start_as(&folder.path().join("my-link"), 60);
    let newcomer = Newcomer { folder: folder.path(), playground: &playground };
    let mut pages: Vec<PathBuf> = vec!["README.md".into()];
    for entry in std::fs::read_dir(root().join("docs")).expect("the guide") {
        pages.push(entry.expect("a page").path());
    }
    let mut lines = std::collections::BTreeSet::new();
    for path in pages.iter().filter(|path| path.extension().is_some_and(|end| end == "md")) {
        if path.ends_with("first-hour.md") {
            continue;
        }
        let page = std::fs::read_to_string(root().join(path)).expect("a page");
        for (_, block) in blocks(&page).into_iter().filter(|(language, _)| *language == "sh") {
            for words in commands(block) {
                let line = words.join(" ");
                let elsewhere = ELSEWHERE.iter().any(|begin| line.starts_with(begin));
                if !elsewhere {
                    lines.insert(line);
                }
            }
        }
    }
    let (to_daemon, to_link): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| line.starts_with("ml-connector daemon "));
    assert!(to_daemon.len() > 5 && to_link.len() > 5, "{lines:?}");
    let does = |line: &String| drop(newcomer.does(&line.split(' ').collect::<Vec<_>>()));
    to_link.into_iter().for_each(does);
    let daemon = newcomer.daemon(&["ml-connectord", "--links", "my-link"]);
    to_daemon.into_iter().for_each(does);
    newcomer.does(&["ml-connector", "daemon", "drain", "--link", "my-link"]);
    let (status, said) = daemon.end();
    assert_eq!(status.code(), Some(DONE), "{said}");
}
