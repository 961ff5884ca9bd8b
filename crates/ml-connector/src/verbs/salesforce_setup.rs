//! `salesforce setup`: what the org lacks for the configured flows, and making it.

use std::path::{Path, PathBuf};

use connector_salesforce::setup::{Gap, metadata};
use serde_json::json;
use sync_engine::{Fault, FaultClass};

use super::Session;
use crate::connector::Opening;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::words::counted;
use crate::wiring::OrgSetup;

/// Show what Salesforce lacks for the configured flows: fields, rights, channel; with --apply, make it
///
/// Custom fields, a permission set with exactly the mapped fields, and the channel of change events are
/// deployed as metadata, after a dry run that changes nothing. It can be done again at any time. Whoever
/// changes the org needs more rights than the integration user: name an app of an administrator in
/// [salesforce.admin] of link.toml, or give the folder of --export to somebody who deploys it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Make what is lacking
    #[arg(long)]
    apply: bool,
    /// Write the metadata of everything that is needed into this folder instead, for other tools
    #[arg(long, value_name = "FOLDER", conflicts_with = "apply")]
    export: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let opening = Opening {
        mappers: session.mappers.clone(),
        stop: session.stop.clone(),
        clock: session.clock.clone(),
        entropy: session.entropy.clone(),
    };
    if let Some(folder) = &args.export {
        return export(&OrgSetup::wanted(&config, &opening)?, folder, session);
    }
    if args.apply {
        may_change(&config)?;
    }
    let setup = OrgSetup::open(&config, &opening, session).await?;
    let gaps = setup.setup.survey().await.map_err(|fault| failed(&fault))?;
    let left = if args.apply { mend(&setup, &gaps, session).await? } else { gaps };
    show(&left, args.apply, session)?;
    Ok(if left.is_empty() { Exit::Ok } else { Exit::Red })
}

/// Makes what can be made; what is lacking afterwards.
async fn mend(setup: &OrgSetup, gaps: &[Gap], session: &Session) -> Result<Vec<Gap>, Failure> {
    let terminal = session.terminal;
    let makes: Vec<Gap> = gaps.iter().filter(|gap| gap.can_be_mended()).cloned().collect();
    let done = setup.setup.apply(&makes).await.map_err(|fault| failed(&fault))?;
    for what in &done {
        if terminal.json {
            terminal.print_json(&json!({ "done": what }))?;
        } else {
            terminal.print(what)?;
        }
    }
    setup.setup.survey().await.map_err(|fault| failed(&fault))
}

fn show(gaps: &[Gap], applied: bool, session: &Session) -> Result<(), Failure> {
    let terminal = session.terminal;
    for gap in gaps {
        if terminal.json {
            terminal.print_json(gap)?;
        } else {
            terminal.print(&format!("lacks {gap}"))?;
        }
    }
    let count = u64::try_from(gaps.len()).unwrap_or(u64::MAX);
    if gaps.is_empty() {
        terminal.say("the org has everything that the flows need");
    } else if applied {
        terminal.say(&format!("{} left: people have to decide about them", counted(count, "thing")));
    } else {
        terminal.say(&format!(
            "{} lacking; `{} salesforce setup --apply` makes what can be made",
            counted(count, "thing"),
            session.program
        ));
    }
    Ok(())
}

/// Writes the metadata of what is wanted.
fn export(wanted: &connector_salesforce::Wanted, folder: &Path, session: &Session) -> Result<Exit, Failure> {
    let files = metadata(wanted);
    for (path, content) in &files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(|error| Failure::storage(parent, &error))?;
        std::fs::write(&path, content).map_err(|error| Failure::storage(&path, &error))?;
        session.terminal.print(&path.display().to_string())?;
    }
    session.terminal.say("deploy it with: sf project deploy start --metadata-dir FOLDER");
    Ok(Exit::Ok)
}

/// Orgs other than a sandbox on this machine are changed only if the configuration says so.
fn may_change(config: &crate::config::Config) -> Result<(), Failure> {
    if config.link.live || config.link.salesforce.url.is_loopback() {
        return Ok(());
    }
    Err(Failure::Usage {
        what: "`live` is not true in link.toml: nothing but this machine itself is changed".into(),
        hint: "set live = true, or let an administrator deploy the folder of --export".into(),
    })
}

fn failed(fault: &Fault) -> Failure {
    let exit = match fault.class {
        FaultClass::Transient | FaultClass::Throttle | FaultClass::Quota => Exit::Unreachable,
        FaultClass::Auth | FaultClass::Access => Exit::Refused,
        _ => Exit::Answer,
    };
    let hint =
        fault.hint.clone().unwrap_or_else(|| "look at the whole exchange: ml-connector audit search".into());
    Failure::System { system: "salesforce", what: fault.to_string(), exit, hint }
}
