//! An IFS tenant in process, and a bare way to it: no retries, no limits, every call on record.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_ifs::{EntityOverrides, EntitySettings, IfsSettings, IfsSource, entities};
use http::header::{AUTHORIZATION, HeaderValue};
use mapping::{Change, Key, Record};
use sandbox::ifs::IfsSandbox;
use sandbox::{FaultPlan, Gate, InProcess, ServerClock};
use sync_engine::{Cursor, Observation, Source as _, SourceError};
use wire::{HttpTransport, Request, Response, SeededEntropy, TransportError};

use crate::HandClock;

/// Where the tenant is.
pub const BASE: &str = "https://sandbox.ifs.cloud";
const LOGIN: &str = "grant_type=client_credentials&client_id=ml-connector&client_secret=sandbox-secret";

/// An IFS tenant in process.
#[derive(Debug)]
pub struct Tenant {
    /// Its time.
    pub clock: Arc<HandClock>,
    /// The tenant itself.
    pub ifs: Arc<IfsSandbox>,
    way: Arc<Way>,
}

/// Adds a token to each call, and remembers it.
#[derive(Debug)]
pub struct Way {
    inner: InProcess,
    token: HeaderValue,
    calls: Mutex<Vec<Request>>,
}

#[async_trait]
impl HttpTransport for Way {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        request.headers_mut().insert(AUTHORIZATION, self.token.clone());
        self.calls.lock().expect("calls").push(request.clone());
        self.inner.send(request).await
    }
}

impl Tenant {
    /// A tenant with `settings`, on the first of January 2030.
    pub fn new(settings: sandbox::ifs::IfsSettings) -> Self {
        Self::with_faults(settings, sandbox::NoFaults)
    }

    /// The same behind a network with `faults`.
    pub fn with_faults(settings: sandbox::ifs::IfsSettings, faults: impl FaultPlan) -> Self {
        let clock = Arc::new(HandClock::at(1_893_456_000));
        let settings = sandbox::ifs::IfsSettings { requests_a_minute: 1_000_000, ..settings };
        let ifs = Arc::new(IfsSandbox::new(ServerClock::new(clock.clone()), settings));
        ifs.switch(|switches| switches.token_seconds = Some(100_000_000));
        let gate = Gate::new(ifs.clone());
        let login = http::Request::post(format!("{BASE}/auth/realms/sandbox/protocol/openid-connect/token"));
        let login = login.body(Bytes::from_static(LOGIN.as_bytes())).expect("a request");
        let answer = sandbox::Endpoint::answer(&*ifs, &login);
        let answer: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
        let token = format!("Bearer {}", answer["access_token"].as_str().expect("a token"));
        let entropy = Arc::new(SeededEntropy::new(1));
        let way = Way {
            inner: InProcess::new(Arc::new(gate.with_faults(faults)), clock.clone(), entropy),
            token: HeaderValue::from_str(&token).expect("a header"),
            calls: Mutex::default(),
        };
        Self { clock, ifs, way: Arc::new(way) }
    }

    /// A small tenant.
    pub fn small() -> Self {
        Self::new(sandbox::ifs::IfsSettings {
            suppliers: 40,
            customers: 60,
            orders: 50,
            invoices: 80,
            accounts: 20,
            journal_entries: 30,
            ..sandbox::ifs::IfsSettings::default()
        })
    }

    /// The way to it.
    pub fn transport(&self) -> Arc<Way> {
        self.way.clone()
    }

    /// How the connector reaches it.
    pub fn settings() -> IfsSettings {
        IfsSettings::new(BASE.parse().expect("a URL"))
    }

    /// The settings of `entity` with `overrides` in JSON.
    pub fn entity(entity: &str, overrides: &str) -> EntitySettings {
        let overrides: EntityOverrides = serde_json::from_str(overrides).expect("overrides");
        let defaults = entities::settings(entity, overrides.preset.as_deref()).expect("a preset");
        overrides.over(defaults).expect("settings that hold")
    }

    /// A source of `entity` with `overrides` in JSON.
    pub fn source(&self, entity: &str, overrides: &str) -> IfsSource {
        let settings = Self::entity(entity, overrides);
        IfsSource::new(self.transport(), self.clock.clone(), &Self::settings(), settings).expect("a source")
    }

    /// Time passes.
    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The calls since the last time, as `METHOD address`.
    pub fn calls(&self) -> Vec<String> {
        let calls = std::mem::take(&mut *self.way.calls.lock().expect("calls"));
        calls.iter().map(|call| format!("{} {}", call.method(), call.uri())).collect()
    }

    /// The calls since the last time that may change something.
    pub fn writes(&self) -> Vec<Request> {
        let calls = std::mem::take(&mut *self.way.calls.lock().expect("calls"));
        calls.into_iter().filter(|call| call.method() != http::Method::GET).collect()
    }
}

/// Reads a source run by run, and keeps what it told last.
#[derive(Debug, Default)]
pub struct Reading {
    cursor: Option<Cursor>,
}

/// What one run brought.
#[derive(Debug, Default)]
pub struct Told {
    /// Records that were delivered, each as it came last.
    pub put: Vec<Record>,
    /// Records that are gone.
    pub gone: Vec<Key>,
    /// Records that cannot be read.
    pub unreadable: Vec<Key>,
}

impl Told {
    /// The keys of the delivered records.
    pub fn keys(&self) -> Vec<&str> {
        self.put.iter().map(|record| record.key.as_str()).collect()
    }

    /// One delivered record.
    pub fn record(&self, key: &str) -> &Record {
        self.put.iter().rfind(|record| record.key.as_str() == key).unwrap_or_else(|| panic!("no {key}"))
    }
}

impl Reading {
    /// Reads until there is no more.
    pub async fn run(&mut self, source: &IfsSource) -> Result<Told, SourceError> {
        let mut told = Told::default();
        for _ in 0..10_000 {
            let page = source.pull(self.cursor.as_ref()).await?;
            for observation in page.observations {
                match observation {
                    Observation::Change(Change::Put(record)) => {
                        // The last row of one walk is the first of the next one: it comes twice.
                        told.put.retain(|known| known.key != record.key);
                        told.put.push(record);
                    }
                    Observation::Change(Change::Gone { key, .. }) => told.gone.push(key),
                    Observation::Unreadable(row) => {
                        told.unreadable.retain(|known| *known != row.key);
                        told.unreadable.push(row.key);
                    }
                }
            }
            self.cursor = Some(page.cursor);
            if !page.more {
                return Ok(told);
            }
        }
        panic!("a run does not end")
    }
}
