//! `quarantine list`: the records that wait.

use super::Session;
use crate::choice::parked::ParkedFilter;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view;

/// List records that wait, oldest first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: ParkedFilter,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let parked = match Holding::look(&session.config()?) {
        Ok(holding) => holding.state.parked(&args.filter.query()).await?,
        // Nothing has been run yet, so nothing waits.
        Err(Failure::Missing { .. }) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let terminal = session.terminal;
    if terminal.json {
        for one in parked.iter().take(args.limit) {
            terminal.print_json(one)?;
        }
    } else {
        terminal.print(&view::parked::list(&parked, args.limit, session.clock.now()))?;
    }
    Ok(Exit::Ok)
}
