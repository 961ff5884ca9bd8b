//! Builds the flows of a link: transports, tokens, sources, mappers, sinks.

use std::collections::BTreeMap;
use std::sync::Arc;

use audit::{Scope, ScopeCell};
use connector_ifs::Hints;
use connector_salesforce::EventFeed;
use mapping::FieldName;
use sync_engine::{Flow, FlowParts, FlowSettings, Probe, Sink, Source};
use tokio::sync::Mutex;

use crate::checking::Describers;
use crate::config::{Config, ConfigError, FlowFile, System};
use crate::connector::{Connector, Opening};
use crate::failure::Failure;
use crate::holding::Holding;
use crate::mappers::Mappers;
use crate::stop::{Room, Stoppable};

mod call_counts;
mod chosen_mapper;
pub(crate) mod ends;
mod flow_order;
mod guarded_log;
mod ifs;
mod known_entities;
mod org_setup;
mod pub_sub;
mod salesforce;
mod system_stack;

pub(crate) use call_counts::{Allowance, CallCounts, Counted};
use chosen_mapper::ChosenMapper;
pub(crate) use guarded_log::{GuardedLog, Waits};
use ifs::Ifs;
pub(crate) use org_setup::OrgSetup;
use salesforce::Salesforce;
use system_stack::Shared;

/// Everything of a link, put together.
pub(crate) fn assemble(config: Config, opening: Opening) -> Result<Connector, Failure> {
    // Mappings and secrets first: what is wrong with them must not leave an empty data folder.
    let mappers = mappers(&config, &opening.mappers)?;
    config.ifs_secret()?;
    config.salesforce_secret()?;
    let holding = Holding::open(&config)?;
    let log = Arc::new(GuardedLog::new(holding.log.clone(), opening.clock.clone()));
    let scope = Arc::new(ScopeCell::new(Scope::default()));
    let (calls, room) = (CallCounts::default(), Room::default());
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
    let all_off = !config.flows.iter().any(|(_, file)| file.enabled);
    let mut hints = BTreeMap::new();
    let mut events = BTreeMap::new();
    let order = flow_order::order(&config, &mappers);
    let systems = Systems { ifs, salesforce };
    for ((name, file), mapper) in config.flows.iter().zip(mappers) {
        let feed = systems.salesforce.feed(&config, (name, file), &shared)?;
        let (source, hinted) = systems.source(&config, file, (&mapper, feed.clone()))?;
        hints.extend(hinted.map(|hinted| (name.clone(), hinted)));
        events.extend(feed.map(|feed| (name.clone(), feed)));
        let source = Stoppable::new(source, opening.stop.clone(), room.clone());
        let parts = FlowParts {
            name: name.clone(),
            source: Arc::new(source),
            sink: systems.sink(&config, (name, file), (&mapper, &holding))?,
            store: holding.state.clone(),
            log: log.clone(),
            scope: scope.clone(),
            clock: opening.clock.clone(),
            entropy: opening.entropy.clone(),
            settings: settings(&config, (name, file), &mapper),
            mapper: mapper.mapper.clone(),
        };
        flows.insert(name.clone(), Flow::new(parts));
        // What is switched off asks nothing of the systems yet.
        if file.enabled || all_off {
            probes.extend(systems.probes(&config, file, &mapper)?);
        }
    }
    let describers = systems.describers(&config)?;
    let tokens = vec![systems.ifs.reached.tokens, systems.salesforce.reached.tokens];
    Ok(Connector {
        config,
        holding,
        flows,
        hints,
        events,
        order,
        probes,
        describers,
        tokens,
        calls,
        scope,
        log,
        clock: opening.clock,
        turn: Mutex::new(()),
        room,
        _loan: None,
    })
}

/// How a flow behaves: what its file says, and who decides which field by its mappings.
fn settings(config: &Config, (name, file): (&str, &FlowFile), mapper: &ChosenMapper) -> FlowSettings {
    FlowSettings { pair: ends::pair(config, name, file), ..file.settings(mapper.kinds.clone()) }
}

/// What can be said of a configuration without asking anybody; gives its flows in the order in which they run.
pub(crate) fn check(config: &Config, custom: &Mappers) -> Result<Vec<String>, ConfigError> {
    Ok(flow_order::order(config, &mappers(config, custom)?))
}

/// Both systems, ready to be read and written.
struct Systems {
    ifs: Ifs,
    salesforce: Salesforce,
}

impl Systems {
    /// Tell what IFS and Salesforce have.
    fn describers(&self, config: &Config) -> Result<Describers, ConfigError> {
        Ok(Describers { ifs: self.ifs.describer(config)?, salesforce: self.salesforce.describer(config) })
    }

