//! `record show`: both sides of one record, side by side.

use mapping::Key;

use super::Session;
use crate::choice;
use crate::choice::record::RecordChoice;
use crate::connector::Connector;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

/// Show one record: at the source, as it is mapped, and in the target; read just now
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    record: RecordChoice,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let flow = choice::flows::one(&config, args.record.flow.as_deref())?;
    let connector = Connector::of(config, session).await?;
    let explanation = connector.explain(&flow, &Key::from(args.record.key.as_str())).await?;
    let terminal = session.terminal;
    if terminal.json {
        terminal.print_json(&view::record::document(&args.record.key, &explanation))?;
    } else {
        terminal.print(&view::record::side_by_side(&args.record.key, &explanation, terminal.data))?;
    }
    let missing = explanation.observed.is_none() && explanation.link.is_none();
    match explanation.unread {
        Some(error) => Err(connector.failure(&flow, error)),
        None => Ok(if missing { Exit::Missing } else { Exit::Ok }),
    }
}
