//! `calendar next`: the coming runs and why.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Session;
use crate::choice;
use crate::config::calendar_files;
use crate::daemon::memory::Memory;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;
use crate::view::calendar::coming;

/// Show the coming runs, why each takes place, and what it waits for
///
/// It is worked out from the configuration, the calendar and what the daemon remembers of the last runs; asks
/// neither system.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these flows
    #[arg(long, value_name = "NAME")]
    flow: Vec<String>,
    /// So many of each flow
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    count: usize,
    /// As if it were this time, such as `2026-12-24T12:00:00Z`; now if left out
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let now = args.at.unwrap_or_else(|| session.clock.now());
    let calendar = calendar_files::calendar(&config, now)?;
    let chosen = choice::flows::several(&config, &args.flow)?;
    let memory: BTreeMap<_, _> = Memory::load(&config.data_folder()).flows;
    let mut all = Vec::new();
    for (name, file) in config.flows.iter().filter(|(name, _)| chosen.contains(name)) {
        let memory = memory.get(name).cloned().unwrap_or_default();
        all.extend(coming((name, file), &calendar, &memory, now, args.count));
    }
    all.sort_by_key(|one| one.plan.at);
    let terminal = session.terminal;
    if terminal.json {
        for one in &all {
            terminal.print_json(one)?;
        }
    } else {
        terminal.print(&view::calendar::list(&all, calendar.zone()))?;
    }
    Ok(Exit::Ok)
}
