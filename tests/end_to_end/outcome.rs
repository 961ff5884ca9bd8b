//! How a command ended: its exit code, its data and its talk.

use std::process::Output;

use ml_connector_tests::playground::{Playground, ask};
use serde_json::Value;

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code; -1 for a signal.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Outcome {
    /// Runs `args` on the link.
    pub(crate) fn of(playground: &Playground, args: &[&str]) -> Self {
        playground.run(args).into()
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Checks that the talk says all of `words`, and what to do.
    #[track_caller]
    pub(crate) fn tells(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not said in: {}", self.err);
        }
        let hint = self.err.lines().find_map(|line| line.strip_prefix("hint: ")).unwrap_or_default();
        assert!(!hint.trim().is_empty(), "no hint in: {}", self.err);
        self
    }

    /// The data, one JSON document a line.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The only document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "one document was expected: {}", self.out);
        lines.remove(0)
    }
}

/// Runs one cycle of the only flow, which must end with `code`; returns what it says in JSON.
#[track_caller]
pub(crate) fn cycle(playground: &Playground, code: i32) -> Value {
    Outcome::of(playground, &["run", "--json"]).ends_with(code).json()["flows"][0].take()
}

/// Moves the clock of the IFS sandbox forward, so that edits lie in whole seconds of the past.
pub(crate) fn pass_seconds(playground: &Playground, seconds: u64) {
    ask(&playground.ifs, "POST", &format!("/sandbox/clock?offset_ms={}", seconds * 1000), "");
}

/// A number out of a JSON document.
#[track_caller]
pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a number was expected: {value}"))
}

/// How many records Salesforce has created, updated, and found unchanged when they were written.
pub(crate) fn written(playground: &Playground) -> [u64; 3] {
    let figures = &playground.salesforce_stats()["figures"];
    ["created", "updated", "unchanged"].map(|name| number(&figures[name]))
}
