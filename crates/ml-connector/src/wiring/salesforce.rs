//! Salesforce as this link reaches it.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use connector_salesforce::{
    EventFeed, Needed, ObjectSettings, OrgId, SalesforceDescriber, SalesforceProbe, SalesforceSettings,
    SalesforceSink, SalesforceSource, SourceSettings, shipped,
};
use mapping::{FieldName, TargetField};
use sfdc_client::session;
use sync_engine::{Describe, Ledger, Probe, Sink, Source};
use wire::{AuthStyle, Clock, Credentials, Entropy, Grant, RateSettings, Secret, TokenConfig};

use super::pub_sub::PubSub;
use super::system_stack::{Reach, Reached, Shared, authorities, reach};
use crate::config::nearest::nearest;
use crate::config::{Config, ConfigError, FlowFile, ObjectTable, SalesforceAuth, System};

/// Salesforce, ready to be called.
#[derive(Debug)]
pub(crate) struct Salesforce {
    pub(crate) reached: Reached,
    pub(crate) org: SalesforceSettings,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Calls a minute where the configuration names none: no limit of Salesforce's, but a brake on
/// whatever goes wrong on our side.
const CALLS_A_MINUTE: u32 = 6_000;

/// Objects that are known without being configured.
const SHIPPED: [&str; 5] = ["Account", "Contact", "Order", "OrderItem", "Product2"];

impl Salesforce {
    /// Salesforce as `config` says.
    pub(crate) fn new(config: &Config, shared: &Shared) -> Result<Self, ConfigError> {
        let table = &config.link.salesforce;
        let reached = way(config, (&table.auth, config.salesforce_secret()?), shared)?;
        Ok(Self {
            reached,
            org: table.settings(),
            clock: shared.clock.clone(),
            entropy: shared.entropy.clone(),
        })
    }

    /// The same org as the one who may change it sees it: the integration user, unless the
    /// configuration names somebody else.
    pub(crate) fn admin(&self, config: &Config, shared: &Shared) -> Result<Reached, ConfigError> {
        match &config.link.salesforce.admin {
            None => Ok(self.reached.clone()),
            Some(auth) => {
                let secret = auth.secret.fetch(&config.folder, &config.link_file())?;
                way(config, (auth, secret), shared)
            }
        }
    }

    /// The sink of a flow whose records are of this kind; children and parents of them have their
    /// objects there too. What the flow has under way in the org stands in the ledger.
    pub(crate) fn sink(
        &self,
        config: &Config,
        entity: &str,
        (flow, ledger): (&str, Arc<dyn Ledger>),
    ) -> Result<Arc<dyn Sink>, ConfigError> {
        object(config, entity)?;
        let time_and_chance = (self.clock.clone(), self.entropy.clone());
        let transport = self.reached.transport.clone();
        let sink = SalesforceSink::new(transport, time_and_chance, &self.org, configured(config));
        Ok(Arc::new(sink.told_by(self.which()).kept_in(ledger, flow)))
    }

    /// The source of one kind of record, with the fields `reads`.
    pub(crate) fn source(
        &self,
        config: &Config,
        entity: &str,
        reads: impl IntoIterator<Item = FieldName>,
        feed: Option<Arc<EventFeed>>,
    ) -> Result<Arc<dyn Source>, ConfigError> {
        let object = object(config, entity)?;
        let settings = SourceSettings::new(&object.object, reads);
        let (transport, clock) = (self.reached.transport.clone(), self.clock.clone());
        let what = (settings, configured(config));
        let source = SalesforceSource::new(transport, clock, &self.org, what).told_by(self.which());
        Ok(Arc::new(match feed {
            Some(feed) => source.with_events(feed),
            None => source,
        }))
    }

    /// Tells which org it is.
    pub(crate) fn which(&self) -> OrgId {
        OrgId::new(self.reached.tokens.clone())
    }

    /// The change events of the flow `name`, if it listens to them.
    pub(crate) fn feed(
        &self,
        config: &Config,
        (name, file): (&str, &FlowFile),
        shared: &Shared,
    ) -> Result<Option<Arc<EventFeed>>, ConfigError> {
        if !file.events.enabled {
            return Ok(None);
        }
        let wrong = |reason: String| ConfigError::new(config.flow_file(name), format!("[events]: {reason}"));
        if file.source.system != System::Salesforce {
            return Err(wrong("only Salesforce tells change events".into())
                .hint("take the table away: this flow begins in IFS"));
        }
        let object = object(config, &file.source.entity)?.object;
        let topic = file.events.topic(&object).map_err(|error| wrong(error.to_string()))?;
        let way = Arc::new(PubSub::new(config, self, shared, name).map_err(wrong)?);
        let tools = (self.clock.clone(), self.entropy.clone());
        Ok(Some(Arc::new(EventFeed::new(way, (topic, &object), file.events.patience(), tools))))
    }

