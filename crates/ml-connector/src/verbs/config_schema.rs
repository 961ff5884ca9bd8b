//! `config schema`: what may stand in a configuration file, for editors.

use super::Session;
use crate::config::file_schema::ConfigFile;
use crate::exit::Exit;
use crate::failure::Failure;

/// Print the JSON Schema of a configuration file
///
/// Editors complete and check TOML by it: write it beside the files, and `#:schema ./link.schema.json` into the
/// first line of link.toml.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which file
    file: ConfigFile,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit, Failure> {
    session.terminal.print(args.file.schema())?;
    Ok(Exit::Ok)
}
