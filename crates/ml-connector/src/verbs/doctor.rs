//! `doctor`: examines the link.

use sync_engine::Health;

use super::Session;
use crate::connector::Connector;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local_probe;
use crate::view;

/// Examine the link: configuration, secrets, data folder, both systems; each red line says what to do
///
/// Nothing is written to either system.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, session: &Session) -> Result<Exit, Failure> {
    let terminal = session.terminal;
    let mut all = Vec::new();
    let (config, findings) = local_probe::configuration(session);
    tell(findings, &mut all, session)?;
    if let Some(config) = config {
        tell(local_probe::folder(&config, session).await, &mut all, session)?;
        // Without secrets or with a broken mapping there is nothing to ask the systems with.
        if view::doctor::worst(&all) != Health::Red {
            match Connector::of(config, session).await {
                Ok(connector) => tell(connector.probe().await, &mut all, session)?,
                Err(Failure::Config(error)) => {
                    tell(vec![local_probe::broken("flows and mappings", &error)], &mut all, session)?;
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    if !terminal.json {
        terminal.print(&format!("\n{}", view::doctor::verdict(&all, terminal.data)))?;
    }
    Ok(if view::doctor::worst(&all) == Health::Red { Exit::Red } else { Exit::Ok })
}

/// What to do where a check knows no better.
const ANY_FIX: &str = "look at the address in link.toml and at the way to it (names, firewall, proxy), then run `ml-connector doctor` again";

/// Shows findings as they come.
fn tell(
    mut findings: Vec<sync_engine::Finding>,
    all: &mut Vec<sync_engine::Finding>,
    session: &Session,
) -> Result<(), Failure> {
    let terminal = session.terminal;
    for finding in findings.iter_mut().filter(|finding| finding.health == Health::Red) {
        finding.fix.get_or_insert_with(|| ANY_FIX.into());
    }
    for finding in &findings {
        if terminal.json {
            terminal.print_json(finding)?;
        } else {
            terminal.print(&view::doctor::line(finding, terminal.data))?;
        }
    }
    all.extend(findings);
    Ok(())
}
