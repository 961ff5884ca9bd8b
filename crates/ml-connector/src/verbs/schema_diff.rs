//! `schema diff`: what has changed since the schemas were pinned, and whom that concerns.

use mapping::{DeclaredMapper, Drift, Severity, drift};

use super::{Session, mapping_check};
use crate::connector::Connector;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::words::safe;
use crate::{mapping_files, schemas};

/// Show what has changed in both systems since schema.lock, and which mappings that concerns
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let flows = mapping_files::of_flows(&config, None)?;
    let pinned = schemas::read_lock(&schemas::lock_file(&config))?;
    let live = Connector::of(config, session).await?.schemas(&flows).await?;
    let mappings: Vec<&DeclaredMapper> = flows.iter().flat_map(|flow| &flow.mappings).collect();
    let terminal = session.terminal;
    let (mut all, mut concerned) = (0, 0);
    let systems: std::collections::BTreeSet<&String> =
        pinned.systems.keys().chain(live.systems.keys()).collect();
    for system in systems {
        for one in drift(&pinned.system(system), &live.system(system), &mappings) {
            all += 1;
            concerned += usize::from(!one.concerns.is_empty());
            if terminal.json {
                terminal.print_json(&one)?;
            } else {
                terminal.print(&text(system, &one))?;
            }
        }
    }
    // What the change leads to: findings that the pinned schemas did not have.
    let before: Vec<_> = flows.iter().flat_map(|flow| schemas::check(flow, &pinned)).collect();
    let after = flows.iter().flat_map(|flow| schemas::check(flow, &live));
    let fresh: Vec<_> = after.filter(|finding| !before.contains(finding)).collect();
    mapping_check::show(session, &fresh)?;
    let broken = fresh.iter().any(|finding| finding.severity == Severity::Error);
    if !terminal.json {
        let paint = terminal.data;
        let counts = format!("{all} differences since schema.lock, {concerned} of them concern a mapping");
        terminal.print(&match (all, broken) {
            (0, _) => paint.good("nothing has changed since schema.lock"),
            (_, true) => paint.bad(&counts),
            _ => paint.warn(&counts),
        })?;
    }
    Ok(if broken { Exit::Config } else { Exit::Ok })
}

fn text(system: &str, drift: &Drift) -> String {
    let field = drift.field.as_ref().map(|field| format!(".{field}")).unwrap_or_default();
    let what = match (&drift.pinned, &drift.live) {
        (Some(was), Some(is)) => format!("was {was}\n    is  {is}"),
        (None, Some(is)) => format!("is new: {is}"),
        (Some(was), None) => format!("is gone: {was}"),
        (None, None) => String::new(),
    };
    let concerns = if drift.concerns.is_empty() {
        "concerns no mapping".to_owned()
    } else {
        format!("concerns {}", drift.concerns.join(", "))
    };
    safe(&format!("{system} {}{field} {what}\n    {concerns}", drift.entity))
}
