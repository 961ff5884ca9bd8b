//! Where output goes: data to standard output, talk to standard error.

pub(crate) mod paint;
pub(crate) mod progress;

use std::io::{IsTerminal, Write};

use serde::Serialize;
use serde_json::json;

use crate::config::environment;
use crate::failure::Failure;
use crate::terminal::paint::Paint;
use crate::view::words::safe_lines;

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On terminals, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Both outputs and how they are used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Whether data is written as JSON.
    pub(crate) json: bool,
    /// Colours for data.
    pub(crate) data: Paint,
    /// Colours for talk.
    pub(crate) talk: Paint,
    /// Whether talk can be overwritten (progress bars).
    pub(crate) live: bool,
}

impl Terminal {
    /// The process's own outputs.
    pub(crate) fn of_process(json: bool, colour: Colour) -> Self {
        let wanted = |terminal: bool| match colour {
            Colour::Auto => terminal && !environment::is_set(environment::NO_COLOR),
            Colour::Always => true,
            Colour::Never => false,
        };
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self { json, data: Paint(wanted(out) && !json), talk: Paint(wanted(err)), live: err }
    }

    /// Writes one line (or several) of data.
    #[expect(clippy::unused_self, reason = "whoever prints has been given a terminal to print to")]
    pub(crate) fn print(self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", text.trim_end_matches('\n'))
            .and_then(|()| out.flush())
            .map_err(|error| unread(&error))
    }

    /// Writes one JSON document on one line.
    pub(crate) fn print_json(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value)
            .map_err(|error| Failure::Internal { what: format!("a result has no JSON form: {error}") })?;
        self.print(&text)
    }

    /// Says something to whoever watches.
    #[expect(clippy::unused_self, reason = "whoever talks has been given a terminal to talk to")]
    pub(crate) fn say(self, text: &str) {
        // Nobody may be listening; talk is never worth failing for.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Says that something went wrong, why, and what to do.
    pub(crate) fn fail(self, failure: &Failure) {
        if matches!(failure, Failure::Unread) {
            return;
        }
        let chain = failure.chain();
        // A system's own words stand in the chain: they must not reach the terminal as commands.
        let shown: Vec<String> = chain.iter().map(|part| safe_lines(part)).collect();
        self.say(&format!("{} {}", self.talk.bad("error:"), shown.join("\n  because: ")));
        self.say(&format!("{} {}", self.talk.good("hint:"), safe_lines(&failure.hint())));
        if self.json {
            let code = failure.exit().code();
            let error = json!({ "error": { "code": code, "chain": chain, "hint": failure.hint() } });
            // There is nobody left to be told that telling failed.
            let _ = self.print_json(&error);
        }
    }
}

fn unread(error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::Unread,
        _ => Failure::Storage { path: "standard output".into(), detail: error.to_string() },
    }
}
