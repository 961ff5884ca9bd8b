//! The way to Salesforce's Pub/Sub API: its own network, the session of the org.

use std::sync::Arc;

use async_trait::async_trait;
use audit::{Recorded, Scope, ScopeCell};
use connector_salesforce::{EventWay, OrgId};
use sfdc_client::events::{EventLine, PUBSUB, SessionMetadata, is_session_refused};
use sfdc_client::{Client, SfdcError};
use url::Url;
use wire::{
    Authorized, Clock, GrpcLimits, GrpcTransport, HttpTransport, Origin, Pinned, TokenSource, TransportError,
    TransportErrorKind,
};

use super::Counted;
use super::salesforce::Salesforce;
use super::system_stack::{Shared, authorities};
use crate::config::Config;

/// `Authorized(SessionMetadata(Pinned(Counted(Recorded(Grpc)))))`: the session needs the org's id, which
/// is known when there is a token. Nothing is repeated here: the subscriber resumes.
#[derive(Debug)]
pub(crate) struct PubSub {
    network: Counted<Arc<dyn HttpTransport>>,
    endpoint: Url,
    origin: Origin,
    instance: Url,
    tokens: Arc<TokenSource>,
    which: OrgId,
    /// For the org's id, where the token does not name it.
    client: Client,
    clock: Arc<dyn Clock>,
}

impl PubSub {
    /// The way for one flow, whose exchanges are on record under its name.
    pub(crate) fn new(
        config: &Config,
        salesforce: &Salesforce,
        shared: &Shared,
        flow: &str,
    ) -> Result<Self, String> {
        let table = &config.link.salesforce;
        let endpoint = match &table.events.url {
            Some(address) => address.url().clone(),
            None => PUBSUB.parse().map_err(|error: url::ParseError| error.to_string())?,
        };
        let origin = Origin::of(&endpoint).map_err(|error| error.to_string())?;
        let ca = table.events.ca_file.as_ref().or(table.ca_file.as_ref());
        let ca = ca.map(|file| authorities(&config.folder.join(file))).transpose()?;
        let default = GrpcLimits::default();
        let connect = table.timeouts.connect.map_or(default.connect, |span| span.0);
        let clock = shared.clock.clone();
        let network = GrpcTransport::new(GrpcLimits { connect, ..default }, ca.as_deref(), clock.clone())
            .map_err(|error| error.to_string())?;
        // Events come between runs too: they have a scope of their own.
        let scope = Arc::new(ScopeCell::new(Scope { run: "".into(), flow: flow.into() }));
        let recorded = Recorded::new(network, shared.log.clone(), clock.clone(), scope);
        let org = &salesforce.org;
        Ok(Self {
            network: Counted::new(Arc::new(recorded), "salesforce", shared.calls.clone()),
            endpoint,
            origin,
            instance: org.instance_url.clone(),
            tokens: salesforce.reached.tokens.clone(),
            which: salesforce.which(),
            client: Client::new(salesforce.reached.transport.clone(), &org.instance_url, &org.api_version),
            clock,
        })
    }
}

#[async_trait]
impl EventWay for PubSub {
    async fn line(&self) -> Result<EventLine, TransportError> {
        let identity = self.which.identity(&self.client).await.map_err(|error| match error {
            SfdcError::Transport(error) => error,
            other => refused(other.to_string()),
        })?;
        let pinned = Pinned::new(self.network.clone(), self.origin.clone());
        let metadata = SessionMetadata::new(pinned, &self.instance, &identity.org)
            .ok_or_else(|| refused(format!("{} is no address for a header", self.instance)))?;
        let transport = Authorized::new(metadata, self.tokens.clone(), is_session_refused);
        Ok(EventLine::new(Arc::new(transport), &self.endpoint, self.clock.clone()))
    }
}

fn refused(why: String) -> TransportError {
    TransportError::new(TransportErrorKind::Refused, "asking which org it is", why)
}
