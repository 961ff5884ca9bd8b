//! A process killed at any point of a Bulk load: the next one finds the job, and nothing is lost, doubled
//! or overwritten by an older value.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use audit::{MemoryLog, ScopeCell};
use bytes::Bytes;
use connector_salesforce::{SalesforceSettings, SalesforceSink};
use futures::channel::oneshot;
use futures::future::{self, Either};
use http::header::{AUTHORIZATION, HeaderValue};
use mapping::{Change, Draft, Entity, ExternalId, MapError, Mapped, Mapper};
use ml_connector_tests::{HandClock, ScriptedSource};
use sandbox::salesforce::{Matching, SalesforceSandbox, SalesforceSettings as OrgSettings};
use sandbox::{Gate, InProcess, ServerClock};
use store::MemoryStore;
use sync_engine::{
    Flow, FlowParts, FlowSettings, Ledger, Mode, ParkedQuery, Pending, Report, StateError, StateStore as _,
    Unwatched,
};
use wire::{HttpTransport, Request, Response, SeededEntropy, TransportError};

const ORG: &str = "https://acme.my.salesforce.com";
const LOGIN: &str = "grant_type=client_credentials&client_id=ml-connector&client_secret=sandbox-secret";
/// Longer than a write whose answer was lost is waited for.
const QUEUED: Duration = Duration::from_mins(30);
const ROWS: usize = 6;

/// The way to the org; a process ends at a call, before or after the org has heard it.
#[derive(Debug)]
struct Wire {
    org: InProcess,
    token: HeaderValue,
    /// Two for each call.
    left: AtomicU64,
    alive: Mutex<Option<oneshot::Sender<()>>>,
    calls: Mutex<Vec<String>>,
}

impl Wire {
    async fn live(&self) {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(1), Ordering::Relaxed);
        if left == 0 {
            drop(self.alive.lock().expect("a life").take());
            future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl HttpTransport for Wire {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        request.headers_mut().insert(AUTHORIZATION, self.token.clone());
        let call = format!("{} {}", request.method(), request.uri().path());
        self.live().await;
        self.calls.lock().expect("calls").push(call);
        let answer = self.org.send(request).await;
        self.live().await;
        answer
    }
}

/// Keeps nothing.
#[derive(Debug)]
struct Forgetful;

#[async_trait]
impl Ledger for Forgetful {
    async fn enter(&self, _: Pending) -> Result<(), StateError> {
        Ok(())
    }
    async fn strike(&self, _: &str, _: &str) -> Result<(), StateError> {
        Ok(())
    }
    async fn pending(&self) -> Result<Vec<Pending>, StateError> {
        Ok(Vec::new())
    }
}

/// A row is an account of its name.
#[derive(Debug)]
struct Named;

impl Mapper for Named {
    fn name(&self) -> &'static str {
        "named@1"
    }
    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        let Change::Put(record) = change else { return Ok(Mapped::default()) };
        let name = record.fields.get("Name").cloned().into_iter();
        let fields = name.map(|name| ("Name".into(), name)).collect();
        let draft =
            Draft { entity: Entity::from("Account"), id: ExternalId::from(record.key.as_str()), fields };
        Ok(Mapped { drafts: vec![draft], notes: Vec::new() })
    }
}

/// An org, rows, and what outlives a process.
struct World {
    clock: Arc<HandClock>,
    org: Arc<SalesforceSandbox>,
    wire: Arc<Wire>,
    rows: Arc<ScriptedSource>,
    store: MemoryStore,
    ledger: Arc<dyn Ledger>,
    runs: AtomicU64,
}

