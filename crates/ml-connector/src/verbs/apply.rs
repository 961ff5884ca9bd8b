//! `apply`: carries a saved plan out.

use std::path::PathBuf;

use serde_json::json;

use super::Session;
use crate::connector::Connector;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::plan_file::SavedPlan;
use crate::terminal::progress::Meter;
use crate::view;
use crate::view::words::{counted, safe};

/// Carry a saved plan out; refuses what has moved since
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The plan, as `ml-connector plan --out FILE` saved it
    plan: PathBuf,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let plan = SavedPlan::read(&args.plan)?;
    let config = session.config()?;
    if plan.header.link != config.fingerprint() {
        return Err(Failure::Moved {
            what: "the plan was made for another link, or its addresses have changed".into(),
        });
    }
    let connector = Connector::of(config, session).await?;
    let flow = plan.header.flow.clone();
    let mapper = connector.flow(&flow)?.parts().mapper.name();
    if mapper != plan.header.mapper {
        let what = format!("the plan was made by the mapping {}; now it is {mapper}", plan.header.mapper);
        return Err(Failure::Moved { what });
    }
    let meter = Meter::new(session.terminal, session.clock.clone(), &format!("applying {flow}"));
    let applied = connector.apply(&flow, plan.records, &meter).await;
    meter.end();
    let (ran, moved) = applied?;
    let terminal = session.terminal;
    if terminal.json {
        terminal.print_json(&json!({ "applied": view::run::document(&ran), "moved": moved }))?;
    } else {
        for one in &moved {
            let key = terminal.data.strong(&safe(one.key.as_str()));
            terminal.print(&format!("{} {key}  {}", terminal.data.warn("moved "), safe(&one.reason)))?;
        }
        terminal.print(&view::run::summary(&ran, terminal.data))?;
    }
    if !moved.is_empty() {
        let number = u64::try_from(moved.len()).unwrap_or(u64::MAX);
        terminal
            .say(&format!("{} left alone: plan again to see how they look now", counted(number, "record")));
        return Ok(Exit::Moved);
    }
    Ok(if ran.report.parked > 0 { Exit::Waiting } else { Exit::Ok })
}
