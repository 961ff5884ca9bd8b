//! How tokens are fetched, kept, renewed and refused.

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
