//! `record explain`: why a record is as it is.

use mapping::Key;
use serde_json::json;

use super::Session;
use crate::choice;
use crate::choice::record::RecordChoice;
use crate::connector::Connector;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

/// Say in words how a record stands: equal, to be written, filtered out, or waiting for what
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
    let words = view::record::words(&args.record.key, &explanation, session.clock.now(), terminal.data);
    if terminal.json {
        let mut document = view::record::document(&args.record.key, &explanation);
        if let Some(object) = document.as_object_mut() {
            object.insert("explanation".into(), json!(words));
        }
        terminal.print_json(&document)?;
    } else {
        terminal.print(&words.join("\n"))?;
    }
    let missing = explanation.observed.is_none() && explanation.link.is_none();
    match explanation.unread {
        Some(error) => Err(connector.failure(&flow, error)),
        None => Ok(if missing { Exit::Missing } else { Exit::Ok }),
    }
}
