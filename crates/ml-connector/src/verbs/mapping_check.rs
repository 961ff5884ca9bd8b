//! `mapping check`: holds mappings against what both systems have.

use mapping::{Finding, SchemaLock, Severity};

use super::Session;
use crate::connector::Connector;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::words::safe;
use crate::{mapping_files, schemas};

/// Hold the mappings of all flows against what both systems have; nothing is written
///
/// Each finding names the file, the line, what is wrong and what to do. A run makes the same check
/// before the first write of a mapping.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this flow
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// Ask both systems, even if there is a schema.lock
    #[arg(long, conflicts_with = "lock")]
    live: bool,
    /// Ask schema.lock only: no system is needed
    #[arg(long)]
    lock: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    if let Some(flow) = &args.flow {
        crate::choice::flows::one(&config, Some(flow.as_str()))?;
    }
    let flows = mapping_files::of_flows(&config, args.flow.as_deref())?;
    let lock = schemas::lock_file(&config);
    let pinned =
        (args.lock || (!args.live && lock.is_file())).then(|| schemas::read_lock(&lock)).transpose()?;
    let (schemas, whence): (SchemaLock, &str) = match pinned {
        Some(lock) => (lock, "schema.lock"),
        None => (Connector::of(config, session).await?.schemas(&flows).await?, "both systems"),
    };
    let findings: Vec<Finding> = flows.iter().flat_map(|flow| schemas::check(flow, &schemas)).collect();
    show(session, &findings)?;
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let mappings: usize = flows.iter().map(|flow| flow.mappings.len()).sum();
    if !session.terminal.json {
        let paint = session.terminal.data;
        let counts = format!(
            "{mappings} mappings held against {whence}: {errors} errors, {} warnings",
            findings.len() - errors
        );
        session.terminal.print(&if errors == 0 { paint.good(&counts) } else { paint.bad(&counts) })?;
    }
    Ok(if errors == 0 { Exit::Ok } else { Exit::Config })
}

/// Shows findings, each with its remedy.
pub(crate) fn show(session: &Session, findings: &[Finding]) -> Result<(), Failure> {
    let terminal = session.terminal;
    for finding in findings {
        if terminal.json {
            terminal.print_json(finding)?;
            continue;
        }
        let word = match finding.severity {
            Severity::Error => terminal.data.bad("error  "),
            _ => terminal.data.warn("warning"),
        };
        terminal.print(&format!("{word} {}", safe(&finding.to_string())))?;
        terminal
            .print(&format!("        {}", terminal.data.strong(&format!("do: {}", safe(&finding.remedy)))))?;
    }
    Ok(())
}
