//! What both systems have: asked now, or pinned in `schema.lock`.

use std::path::{Path, PathBuf};

use mapping::{Finding, Purpose, SchemaLock};

use crate::config::{Config, ConfigError, System, document};
use crate::mapping_files::FlowMappings;

/// Where the schemas are pinned.
pub(crate) fn lock_file(config: &Config) -> PathBuf {
    config.folder.join("schema.lock")
}

/// Reads pinned schemas.
pub(crate) fn read_lock(file: &Path) -> Result<SchemaLock, ConfigError> {
    if !file.is_file() {
        return Err(ConfigError::new(file, "there is no such file").hint("make it: ml-connector schema pull"));
    }
    let text = document::read(file)?;
    SchemaLock::from_toml(&text, &file.display().to_string())
        .map_err(|error| ConfigError::of_mapping(&text, &error))
}

/// The name of a system in `schema.lock`.
pub(crate) fn name(system: System) -> &'static str {
    match system {
        System::Ifs => "ifs",
        System::Salesforce => "salesforce",
    }
}

/// Holds the mappings of a flow against these schemas.
pub(crate) fn check(flow: &FlowMappings, schemas: &SchemaLock) -> Vec<Finding> {
    let source = schemas.system(name(flow.file.source.system));
    let target = schemas.system(name(flow.file.target.system));
    let table = &flow.file.settings;
    let purpose = Purpose { create: table.create.unwrap_or(true), update: table.update.unwrap_or(true) };
    let held = |mapping| mapping::check(mapping, &source, &target, purpose);
    flow.mappings.iter().flat_map(held).collect()
}
