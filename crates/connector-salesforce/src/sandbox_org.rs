//! A sandbox org for the tests of this crate: logged in, on a clock that moves when somebody sleeps.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderValue;
use mapping::{Action, Cause, Difference, canonical};
use mapping::{Draft, Entity, ExternalId, FieldName, Found, Key, Record, Reference, Step, Value, Version};
use sandbox::salesforce::{SalesforceSandbox, SalesforceSettings as OrgSettings};
use sandbox::{Fault, Gate, InProcess, Only, Scripted, ScriptedFault, ServerClock};
use serde_json::Value as Json;
use sync_engine::{Ledger, Lookup, Outcome, Pending, Sink, StateError};
use wire::{Clock, HttpTransport, Request, Response, SeededEntropy, Timestamp, TransportError};

use crate::{SalesforceSettings, SalesforceSink};

/// Time that moves only when somebody sleeps or waits.
#[derive(Debug, Default)]
pub(crate) struct HandClock(Mutex<Duration>);

impl HandClock {
    pub(crate) fn pass(&self, span: Duration) {
        *self.0.lock().expect("a clock") += span;
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::constant(1_772_359_200, 0) + self.elapsed()
    }
    fn elapsed(&self) -> Duration {
        *self.0.lock().expect("a clock")
    }
    async fn sleep(&self, span: Duration) {
        self.pass(span);
    }
}

/// Puts a session on every request, and remembers what was asked.
#[derive(Debug)]
pub(crate) struct LoggedIn {
    org: InProcess,
    token: String,
    pub(crate) asked: Mutex<Vec<(String, String)>>,
}

#[async_trait]
impl HttpTransport for LoggedIn {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let bearer = HeaderValue::try_from(format!("Bearer {}", self.token)).expect("a token");
        request.headers_mut().insert(http::header::AUTHORIZATION, bearer);
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        self.asked.lock().expect("notes").push((request.method().to_string(), path));
        self.org.send(request).await
    }
}

/// A ledger for one process.
#[derive(Debug, Default)]
struct Book(Mutex<Vec<Pending>>);

#[async_trait]
impl Ledger for Book {
    async fn enter(&self, pending: Pending) -> Result<(), StateError> {
        self.0.lock().expect("a book").push(pending);
        Ok(())
    }
    async fn strike(&self, _: &str, name: &str) -> Result<(), StateError> {
        self.0.lock().expect("a book").retain(|pending| pending.name != name);
        Ok(())
    }
    async fn pending(&self) -> Result<Vec<Pending>, StateError> {
        Ok(self.0.lock().expect("a book").clone())
    }
}

/// An org, and the sink before it.
pub(crate) struct Stage {
    pub(crate) org: Arc<SalesforceSandbox>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) transport: Arc<LoggedIn>,
    pub(crate) settings: SalesforceSettings,
    pub(crate) sink: SalesforceSink,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(OrgSettings::default(), |_| ()).await
    }

    pub(crate) async fn with(org: OrgSettings, change: impl FnOnce(&mut SalesforceSettings)) -> Self {
        let clock = Arc::new(HandClock::default());
        let org = Arc::new(SalesforceSandbox::new(ServerClock::new(clock.clone()), org));
        let gate = Arc::new(Gate::new(org.clone()));
        let transport = Arc::new(log_in(&gate, &clock, "ml-connector").await);
        let mut settings = SalesforceSettings::new("https://acme.my.salesforce.com".parse().expect("a URL"));
        change(&mut settings);
        let tools = (clock.clone() as Arc<dyn Clock>, Arc::new(SeededEntropy::new(1)) as _);
        let sink = SalesforceSink::new(transport.clone(), tools, &settings, []);
        let sink = sink.kept_in(Arc::new(Book::default()), "flow");
        let stage = Self { org, gate, clock, transport, settings, sink };
        stage.pass(2);
        stage
    }

    /// Another client of the same org.
    pub(crate) async fn other(&self, client: &str) -> Arc<LoggedIn> {
        Arc::new(log_in(&self.gate, &self.clock, client).await)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.pass(Duration::from_secs(seconds));
    }

    /// What drafts lead to: looked up, planned, applied, as the engine does.
    pub(crate) async fn carry(&self, drafts: Vec<Draft>) -> Vec<String> {
        self.carry_on(drafts, |_| ()).await
    }

    /// The same, with a change of the steps.
    pub(crate) async fn carry_on(&self, drafts: Vec<Draft>, change: impl Fn(&mut Step)) -> Vec<String> {
        let mut steps = Vec::new();
        let mut told = Vec::new();
        for draft in drafts {
            let draft = canonical(draft);
            let found = self.find(&draft).await;
            let mut step = planned(draft, found.as_ref());
            change(&mut step);
            if matches!(step.action, Action::Nothing { .. }) {
                told.push("nothing".to_owned());
            } else {
                steps.push(step);
            }
        }
        told.extend(self.apply(steps).await);
        told
    }

    pub(crate) async fn apply(&self, steps: Vec<Step>) -> Vec<String> {
        let receipts = self.sink.apply(steps).await.expect("sent");
        receipts.iter().map(|receipt| tell(&receipt.outcome)).collect()
    }

    pub(crate) async fn look_up(&self, draft: &Draft) -> Lookup {
        let mut fields = Vec::new();
        for (name, value) in draft.fields.iter() {
            fields.push(name.clone());
            if let Value::List(children) = value {
                for (field, _) in children.iter().flat_map(|child| child.fields.iter()) {
                    fields.push(FieldName::from(format!("{name}.{field}")));
                }
            }
        }
        let found = self.sink.find(&draft.entity, std::slice::from_ref(&draft.id), &fields).await;
        found.expect("an answer").remove(0)
    }

    pub(crate) async fn find(&self, draft: &Draft) -> Option<Found> {
        match self.look_up(draft).await {
            Lookup::One(found) => Some(found),
            Lookup::Absent => None,
            Lookup::Ambiguous(fault) => panic!("{fault}"),
        }
    }

    /// The living records of an object that have an external id: `key: field`.
    pub(crate) fn records(&self, object: &str, field: &str) -> Vec<String> {
        let living = self.org.records(object).into_iter().filter(|record| !record.deleted);
        let keyed = living.filter_map(|record| {
            Some(format!("{}: {}", record.key()?, record.text(field).unwrap_or_default()))
        });
        let mut told: Vec<String> = keyed.collect();
        told.sort();
        told
    }

    /// The calls of a kind that went out.
    pub(crate) fn calls(&self, what: &str) -> usize {
        let asked = self.transport.asked.lock().expect("notes");
        asked.iter().filter(|(method, path)| format!("{method} {path}").contains(what)).count()
    }

    /// Loses the next answer to such a call: the org acts, and nobody hears of it.
    pub(crate) fn lose(&self, path: &str) {
        let only = Only { path: Some(path.to_owned()), ..Only::default() };
        let line = ScriptedFault { from: 1, times: 1, only, fault: Fault::LostAnswer };
        self.gate.faults().set(Scripted::new([line]));
    }
}

