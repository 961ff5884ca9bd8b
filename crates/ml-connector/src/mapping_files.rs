//! The mapping files of a link, and the flows that use them.

use std::path::{Path, PathBuf};

use mapping::{DeclaredMapper, Entity, MappingTests};

use crate::config::{Config, ConfigError, FlowFile, MappingRef, System, document};

/// The mappings of one flow.
#[derive(Debug, Clone)]
pub(crate) struct FlowMappings {
    /// Its file.
    pub(crate) file: FlowFile,
    /// Its mappings, in their order; none if it uses a mapper of the program.
    pub(crate) mappings: Vec<DeclaredMapper>,
}

/// The mappings of all flows, or of one.
pub(crate) fn of_flows(config: &Config, flow: Option<&str>) -> Result<Vec<FlowMappings>, ConfigError> {
    let wanted = config.flows.iter().filter(|(name, _)| flow.is_none_or(|flow| flow == name));
    wanted
        .map(|(_, file)| {
            let mappings = paths(file).iter().map(|path| read(config, path)).collect::<Result<_, _>>()?;
            Ok(FlowMappings { file: file.clone(), mappings })
        })
        .collect()
}

/// The mapping files of a flow.
pub(crate) fn paths(file: &FlowFile) -> Vec<PathBuf> {
    match &file.mapping {
        MappingRef::File(path) => vec![path.clone()],
        MappingRef::Files(paths) => paths.clone(),
        MappingRef::Custom(_) => Vec::new(),
    }
}

/// Reads one mapping, whose path is relative to the link's folder.
pub(crate) fn read(config: &Config, path: &Path) -> Result<DeclaredMapper, ConfigError> {
    let path = config.folder.join(path);
    let text = document::read(&path)?;
    DeclaredMapper::from_toml(&text, &path.display().to_string())
        .map_err(|error| ConfigError::of_mapping(&text, &error))
}

/// The tests that lie beside a mapping: `x.tests.toml` beside `x.toml`; none if there is no such file.
pub(crate) fn tests(path: &Path) -> Result<Option<MappingTests>, ConfigError> {
    let path = path.with_extension("tests.toml");
    if !path.is_file() {
        return Ok(None);
    }
    let text = document::read(&path)?;
    let tests = MappingTests::from_toml(&text, &path.display().to_string());
    tests.map(Some).map_err(|error| ConfigError::of_mapping(&text, &error))
}

/// All files of the folder `mappings` that are mappings, in order of their names.
pub(crate) fn all(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folder = folder.join("mappings");
    let failed = |error: std::io::Error| ConfigError::new(&folder, format!("cannot be read: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ends = |path: &Path, end: &str| path.extension().is_some_and(|own| own == end);
        let examples = path.file_stem().is_some_and(|stem| ends(Path::new(stem), "tests"));
        if ends(&path, "toml") && !examples {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl FlowMappings {
    /// The kinds of records that it looks at in a system, read or written.
    pub(crate) fn entities(&self, system: System) -> Vec<Entity> {
        let mut all: Vec<Entity> = Vec::new();
        if self.file.source.system == system {
            all.push(Entity::from(self.file.source.entity.as_str()));
        }
        if self.file.target.system == system {
            all.push(Entity::from(self.file.target.entity.as_str()));
            for mapping in &self.mappings {
                all.extend(mapping.targets());
            }
        }
        all.sort();
        all.dedup();
        all
    }
}
