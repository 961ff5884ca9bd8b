//! Builds the flows of a link: transports, tokens, sources, mappers, sinks.

use std::collections::BTreeMap;
use std::sync::Arc;

use audit::{Scope, ScopeCell};
use sync_engine::{Flow, FlowParts};
use tokio::sync::Mutex;

use crate::config::{Config, ConfigError, FlowFile, System};
use crate::connector::{Connector, Opening};
use crate::failure::Failure;
use crate::holding::Holding;
use crate::mappers::Mappers;
use crate::stop::Stoppable;

mod call_counts;
mod chosen_mapper;
mod guarded_log;
mod ifs;
mod salesforce;
mod system_stack;

pub(crate) use call_counts::{CallCounts, Counted};
use chosen_mapper::ChosenMapper;
pub(crate) use guarded_log::GuardedLog;
use ifs::Ifs;
use salesforce::Salesforce;
use system_stack::Shared;

/// Everything of a link, put together.
pub(crate) fn assemble(config: Config, opening: Opening) -> Result<Connector, Failure> {
    // Mappings and secrets first: what is wrong with them must not leave an empty data folder.
    let mappers = mappers(&config, &opening.mappers)?;
    config.ifs_secret()?;
    config.salesforce_secret()?;
    let holding = Holding::open(&config)?;
    let log = Arc::new(GuardedLog::new(holding.log.clone()));
    let scope = Arc::new(ScopeCell::new(Scope::default()));
    let calls = CallCounts::default();
    let shared = Shared {
        log: log.clone(),
        scope: scope.clone(),
        calls: calls.clone(),
        clock: opening.clock.clone(),
        entropy: opening.entropy.clone(),
    };
    let ifs = Ifs::new(&config, &shared)?;
    let salesforce = Salesforce::new(&config, &shared)?;
    let mut flows = BTreeMap::new();
    let mut probes = Vec::new();
    for ((name, file), mapper) in config.flows.iter().zip(mappers) {
        let source =
            Arc::new(Stoppable::new(ifs.source(&config, &file.source.entity)?, opening.stop.clone()));
        let parts = FlowParts {
            name: name.clone(),
            source,
            sink: salesforce.sink(&config, &file.target.entity)?,
            store: holding.state.clone(),
            log: log.clone(),
            scope: scope.clone(),
            clock: opening.clock.clone(),
            entropy: opening.entropy.clone(),
            settings: file.settings(mapper.owners.clone()),
            mapper: mapper.mapper.clone(),
        };
        flows.insert(name.clone(), Flow::new(parts));
        probes.push(ifs.probe(&config, &file.source.entity)?);
        for (entity, writes) in &mapper.writes {
            probes.push(salesforce.probe(&config, entity.as_str(), writes)?);
        }
    }
    let tokens = vec![ifs.reached.tokens, salesforce.reached.tokens];
    let clock = opening.clock;
    Ok(Connector { config, holding, flows, probes, tokens, calls, scope, log, clock, turn: Mutex::new(()) })
}

/// What can be said of a configuration without asking anybody.
pub(crate) fn check(config: &Config, custom: &Mappers) -> Result<(), ConfigError> {
    mappers(config, custom).map(drop)
}

/// Flows lead from IFS to Salesforce.
fn check_ends(config: &Config, name: &str, file: &FlowFile) -> Result<(), ConfigError> {
    if (file.source.system, file.target.system) == (System::Ifs, System::Salesforce) {
        return Ok(());
    }
    Err(ConfigError::new(config.flow_file(name), "this version carries records from IFS to Salesforce only")
        .hint("set source.system = \"ifs\" and target.system = \"salesforce\""))
}

/// The mapper of each flow, in their order, fit for what it reads.
fn mappers(config: &Config, custom: &Mappers) -> Result<Vec<ChosenMapper>, ConfigError> {
    let chosen = |(name, file): &(String, FlowFile)| {
        check_ends(config, name, file)?;
        let mapper = chosen_mapper::choose(config, name, file, custom)?;
        ifs::check_reads(config, name, file, &mapper.reads)?;
        Ok(mapper)
    };
    config.flows.iter().map(chosen).collect()
}
