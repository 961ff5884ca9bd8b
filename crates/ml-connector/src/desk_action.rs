//! What a person decides about waiting records: shown first, on record, then done.

use audit::{Entry, Event, Scope};
use serde_json::json;
use serde_json::value::to_raw_value;
use sync_engine::Parked;

use crate::choice::parked::ParkedFilter;
use crate::config::environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::verbs::Session;
use crate::view;
use crate::view::words::counted;

/// What to decide, and why.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Decision {
    #[command(flatten)]
    pub(crate) filter: ParkedFilter,
    /// Every record that waits
    #[arg(long)]
    pub(crate) all: bool,
    /// Only show which records are concerned
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Take them up with the next run.
    Retry,
    /// Forget them until their source record changes.
    Discard,
}

/// How many keys one audit entry names.
const KEYS: usize = 1000;

/// Carries a decision out.
pub(crate) async fn decide(
    decision: &Decision,
    deed: Deed,
    reason: &str,
    session: &Session,
) -> Result<Exit, Failure> {
    decision.filter.deliberate(decision.all)?;
    let config = session.config()?;
    let query = decision.filter.query();
    if decision.dry_run {
        let parked = Holding::look(&config)?.state.parked(&query).await?;
        show(&parked, session)?;
        return Ok(Exit::Ok);
    }
    let holding = Holding::borrow(&config, session).await?;
    let parked = holding.state.parked(&query).await?;
    if parked.is_empty() {
        return Err(Failure::Missing {
            what: "no waiting record matches".into(),
            hint: "see `ml-connector quarantine list`".into(),
        });
    }
    let now = session.clock.now();
    holding.log.append(entries(&parked, deed, reason, session)).await?;
    let (done, what) = match deed {
        Deed::Retry => (holding.state.release_parked(&query, now).await?, "retry"),
        Deed::Discard => (holding.state.discard_parked(&query).await?, "discard"),
    };
    tell(done, what, deed, session)
}

fn show(parked: &[Parked], session: &Session) -> Result<(), Failure> {
    if session.terminal.json {
        return parked.iter().try_for_each(|one| session.terminal.print_json(one));
    }
    session.terminal.print(&view::parked::list(parked, parked.len(), session.clock.now()))?;
    session.terminal.say("nothing was changed (--dry-run)");
    Ok(())
}

fn tell(done: u64, what: &str, deed: Deed, session: &Session) -> Result<Exit, Failure> {
    if session.terminal.json {
        session.terminal.print_json(&json!({ "deed": what, "records": done }))?;
        return Ok(Exit::Ok);
    }
    let text = match deed {
        Deed::Retry => format!("{} due: the next `ml-connector run` takes them up", counted(done, "record")),
        Deed::Discard => format!(
            "{} forgotten: they come back when their source record changes, or with `ml-connector run --full`",
            counted(done, "record")
        ),
    };
    session.terminal.print(&text)?;
    Ok(Exit::Ok)
}

/// What the audit log is told, before it is done.
fn entries(parked: &[Parked], deed: Deed, reason: &str, session: &Session) -> Vec<Entry> {
    let what = match deed {
        Deed::Retry => "quarantine.retry",
        Deed::Discard => "quarantine.discard",
    };
    parked
        .chunk_by(|left, right| left.flow == right.flow)
        .flat_map(|of_flow| of_flow.chunks(KEYS))
        .map(|chunk| {
            let flow = chunk.first().map(|one| one.flow.as_str()).unwrap_or_default();
            let note = to_raw_value(&json!({ "reason": reason })).unwrap_or_default();
            Entry {
                at: session.clock.now(),
                scope: Scope { run: "".into(), flow: flow.into() },
                records: chunk.iter().map(|one| one.key.as_str().to_owned()).collect(),
                event: Event::Operator { what: what.into(), who: environment::user(), note },
            }
        })
        .collect()
}
