//! `schema pull`: pins what both systems have.

use super::Session;
use crate::connector::Connector;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{mapping_files, schemas};

/// Pin what both systems have in schema.lock, for checks without them and for `schema diff`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let flows = mapping_files::of_flows(&config, None)?;
    let file = schemas::lock_file(&config);
    let lock = Connector::of(config, session).await?.schemas(&flows).await?;
    let text = lock.to_toml();
    let unchanged = std::fs::read_to_string(&file).is_ok_and(|known| known == text);
    if !unchanged {
        // Written beside and moved: a broken pull leaves the old lock.
        let fresh = file.with_extension("lock.new");
        std::fs::write(&fresh, &text).map_err(|error| Failure::storage(&fresh, &error))?;
        std::fs::rename(&fresh, &file).map_err(|error| Failure::storage(&file, &error))?;
    }
    let fields: usize = lock
        .systems
        .values()
        .flat_map(|schema| schema.entities.values())
        .map(|entity| entity.fields.len())
        .sum();
    let kinds: usize = lock.systems.values().map(|schema| schema.entities.len()).sum();
    let word = if unchanged { "is as it was" } else { "is written" };
    session.terminal.say(&format!(
        "{} {word}: {kinds} kinds of records, {fields} fields; keep it in Git",
        file.display()
    ));
    Ok(Exit::Ok)
}
