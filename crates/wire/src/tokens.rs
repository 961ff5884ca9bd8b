//! The one token cache: client credentials, minted once for everybody who waits.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::grant::Grant;
use crate::origin::{Origin, OriginError};
use crate::token_call::{self, Assertion, Credentials};
use crate::token_error::TokenError;
use crate::{Clock, HttpTransport, TransportError};

/// A refused client is not tried again before this has passed: endless attempts lock accounts.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// Looks at a new grant before it is used, for example whether its `instance_url` is the org that
/// the configuration names. The error says what is wrong with it.
pub type GrantCheck = Arc<dyn Fn(&Grant) -> Result<(), String> + Send + Sync>;

/// What the reader can do about a refusal of one provider, by its error code and description; `None`
/// if it knows nothing better than this crate.
pub type Advice = fn(&str, &str) -> Option<&'static str>;

/// How to get tokens.
#[derive(Clone)]
pub struct TokenConfig {
    /// What a token is asked with.
    pub credentials: Credentials,
    /// Lifetime of a token that names none (Salesforce sessions: 15 minutes to 24 hours, 2 by
    /// default, not told to the client). The default is 45 minutes.
    pub lifetime: Duration,
    /// Looks at each new grant before anybody uses it.
    pub check: Option<GrantCheck>,
    /// Asks by assertion (RFC 7523) instead of by secret: of the credentials only the URL is used.
    pub assertion: Option<Assertion>,
    /// Knows the provider's refusals.
    pub advice: Option<Advice>,
}

impl TokenConfig {
    /// The default lifetime of a token that names none.
    pub const LIFETIME: Duration = Duration::from_secs(45 * 60);

    /// Tokens asked with `credentials`, living 45 minutes where the provider does not tell, not
    /// looked at.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, lifetime: Self::LIFETIME, check: None, assertion: None, advice: None }
    }
}

impl fmt::Debug for TokenConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenConfig")
            .field("credentials", &self.credentials)
            .field("lifetime", &self.lifetime)
            .field("check", &self.check.is_some())
            .field("assertion", &self.assertion.is_some())
            .field("advice", &self.advice.is_some())
            .finish()
    }
}

/// Gives out tokens; asks for one when there is none or when four fifths of its life are over.
///
/// - However many callers wait, one call is made; if it fails, all get its error.
/// - After a failure the provider is left alone: 30 s if it refused us, 1 s doubling to 30 s if it
///   was not there. In between, callers get the same error at once.
/// - Ages are measured on [`Clock::elapsed`]: a wall clock that jumps changes nothing.
#[derive(Debug)]
pub struct TokenSource {
    config: TokenConfig,
    transport: Arc<dyn HttpTransport>,
    clock: Arc<dyn Clock>,
    origin: Origin,
    state: Mutex<State>,
    /// Held by the one caller who asks.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Minted>,
    /// Counts the grants.
    serial: u64,
    failure: Option<Failure>,
    /// When the newest grant came.
    minted: Duration,
    /// Grants in a row that the server refused, none of them accepted in between.
    refused: u32,
}

#[derive(Debug, Clone)]
struct Minted {
    grant: Arc<Grant>,
    /// When to ask for the next one.
    due: Duration,
    /// When it is certainly over.
    over: Duration,
}

#[derive(Debug, Clone)]
struct Failure {
    error: TokenError,
    until: Duration,
    in_a_row: u32,
}

