//! A daemon as a process, whose log is read line by line.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use ml_connector_tests::playground::{Playground, daemon_binary};
use serde_json::Value;

use crate::exit_codes::DONE;
use crate::outcome::Outcome;

/// A daemon that says nothing for so long is ended, and its test fails.
const PATIENCE: Duration = Duration::from_mins(2);

/// A daemon.
pub(crate) struct Daemon {
    process: Child,
    log: BufReader<ChildStderr>,
    /// Everything it has said.
    said: String,
    /// Ends the watch over it.
    _watched: Sender<()>,
}

/// `ml-connectord` on `folder`.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(daemon_binary());
    command.arg("--links").arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The same with a limit of the shell in force, such as `-S -f 300` or `-n 48`.
pub(crate) fn limited(folder: &Path, limit: &str) -> Command {
    let mut command = Command::new("sh");
    // With XFSZ ignored a write beyond the limit is an error, not a signal.
    let script = format!("trap '' XFSZ; ulimit {limit}; exec \"$0\" --links \"$1\"");
    command.args(["-c", &script]).arg(daemon_binary()).arg(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

impl Daemon {
    /// Starts one on `folder` and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(folder: &Path) -> Self {
        Self::spawn(command(folder))
    }

    /// Starts one and waits until it is ready.
    #[track_caller]
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut process = command.spawn().expect("the daemon starts");
        let log = BufReader::new(process.stderr.take().expect("stderr is piped"));
        let (watched, gone) = channel::<()>();
        let id = process.id().to_string();
        std::thread::spawn(move || {
            if gone.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                Command::new("kill").args(["-KILL", &id]).status().ok();
            }
        });
        let mut daemon = Self { process, log, said: String::new(), _watched: watched };
        daemon.wait_for("\"ready\"");
        daemon
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Reads the log up to a line that says `words`.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.log.read_line(&mut line).expect("the log is text");
            assert_ne!(length, 0, "the daemon has ended without {words}:\n{}", self.said);
            self.said.push_str(&line);
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Sends it a signal, such as `-TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Asks it to stop, which it must do in good order; gives what it said.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.signal("-TERM");
        let (status, said) = self.end();
        assert_eq!(status.code(), Some(DONE), "{said}");
        said
    }

    /// Waits for the end; returns how it ended and everything that was said.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        self.log.read_to_string(&mut self.said).expect("the log is text");
        let status = self.process.wait().expect("the daemon ends");
        (status, std::mem::take(&mut self.said))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has already ended is no reason to fail.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A link with a schedule that leaves everything but its first run to us.
pub(crate) fn playground(folder: &Path, suppliers: usize) -> Playground {
    let playground = Playground::start(folder, suppliers);
    playground.configure("flows/suppliers.toml", "every = \"5min\"", "every = \"1h\"");
    playground
}

/// What the daemon answers about everything.
#[track_caller]
pub(crate) fn status(playground: &Playground) -> Value {
    Outcome::of(playground, &["daemon", "status", "--json"]).ends_with(0).json()
}

/// What the daemon answers about the suppliers.
#[track_caller]
pub(crate) fn suppliers(playground: &Playground) -> Value {
    let mut status = status(playground);
    let flows = status["links"][0]["flows"].as_array_mut().expect("flows");
    let at = flows.iter().position(|flow| flow["flow"] == "suppliers").expect("suppliers");
    flows.swap_remove(at)
}