async fn log_in(gate: &Arc<Gate>, clock: &Arc<HandClock>, client: &str) -> LoggedIn {
    let org = InProcess::new(gate.clone(), clock.clone(), Arc::new(SeededEntropy::new(2)));
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret=sandbox-secret");
    let request = http::Request::post("https://acme.my.salesforce.com/services/oauth2/token")
        .header("host", "acme.my.salesforce.com")
        .body(Bytes::from(form))
        .expect("a request");
    let answer = org.send(request).await.expect("an answer");
    let body: Json = serde_json::from_slice(answer.body()).expect("JSON");
    let token = body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    LoggedIn { org, token, asked: Mutex::default() }
}

pub(crate) fn tell(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { created: true, .. } => "created".into(),
        Outcome::Applied { .. } => "written".into(),
        Outcome::Rejected(fault) => format!("{:?} {}", fault.class, fault.code),
        Outcome::Unknown { .. } => "unknown".into(),
    }
}

/// What has to be done so that the record looks like its draft.
pub(crate) fn planned(draft: Draft, found: Option<&Found>) -> Step {
    let action = match found {
        None => Action::Create,
        Some(found) => {
            let target = found.target.clone();
            let differs = |(name, after): (&FieldName, &Value)| {
                let before = found.fields.get(name.as_str()).cloned().unwrap_or(Value::Null);
                let (field, after) = (name.clone(), after.clone());
                (before != after).then_some(Difference { field, before, after, cause: Cause::Source })
            };
            let changes: Vec<Difference> = draft.fields.iter().filter_map(differs).collect();
            if changes.is_empty() { Action::Nothing { target } } else { Action::Update { target, changes } }
        }
    };
    let guard = found.and_then(|found| found.validator.clone());
    Step { guard, ..Step::owned(draft, action) }
}

fn canonical(draft: Draft) -> Draft {
    let fields =
        draft.fields.iter().map(|(name, value)| (name.clone(), canonical::canonical(value.clone()).0));
    Draft { fields: fields.collect(), ..draft }
}

pub(crate) fn draft(entity: &str, id: &str, fields: &[(&str, Value)]) -> Draft {
    let fields = fields.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect();
    Draft { entity: Entity::from(entity), id: ExternalId::from(id), fields }
}

pub(crate) fn number(text: &str) -> Value {
    Value::Decimal(text.parse().expect("a number"))
}

pub(crate) fn parent(entity: &str, id: &str) -> Value {
    Value::from(Reference {
        entity: Entity::from(entity),
        field: FieldName::from("IFS_Key__c"),
        id: ExternalId::from(id),
    })
}

pub(crate) fn account(id: &str) -> Draft {
    draft("Account", id, &[("Name", Value::text(format!("name {id}")))])
}

/// A purchase order of an account, with lines: key, quantity, price.
pub(crate) fn order(id: &str, of: &str, lines: &[(&str, u32, &str)]) -> Draft {
    let line = |(key, quantity, price): &(&str, u32, &str)| Record {
        entity: Entity::from("OrderItem"),
        key: Key::from(*key),
        version: Version::from(""),
        fields: [
            (FieldName::from("Description"), Value::text(format!("part of {key}"))),
            (FieldName::from("Quantity"), Value::Decimal((*quantity).into())),
            (FieldName::from("UnitPrice"), number(price)),
        ]
        .into_iter()
        .collect(),
    };
    let date = Value::Date(jiff::civil::date(2026, 3, 1));
    let fields = [
        ("AccountId", parent("Account", of)),
        ("EffectiveDate", date),
        ("PoNumber", Value::text(id)),
        ("OrderItems", Value::List(lines.iter().map(line).collect())),
    ];
    draft("Order", id, &fields)
}

/// Why nothing of a step could be sent.
pub(crate) async fn refused(stage: &Stage, step: Step) -> sync_engine::SinkError {
    stage.sink.apply(vec![step]).await.expect_err("refused")
}
