//! The command line: one file for each verb.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use wire::{Clock, Entropy};

use crate::config::Config;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::mappers::Mappers;
use crate::stop::Stop;
use crate::terminal::{Colour, Terminal};

pub(crate) mod apply;
pub(crate) mod audit_export;
pub(crate) mod audit_search;
pub(crate) mod audit_show;
pub(crate) mod audit_verify;
pub(crate) mod calendar_next;
pub(crate) mod completions;
pub(crate) mod config_check;
pub(crate) mod config_schema;
pub(crate) mod conflicts_list;
pub(crate) mod conflicts_resolve;
pub(crate) mod conflicts_show;
pub(crate) mod daemon;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod mapping_check;
pub(crate) mod mapping_preview;
pub(crate) mod mapping_test;
pub(crate) mod plan;
pub(crate) mod quarantine_assign;
pub(crate) mod quarantine_discard;
pub(crate) mod quarantine_edit;
pub(crate) mod quarantine_list;
pub(crate) mod quarantine_retry;
pub(crate) mod quarantine_show;
pub(crate) mod record_explain;
pub(crate) mod record_show;
pub(crate) mod record_timeline;
pub(crate) mod run;
pub(crate) mod salesforce_setup;
pub(crate) mod sandbox_serve;
pub(crate) mod schema_diff;
pub(crate) mod schema_pull;
pub(crate) mod status;

/// Keeps IFS Cloud and Salesforce in step: nothing lost, nothing doubled, everything on record.
///
/// New here? `ml-connector demo` shows it all on this machine alone. Then `init`, `doctor`, `plan`, `run`.
#[derive(Debug, Parser)]
#[command(name = "ml-connector", version, propagate_version = true, after_help = Exit::help())]
pub(crate) struct Cli {
    /// The folder with link.toml
    #[arg(
        long,
        short = 'C',
        global = true,
        help_heading = "Options of every command",
        value_name = "FOLDER",
        default_value = "."
    )]
    pub(crate) link: PathBuf,
    /// Write data as JSON: one document, or one a line for listings
    #[arg(long, global = true, help_heading = "Options of every command")]
    pub(crate) json: bool,
    /// Say more (up to three times)
    #[arg(long, short, global = true, help_heading = "Options of every command", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// The form of what `--verbose` says
    #[arg(
        long,
        global = true,
        help_heading = "Options of every command",
        value_name = "FORM",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
    /// When to use colours
    #[arg(
        long,
        global = true,
        help_heading = "Options of every command",
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(crate) color: Colour,
    /// What to do
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(demo::Args),
    Init(init::Args),
    Doctor(doctor::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Run(run::Args),
    Status(status::Args),
    /// Look at one record
    #[command(subcommand)]
    Record(Record),
    /// Look at records that wait, and decide about them
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// Look at fields that people on both sides changed, and decide whose value stays
    #[command(subcommand)]
    Conflicts(Conflicts),
    /// Look at what happened
    #[command(subcommand)]
    Audit(Audit),
    /// Look at the procurement calendar
    #[command(subcommand)]
    Calendar(Calendar),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Talk to a running `ml-connectord`
    #[command(subcommand)]
    Daemon(daemon::Daemon),
    /// What an org needs
    #[command(subcommand)]
    Salesforce(Salesforce),
    /// Try mappings out, and hold them against both systems
    #[command(subcommand)]
    Mapping(Mapping),
    /// Pin what both systems have, and see what has changed
    #[command(subcommand)]
    Schema(Schema),
    /// An IFS Cloud and a Salesforce on this machine, for trying things out
    #[command(subcommand)]
    Sandbox(Sandbox),
    Completions(completions::Args),
    Man(man::Args),
}

/// Verbs about one record.
#[derive(Debug, Subcommand)]
pub(crate) enum Record {
    Show(record_show::Args),
    Explain(record_explain::Args),
    Timeline(record_timeline::Args),
}

/// Verbs about records that wait.
#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    List(quarantine_list::Args),
    Show(quarantine_show::Args),
    Retry(quarantine_retry::Args),
    Discard(quarantine_discard::Args),
    Assign(quarantine_assign::Args),
    Edit(quarantine_edit::Args),
}

/// Verbs about conflicts.
#[derive(Debug, Subcommand)]
pub(crate) enum Conflicts {
    List(conflicts_list::Args),
    Show(conflicts_show::Args),
    Resolve(conflicts_resolve::Args),
}

/// Verbs about the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    Search(audit_search::Args),
    Show(audit_show::Args),
    Verify(audit_verify::Args),
    Export(audit_export::Args),
}