    /// Tells what the org has.
    pub(crate) fn describer(&self, config: &Config) -> Arc<dyn Describe> {
        let usual = shipped("Account").map(|object| object.external_id).unwrap_or_default();
        let transport = self.reached.transport.clone();
        Arc::new(SalesforceDescriber::new(transport, &self.org, configured(config), &usual))
    }

    /// Examines what writing the fields `writes` of one kind of record takes; `creates` says whether
    /// records are made too.
    pub(crate) fn probe(
        &self,
        config: &Config,
        (entity, creates): (&str, bool),
        writes: &[TargetField],
    ) -> Result<Box<dyn Probe>, ConfigError> {
        let needed = writes.iter().map(needed).collect();
        let subject = (object(config, entity)?, needed);
        let (transport, clock) = (self.reached.transport.clone(), self.clock.clone());
        let probe = SalesforceProbe::new(transport, clock, &self.org, subject);
        Ok(Box::new(if creates { probe } else { probe.of_updates() }))
    }
}

/// The way into the org with these credentials.
fn way(
    config: &Config,
    (auth, client_secret): (&SalesforceAuth, Secret),
    shared: &Shared,
) -> Result<Reached, ConfigError> {
    let wrong = |reason: String| ConfigError::new(config.link_file(), format!("[salesforce]: {reason}"));
    let table = &config.link.salesforce;
    let token_url = match &auth.token_url {
        Some(address) => address.url().clone(),
        None => table.url.url().join("/services/oauth2/token").map_err(|error| wrong(error.to_string()))?,
    };
    let client_id = auth.client_id.clone();
    let credentials =
        Credentials { token_url, client_id, client_secret, scopes: Vec::new(), style: AuthStyle::Basic };
    let mut tokens = TokenConfig::new(credentials);
    if let Some(session) = auth.session {
        tokens.lifetime = session.0;
    }
    tokens.advice = Some(session::explain);
    let url = table.url.url().clone();
    tokens.check = Some(Arc::new(move |grant: &Grant| {
        session::check_instance_url(&url, grant.instance_url()).map_err(|error| error.to_string())
    }));
    let ca = table.ca_file.as_ref().map(|file| authorities(&config.folder.join(file))).transpose();
    let default = RateSettings::default();
    let per_minute = NonZeroU32::new(CALLS_A_MINUTE).unwrap_or(default.per_minute);
    let burst = NonZeroU32::new(100).unwrap_or(default.burst);
    let how = Reach {
        system: "salesforce",
        url: table.url.url().clone(),
        limits: table.timeouts.limits(),
        rate: table.limits.rate(RateSettings { per_minute, burst, ..default }),
        ca: ca.map_err(wrong)?,
        tokens,
        expired: session::is_expired,
        turned_away: session::is_turned_away,
    };
    reach(how, shared).map_err(wrong)
}

/// The objects that the configuration names.
fn configured(config: &Config) -> Vec<ObjectSettings> {
    let tables = config.link.salesforce.objects.iter();
    let object = |(name, table): (&String, &ObjectTable)| ObjectSettings {
        object: name.clone(),
        external_id: table.external_id.clone(),
    };
    tables.map(object).collect()
}

/// A slip in the name of a configured object would leave the one that is meant as it is shipped. Objects
/// that only records point to may have any name, so that only what looks like a slip is refused.
pub(crate) fn check_objects(config: &Config, used: &BTreeSet<&str>) -> Result<(), ConfigError> {
    let known = || used.iter().copied().chain(SHIPPED);
    for name in config.link.salesforce.objects.keys() {
        if known().any(|known| known == name) {
            continue;
        }
        if let Some(near) = nearest(name, known()) {
            let reason = format!("[salesforce.objects.{name}]: no flow has to do with `{name}`");
            return Err(ConfigError::new(config.link_file(), reason).hint(format!("did you mean `{near}`?")));
        }
    }
    Ok(())
}

/// The object and its external id: as configured, or as shipped.
pub(crate) fn object(config: &Config, entity: &str) -> Result<ObjectSettings, ConfigError> {
    let mut known = shipped(entity);
    let name = known.as_ref().map_or(entity, |settings| settings.object.as_str()).to_owned();
    if let Some(table) = config.link.salesforce.objects.get(&name) {
        known = Some(ObjectSettings { object: name, external_id: table.external_id.clone() });
    }
    known.ok_or_else(|| {
        let reason = format!("the external id of `{entity}` is not configured");
        ConfigError::new(config.link_file(), reason)
            .hint(format!("add [salesforce.objects.{entity}] with external_id = \"…\""))
    })
}

fn needed(field: &TargetField) -> Needed {
    Needed { name: field.name.to_string(), max_length: field.max_length }
}