impl World {
    fn new(remembers: bool) -> Self {
        let clock = Arc::new(HandClock::at(1_893_456_000));
        let settings = OrgSettings { session: Duration::from_hours(100), ..OrgSettings::default() };
        let org = Arc::new(SalesforceSandbox::new(ServerClock::new(clock.clone()), settings));
        org.switch(|switches| {
            switches.bulk.queued_ms = u64::try_from(QUEUED.as_millis()).expect("a span");
            switches.refused = Some(Matching::new("Name", "refused"));
        });
        let request = http::Request::post(format!("{ORG}/services/oauth2/token"))
            .header("host", "acme.my.salesforce.com")
            .body(Bytes::from_static(LOGIN.as_bytes()));
        let answer = sandbox::Endpoint::answer(&*org, &request.expect("a request"));
        let answer: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
        let token = format!("Bearer {}", answer["access_token"].as_str().expect("a token"));
        let gate = Arc::new(Gate::new(org.clone()));
        let wire = Wire {
            org: InProcess::new(gate, clock.clone(), Arc::new(SeededEntropy::new(1))),
            token: HeaderValue::try_from(token).expect("a header"),
            left: AtomicU64::new(u64::MAX),
            alive: Mutex::default(),
            calls: Mutex::default(),
        };
        let store = MemoryStore::new();
        let ledger: Arc<dyn Ledger> = if remembers { Arc::new(store.clone()) } else { Arc::new(Forgetful) };
        let rows = Arc::new(ScriptedSource::new(ROWS, 1_000));
        rows.set("K001", "refused");
        Self { clock, org, wire: Arc::new(wire), rows, store, ledger, runs: AtomicU64::new(0) }
    }

    /// A run of a process of its own that ends after so many half calls; none if it did not live.
    async fn run(&self, bulk: bool, lives: u64) -> Option<Report> {
        let mut settings = SalesforceSettings::new(ORG.parse().expect("a URL"));
        settings.bulk_from = bulk.then_some(1);
        let entropy = Arc::new(SeededEntropy::new(self.runs.fetch_add(1, Ordering::Relaxed)));
        let tools = (self.clock.clone() as _, entropy.clone() as _);
        let sink = SalesforceSink::new(self.wire.clone(), tools, &settings, []);
        let flow = Flow::new(FlowParts {
            name: "rows".into(),
            source: self.rows.clone(),
            mapper: Arc::new(Named),
            sink: Arc::new(sink.kept_in(self.ledger.clone(), "rows")),
            store: Arc::new(self.store.clone()),
            log: Arc::new(MemoryLog::default()),
            scope: Arc::new(ScopeCell::default()),
            clock: self.clock.clone(),
            entropy,
            settings: FlowSettings::default(),
        });
        self.wire.left.store(lives, Ordering::Relaxed);
        let (alive, dead) = oneshot::channel();
        *self.wire.alive.lock().expect("a life") = Some(alive);
        match future::select(Box::pin(flow.cycle(Mode::Changes, &Unwatched)), dead).await {
            Either::Left((run, _)) => Some(run.expect("the run ends well")),
            Either::Right(_) => None,
        }
    }

    fn names(&self) -> Vec<(String, String)> {
        let told = |account: &Arc<sandbox::salesforce::Account>| {
            (account.key().unwrap_or_default().to_owned(), account.text("Name").unwrap_or_default())
        };
        let mut names: Vec<_> = self.org.accounts().iter().map(told).collect();
        names.sort();
        names
    }

    /// The states of the org's jobs.
    async fn jobs(&self) -> Vec<String> {
        self.wire.left.store(u64::MAX, Ordering::Relaxed);
        let request = http::Request::get(format!("{ORG}/services/data/v64.0/jobs/ingest"));
        let answer = self.wire.send(request.body(Bytes::new()).expect("a request")).await.expect("an answer");
        let answer: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
        let jobs = answer["records"].as_array().expect("jobs").iter();
        jobs.map(|job| job["state"].as_str().expect("a state").to_owned()).collect()
    }
}

/// The calls of a load that nobody kills, from the opening of its job on, with their numbers.
async fn calls() -> Vec<(u64, String)> {
    let world = World::new(true);
    world.run(true, u64::MAX).await.expect("lives");
    let calls = world.wire.calls.lock().expect("calls").clone();
    let calls = (0..).zip(calls);
    calls.skip_while(|(_, call)| !call.starts_with("POST /services/data/v64.0/jobs")).collect()
}

/// After how many half calls the org has just heard that a job is complete.
async fn closing() -> u64 {
    let calls = calls().await;
    2 * calls.iter().find(|(_, call)| call.starts_with("PATCH")).expect("a job is closed").0 + 1
}

