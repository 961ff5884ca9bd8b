//! `mapping test`: runs the examples that lie beside mappings.

use std::path::PathBuf;

use mapping::{DeclaredMapper, Tested};
use serde_json::json;

use super::Session;
use crate::config::{ConfigError, document};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::mapping_files;
use crate::view::words::safe;

/// Run the examples beside mappings (x.tests.toml beside x.toml); no system is needed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The mappings; all of the link's folder `mappings` if none is named
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let named = !args.files.is_empty();
    let files = if named { args.files } else { mapping_files::all(&session.link)? };
    let terminal = session.terminal;
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for file in &files {
        let Some(tests) = mapping_files::tests(file)? else {
            if named {
                let hint = "write examples there: see \"Mapping tests\" in docs/mapping.md".to_owned();
                let what = format!("{} is not there", file.with_extension("tests.toml").display());
                return Err(Failure::Missing { what, hint });
            }
            terminal.say(&format!("{}: no examples beside it", file.display()));
            continue;
        };
        let text = document::read(file)?;
        let mapper = DeclaredMapper::from_toml(&text, &file.display().to_string())
            .map_err(|error| ConfigError::of_mapping(&text, &error))?;
        for tested in tests.run(&mapper, mapper.source()) {
            if tested.faults.is_empty() {
                passed += 1;
            } else {
                failed += 1;
            }
            tell(session, &tested)?;
        }
    }
    if !terminal.json {
        let counts = format!("{passed} passed, {failed} failed");
        terminal.print(&if failed == 0 {
            terminal.data.good(&counts)
        } else {
            terminal.data.bad(&counts)
        })?;
    }
    Ok(if failed == 0 { Exit::Ok } else { Exit::Config })
}

fn tell(session: &Session, tested: &Tested) -> Result<(), Failure> {
    let terminal = session.terminal;
    let Tested { name, file, line, faults } = tested;
    if terminal.json {
        return terminal.print_json(&json!({ "name": name, "file": file, "line": line, "faults": faults }));
    }
    if faults.is_empty() {
        return terminal.print(&format!("{} {}", terminal.data.good("ok    "), safe(name)));
    }
    terminal.print(&format!("{} {} ({file}:{line})", terminal.data.bad("failed"), safe(name)))?;
    faults.iter().try_for_each(|fault| terminal.print(&format!("         {}", safe(fault))))
}
