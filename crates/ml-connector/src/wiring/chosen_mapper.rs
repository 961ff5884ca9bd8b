//! The mapper of a flow: read from files, or brought along by the program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mapping::{
    CombinedMapper, DeclaredMapper, Entity, FieldName, KindPolicy, Mapper, Ownership, TargetField,
};

use crate::config::nearest::nearest;
use crate::config::{Config, ConfigError, FlowFile, MappingRef};
use crate::mappers::Mappers;
use crate::mapping_files::read;

/// A flow's mapper, and what can be said about it beforehand.
#[derive(Debug, Clone)]
pub(crate) struct ChosenMapper {
    /// The mapper.
    pub(crate) mapper: Arc<dyn Mapper>,
    /// Who decides the fields of each kind of records; of mappers of the program the source does.
    pub(crate) kinds: BTreeMap<Entity, KindPolicy>,
    /// What it looks at; unknown for mappers of the program.
    pub(crate) reads: BTreeSet<String>,
    /// What it writes, by the kind of record, child records among them; of mappers of the program only
    /// the flow's own target is known.
    pub(crate) writes: BTreeMap<Entity, Vec<TargetField>>,
}

/// The mapper of the flow `name`.
pub(crate) fn choose(
    config: &Config,
    name: &str,
    file: &FlowFile,
    custom: &Mappers,
) -> Result<ChosenMapper, ConfigError> {
    match &file.mapping {
        MappingRef::Custom(wanted) => brought(config, (name, file), wanted, custom),
        MappingRef::File(path) => {
            let declared = read(config, path)?;
            declared_mapper(config, (name, file), vec![declared])
        }
        MappingRef::Files(paths) if paths.is_empty() => {
            Err(ConfigError::new(config.flow_file(name), "mapping.files names no file")
                .hint("name one file for each kind of record that the flow writes"))
        }
        MappingRef::Files(paths) => {
            let all = paths.iter().map(|path| read(config, path)).collect::<Result<_, _>>()?;
            declared_mapper(config, (name, file), all)
        }
    }
}

/// The mapper that these mappings are together.
fn declared_mapper(
    config: &Config,
    (name, file): (&str, &FlowFile),
    all: Vec<DeclaredMapper>,
) -> Result<ChosenMapper, ConfigError> {
    ends_agree(config, name, file, &all)?;
    let kinds = kinds(config, name, &all)?;
    let reads = all.iter().flat_map(DeclaredMapper::reads).collect();
    let mut writes: BTreeMap<Entity, Vec<TargetField>> = BTreeMap::new();
    for one in &all {
        writes.entry(one.target().clone()).or_default().extend(one.writes());
        for list in one.writes_lists() {
            writes.entry(list.entity).or_default().extend(list.fields);
        }
    }
    let mut parts: Vec<Arc<dyn Mapper>> = Vec::with_capacity(all.len());
    parts.extend(all.into_iter().map(|one| Arc::new(one) as Arc<dyn Mapper>));
    let mapper = match parts.as_slice() {
        [only] => only.clone(),
        _ => Arc::new(CombinedMapper::new(parts)),
    };
    Ok(ChosenMapper { mapper, kinds, reads, writes })
}

/// Who decides which field of which kind of records; mappings of one kind must agree.
fn kinds(
    config: &Config,
    name: &str,
    all: &[DeclaredMapper],
) -> Result<BTreeMap<Entity, KindPolicy>, ConfigError> {
    let mut stated: BTreeMap<(Entity, FieldName), (Ownership, &str)> = BTreeMap::new();
    let mut kinds: BTreeMap<Entity, KindPolicy> = BTreeMap::new();
    for one in all {
        let (entity, decided) = (one.target(), one.owners());
        let lists = one.writes_lists().into_iter().map(|list| list.name);
        for field in one.writes().into_iter().map(|field| field.name).chain(lists) {
            let owner = decided.get(&field).copied().unwrap_or_default();
            let said = stated.entry((entity.clone(), field.clone())).or_insert((owner, one.file()));
            let (known, other) = *said;
            if known != owner {
                let reason =
                    format!("`{field}` of {entity} has one owner in {other} and another in {}", one.file());
                return Err(ConfigError::new(config.flow_file(name), reason)
                    .hint(format!("give the field the same `owner` in all mappings to {entity}")));
            }
        }
        let kind = kinds.entry(entity.clone()).or_default();
        kind.owners.extend(decided);
        kind.rules.extend(one.rules());
    }
    Ok(kinds)
}

fn brought(
    config: &Config,
    (name, file): (&str, &FlowFile),
    wanted: &str,
    custom: &Mappers,
) -> Result<ChosenMapper, ConfigError> {
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
    let writes = BTreeMap::from([(Entity::from(file.target.entity.as_str()), Vec::new())]);
    Ok(ChosenMapper { mapper, kinds: BTreeMap::new(), reads: BTreeSet::new(), writes })
}

/// Every mapping must read what the source gives, and one of them write what the flow says it does.
fn ends_agree(
    config: &Config,
    name: &str,
    file: &FlowFile,
    all: &[DeclaredMapper],
) -> Result<(), ConfigError> {
    let wrong = |end: &str, entity: &str, says: &Entity| {
        let reason = format!("{end}.entity is `{entity}`, but the mapping is made for `{says}`");
        let hint = format!("write {end}.entity = \"{says}\", or choose another mapping");
        Err(ConfigError::new(config.flow_file(name), reason).hint(hint))
    };
    let (source, target) = (&file.source.entity, &file.target.entity);
    if let Some(other) = all.iter().find(|one| one.source().as_str() != source) {
        return wrong("source", source, other.source());
    }
    match all.first() {
        Some(first) if all.iter().all(|one| one.target().as_str() != target) => {
            wrong("target", target, first.target())
        }
        _ => Ok(()),
    }
}
