//! IFS Cloud as this link reaches it.

use std::collections::BTreeSet;
use std::sync::Arc;

use connector_ifs::{
    EntitySettings, ErrorTable, IfsDescriber, IfsProbe, IfsSink, IfsSource, SettingsError, Writable,
    WriteSettings, entities,
};
use sync_engine::{Describe, Probe, Sink};
use wire::{AuthStyle, Clock, Credentials, RateSettings, Response, TokenConfig};

use super::system_stack::{Reach, Reached, Shared, authorities, reach};
use crate::config::nearest::nearest;
use crate::config::{Config, ConfigError, FlowFile, MappingRef, System};

/// IFS Cloud, ready to be read.
#[derive(Debug)]
pub(crate) struct Ifs {
    pub(crate) reached: Reached,
    clock: Arc<dyn Clock>,
}

impl Ifs {
    /// IFS Cloud as `config` says.
    pub(crate) fn new(config: &Config, shared: &Shared) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError::new(config.link_file(), format!("[ifs]: {reason}"));
        let table = &config.link.ifs;
        let settings = table.settings();
        let token_url = settings
            .token_endpoint()
            .ok_or_else(|| wrong("no token address can be made of `url` and `realm`".into()))?;
        let credentials = Credentials {
            token_url,
            client_id: table.auth.client_id.clone(),
            client_secret: config.ifs_secret()?,
            scopes: table.auth.scope.split_whitespace().map(str::to_owned).collect(),
            // Keycloak's documented form; IFS shows it in its own samples.
            style: AuthStyle::RequestBody,
        };
        let ca = table.ca_file.as_ref().map(|file| authorities(&config.folder.join(file))).transpose();
        let reached = reach(
            Reach {
                system: "ifs",
                url: settings.base_url.clone(),
                limits: table.timeouts.limits(),
                rate: table.limits.rate(RateSettings::default()),
                ca: ca.map_err(wrong)?,
                tokens: TokenConfig::new(credentials),
                expired,
                turned_away: |_| false,
            },
            shared,
        )
        .map_err(wrong)?;
        Ok(Self { reached, clock: shared.clock.clone() })
    }

    /// The source of one kind of record.
    pub(crate) fn source(&self, config: &Config, entity: &str) -> Result<Arc<IfsSource>, ConfigError> {
        let transport = self.reached.transport.clone();
        let tenant = config.link.ifs.settings();
        let settings = entity_settings(config, entity)?;
        let errors = errors(config);
        let source = IfsSource::with_errors(transport, self.clock.clone(), (&tenant, errors), settings);
        Ok(Arc::new(source.map_err(|error| wrong_entity(config, entity, &error.to_string()))?))
    }

    /// Tells what IFS has of the kinds of records that the flows look at.
    pub(crate) fn describer(&self, config: &Config) -> Result<Arc<dyn Describe>, ConfigError> {
        let ends = config.flows.iter().flat_map(|(_, flow)| [&flow.source, &flow.target]);
        let names: BTreeSet<&str> =
            ends.filter(|end| end.system == System::Ifs).map(|end| end.entity.as_str()).collect();
        let entities =
            names.into_iter().map(|name| entity_settings(config, name)).collect::<Result<_, _>>()?;
        let transport = self.reached.transport.clone();
        Ok(Arc::new(IfsDescriber::new(transport, config.link.ifs.settings(), entities)))
    }

    /// The sink of these kinds of records.
    pub(crate) fn sink(&self, config: &Config, entities: &[&str]) -> Result<Arc<dyn Sink>, ConfigError> {
        let targets = entities.iter().map(|entity| write_settings(config, entity));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        let (tenant, errors) = (config.link.ifs.settings(), errors(config));
        let transport = self.reached.transport.clone();
        let sink = IfsSink::new(transport, &self.clock, (&tenant, &errors), targets);
        Ok(Arc::new(sink.map_err(|error| ConfigError::new(config.link_file(), format!("[ifs]: {error}")))?))
    }

    /// Examines one kind of record, and what writing it takes.
    pub(crate) fn probe(
        &self,
        config: &Config,
        entity: &str,
        writes: bool,
    ) -> Result<Box<dyn Probe>, ConfigError> {
        let transport = self.reached.transport.clone();
        let tenant = config.link.ifs.settings();
        let probe = IfsProbe::new(transport, self.clock.clone(), &tenant, entity_settings(config, entity)?);
        let probe = probe.map_err(|error| wrong_entity(config, entity, &error.to_string()))?;
        Ok(Box::new(if writes { probe.for_writing() } else { probe }))
    }
}

/// What a mapping looks at must be read: a slip would otherwise send every record to quarantine.
pub(crate) fn check_reads(
    config: &Config,
    flow: &str,
    file: &FlowFile,
    reads: &BTreeSet<String>,
) -> Result<(), ConfigError> {
    let settings = entity_settings(config, &file.source.entity)?;
    let known = settings.field_names();
    let Some(missing) = reads.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let place = match &file.mapping {
        MappingRef::File(path) => config.folder.join(path),
        MappingRef::Files(_) | MappingRef::Custom(_) => config.flow_file(flow),
    };
    let hint = match nearest(missing, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "add it to what is read: [ifs.entities.{}.extra_fields] {missing} = \"text\" in link.toml",
            settings.entity
        ),
    };
    Err(ConfigError::new(place, format!("the source field `{missing}` is not read from {}", settings.entity))
        .hint(hint))
}

/// The settings of one kind of record, with what the configuration says about it.
fn entity_settings(config: &Config, entity: &str) -> Result<EntitySettings, ConfigError> {
    let overrides = config.link.ifs.entities.get(entity).cloned();
    if overrides.is_none() && entities::presets(entity).is_empty() {
        return Err(ConfigError::new(
            config.link_file(),
            format!("IFS has no readable entity `{entity}` here"),
        )
        .hint(format!(
            "known: {}; another one needs [ifs.entities.{entity}] with projection, set, key and fields",
            entities::NAMES.join(", ")
        )));
    }
    let overrides = overrides.unwrap_or_default();
    let wrong = |error: SettingsError| wrong_entity(config, entity, &error.to_string());
    let defaults = entities::settings(entity, overrides.preset.as_deref()).map_err(wrong)?;
    overrides.over(defaults).map_err(wrong)
}

/// How one kind of record is written, with what the configuration says about it.
fn write_settings(config: &Config, entity: &str) -> Result<WriteSettings, ConfigError> {
    let Some(what) = Writable::of(entity) else {
        let names = Writable::ALL.map(Writable::entity).join(", ");
        return Err(ConfigError::new(config.link_file(), format!("`{entity}` cannot be written to IFS"))
            .hint(format!("what can be written is customer master data: {names}")));
    };
    let overrides = config.link.ifs.entities.get(entity).cloned().unwrap_or_default();
    WriteSettings::new(what, overrides).map_err(|error| wrong_entity(config, entity, &error.to_string()))
}

/// What errors mean here.
fn errors(config: &Config) -> Arc<ErrorTable> {
    ErrorTable::shipped().with(&config.link.ifs.errors)
}

fn wrong_entity(config: &Config, entity: &str, reason: &str) -> ConfigError {
    ConfigError::new(config.link_file(), format!("[ifs.entities.{entity}]: {reason}"))
}

/// IFS answers 401 to a token that it does not take; the stack asks for a new one once.
fn expired(response: &Response) -> bool {
    response.status().as_u16() == 401
}
