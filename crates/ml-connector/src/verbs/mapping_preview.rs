//! `mapping preview`: one real record before and after.

use serde_json::json;
use sync_engine::Observation;

use super::Session;
use crate::choice;
use crate::connector::Connector;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

/// Show one real record before and after its mapping; only the source is asked, nothing is written
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The flow; may be left out if there is only one
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// The record's key at the source
    #[arg(long, value_name = "KEY")]
    key: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let flow = choice::flows::one(&config, args.flow.as_deref())?;
    let connector = Connector::of(config, session).await?;
    let terminal = session.terminal;
    let Some(observation) = connector.fetch(&flow, &args.key).await? else {
        let what = format!("the source has no record {}", args.key);
        return Err(Failure::Missing {
            what,
            hint: "look at the key; `ml-connector status` names the flows".into(),
        });
    };
    let change = match observation {
        Observation::Change(change) => change,
        Observation::Unreadable(row) => {
            terminal.print(&format!("{} cannot be read: {}\n{}", row.key, row.fault, row.raw))?;
            return Ok(Exit::Config);
        }
    };
    let made = connector.flow(&flow)?.parts().mapper.map(&change);
    if terminal.json {
        let (mapped, error) = match &made {
            Ok(mapped) => (Some(mapped), None),
            Err(error) => {
                (None, Some(json!({ "field": error.field, "reason": error.reason, "hint": error.hint })))
            }
        };
        terminal.print_json(&json!({ "source": change, "mapped": mapped, "error": error }))?;
    } else {
        terminal.print(&view::mapping::page(&change, made.as_ref(), terminal.data))?;
    }
    Ok(if made.is_ok() { Exit::Ok } else { Exit::Config })
}
