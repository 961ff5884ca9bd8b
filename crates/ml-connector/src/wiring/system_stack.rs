//! The transports of one system: everything that stands between a connector and the network.

use std::path::Path;
use std::sync::Arc;

use audit::{AuditLog, Recorded, ScopeCell};
use url::Url;
use wire::{
    Authorized, Clock, Entropy, HttpTransport, Limits, Origin, Pinned, RateLimit, RateLimited, RateSettings,
    ReqwestTransport, Response, Retry, RetryPolicy, TokenConfig, TokenSource,
};

use super::{CallCounts, Counted};

/// What all transports of a link share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    /// Where every exchange is kept.
    pub(crate) log: Arc<dyn AuditLog>,
    /// Names the run in force.
    pub(crate) scope: Arc<ScopeCell>,
    /// Counts calls.
    pub(crate) calls: CallCounts,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Chance.
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// How one system is reached.
pub(crate) struct Reach {
    /// Its short name, for counts.
    pub(crate) system: &'static str,
    /// Where its API is.
    pub(crate) url: Url,
    /// How long calls may take.
    pub(crate) limits: Limits,
    /// How many calls there may be.
    pub(crate) rate: RateSettings,
    /// Further authorities, PEM.
    pub(crate) ca: Option<Vec<u8>>,
    /// How tokens are asked for.
    pub(crate) tokens: TokenConfig,
    /// Tells that a session has expired.
    pub(crate) expired: fn(&Response) -> bool,
    /// Tells that a call was turned away by a busy system, where its status does not.
    pub(crate) turned_away: fn(&Response) -> bool,
}

/// A system, ready to be called.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    /// For connectors.
    pub(crate) transport: Arc<dyn HttpTransport>,
    /// Its tokens.
    pub(crate) tokens: Arc<TokenSource>,
}

/// Builds `Retry(RateLimited(Authorized(Pinned(Counted(Recorded(Reqwest))))))`, and for tokens
/// `TokenSource(Retry(Pinned(Counted(Recorded(Reqwest)))))`.
pub(crate) fn reach(reach: Reach, shared: &Shared) -> Result<Reached, String> {
    let origin = Origin::of(&reach.url).map_err(|error| error.to_string())?;
    let token_origin = Origin::of(&reach.tokens.credentials.token_url).map_err(|error| error.to_string())?;
    let network = ReqwestTransport::new(reach.limits, reach.ca.as_deref(), shared.clock.clone())
        .map_err(|error| error.to_string())?;
    let recorded = Recorded::new(network, shared.log.clone(), shared.clock.clone(), shared.scope.clone());
    let counted = Counted::new(Arc::new(recorded), reach.system, shared.calls.clone());
    let retried = |inner: Arc<dyn HttpTransport>| -> Arc<dyn HttpTransport> {
        let (clock, entropy) = (shared.clock.clone(), shared.entropy.clone());
        Arc::new(Retry::new(inner, RetryPolicy::default(), clock, entropy).turned_away_by(reach.turned_away))
    };
    let token_way = retried(Arc::new(Pinned::new(counted.clone(), token_origin)));
    let tokens = TokenSource::new(reach.tokens, token_way, shared.clock.clone());
    let tokens = Arc::new(tokens.map_err(|error| error.to_string())?);
    let authorized = Authorized::new(Pinned::new(counted, origin), tokens.clone(), reach.expired);
    let limit = Arc::new(RateLimit::new(reach.rate, shared.clock.clone()));
    let transport = retried(Arc::new(RateLimited::new(authorized, limit)));
    Ok(Reached { transport, tokens })
}

/// The authorities in `file`.
pub(crate) fn authorities(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}
