//! Subscribing over a real socket: TLS, HTTP/2, gRPC, and every exchange on record.

use std::sync::Arc;
use std::time::Duration;

use audit::{Event, MemoryLog, Recorded, ScopeCell};
use sandbox::salesforce::{EVENT_CA, EventServerHandle, SalesforceSandbox, SalesforceSettings, serve_events};
use sandbox::{Gate, InProcess, ServerClock};
use sfdc_client::RecordId;
use sfdc_client::events::{
    EventFailureClass, EventLine, Notice, Place, SessionMetadata, Subscriber, SubscriberParts,
    SubscriberSettings, Topic, is_session_refused,
};
use tokio::net::TcpListener;
use url::Url;
use wire::{
    AuthStyle, Authorized, Credentials, GrpcLimits, GrpcTransport, Origin, Pinned, Secret, SeededEntropy,
    SystemClock, TokenConfig, TokenSource,
};

use crate::org::ORG;

struct Tls {
    sandbox: Arc<SalesforceSandbox>,
    server: EventServerHandle,
    log: Arc<MemoryLog>,
    tokens: Arc<TokenSource>,
}

impl Tls {
    async fn new() -> Self {
        let clock = Arc::new(SystemClock);
        let settings = SalesforceSettings::default();
        let sandbox = Arc::new(SalesforceSandbox::new(ServerClock::new(clock.clone()), settings));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = serve_events(listener, sandbox.clone()).expect("a server");
        let gate = Arc::new(Gate::new(sandbox.clone()));
        let way = Arc::new(InProcess::new(gate, clock.clone(), Arc::new(SeededEntropy::new(1))));
        let base: Url = ORG.parse().expect("a URL");
        let config = TokenConfig::new(Credentials {
            token_url: base.join("/services/oauth2/token").expect("a URL"),
            client_id: sandbox.settings().client_id.clone(),
            client_secret: Secret::new(sandbox.settings().client_secret.clone()),
            scopes: Vec::new(),
            style: AuthStyle::Basic,
        });
        let tokens = Arc::new(TokenSource::new(config, way, clock).expect("an origin"));
        Self { sandbox, server, log: Arc::default(), tokens }
    }

    fn subscriber(&self, ca: &str, place: Option<Place>) -> Subscriber {
        let clock = Arc::new(SystemClock);
        let (base, pubsub): (Url, Url) =
            (ORG.parse().expect("a URL"), self.server.url().parse().expect("a URL"));
        let org = self.sandbox.records("Organization").first().expect("an org").id.clone();
        let org = RecordId::parse(&org).expect("an id");
        let network = GrpcTransport::new(GrpcLimits::default(), Some(ca.as_bytes()), clock.clone());
        let scope = Arc::new(ScopeCell::default());
        let recorded = Recorded::new(network.expect("a transport"), self.log.clone(), clock.clone(), scope);
        let pinned = Pinned::new(recorded, Origin::of(&pubsub).expect("an origin"));
        let metadata = SessionMetadata::new(pinned, &base, &org).expect("headers");
        let transport = Authorized::new(metadata, self.tokens.clone(), is_session_refused);
        Subscriber::new(SubscriberParts {
            line: EventLine::new(Arc::new(transport), &pubsub, clock.clone()),
            topic: Topic::of("Account").expect("a topic"),
            place,
            clock,
            entropy: Arc::new(SeededEntropy::new(3)),
            settings: SubscriberSettings::default(),
        })
    }
}

/// A stream from the beginning, a new session after a break, and nothing around the log.
#[tokio::test]
async fn f13_events_come_over_tls_and_every_exchange_is_on_record() {
    let tls = Tls::new().await;
    // A place of another org: so the stream begins at once, with a bounded reconcile.
    let place =
        Place { replay: sfdc_client::events::ReplayId::new([7; 8]), told: jiff::Timestamp::UNIX_EPOCH };
    let mut subscriber = tls.subscriber(EVENT_CA, Some(place));
    let Notice::Down(down) = subscriber.next().await else { panic!("the place is lost") };
    assert_eq!(down.failure.class, EventFailureClass::Place, "{}", down.failure);
    let (first, id) = futures::join!(subscriber.next(), async {
        while tls.sandbox.stats()["streams"] == 0 {
            tokio::task::yield_now().await;
        }
        tls.sandbox.human_insert(&[("Name", "Ek AB")])
    });
    let Notice::Batch(first) = first else { panic!("{first:?}") };
    assert_eq!((first.missed.len(), first.events.len()), (1, 1));
    subscriber.keep(first);
    tls.sandbox.expire_sessions();
    tls.sandbox.end_streams();
    let Notice::Down(down) = subscriber.next().await else { panic!("the stream ended") };
    assert_eq!(down.failure.class, EventFailureClass::Transient, "{}", down.failure);
    assert!(tls.sandbox.human_edit(&id, "Phone", Some("1")));
    let Notice::Batch(told) = subscriber.next().await else { panic!("a stream") };
    assert_eq!(
        told.events.last().map(|told| told.event.changed.clone()),
        Some(vec!["Phone".into(), "LastModifiedDate".into()])
    );
    let rows = tls.log.rows();
    let entries: Vec<_> = rows.iter().map(|row| row.unseal().expect("readable").entry.event).collect();
    let asked = |operation: &str| {
        let named =
            |event: &&Event| matches!(event, Event::Asked(exchange) if exchange.operation == operation);
        entries.iter().filter(named).count()
    };
    assert!(asked("salesforce.events.fetch") >= 4 && asked("salesforce.events.schema") == 1);
    assert_eq!(asked("salesforce.events.topic"), 1);
    let text = format!("{entries:?}");
    assert!(text.contains("replayid.corrupted") && !text.contains("!AQ"), "no token is on record");
    tls.server.stop().await;
}

/// Whoever has another certificate than the one that is trusted gets nothing.
#[tokio::test]
async fn f5_a_stranger_is_not_spoken_to() {
    let tls = Tls::new().await;
    let stranger = include_str!("../keys/other_ca.pem");
    let mut subscriber = tls.subscriber(stranger, None);
    let Notice::Down(down) = subscriber.next().await else { panic!("not trusted") };
    assert_eq!(down.failure.class, EventFailureClass::Transient, "{}", down.failure);
    assert!(down.failure.to_string().contains("certificate"), "{}", down.failure);
    assert_eq!(tls.log.rows().len(), 2, "asked and unanswered");
    assert!(down.pause <= Duration::from_secs(2));
}
