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
mod tests {
    use futures::future::join_all;
    use jiff::Timestamp;

    use super::*;
    use crate::scripted::{self, Scripted, Step, answer};
    use crate::{AuthStyle, Secret, TransportErrorKind};

    const SECRET: &str = "canary secret";

    fn config(style: AuthStyle) -> TokenConfig {
        TokenConfig::new(Credentials {
            token_url: "https://id.example/token".parse().expect("a URL"),
            client_id: "client".to_owned(),
            client_secret: Secret::new(SECRET),
            scopes: vec!["openid".to_owned(), "api".to_owned()],
            style,
        })
    }

    struct Stage {
        tokens: TokenSource,
        provider: Arc<Scripted>,
        clock: Arc<dyn Clock>,
    }

    fn staged(config: TokenConfig, steps: Vec<Step>) -> Stage {
        let clock = scripted::clock();
        let provider = Scripted::new(&clock, Duration::from_millis(100), steps);
        let tokens = TokenSource::new(config, provider.clone(), clock.clone()).expect("an origin");
        Stage { tokens, provider, clock }
    }

    fn stage(steps: Vec<Step>) -> Stage {
        staged(config(AuthStyle::Basic), steps)
    }

    impl Stage {
        async fn token(&self) -> String {
            self.tokens.grant().await.expect("a token").token().expose().to_owned()
        }

        async fn error(&self) -> TransportError {
            self.tokens.grant().await.expect_err("no token")
        }

        async fn wait(&self, milliseconds: u64) {
            self.clock.sleep(Duration::from_millis(milliseconds)).await;
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "a step of a script may be an error too")]
    fn json(status: u16, body: &str) -> Step {
        Ok(answer(status, &[("content-type", "application/json;charset=UTF-8")], body))
    }