impl TokenSource {
    /// Tokens as `config` says, asked through `transport` (which should retry and record).
    pub fn new(
        config: TokenConfig,
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OriginError> {
        let origin = Origin::of(&config.credentials.token_url)?;
        Ok(Self {
            config,
            transport,
            clock,
            origin,
            state: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        })
    }

    /// A token to use now.
    pub async fn grant(&self) -> Result<Arc<Grant>, TransportError> {
        if let Some(minted) = self.fresh() {
            return Ok(minted.grant);
        }
        let _asking = self.asking.lock().await;
        // Somebody else may have asked while we waited.
        if let Some(minted) = self.fresh() {
            return Ok(minted.grant);
        }
        self.mint().await.or_else(|error| {
            // An old token that still lives is better than none.
            self.living().map(|minted| minted.grant).ok_or_else(|| self.present(error))
        })
    }

    /// A new token, whatever is left of the old one: for the start of a long piece of work. A token
    /// that came while we waited for our turn is new enough.
    pub async fn renew(&self) -> Result<Arc<Grant>, TransportError> {
        let seen = self.lock().serial;
        let _asking = self.asking.lock().await;
        if self.lock().serial != seen
            && let Some(minted) = self.fresh()
        {
            return Ok(minted.grant);
        }
        self.mint().await.map_err(|error| self.present(error))
    }

    /// Throws away the token that the server refused as expired, unless it was replaced already.
    /// Whether it makes sense to send the request once more with [`grant`](Self::grant).
    ///
    /// It does not when the server refused the last two tokens and the newer one is younger than
    /// 30 s: then it is not age that is wrong with them.
    pub fn invalidate(&self, used: &Arc<Grant>) -> bool {
        let now = self.clock.elapsed();
        let mut state = self.lock();
        match &state.current {
            Some(minted) if Arc::ptr_eq(&minted.grant, used) => {}
            _ => return true,
        }
        if state.refused > 0 && now < state.minted + COOL_DOWN {
            return false;
        }
        state.refused += 1;
        state.current = None;
        true
    }

    /// Notes that the server accepted `used`.
    pub fn accepted(&self, used: &Arc<Grant>) {
        let mut state = self.lock();
        if state.current.as_ref().is_some_and(|minted| Arc::ptr_eq(&minted.grant, used)) {
            state.refused = 0;
        }
    }

    /// Where tokens come from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    fn fresh(&self) -> Option<Minted> {
        let now = self.clock.elapsed();
        self.lock().current.clone().filter(|minted| now < minted.due)
    }

    fn living(&self) -> Option<Minted> {
        let now = self.clock.elapsed();
        self.lock().current.clone().filter(|minted| now < minted.over)
    }

    /// Asks for a token, unless the provider is to be left alone.
    async fn mint(&self) -> Result<Arc<Grant>, TokenError> {
        if let Some(failure) = &self.lock().failure
            && self.clock.elapsed() < failure.until
        {
            return Err(failure.error.clone());
        }
        let asked = self.clock.elapsed();
        let result = self.ask().await;
        match result.and_then(|grant| self.checked(grant)) {
            Ok(grant) => Ok(self.keep(grant, asked)),
            Err(error) => {
                tracing::warn!(origin = %self.origin, %error, "no token");
                self.remember(error.clone());
                Err(error)
            }
        }
    }

    async fn ask(&self) -> Result<Grant, TokenError> {
        let (config, transport) = (&self.config, Arc::clone(&self.transport));
        let Some(assertion) = &config.assertion else {
            return token_call::ask(&config.credentials, transport).await;
        };
        let assertion = assertion(self.clock.now()).map_err(|detail| TokenError::Refused {
            detail,
            hint: Some("look at the private key and the other settings of the assertion".to_owned()),
        })?;
        token_call::ask_with(&assertion, &config.credentials.token_url, transport).await
    }

    fn checked(&self, grant: Grant) -> Result<Grant, TokenError> {
        match &self.config.check {
            Some(check) => match check(&grant) {
                Ok(()) => Ok(grant),
                Err(detail) => Err(TokenError::Unfit { detail }),
            },
            None => Ok(grant),
        }
    }

    fn keep(&self, grant: Grant, asked: Duration) -> Arc<Grant> {
        // Counted from the question: the provider's clock may have started right then.
        let lifetime = grant.lifetime().unwrap_or(self.config.lifetime);
        let grant = Arc::new(grant);
        let mut state = self.lock();
        state.serial += 1;
        state.minted = asked;
        state.failure = None;
        let due = asked + lifetime * 4 / 5;
        state.current = Some(Minted { grant: Arc::clone(&grant), due, over: asked + lifetime });
        grant
    }

    fn remember(&self, error: TokenError) {
        let now = self.clock.elapsed();
        let mut state = self.lock();
        let in_a_row = state.failure.as_ref().map_or(1, |failure| failure.in_a_row.saturating_add(1));
        let pause = match error {
            TokenError::Unavailable { .. } => {
                Duration::from_secs(1 << in_a_row.saturating_sub(1).min(5)).min(COOL_DOWN)
            }
            _ => COOL_DOWN,
        };
        state.failure = Some(Failure { error, until: now + pause, in_a_row });
    }

    fn present(&self, error: TokenError) -> TransportError {
        let known = match (&error, self.config.advice) {
            (TokenError::Denied { error, description }, Some(advice)) => {
                advice(error, description.as_deref().unwrap_or_default())
            }
            _ => None,
        };
        let error = error.into_transport(&self.origin.to_string());
        match known {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