/// Verbs about the calendar.
#[derive(Debug, Subcommand)]
pub(crate) enum Calendar {
    Next(calendar_next::Args),
}

/// Verbs about the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    Check(config_check::Args),
    Schema(config_schema::Args),
}

/// Verbs about the org.
#[derive(Debug, Subcommand)]
pub(crate) enum Salesforce {
    Setup(salesforce_setup::Args),
}

/// Verbs about mappings.
#[derive(Debug, Subcommand)]
pub(crate) enum Mapping {
    Test(mapping_test::Args),
    Check(mapping_check::Args),
    Preview(mapping_preview::Args),
}

/// Verbs about what both systems have.
#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    Pull(schema_pull::Args),
    Diff(schema_diff::Args),
}

/// Verbs about the sandbox.
#[derive(Debug, Subcommand)]
pub(crate) enum Sandbox {
    Serve(sandbox_serve::Args),
}

/// What every verb is given.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// How this program was called, for commands that can be copied.
    pub(crate) program: String,
    /// Where output goes.
    pub(crate) terminal: Terminal,
    /// The link's folder.
    pub(crate) link: PathBuf,
    /// Mappers of the embedding program.
    pub(crate) mappers: Mappers,
    /// Ctrl-C.
    pub(crate) stop: Stop,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Chance.
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Session {
    /// The configuration of the link.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.link)?)
    }
}

impl Verb {
    /// Does it.
    pub(crate) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Demo(args) => demo::run(args, session).await,
            Self::Init(args) => init::run(args, session).await,
            Self::Doctor(args) => doctor::run(args, session).await,
            Self::Plan(args) => plan::run(args, session).await,
            Self::Apply(args) => apply::run(args, session).await,
            Self::Run(args) => run::run(args, session).await,
            Self::Status(args) => status::run(args, session).await,
            Self::Record(verb) => verb.run(session).await,
            Self::Quarantine(verb) => verb.run(session).await,
            Self::Conflicts(verb) => verb.run(session).await,
            Self::Audit(verb) => verb.run(session).await,
            Self::Calendar(Calendar::Next(args)) => calendar_next::run(&args, session),
            Self::Config(ConfigVerb::Check(args)) => config_check::run(&args, session),
            Self::Config(ConfigVerb::Schema(args)) => config_schema::run(&args, session),
            Self::Daemon(verb) => daemon::run(verb, session).await,
            Self::Salesforce(Salesforce::Setup(args)) => salesforce_setup::run(args, session).await,
            Self::Mapping(verb) => verb.run(session).await,
            Self::Schema(verb) => verb.run(session).await,
            Self::Sandbox(Sandbox::Serve(args)) => sandbox_serve::run(args, session).await,
            Self::Completions(args) => completions::run(&args, session),
            Self::Man(args) => man::run(&args, session),
        }
    }
}

impl Record {
    async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Show(args) => record_show::run(args, session).await,
            Self::Explain(args) => record_explain::run(args, session).await,
            Self::Timeline(args) => record_timeline::run(args, session).await,
        }
    }
}

impl Quarantine {
    async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => quarantine_list::run(args, session).await,
            Self::Show(args) => quarantine_show::run(args, session).await,
            Self::Retry(args) => quarantine_retry::run(args, session).await,
            Self::Discard(args) => quarantine_discard::run(args, session).await,
            Self::Assign(args) => quarantine_assign::run(args, session).await,
            Self::Edit(args) => quarantine_edit::run(args, session).await,
        }
    }
}

impl Conflicts {
    async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => conflicts_list::run(args, session).await,
            Self::Show(args) => conflicts_show::run(args, session).await,
            Self::Resolve(args) => conflicts_resolve::run(args, session).await,
        }
    }
}

impl Mapping {
    async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Test(args) => mapping_test::run(args, session),
            Self::Check(args) => mapping_check::run(args, session).await,
            Self::Preview(args) => mapping_preview::run(args, session).await,
        }
    }
}

impl Schema {
    async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Pull(args) => schema_pull::run(args, session).await,
            Self::Diff(args) => schema_diff::run(args, session).await,
        }
    }
}

impl Audit {
    async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Search(args) => audit_search::run(args, session).await,
            Self::Show(args) => audit_show::run(args, session).await,
            Self::Verify(args) => audit_verify::run(args, session).await,
            Self::Export(args) => audit_export::run(args, session).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_names_every_exit_code() {
        let help = Cli::command().render_help().to_string();
        for exit in Exit::ALL {
            assert!(help.contains(exit.meaning()), "{exit:?}");
        }
    }
}
