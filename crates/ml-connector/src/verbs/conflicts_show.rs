//! `conflicts show`: one conflict with both values, what was agreed on, who and when.

use sync_engine::ConflictQuery;

use super::Session;
use crate::choice::conflicts::sides;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view;

/// Show one conflict: both values, what both sides last agreed on, who and when
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which one, as `conflicts list` names it
    #[arg(value_name = "CONFLICT")]
    id: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let query = ConflictQuery { id: Some(args.id.clone()), settled: true, ..ConflictQuery::default() };
    let found = Holding::look(&config)?.state.conflicts(&query).await?;
    let Some(conflict) = found.into_iter().next() else {
        return Err(Failure::Missing {
            what: format!("there is no conflict `{}`", args.id),
            hint: "see `ml-connector conflicts list --settled`".into(),
        });
    };
    let sides = sides(&config, &conflict);
    let terminal = session.terminal;
    if terminal.json {
        terminal.print_json(&view::conflict::document(&conflict, &sides))?;
    } else {
        let page = view::conflict::page(&conflict, &sides, session.clock.now(), terminal.data);
        terminal.print(&page)?;
    }
    Ok(Exit::Ok)
}
