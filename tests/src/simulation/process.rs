//! One process of the product: built anew after every crash, from the real parts.

use std::sync::Arc;
use std::time::Duration;

use audit::{AuditLog, Recorded, ScopeCell};
use connector_ifs::{IfsSettings, IfsSource, supplier};
use connector_salesforce::{SalesforceSettings, SalesforceSink, account};
use mapping::{DeclaredMapper, Mapper};
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
    let builder = Builder {
        world,
        variant,
        entropy: Arc::new(SeededEntropy::new(world.options.seed ^ (number << 32))),
    };
    builder.flow()
}

struct Builder<'a> {
    world: &'a Arc<World>,
    variant: Variant,
    entropy: Arc<dyn Entropy>,
}

impl Builder<'_> {
    fn flow(&self) -> Flow {
        let world = self.world;
        let log: Arc<dyn AuditLog> = Arc::new(Fused::new(world.log.clone(), world.fuse.clone()));
        let log = self.variant.log(log);
        let scope = Arc::new(ScopeCell::default());
        let source: Arc<dyn Source> = Arc::new(self.source(&log, &scope));
        let sink: Arc<dyn Sink> = Arc::new(self.sink(&log, &scope));
        let store: Arc<dyn StateStore> = Arc::new(Fused::new(world.store.clone(), world.fuse.clone()));
        let declared = DeclaredMapper::from_toml(MAPPING, "supplier-to-account.toml")
            .expect("the shipped mapping compiles");
        let settings = FlowSettings { policy: declared.policy(), ..FlowSettings::default() };
        let mapper: Arc<dyn Mapper> = Arc::new(declared);
        let parts = FlowParts {
            name: "suppliers".into(),
            source,
            mapper,
            sink,
            store,
            log,
            scope,
            clock: world.clock.clone(),
            entropy: self.entropy.clone(),
            settings,
        };
        Flow::new(self.variant.spoil(parts))
    }

    fn source(&self, log: &Arc<dyn AuditLog>, scope: &Arc<ScopeCell>) -> IfsSource {
        let world = self.world;
        let tokens = format!("{IFS}/auth/realms/sandbox/protocol/openid-connect/token");
        let settings = world.ifs.settings();
        let credentials =
            credentials(&tokens, &settings.client_id, &settings.client_secret, AuthStyle::RequestBody);
        let stack =
            Stack { gate: &world.ifs_gate, log, scope, base: IFS, credentials, expired: unauthorized };
        let mut entity = supplier::settings();
        entity.page_size = u32::try_from(world.options.page_size).unwrap_or(1);
        if self.variant == Variant::NoOverlap {
            entity.overlap = Duration::ZERO;
        }
        let tenant = IfsSettings::new(IFS.parse().expect("a URL"));
        IfsSource::new(self.transport(stack), world.clock.clone(), &tenant, entity).expect("settings hold")
    }

    fn sink(&self, log: &Arc<dyn AuditLog>, scope: &Arc<ScopeCell>) -> SalesforceSink {
        let world = self.world;
        let tokens = format!("{SALESFORCE}/services/oauth2/token");
        let settings = world.salesforce.settings();
        let credentials =
            credentials(&tokens, &settings.client_id, &settings.client_secret, AuthStyle::Basic);
        let expired = sfdc_client::session::is_expired;
        let stack =
            Stack { gate: &world.salesforce_gate, log, scope, base: SALESFORCE, credentials, expired };
        let mut org = SalesforceSettings::new(SALESFORCE.parse().expect("a URL"));
        org.batch_size = world.options.batch_size;
        org.concurrency = world.options.concurrency;
        let tools = (world.clock.clone(), self.entropy.clone());
        SalesforceSink::new(self.transport(stack), tools, &org, [account::settings()])
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
