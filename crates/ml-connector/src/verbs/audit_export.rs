//! `audit export`: gives entries to other tools.

use std::path::PathBuf;

use futures::StreamExt;

use super::Session;
use crate::choice::entries::AuditFilter;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::new_file::NewFile;
use crate::view::entry::document;
use crate::view::words::count;

/// Write entries whole, as JSON lines, oldest first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: AuditFilter,
    /// Into this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let query = args.filter.query(session.clock.now())?;
    let holding = Holding::look(&session.config()?)?;
    let mut file = args.out.map(NewFile::create).transpose()?;
    let mut entries = holding.log.read(query);
    let mut written = 0_u64;
    while let Some(sealed) = entries.next().await {
        let document = document(&sealed?);
        match &mut file {
            Some(file) => file.write(|out| writeln!(out, "{document}"))?,
            None => session.terminal.print_json(&document)?,
        }
        written += 1;
        if session.stop.is_asked() {
            return Err(Failure::Interrupted);
        }
    }
    if let Some(file) = file {
        let path = file.finish()?;
        session.terminal.say(&format!("{} entries written to {}", count(written), path.display()));
    }
    Ok(Exit::Ok)
}
