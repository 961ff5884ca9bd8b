//! `quarantine show`: one record that waits.

use mapping::Key;
use sync_engine::ParkedQuery;

use super::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view;

/// Show why a record waits, and its way out
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The record, by its key at the source
    key: String,
    /// Only in this flow
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let holding = Holding::look(&session.config()?)?;
    let query =
        ParkedQuery { flow: args.flow, key: Some(Key::from(args.key.as_str())), ..ParkedQuery::default() };
    let parked = holding.state.parked(&query).await?;
    if parked.is_empty() {
        return Err(Failure::Missing {
            what: format!("no record `{}` waits", args.key),
            hint: "see `ml-connector quarantine list`".into(),
        });
    }
    let terminal = session.terminal;
    for one in &parked {
        if terminal.json {
            terminal.print_json(one)?;
        } else {
            terminal.print(&view::parked::page(one, session.clock.now(), terminal.data))?;
        }
    }
    Ok(Exit::Ok)
}
