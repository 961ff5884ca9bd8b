//! One process of the product: built anew after every crash, from the real parts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use audit::{AuditLog, Recorded, ScopeCell};
use connector_ifs::{
    EntityOverrides, EntitySettings, ErrorTable, IfsSettings, IfsSink, IfsSource, Writable, WriteSettings,
    supplier,
};
use connector_salesforce::{
    ObjectSettings, SalesforceSettings, SalesforceSink, SalesforceSource, SourceSettings, account,
};
use mapping::{DeclaredMapper, FieldName, Mapper};
use sandbox::{Gate, InProcess, Latency};
use sync_engine::{Flow, FlowParts, FlowSettings, Sink, Source, StateStore};
use url::Url;
use wire::{
    AuthStyle, Authorized, Credentials, Entropy, HttpTransport, Origin, Pinned, RateLimit, RateLimited,
    RateSettings, Response, Retry, RetryPolicy, Secret, SeededEntropy, TokenConfig, TokenSource,
};

use super::fused::Fused;
use super::variant::Variant;
use super::world::{Meddled, World};

const IFS: &str = "https://sandbox.ifs.cloud";
const SALESFORCE: &str = "https://sandbox.my.salesforce.com";
const MAPPING: &str = include_str!("../../../crates/ml-connector/mappings/supplier-to-account.toml");

/// Builds the flow of a fresh process.
pub fn flow(world: &Arc<World>, variant: Variant, number: u64) -> Flow {
    let process = Process::new(world, variant, number);
    let declared =
        DeclaredMapper::from_toml(MAPPING, "supplier-to-account.toml").expect("the shipped mapping compiles");
    let (batch, part) = (world.options.batch(), world.options.page_size);
    let settings = FlowSettings { policy: declared.policy(), batch, part, ..FlowSettings::default() };
    let ends = Ends {
        source: Arc::new(process.ifs_source(supplier::settings())),
        sink: Arc::new(process.salesforce_sink(vec![account::settings()])),
        mapper: Arc::new(declared),
    };
    process.flow("suppliers", ends, settings)
}

/// What a flow joins, and how.
pub(crate) struct Ends {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) mapper: Arc<dyn Mapper>,
}

/// One process: its ways into both systems, and what all its flows share.
pub(crate) struct Process<'a> {
    world: &'a Arc<World>,
    variant: Variant,
    entropy: Arc<dyn Entropy>,
    log: Arc<dyn AuditLog>,
    store: Arc<dyn StateStore>,
    scope: Arc<ScopeCell>,
    ifs: Arc<dyn HttpTransport>,
    salesforce: Arc<dyn HttpTransport>,
}

impl<'a> Process<'a> {
    /// The process with this number.
    pub(crate) fn new(world: &'a Arc<World>, variant: Variant, number: u64) -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(world.options.seed ^ (number << 32)));
        let log: Arc<dyn AuditLog> = Arc::new(Fused::new(world.log.clone(), world.fuse.clone()));
        let log = variant.log(log);
        let scope = Arc::new(ScopeCell::default());
        let builder = Builder { world, variant, entropy: entropy.clone() };
        let ifs = builder.ifs(&log, &scope);
        let salesforce = builder.salesforce(&log, &scope);
        let store = Arc::new(Fused::new(world.store.clone(), world.fuse.clone()));
        Self { world, variant, entropy, log, store, scope, ifs, salesforce }
    }

    /// One of its flows.
    pub(crate) fn flow(&self, name: &str, ends: Ends, settings: FlowSettings) -> Flow {
        let Ends { source, sink, mapper } = ends;
        let parts = FlowParts {
            name: name.into(),
            source,
            mapper,
            sink,
            store: self.store.clone(),
            log: self.log.clone(),
            scope: self.scope.clone(),
            clock: self.world.clock.clone(),
            entropy: self.entropy.clone(),
            settings,
        };
        Flow::new(self.variant.spoil(parts))
    }

    /// Reads a kind of record from IFS.
    pub(crate) fn ifs_source(&self, mut entity: EntitySettings) -> IfsSource {
        entity.page_size = u32::try_from(self.world.options.page_size).unwrap_or(1);
        if self.variant == Variant::NoOverlap {
            entity.overlap = Duration::ZERO;
        }
        let (transport, clock) = (self.ifs.clone(), self.world.clock.clone());
        IfsSource::new(transport, clock, &tenant(), entity).expect("settings hold")
    }

    /// Writes customers to IFS.
    pub(crate) fn ifs_sink(&self) -> IfsSink {
        let settings = WriteSettings::new(Writable::Customer, EntityOverrides::default());
        let (tenant, errors) = (tenant(), ErrorTable::shipped());
        let targets = [settings.expect("settings hold")];
        IfsSink::new(self.ifs.clone(), &self.world.clock, (&tenant, &errors), targets).expect("settings hold")
    }

