//! `status`: how things stand.

use std::collections::BTreeMap;

use connector_salesforce::EventState;
use serde_json::json;
use sync_engine::FlowStatus;

use super::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::last_failure::last_failure;
use crate::view;

/// Show how the flows stand: last run, links, open writes, waiting records
///
/// Asks neither system; works while a run is under way.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let mut failures = BTreeMap::new();
    let flows = match Holding::look(&config) {
        Ok(holding) => {
            for (name, _) in &config.flows {
                let failed = last_failure(&*holding.log, name).await;
                failures.extend(failed.map(|failed| (name.clone(), failed)));
            }
            holding.flows(&config).await?
        }
        // Nothing has been run yet: that is a state too.
        Err(Failure::Missing { .. }) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let terminal = session.terminal;
    if terminal.json {
        let names: Vec<&str> = config.flows.iter().map(|(name, _)| name.as_str()).collect();
        let state = |status: &FlowStatus| {
            Some((status.flow.clone(), EventState::of_cursor(status.cursor.as_ref()?)?))
        };
        let events: BTreeMap<String, EventState> = flows.iter().filter_map(state).collect();
        let document = json!({
            "link": config.link.name, "configured": names, "flows": flows, "failed": failures,
            "events": events,
        });
        terminal.print_json(&document)?;
    } else {
        terminal.print(&view::status::page(
            &config,
            (&flows, &failures),
            session.clock.now(),
            terminal.data,
        ))?;
    }
    Ok(Exit::Ok)
}
