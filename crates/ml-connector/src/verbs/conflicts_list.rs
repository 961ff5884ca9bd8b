//! `conflicts list`: fields that people on both sides changed.

use super::Session;
use crate::choice::conflicts::{ConflictFilter, sides};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view;

/// List fields that people on both sides changed, oldest first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: ConflictFilter,
    /// Those that are settled, too
    #[arg(long)]
    settled: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let query = sync_engine::ConflictQuery { settled: args.settled, ..args.filter.query(&config)? };
    let found = match Holding::look(&config) {
        Ok(holding) => holding.state.conflicts(&query).await?,
        // Nothing has been run yet, so nothing is in conflict.
        Err(Failure::Missing { .. }) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let all: Vec<_> = found.into_iter().map(|one| (sides(&config, &one), one)).collect();
    let terminal = session.terminal;
    if terminal.json {
        for (sides, conflict) in all.iter().take(args.limit) {
            terminal.print_json(&view::conflict::document(conflict, sides))?;
        }
        return Ok(Exit::Ok);
    }
    let all: Vec<_> = all.into_iter().map(|(sides, one)| (one, sides)).collect();
    terminal.print(&view::conflict::list(&all, args.limit, session.clock.now()))?;
    Ok(Exit::Ok)
}
