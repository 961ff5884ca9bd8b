//! `record timeline`: what happened to one record.

use audit::{Event, Query, Sealed};
use futures::TryStreamExt;

use super::{Session, audit_show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view;

/// Tell what happened to a record, in the order of time: read, mapped, looked up, decided, written
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The record, by its key at the source
    key: String,
    /// Only in this flow
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// At most so many entries, the newest ones
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    limit: u64,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let holding = Holding::look(&session.config()?)?;
    let entries = entries(&holding, &args.key, args.flow, args.limit).await?;
    if entries.is_empty() {
        return Err(Failure::Missing {
            what: format!("nothing is on record about `{}`", args.key),
            hint: "keys are written as in the source; `ml-connector audit search` shows some".into(),
        });
    }
    let story = view::timeline::story(&args.key, entries);
    if session.terminal.json {
        return story
            .iter()
            .try_for_each(|line| session.terminal.print_json(&view::timeline::document(line)))
            .map(|()| Exit::Ok);
    }
    session.terminal.print(&view::timeline::page(&story, session.terminal.data))?;
    session.terminal.say("each number is an audit entry: ml-connector audit show NUMBER");
    Ok(Exit::Ok)
}

/// Everything about the record, and the exchanges that it was read from.
pub(crate) async fn entries(
    holding: &Holding,
    key: &str,
    flow: Option<String>,
    limit: u64,
) -> Result<Vec<Sealed>, Failure> {
    let query =
        Query { record: Some(key.to_owned()), flow, limit: Some(limit), newest: true, ..Query::default() };
    let mut entries: Vec<Sealed> = holding.log.read(query).try_collect().await?;
    for number in view::timeline::evidence(&entries) {
        let Some(answer) = audit_show::entry(holding, number).await? else { continue };
        if let Event::Answered { asked, .. } = answer.entry.event {
            entries.extend(audit_show::entry(holding, asked).await?);
        }
        entries.push(answer);
    }
    Ok(entries)
}
