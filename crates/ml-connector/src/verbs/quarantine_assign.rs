//! `quarantine assign`: who looks after waiting records.

use audit::{Entry, Event, Scope};
use serde_json::json;
use serde_json::value::to_raw_value;
use sync_engine::{Annotation, Parked};

use super::Session;
use crate::choice::parked::ParkedFilter;
use crate::config::environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view::words::counted;

/// Note on waiting records who looks after them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: ParkedFilter,
    /// Every record that waits
    #[arg(long)]
    all: bool,
    /// Who; an empty text takes the name away
    #[arg(long, value_name = "TEXT")]
    to: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    args.filter.deliberate(args.all)?;
    let note = Annotation { assigned: Some(args.to.clone()), amended: None };
    let detail = json!({ "to": args.to });
    let met = annotate(&args.filter, &note, ("quarantine.assign", detail), session).await?;
    if session.terminal.json {
        session.terminal.print_json(&json!({ "deed": "assign", "records": met }))?;
    } else {
        session.terminal.print(&format!("{} assigned", counted(met, "record")))?;
    }
    Ok(Exit::Ok)
}

/// Writes a note down, on record first.
pub(crate) async fn annotate(
    filter: &ParkedFilter,
    note: &Annotation,
    (what, detail): (&str, serde_json::Value),
    session: &Session,
) -> Result<u64, Failure> {
    let holding = Holding::borrow(&session.config()?, session).await?;
    let query = filter.query();
    let parked = holding.state.parked(&query).await?;
    if parked.is_empty() {
        return Err(Failure::Missing {
            what: "no waiting record matches".into(),
            hint: "see `ml-connector quarantine list`".into(),
        });
    }
    let entry = |one: &Parked| Entry {
        at: session.clock.now(),
        scope: Scope { run: "".into(), flow: one.flow.as_str().into() },
        records: [one.key.to_string()].into_iter().collect(),
        event: Event::Operator {
            what: what.into(),
            who: environment::user(),
            note: to_raw_value(&detail).unwrap_or_default(),
        },
    };
    holding.log.append(parked.iter().map(entry).collect()).await?;
    Ok(holding.state.annotate_parked(&query, note).await?)
}