/// What is wrong after a load was killed after `lives` half calls, a row has changed, and others took over
/// by Bulk or without; none if the load lived.
async fn after_a_crash(lives: u64, remembers: bool, bulk: bool) -> Option<Vec<String>> {
    let world = World::new(remembers);
    if world.run(true, lives).await.is_some() {
        return None;
    }
    let last = world.wire.calls.lock().expect("calls").last().cloned().unwrap_or_default();
    world.rows.set("K000", "newer");
    for _ in 0..3 {
        world.run(bulk, u64::MAX).await.expect("lives");
        world.clock.advance(Duration::from_mins(16));
    }
    // Whatever is queued has its turn, and the next load clears away what nobody knows of.
    world.clock.advance(Duration::from_hours(4));
    world.rows.set("K900", "later");
    world.run(true, u64::MAX).await.expect("lives");
    let open = world.jobs().await.into_iter().filter(|state| state != "JobComplete" && state != "Aborted");
    let mut findings: Vec<String> = open.map(|state| format!("a job is {state}")).collect();
    let name = |row: usize| if row == 0 { "newer".to_owned() } else { format!("name {row}") };
    let mut wanted: Vec<_> =
        (0..ROWS).filter(|row| *row != 1).map(|row| (format!("K{row:03}"), name(row))).collect();
    wanted.push(("K900".to_owned(), "later".to_owned()));
    if world.names() != wanted {
        findings.push(format!("{:?}", world.names()));
    }
    let parked = sync_engine::Desk::parked(&world.store, &ParkedQuery::default()).await.expect("reads");
    let parked: Vec<_> = parked.iter().map(|parked| (parked.key.as_str(), &*parked.fault.code)).collect();
    if parked != [("K001", "FIELD_CUSTOM_VALIDATION_EXCEPTION")] {
        findings.push(format!("{parked:?} wait"));
    }
    let intents = world.store.intents("rows").await.expect("reads");
    let pending = world.ledger.pending().await.expect("reads");
    if (intents.len(), pending.len()) != (0, 0) {
        findings.push(format!("{} intents, {pending:?}", intents.len()));
    }
    Some(findings.into_iter().map(|finding| format!("{lives} ({last}): {finding}")).collect())
}

#[tokio::test]
async fn a_load_killed_at_any_point_is_taken_up() {
    let calls = calls().await;
    let looks = |call: &str| call.starts_with("GET") && call.matches('/').count() == 6;
    let mut points = 0;
    for (place, (number, call)) in calls.iter().enumerate() {
        // Of the looks at the job at work, the first and the last one.
        let between = place > 0 && calls.get(place + 1).is_some_and(|(_, next)| looks(next));
        if looks(call) && between && looks(&calls[place - 1].1) {
            continue;
        }
        for lives in [2 * number, 2 * number + 1] {
            let found = after_a_crash(lives, true, points % 2 == 0).await.expect("it was killed");
            assert!(found.is_empty(), "{found:#?}");
            points += 1;
        }
    }
    assert!((12..20).contains(&points), "{points}");
}

/// Without its job on record, an old value lands on a newer one.
#[tokio::test]
async fn a_ledger_that_forgets_is_found_out() {
    let found = after_a_crash(closing().await, false, false).await.expect("it was killed");
    assert!(found.iter().any(|finding| finding.contains("(\"K000\", \"name 0\")")), "{found:#?}");
}

/// What the job tells of each row settles it without a look at the org.
#[tokio::test]
async fn results_of_a_job_settle_what_is_open() {
    let world = World::new(true);
    let kinds = |world: &World, what: &str| {
        world.wire.calls.lock().expect("calls").iter().filter(|call| call.contains(what)).count()
    };
    assert!(world.run(true, closing().await).await.is_none());
    assert_eq!(world.jobs().await, ["UploadComplete"]);
    world.wire.calls.lock().expect("calls").clear();
    let report = world.run(true, u64::MAX).await.expect("lives");
    assert_eq!((report.settled, report.unchanged, report.parked), (6, 5, 1), "{report:?}");
    // Of the job that was taken up, and of the one that tries the refused row again.
    assert_eq!([kinds(&world, "successfulResults"), kinds(&world, "failedResults")], [2, 2]);
    assert_eq!(world.ledger.pending().await.expect("reads"), []);
}