    /// Where a flow's records come from, and where others can say that one of them changed.
    fn source(
        &self,
        config: &Config,
        file: &FlowFile,
        (mapper, feed): (&ChosenMapper, Option<Arc<EventFeed>>),
    ) -> Result<(Arc<dyn Source>, Option<Hints>), ConfigError> {
        let entity = &file.source.entity;
        match file.source.system {
            System::Ifs => {
                let source = self.ifs.source(config, entity)?;
                let hints = source.hints();
                Ok((source, Some(hints)))
            }
            System::Salesforce => {
                let reads = mapper.reads.iter().map(|name| FieldName::from(name.as_str()));
                Ok((self.salesforce.source(config, entity, reads, feed)?, None))
            }
        }
    }

    /// Where they go.
    fn sink(
        &self,
        config: &Config,
        (name, file): (&str, &FlowFile),
        (mapper, holding): (&ChosenMapper, &Holding),
    ) -> Result<Arc<dyn Sink>, ConfigError> {
        match file.target.system {
            System::Salesforce => {
                self.salesforce.sink(config, &file.target.entity, (name, holding.ledger.clone()))
            }
            System::Ifs => self.ifs.sink(config, &targets(file, mapper)),
        }
    }

    /// What examines both ends of a flow.
    fn probes(
        &self,
        config: &Config,
        file: &FlowFile,
        mapper: &ChosenMapper,
    ) -> Result<Vec<Box<dyn Probe>>, ConfigError> {
        let mut probes = Vec::new();
        if file.source.system == System::Ifs {
            probes.push(self.ifs.probe(config, &file.source.entity, false)?);
        } else {
            for entity in targets(file, mapper) {
                probes.push(self.ifs.probe(config, entity, true)?);
            }
        }
        if file.target.system == System::Salesforce {
            let creates = file.settings.create.unwrap_or(true);
            for (entity, writes) in &mapper.writes {
                probes.push(self.salesforce.probe(config, (entity.as_str(), creates), writes)?);
            }
        }
        Ok(probes)
    }
}

/// What a flow writes: what its mapper says, or what the flow does.
fn targets<'a>(file: &'a FlowFile, mapper: &'a ChosenMapper) -> Vec<&'a str> {
    if mapper.writes.is_empty() {
        return vec![file.target.entity.as_str()];
    }
    mapper.writes.keys().map(mapping::Entity::as_str).collect()
}

/// The mapper of each flow, in their order, fit for what it reads.
fn mappers(config: &Config, custom: &Mappers) -> Result<Vec<ChosenMapper>, ConfigError> {
    known_entities::check(config)?;
    let chosen = |(name, file): &(String, FlowFile)| {
        ends::check(config, name, file)?;
        let mapper = chosen_mapper::choose(config, name, file, custom)?;
        if file.source.system == System::Ifs {
            ifs::check_reads(config, name, file, &mapper.reads)?;
        }
        Ok(mapper)
    };
    let all: Vec<ChosenMapper> = config.flows.iter().map(chosen).collect::<Result<_, _>>()?;
    let ends = config.flows.iter().flat_map(|(_, file)| [&file.source, &file.target]);
    let ends = ends.filter(|end| end.system == System::Salesforce).map(|end| end.entity.as_str());
    let written = all.iter().flat_map(|mapper| mapper.writes.keys()).map(mapping::Entity::as_str);
    salesforce::check_objects(config, &ends.chain(written).collect())?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_the_name_of_an_object_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let place = || crate::template::SecretPlace::Env("X".into());
        let answers = |rest: &str| crate::template::Answers {
            name: "acme".into(),
            ifs_url: "https://acme.ifs.example".into(),
            realm: "acme".into(),
            ifs_client: "ML".into(),
            ifs_secret: place(),
            salesforce_url: "https://acme.my.salesforce.example".into(),
            salesforce_client: "KEY".into(),
            salesforce_secret: place(),
            rest: rest.into(),
        };
        let checked = |name: &str| {
            let link = folder.path().join(name);
            let table = format!("\n[salesforce.objects.{name}]\nexternal_id = \"Key__c\"\n");
            crate::template::write(&link, &answers(&table)).unwrap();
            check(&Config::load(link).unwrap(), &Mappers::default())
        };
        let error = checked("Acount").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `Account`?"), "{error}");
        for fine in ["Account", "Site__c", "Opportunity"] {
            checked(fine).unwrap();
        }
    }
}
