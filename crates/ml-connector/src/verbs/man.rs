//! `man`: writes manual pages.

use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::{Cli, Session};
use crate::daemon;
use crate::exit::Exit;
use crate::failure::Failure;

/// Write manual pages of both programs into a folder
///
/// Then, for example: `man -l FOLDER/ml-connector.1`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; it is made if it is not there
    folder: PathBuf,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit, Failure> {
    let folder = &args.folder;
    let failed = |error: std::io::Error| Failure::storage(folder, &error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    write(Cli::command(), folder).map_err(failed)?;
    write(daemon::Args::command(), folder).map_err(failed)?;
    session.terminal.say(&format!("manual pages are in {}", folder.display()));
    Ok(Exit::Ok)
}

/// One page for the command and one for each verb.
fn write(command: clap::Command, folder: &Path) -> std::io::Result<()> {
    clap_mangen::generate_to(command, folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        write(Cli::command(), folder.path()).unwrap();
        write(daemon::Args::command(), folder.path()).unwrap();
        for name in
            ["ml-connector", "ml-connector-calendar-next", "ml-connector-daemon-status", "ml-connectord"]
        {
            assert!(folder.path().join(format!("{name}.1")).is_file(), "{name}");
        }
    }
}
