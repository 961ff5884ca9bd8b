//! `audit show`: one entry, whole.

use audit::{Query, Sealed};
use futures::StreamExt;

use super::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view::entry::document;

/// Show one entry whole: request or response with its body, transformation, decision
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The entry's number
    number: u64,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let holding = Holding::look(&session.config()?)?;
    let Some(sealed) = entry(&holding, args.number).await? else {
        return Err(Failure::Missing {
            what: format!("there is no audit entry {}", args.number),
            hint: "`ml-connector audit search` shows the newest ones".into(),
        });
    };
    let document = document(&sealed);
    if session.terminal.json {
        session.terminal.print_json(&document)?;
    } else {
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| Failure::Internal { what: error.to_string() })?;
        session.terminal.print(&text)?;
    }
    Ok(Exit::Ok)
}

/// The entry of this number.
pub(crate) async fn entry(holding: &Holding, number: u64) -> Result<Option<Sealed>, Failure> {
    let query = Query { from: Some(number), limit: Some(1), ..Query::default() };
    let found = holding.log.read(query).next().await.transpose()?;
    Ok(found.filter(|sealed| sealed.number == number))
}
