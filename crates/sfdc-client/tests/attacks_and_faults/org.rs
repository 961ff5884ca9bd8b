//! The client and its session layer before the sandbox's org, under virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sandbox::salesforce::{EventLine as OrgEvents, SalesforceSandbox, SalesforceSettings};
use sandbox::{FaultPlan, Gate, InProcess, NoFaults, ServerClock};
use serde_json::Value;
use sfdc_client::events::{
    EventLine, Place, SessionMetadata, Subscriber, SubscriberParts, SubscriberSettings, Topic,
    is_session_refused,
};
use sfdc_client::{Client, RecordId, session};
use url::Url;
use wire::{
    AuthStyle, Authorized, Clock, Credentials, HttpTransport, Origin, Pinned, Retry, RetryPolicy, Secret,
    SeededEntropy, TokenConfig, TokenSource,
};

/// Where the org is.
pub(crate) const ORG: &str = "https://sandbox.my.salesforce.com";
/// Where its Pub/Sub API is.
const PUBSUB: &str = "https://pubsub.example:7443";

/// An org and a client of it.
pub(crate) struct Org {
    pub(crate) sandbox: Arc<SalesforceSandbox>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) client: Client,
    pub(crate) clock: Arc<dyn Clock>,
    tokens: Arc<TokenSource>,
}

impl Org {
    /// An org in which nothing goes wrong.
    pub(crate) fn new() -> Self {
        Self::with(SalesforceSettings::default(), NoFaults)
    }

    pub(crate) fn with(settings: SalesforceSettings, plan: impl FaultPlan) -> Self {
        let clock = wire::scripted::clock();
        let sandbox = Arc::new(SalesforceSandbox::new(ServerClock::new(clock.clone()), settings));
        let gate = Arc::new(Gate::new(sandbox.clone()).with_faults(plan));
        let way: Arc<dyn HttpTransport> =
            Arc::new(InProcess::new(gate.clone(), clock.clone(), Arc::new(SeededEntropy::new(1))));
        let base: Url = ORG.parse().expect("a URL");
        let config = TokenConfig::new(Credentials {
            token_url: base.join("/services/oauth2/token").expect("a URL"),
            client_id: sandbox.settings().client_id.clone(),
            client_secret: Secret::new(sandbox.settings().client_secret.clone()),
            scopes: Vec::new(),
            style: AuthStyle::Basic,
        });
        let tokens = Arc::new(TokenSource::new(config, way.clone(), clock.clone()).expect("an origin"));
        let pinned = Pinned::new(way, Origin::of(&base).expect("an origin"));
        let authorized = Authorized::new(pinned, tokens.clone(), session::is_expired);
        let entropy = Arc::new(SeededEntropy::new(2));
        let retry = Retry::new(authorized, RetryPolicy::default(), clock.clone(), entropy);
        let client = Client::new(Arc::new(retry), &base, "64.0");
        Self { sandbox, gate, client, clock, tokens }
    }

    /// A subscriber of this org, with the whole stack before the stream.
    pub(crate) fn subscriber(&self, topic: Topic, place: Option<Place>) -> Subscriber {
        let base: Url = ORG.parse().expect("a URL");
        let pubsub: Url = PUBSUB.parse().expect("a URL");
        let org = RecordId::parse(&self.org_id()).expect("an id");
        let line = OrgEvents::new(self.sandbox.clone(), self.clock.clone());
        let pinned = Pinned::new(line, Origin::of(&pubsub).expect("an origin"));
        let metadata = SessionMetadata::new(pinned, &base, &org).expect("headers");
        let transport = Authorized::new(metadata, self.tokens.clone(), is_session_refused);
        Subscriber::new(SubscriberParts {
            line: EventLine::new(Arc::new(transport), &pubsub, self.clock.clone()),
            topic,
            place,
            clock: self.clock.clone(),
            entropy: Arc::new(SeededEntropy::new(3)),
            settings: SubscriberSettings::default(),
        })
    }

    fn org_id(&self) -> String {
        self.sandbox.records("Organization").first().expect("an org").id.clone()
    }

    /// Somebody makes an Account in the browser.
    pub(crate) fn insert(&self, name: &str) -> String {
        self.sandbox.human_insert(&[("Name", name)])
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, span: Duration) {
        self.clock.sleep(span).await;
    }

    /// An administrator's request, around the client.
    pub(crate) fn administer(&self, method: &str, path: &str, body: &Value) -> Value {
        use sandbox::Endpoint as _;
        let settings = self.sandbox.settings();
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            settings.admin_client_id, settings.client_secret
        );
        let login = http::Request::post(format!("{ORG}/services/oauth2/token")).body(Bytes::from(form));
        let answer = self.sandbox.answer(&login.expect("a request"));
        let grant: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let token = grant["access_token"].as_str().expect("a token");
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{ORG}/services/data/v64.0{path}"))
            .header("authorization", format!("Bearer {token}"))
            .body(Bytes::from(body.to_string()));
        let answer = self.sandbox.answer(&request.expect("a request"));
        assert!(answer.status().is_success(), "{path}: {:?}", answer.body());
        serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
    }
}
