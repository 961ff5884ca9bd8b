//! `config check`: whether the files are right, without asking anybody.

use serde_json::json;

use super::Session;
use crate::config::{Config, ConfigError, DaemonFile, calendar_files};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::wiring;

/// Check all files of the link: each error with file, line, reason and remedy
///
/// Reads configuration, mappings, calendar and `daemon.toml`; asks neither system. Secrets are looked for, never
/// shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the secrets out: they may be on another machine
    #[arg(long)]
    without_secrets: bool,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit, Failure> {
    let mut wrong = Vec::new();
    if let Err(error) = DaemonFile::load(&session.link) {
        wrong.push(error);
    }
    match Config::load(&session.link) {
        Ok(config) => wrong.extend(problems(&config, args, session)),
        Err(error) => wrong.push(error),
    }
    let terminal = session.terminal;
    for error in &wrong {
        if terminal.json {
            let place = error.place.as_ref();
            terminal.print_json(&json!({
                "file": error.file,
                "line": place.map(|place| place.line),
                "column": place.map(|place| place.column),
                "reason": error.reason,
                "remedy": error.hint,
            }))?;
        } else {
            terminal.print(&error.to_string())?;
            if let Some(hint) = &error.hint {
                terminal.print(&format!("{} {hint}\n", terminal.data.good("hint:")))?;
            }
        }
    }
    if wrong.is_empty() {
        terminal.say("the configuration is right");
    }
    Ok(if wrong.is_empty() { Exit::Ok } else { Exit::Config })
}

fn problems(config: &Config, args: &Args, session: &Session) -> Vec<ConfigError> {
    let mut found = Vec::new();
    found.extend(wiring::check(config, &session.mappers).err());
    found.extend(calendar_files::calendar(config, session.clock.now()).err());
    if !args.without_secrets {
        found.extend(config.ifs_secret().err());
        found.extend(config.salesforce_secret().err());
    }
    found
}