    /// Reads an object from Salesforce.
    pub(crate) fn salesforce_source(&self, object: &str, fields: &BTreeSet<String>) -> SalesforceSource {
        let names = fields.iter().map(|name| FieldName::from(name.as_str()));
        let mut settings = SourceSettings::new(object, names);
        settings.page_size = u32::try_from(self.world.options.page_size).unwrap_or(1);
        let (transport, clock) = (self.salesforce.clone(), self.world.clock.clone());
        SalesforceSource::new(transport, clock, &self.org(), (settings, Vec::new()))
    }

    /// Writes these objects to Salesforce.
    pub(crate) fn salesforce_sink(&self, objects: Vec<ObjectSettings>) -> SalesforceSink {
        let tools = (self.world.clock.clone(), self.entropy.clone());
        SalesforceSink::new(self.salesforce.clone(), tools, &self.org(), objects)
    }

    fn org(&self) -> SalesforceSettings {
        let mut org = SalesforceSettings::new(SALESFORCE.parse().expect("a URL"));
        org.batch_size = self.world.options.batch_size;
        org.concurrency = self.world.options.concurrency;
        org
    }
}

fn tenant() -> IfsSettings {
    IfsSettings::new(IFS.parse().expect("a URL"))
}

struct Builder<'a> {
    world: &'a Arc<World>,
    variant: Variant,
    entropy: Arc<dyn Entropy>,
}

impl Builder<'_> {
    /// The way to IFS.
    fn ifs(&self, log: &Arc<dyn AuditLog>, scope: &Arc<ScopeCell>) -> Arc<dyn HttpTransport> {
        let world = self.world;
        let tokens = format!("{IFS}/auth/realms/sandbox/protocol/openid-connect/token");
        let settings = world.ifs.settings();
        let credentials =
            credentials(&tokens, &settings.client_id, &settings.client_secret, AuthStyle::RequestBody);
        self.transport(Stack {
            gate: &world.ifs_gate,
            log,
            scope,
            base: IFS,
            credentials,
            expired: unauthorized,
        })
    }

    /// The way to Salesforce.
    fn salesforce(&self, log: &Arc<dyn AuditLog>, scope: &Arc<ScopeCell>) -> Arc<dyn HttpTransport> {
        let world = self.world;
        let tokens = format!("{SALESFORCE}/services/oauth2/token");
        let settings = world.salesforce.settings();
        let credentials =
            credentials(&tokens, &settings.client_id, &settings.client_secret, AuthStyle::Basic);
        let expired = sfdc_client::session::is_expired;
        let gate = &world.salesforce_gate;
        self.transport(Stack { gate, log, scope, base: SALESFORCE, credentials, expired })
    }

    /// The real layers over a system in process.
    fn transport(&self, stack: Stack<'_>) -> Arc<dyn HttpTransport> {
        let world = self.world;
        let clock = || world.clock.clone();
        let latency = Latency { min: Duration::ZERO, max: Duration::from_millis(world.options.latency) };
        let network = InProcess::new(stack.gate.clone(), clock(), self.entropy.clone()).latency(latency);
        let network = Fused::new(Meddled::new(network, world.clone()), world.fuse.clone());
        let recorded: Arc<dyn HttpTransport> = if self.variant == Variant::Unrecorded {
            Arc::new(network)
        } else {
            Arc::new(Recorded::new(network, stack.log.clone(), clock(), stack.scope.clone()))
        };
        let origin = Origin::parse(stack.base).expect("an origin");
        let retried = |inner: Arc<dyn HttpTransport>| -> Arc<dyn HttpTransport> {
            Arc::new(Retry::new(inner, RetryPolicy::default(), clock(), self.entropy.clone()))
        };
        let token_way = retried(Arc::new(Pinned::new(recorded.clone(), origin.clone())));
        let tokens =
            TokenSource::new(TokenConfig::new(stack.credentials), token_way, clock()).expect("an origin");
        let authorized = Authorized::new(Pinned::new(recorded, origin), Arc::new(tokens), stack.expired);
        let limit = Arc::new(RateLimit::new(RateSettings::default(), clock()));
        self.variant.transport(retried(Arc::new(RateLimited::new(authorized, limit))))
    }
}

/// What one system's transport is made of.
struct Stack<'a> {
    gate: &'a Arc<Gate>,
    log: &'a Arc<dyn AuditLog>,
    scope: &'a Arc<ScopeCell>,
    base: &'a str,
    credentials: Credentials,
    expired: fn(&Response) -> bool,
}

fn credentials(url: &str, id: &str, secret: &str, style: AuthStyle) -> Credentials {
    let token_url: Url = url.parse().expect("a URL");
    Credentials {
        token_url,
        client_id: id.to_owned(),
        client_secret: Secret::new(secret),
        scopes: Vec::new(),
        style,
    }
}

fn unauthorized(response: &Response) -> bool {
    response.status() == http::StatusCode::UNAUTHORIZED
}
