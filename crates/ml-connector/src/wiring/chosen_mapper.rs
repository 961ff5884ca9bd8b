//! The mapper of a flow: read from a file, or brought along by the program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mapping::{DeclaredMapper, FieldName, Mapper, Ownership, TargetField};

use crate::config::nearest::nearest;
use crate::config::{Config, ConfigError, FlowFile, MappingRef, document};
use crate::mappers::Mappers;

/// A flow's mapper, and what can be said about it beforehand.
#[derive(Debug, Clone)]
pub(crate) struct ChosenMapper {
    /// The mapper.
    pub(crate) mapper: Arc<dyn Mapper>,
    /// Who decides single fields.
    pub(crate) owners: BTreeMap<FieldName, Ownership>,
    /// What it looks at; unknown for mappers of the program.
    pub(crate) reads: BTreeSet<String>,
    /// What it writes; unknown for mappers of the program.
    pub(crate) writes: Vec<TargetField>,
}

/// The mapper of the flow `name`.
pub(crate) fn choose(
    config: &Config,
    name: &str,
    file: &FlowFile,
    custom: &Mappers,
) -> Result<ChosenMapper, ConfigError> {
    match &file.mapping {
        MappingRef::Custom(wanted) => brought(config, name, wanted, custom),
        MappingRef::File(path) => {
            let path = config.folder.join(path);
            let text = document::read(&path)?;
            let declared = DeclaredMapper::from_toml(&text, &path.display().to_string())
                .map_err(|error| ConfigError::of_mapping(&text, &error))?;
            ends_agree(config, name, file, &declared)?;
            let (owners, reads, writes) = (declared.policy().owners, declared.reads(), declared.writes());
            Ok(ChosenMapper { mapper: Arc::new(declared), owners, reads, writes })
        }
    }
}

fn brought(config: &Config, name: &str, wanted: &str, custom: &Mappers) -> Result<ChosenMapper, ConfigError> {
    let Some(mapper) = custom.get(wanted) else {
        let hint = match nearest(wanted, custom.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "this program brings no such mapper; name a file instead: mapping = { file = \"…\" }".into()
            }
        };
        return Err(ConfigError::new(
            config.flow_file(name),
            format!("there is no custom mapper `{wanted}`"),
        )
        .hint(hint));
    };
    Ok(ChosenMapper { mapper, owners: BTreeMap::new(), reads: BTreeSet::new(), writes: Vec::new() })
}

/// The mapping must read what the source gives and write what the target takes.
fn ends_agree(
    config: &Config,
    name: &str,
    file: &FlowFile,
    mapper: &DeclaredMapper,
) -> Result<(), ConfigError> {
    for (end, says, entity) in
        [("source", mapper.source(), &file.source.entity), ("target", mapper.target(), &file.target.entity)]
    {
        if says.as_str() != entity {
            return Err(ConfigError::new(
                config.flow_file(name),
                format!("{end}.entity is `{entity}`, but the mapping is made for `{says}`"),
            )
            .hint(format!("write {end}.entity = \"{says}\", or choose another mapping")));
        }
    }
    Ok(())
}
