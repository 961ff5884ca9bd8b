//! `completions`: makes the shell complete our commands.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Session};
use crate::exit::Exit;
use crate::failure::Failure;

/// Write completions for a shell
///
/// For bash: `ml-connector completions bash > ~/.local/share/bash-completion/completions/ml-connector`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ml-connector", &mut script);
    session.terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
