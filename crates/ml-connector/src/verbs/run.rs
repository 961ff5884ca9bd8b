//! `run`: one cycle.

use mapping::Key;
use serde_json::{Value, json};
use sync_engine::Mode;

use super::Session;
use crate::choice;
use crate::connector::{Connector, Ran};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::terminal::progress::Meter;
use crate::view;

/// Carry changes over: one cycle of each flow
///
/// The first run carries everything, later ones what has changed. Killed or stopped at any moment, the next
/// run goes on without loss and without duplicates.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these flows
    #[arg(long, value_name = "NAME")]
    flow: Vec<String>,
    /// Compare everything with the target, also what seems unchanged
    #[arg(long, conflicts_with = "key")]
    full: bool,
    /// Only these records, by their key at the source
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Change as much as there is to change, whatever limits the flow's `[brakes]` set
    #[arg(long)]
    confirm: bool,
}

/// What a run or a plan covers.
pub(crate) fn mode(full: bool, keys: Vec<String>) -> Mode {
    match (full, keys.is_empty()) {
        (true, _) => Mode::Full,
        (false, true) => Mode::Changes,
        (false, false) => Mode::Keys(keys.into_iter().map(Key::new).collect()),
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let flows = if args.key.is_empty() {
        choice::flows::several(&config, &args.flow)?
    } else {
        vec![choice::flows::one(&config, args.flow.first().map(String::as_str))?]
    };
    let connector = Connector::of(config, session).await?;
    let flows = connector.in_order(&flows);
    let mode = mode(args.full, args.key);
    let mut worst = Exit::Ok;
    let mut results = Vec::new();
    for flow in flows {
        let result = cycle(&connector, (&flow, args.confirm), mode.clone(), session).await;
        let exit = match &result {
            Ok(ran) if lacking(&mode, ran) => Exit::Missing,
            Ok(ran) if ran.report.parked > 0 => Exit::Waiting,
            Ok(_) => Exit::Ok,
            Err(failure) => failure.exit(),
        };
        // A failure outweighs records that wait; the first failure decides.
        if worst == Exit::Ok || worst == Exit::Waiting && exit != Exit::Ok {
            worst = exit;
        }
        if exit == Exit::Missing {
            session.terminal.say("the source has no record of that key, or not of all of them");
        }
        results.push(told(&flow, result, session)?);
        if session.stop.is_asked() {
            break;
        }
    }
    if session.terminal.json {
        session.terminal.print_json(&json!({ "flows": results }))?;
    }
    Ok(worst)
}

/// Whether a record that was named is not there.
fn lacking(mode: &Mode, ran: &Ran) -> bool {
    matches!(mode, Mode::Keys(keys) if ran.report.read < keys.len() as u64)
}

/// Runs one flow and watches it.
pub(crate) async fn cycle(
    connector: &Connector,
    (flow, confirmed): (&str, bool),
    mode: Mode,
    session: &Session,
) -> Result<Ran, Failure> {
    let meter = Meter::new(session.terminal, session.clock.clone(), flow);
    let ran = if confirmed {
        connector.run_confirmed(flow, mode, &meter).await
    } else {
        connector.run(flow, mode, &meter).await
    };
    meter.end();
    ran
}

/// Tells what became of one flow; returns it as JSON.
fn told(flow: &str, result: Result<Ran, Failure>, session: &Session) -> Result<Value, Failure> {
    let terminal = session.terminal;
    match result {
        Ok(ran) => {
            if !terminal.json {
                terminal.print(&view::run::summary(&ran, terminal.data))?;
            }
            Ok(view::run::document(&ran))
        }
        Err(failure) => {
            // The failure stands in the one document that is written at the end.
            Terminal { json: false, ..terminal }.fail(&failure);
            let error =
                json!({ "code": failure.exit().code(), "chain": failure.chain(), "hint": failure.hint() });
            Ok(json!({ "flow": flow, "error": error }))
        }
    }
}
