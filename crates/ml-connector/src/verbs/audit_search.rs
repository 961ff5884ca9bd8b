//! `audit search`: finds entries.

use futures::StreamExt;

use super::Session;
use crate::choice::entries::AuditFilter;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view::entry::{document, gist, shorten};
use crate::view::words::moment;

/// Find what happened: by record, run, flow, kind or time; the newest entries unless --oldest is said
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: AuditFilter,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u64,
    /// The oldest ones instead of the newest
    #[arg(long)]
    oldest: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let mut query = args.filter.query(session.clock.now())?;
    query.limit = Some(args.limit);
    query.newest = !args.oldest;
    let holding = Holding::look(&session.config()?)?;
    let mut entries = holding.log.read(query);
    let mut shown = 0_u64;
    while let Some(sealed) = entries.next().await {
        let sealed = sealed?;
        shown += 1;
        if session.terminal.json {
            session.terminal.print_json(&document(&sealed))?;
            continue;
        }
        let entry = &sealed.entry;
        let about = match &*entry.records {
            [] => String::new(),
            [one] => format!("  [{}]", shorten(one, 40)),
            many => format!("  [{} records]", many.len()),
        };
        let paint = session.terminal.data;
        let number = paint.strong(&format!("{:>8}", sealed.number));
        let run = paint.faint(&format!("{:<9} {}", &*entry.scope.flow, moment(entry.at)));
        session.terminal.print(&format!("{number}  {run}  {}{about}", gist(&entry.event)))?;
    }
    if shown == 0 && !session.terminal.json {
        session.terminal.say("no entry matches");
    }
    Ok(Exit::Ok)
}
