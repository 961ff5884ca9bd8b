//! `conflicts resolve`: a person decides whose value stays.

use audit::{Entry, Event, Scope};
use mapping::Side;
use serde_json::json;
use serde_json::value::to_raw_value;
use sync_engine::{Conflict, ConflictState};

use super::Session;
use crate::choice::conflicts::{ConflictFilter, sides};
use crate::config::{Config, environment};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view;
use crate::view::words::counted;

/// Decide whose value stays, for one conflict or for all that match
///
/// The next run writes it to the other side, unless either value has changed again by then: then it is
/// a new conflict.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: ConflictFilter,
    /// Whose value stays
    #[arg(long, value_name = "SYSTEM")]
    take: Winner,
    /// Every conflict
    #[arg(long)]
    all: bool,
    /// Only show which conflicts are concerned
    #[arg(long)]
    dry_run: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Whose value stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Winner {
    /// The one in IFS
    Ifs,
    /// The one in Salesforce
    Salesforce,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    args.filter.deliberate(args.all)?;
    let config = session.config()?;
    let query = args.filter.query(&config)?;
    if args.dry_run {
        let found = Holding::look(&config)?.state.conflicts(&query).await?;
        let all: Vec<_> = found.into_iter().map(|one| (one.clone(), sides(&config, &one))).collect();
        session.terminal.print(&view::conflict::list(&all, all.len(), session.clock.now()))?;
        session.terminal.say("nothing was decided (--dry-run)");
        return Ok(Exit::Ok);
    }
    let holding = Holding::borrow(&config, session).await?;
    let found = holding.state.conflicts(&query).await?;
    if found.is_empty() {
        return Err(Failure::Missing {
            what: "no open conflict matches".into(),
            hint: "see `ml-connector conflicts list`".into(),
        });
    }
    let decided: Vec<Conflict> =
        found.into_iter().map(|conflict| decided(&config, conflict, args.take, session)).collect();
    let count = decided.len() as u64;
    keep(&holding, decided, &args.reason, session).await?;
    if session.terminal.json {
        session.terminal.print_json(&json!({ "deed": "resolve", "conflicts": count }))?;
    } else {
        let what = counted(count, "conflict");
        session.terminal.print(&format!("{what} decided: the next `ml-connector run` carries it out"))?;
    }
    Ok(Exit::Ok)
}

/// Keeps decisions, the audit log first.
pub(crate) async fn keep(
    holding: &Holding,
    decided: Vec<Conflict>,
    reason: &str,
    session: &Session,
) -> Result<(), Failure> {
    holding.log.append(decided.iter().map(|conflict| entry(conflict, reason, session)).collect()).await?;
    holding.state.keep_conflicts(decided).await?;
    Ok(())
}

pub(crate) fn decided(config: &Config, conflict: Conflict, take: Winner, session: &Session) -> Conflict {
    let name = match take {
        Winner::Ifs => "ifs",
        Winner::Salesforce => "salesforce",
    };
    let winner = if sides(config, &conflict).source == name { Side::Source } else { Side::Target };
    let state = ConflictState::Decided { winner, by: environment::user(), at: session.clock.now() };
    Conflict { state, ..conflict }
}

/// What the audit log is told, before it is done.
fn entry(conflict: &Conflict, reason: &str, session: &Session) -> Entry {
    let note = json!({ "reason": reason, "conflict": conflict });
    Entry {
        at: session.clock.now(),
        scope: Scope { run: "".into(), flow: conflict.flow.as_str().into() },
        records: [conflict.key.to_string()].into_iter().collect(),
        event: Event::Operator {
            what: "conflicts.resolve".into(),
            who: environment::user(),
            note: to_raw_value(&note).unwrap_or_default(),
        },
    }
}
