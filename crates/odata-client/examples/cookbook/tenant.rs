//! The tenant, and the way to it: a transport with retries and tokens, as a real one has.

use std::sync::Arc;

use odata_client::{Profile, Service};
use sandbox::ifs_cloud::{IfsSandbox, IfsSettings};
use sandbox::{Gate, InProcess, ServerClock};
use wire::{
    AuthStyle, Authorized, Clock, Credentials, Entropy, HttpTransport, Origin, Pinned, Response, Retry,
    RetryPolicy, Secret, SystemClock, SystemEntropy, TokenConfig, TokenSource,
};

const HOST: &str = "https://tenant.ifs.example";

/// An IFS Cloud with a few hundred rows.
pub(crate) struct Tenant(Arc<dyn HttpTransport>);

impl Tenant {
    pub(crate) fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let settings = IfsSettings { suppliers: 230, customers: 40, orders: 30, ..IfsSettings::default() };
        let credentials = Credentials {
            token_url: format!("{HOST}/auth/realms/{}/protocol/openid-connect/token", settings.realm)
                .parse()?,
            client_id: settings.client_id.clone(),
            client_secret: Secret::new(settings.client_secret.as_str()),
            scopes: Vec::new(),
            style: AuthStyle::RequestBody,
        };
        let system = IfsSandbox::new(ServerClock::new(clock.clone()), settings);
        let gate = Arc::new(Gate::new(Arc::new(system)));
        // Against a real tenant this is `ReqwestTransport`; all else stays as it is.
        let network: Arc<dyn HttpTransport> = Arc::new(InProcess::new(gate, clock.clone(), entropy.clone()));
        let pinned: Arc<dyn HttpTransport> = Arc::new(Pinned::new(network, Origin::parse(HOST)?));
        let tokens = TokenSource::new(TokenConfig::new(credentials), pinned.clone(), clock.clone())?;
        let expired = |response: &Response| response.status() == http::StatusCode::UNAUTHORIZED;
        let authorized = Authorized::new(pinned, Arc::new(tokens), expired);
        Ok(Self(Arc::new(Retry::new(authorized, RetryPolicy::default(), clock, entropy))))
    }

    /// A projection of the tenant.
    pub(crate) fn service(&self, projection: &str) -> Result<Service, Box<dyn std::error::Error>> {
        let root = format!("{HOST}/int/ifsapplications/projection/v1/{projection}.svc/").parse()?;
        Ok(Service::new(self.0.clone(), root).with_profile(Profile::ifs()))
    }
}