    fn token(name: &str, more: &str) -> Step {
        json(200, &format!(r#"{{"access_token":"{name}","token_type":"Bearer"{more}}}"#))
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_callers_make_one_call() {
        let stage = stage(vec![token("a", ""), token("b", "")]);
        let grants = join_all((0..100).map(|_| stage.tokens.grant())).await;
        assert!(grants.iter().all(|grant| grant.as_ref().expect("a token").token().expose() == "a"));
        assert_eq!(stage.provider.count(), 1);
        let renewed = join_all((0..100).map(|_| stage.tokens.renew())).await;
        assert!(renewed.iter().all(|grant| grant.as_ref().expect("a token").token().expose() == "b"));
        assert_eq!(stage.provider.count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_gives_up_holds_nobody_up() {
        let stage = stage(vec![token("a", "")]);
        futures::future::select(Box::pin(stage.tokens.grant()), stage.clock.sleep(Duration::from_millis(50)))
            .await;
        assert_eq!((stage.token().await.as_str(), stage.provider.count()), ("a", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn lifetimes_are_obeyed_within_bounds() {
        for (more, seconds) in [
            ("", 45 * 60),
            (r#","expires_in":180"#, 180),
            (r#","expires_in":1"#, 60),
            (r#","expires_in":1000000000000000000"#, 24 * 60 * 60),
        ] {
            let stage = stage(vec![token("a", more), token("b", more)]);
            assert_eq!(stage.token().await, "a");
            stage.wait(seconds * 800 - 101).await;
            assert_eq!(stage.token().await, "a", "{more}");
            stage.wait(1).await;
            assert_eq!(stage.token().await, "b", "{more}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_request_proves_itself_as_configured() {
        for (style, header, body) in [
            (
                AuthStyle::Basic,
                Some("Basic Y2xpZW50OmNhbmFyeStzZWNyZXQ="),
                "grant_type=client_credentials&scope=openid+api",
            ),
            (
                AuthStyle::RequestBody,
                None,
                "grant_type=client_credentials&scope=openid+api&client_id=client&client_secret=canary+secret",
            ),
        ] {
            let stage = staged(config(style), vec![token("a", "")]);
            stage.token().await;
            let seen = stage.provider.seen();
            let (_, request) = seen.first().expect("a request");
            let call = request.extensions().get::<crate::Call>().expect("a call");
            assert_eq!((call.operation, call.effect), (crate::TOKEN_OPERATION, crate::Effect::Read));
            let sent = request.headers().get("authorization").map(|value| value.to_str().expect("text"));
            assert_eq!((sent, request.body().as_ref()), (header, body.as_bytes()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_not_refused_for_when_it_was_issued() {
        for (more, millis) in [
            (r#","issued_at":"1763900000123""#, Some(1_763_900_000_123)),
            (r#","issued_at":1763900000123"#, Some(1_763_900_000_123)),
            (r#","issued_at":"soon""#, None),
            (r#","issued_at":[]"#, None),
            (r#","issued_at":null"#, None),
        ] {
            let stage = stage(vec![token("canary", more)]);
            let grant = stage.tokens.grant().await.expect("a token");
            assert_eq!(grant.issued_at().map(Timestamp::as_millisecond), millis, "{more}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_salesforce_adds_is_kept() {
        let more = r#","instance_url":"https://a.example","id":"https://a.example/id/O/U","issued_at":"17","scope":"api web","signature":"canary""#;
        let stage = stage(vec![token("canary!x.y", more)]);
        let grant = stage.tokens.grant().await.expect("a token");
        assert_eq!(grant.instance_url(), Some("https://a.example"));
        assert_eq!(grant.identity(), Some("https://a.example/id/O/U"));
        assert_eq!(grant.issued_at().map(|at| at.to_string()).as_deref(), Some("1970-01-01T00:00:00.017Z"));
        assert_eq!(grant.lifetime(), None);
        assert_eq!(grant.scopes(), ["api", "web"]);
        assert!(grant.authorization().is_sensitive());
        let shown = format!("{grant:?} {:?} {:?}", stage.tokens.config, stage.tokens.state);
        assert!(!format!("{shown} {:?}", grant.authorization()).contains("canary"));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_are_no_tokens() {
        let refused = TransportErrorKind::Refused;
        let denied = TransportErrorKind::Denied;
        let unreached = TransportErrorKind::Unreached;
        let html = |status| Ok(answer(status, &[("content-type", "text/html")], "<html>canary</html>"));
        let plain = |body: &str| Ok(answer(200, &[], body));
        for (step, kind, part) in [
            (html(200), refused, "Content-Type"),
            (plain("<html>canary</html>"), refused, "not the JSON object"),
            (json(200, ""), refused, ""),
            (json(200, "{}"), refused, "access_token"),
            (json(200, r#"{"access_token":"canary"}"#), refused, "token_type"),
            (json(200, r#"{"access_token":5,"token_type":"Bearer"}"#), refused, "access_token"),
            (json(200, r#"{"access_token":"canary","token_type":"mac"}"#), refused, "token type"),
            (token("", ""), refused, "0 bytes"),
            (token(r"canary\r\nx: y", ""), refused, "characters"),
            (token("canar\u{fd}", ""), refused, "characters"),
            (token(&"x".repeat(20_000), ""), refused, "20000 bytes"),
            (token("canary", r#","expires_in":-1"#), refused, "expires_in"),
            (token("canary", r#","expires_in":"3600""#), refused, "expires_in"),
            (json(302, ""), refused, "302"),
            (html(403), denied, "http 403"),
            (html(404), denied, "http 404"),
            (
                json(401, r#"{"error":"invalid_client","error_description":"bad"}"#),
                denied,
                "`invalid_client`: bad",
            ),
            (json(400, r#"{"error":"invalid_grant"}"#), denied, "invalid_grant"),
            (json(400, r#"{"error":"rate_limit_exceeded"}"#), unreached, "rate_limit_exceeded"),
            (html(429), unreached, "429"),
            (html(503), unreached, "503"),
            (Err(TransportError::new(TransportErrorKind::Unknown, "reading", "reset")), unreached, "reset"),
            (Err(TransportError::new(refused, "sending", "log full")), refused, "log full"),
        ] {
            let shown = format!("{step:?}");
            let error = stage(vec![step]).error().await;
            assert_eq!(error.kind, kind, "{shown}");
            assert!(error.to_string().contains(part), "{shown}: {error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
            assert_eq!(error.hint.is_some(), kind != unreached && part != "log full", "{error:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_client_is_left_alone_for_half_a_minute() {
        let refusal = || json(401, r#"{"error":"invalid_client"}"#);
        let stage = stage(vec![refusal(), refusal(), token("a", "")]);
        for _ in 0..100 {
            assert_eq!(stage.error().await.kind, TransportErrorKind::Denied);
            stage.wait(250).await;
        }
        assert_eq!(stage.provider.count(), 1);
        stage.wait(5_000).await;
        stage.error().await;
        assert_eq!(stage.provider.count(), 2);
        stage.wait(30_000).await;
        assert_eq!(stage.token().await, "a");
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_down_is_asked_less_and_less() {
        let stage = stage(vec![Ok(answer(503, &[], ""))]);
        while stage.clock.elapsed() < Duration::from_secs(600) {
            stage.error().await;
            stage.wait(100).await;
        }
        let times = stage.provider.times();
        let gaps: Vec<u128> = times.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000).collect();
        assert_eq!(gaps.get(..6), Some(&[1, 2, 4, 8, 16, 30][..]));
        assert!(gaps.iter().skip(6).all(|gap| *gap == 30), "{gaps:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_token_is_used_to_its_end_while_the_provider_is_down() {
        let stage = stage(vec![token("a", r#","expires_in":100"#), Ok(answer(503, &[], ""))]);
        stage.token().await;
        stage.wait(85_000).await;
        assert_eq!(stage.token().await, "a");
        assert_eq!(stage.tokens.renew().await.expect_err("not new").kind, TransportErrorKind::Unreached);
        stage.wait(15_000).await;
        assert_eq!(stage.error().await.kind, TransportErrorKind::Unreached);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_for_another_org_is_discarded() {
        let check: GrantCheck = Arc::new(|grant| match grant.instance_url() {
            Some("https://a.example") => Ok(()),
            other => Err(format!("it is for {other:?}")),
        });
        let step = |host: &str| token("canary", &format!(r#","instance_url":"https://{host}""#));
        let config = TokenConfig { check: Some(check), ..config(AuthStyle::Basic) };
        let stage = staged(config, vec![step("evil.example"), step("a.example")]);
        let error = stage.error().await;
        assert_eq!(error.kind, TransportErrorKind::Refused);
        assert!(error.detail.contains("evil.example"), "{error}");
        stage.wait(30_000).await;
        assert_eq!(stage.token().await, "canary");
    }

    #[tokio::test(start_paused = true)]
    async fn an_assertion_is_made_anew_for_every_call() {
        let readable = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let key = Arc::clone(&readable);
        let assertion: Assertion = Arc::new(move |now| {
            let readable = key.load(std::sync::atomic::Ordering::Relaxed);
            if readable { Ok(Secret::new(format!("canary.{now}"))) } else { Err("no key".to_owned()) }
        });
        let config = TokenConfig { assertion: Some(assertion), ..config(AuthStyle::Basic) };
        let refusal = json(400, r#"{"error":"invalid_grant","error_description":"audience"}"#);
        let stage = staged(config, vec![token("a", ""), refusal, json(200, "{}"), token("b", "")]);
        assert_eq!(stage.token().await, "a");
        stage.wait(2_700_000).await;
        for (can_read, kind, asked) in [
            (false, TransportErrorKind::Refused, 1),
            (true, TransportErrorKind::Denied, 2),
            (true, TransportErrorKind::Refused, 3),
        ] {
            readable.store(can_read, std::sync::atomic::Ordering::Relaxed);
            let error = stage.error().await;
            assert_eq!((error.kind, stage.provider.count()), (kind, asked), "{error}");
            assert!(!format!("{error:?}").contains("canary"));
            stage.wait(30_000).await;
        }
        assert_eq!(stage.token().await, "b");
        let seen = stage.provider.seen();
        let (_, request) = seen.first().expect("a request");
        assert_eq!(request.headers().get("authorization"), None);
        assert_eq!(
            std::str::from_utf8(request.body()).expect("text"),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=canary.2025-03-01T12%3A00%3A00Z"
        );
        assert!(!format!("{:?}", stage.tokens).contains("canary"));
    }

    #[tokio::test(start_paused = true)]
    async fn advice_of_the_provider_comes_first() {
        let advice: Advice = |error, description| {
            (description == "no scope").then_some(match error {
                "invalid_grant" => "give the app a scope",
                _ => "something else",
            })
        };
        let config = TokenConfig { advice: Some(advice), ..config(AuthStyle::Basic) };
        let refusal =
            |text: &str| json(400, &format!(r#"{{"error":"invalid_grant","error_description":"{text}"}}"#));
        let stage = staged(config, vec![refusal("no scope"), refusal("unknown")]);
        assert_eq!(stage.error().await.hint.as_deref(), Some("give the app a scope"));
        stage.wait(30_000).await;
        assert!(stage.error().await.hint.expect("a hint").contains("client-credentials flow"));
    }

    #[test]
    fn the_token_url_must_be_safe() {
        let mut config = config(AuthStyle::Basic);
        config.credentials.token_url = "http://id.example/token".parse().expect("a URL");
        let provider = Scripted::new(&scripted::clock(), Duration::ZERO, Vec::new());
        TokenSource::new(config, provider, scripted::clock()).expect_err("plain http");
    }
}
