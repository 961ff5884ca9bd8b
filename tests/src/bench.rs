//! Everything one flow needs, in memory.

use std::sync::Arc;

use audit::{AuditLog, MemoryLog, ScopeCell};
use mapping::{
    Change, Draft, Entity, ExternalId, FieldName, Fields, Key, MapError, Mapped, Mapper, Ownership, Policy,
    Value,
};
use store::MemoryStore;
use sync_engine::{
    Desk, Flow, FlowError, FlowParts, FlowSettings, Mode, Parked, ParkedQuery, Report, Unwatched,
};
use wire::SeededEntropy;

use crate::{HandClock, ScriptedSink, ScriptedSource};

/// A flow named `rows` from a [`ScriptedSource`] to a [`ScriptedSink`].
#[derive(Debug, Clone)]
pub struct Bench {
    /// Where rows come from.
    pub source: Arc<ScriptedSource>,
    /// Where they go.
    pub sink: Arc<ScriptedSink>,
    /// What outlives a crash.
    pub store: MemoryStore,
    /// What happened.
    pub log: Arc<MemoryLog>,
    /// Time.
    pub clock: Arc<HandClock>,
    /// The mapper's revision.
    pub revision: u32,
    /// How the flow behaves.
    pub settings: FlowSettings,
    seed: Arc<SeededEntropy>,
}

impl Bench {
    /// A bench with `count` rows, 10 a page.
    pub fn new(count: usize) -> Self {
        Self {
            source: Arc::new(ScriptedSource::new(count, 10)),
            sink: Arc::new(ScriptedSink::default()),
            store: MemoryStore::default(),
            log: Arc::default(),
            clock: Arc::new(HandClock::at(1_800_000_000)),
            revision: 1,
            settings: settings(),
            seed: Arc::new(SeededEntropy::new(7)),
        }
    }

    /// The flow, as a fresh process would make it.
    pub fn flow(&self) -> Flow {
        Flow::new(FlowParts {
            name: "rows".into(),
            source: self.source.clone(),
            mapper: Arc::new(NameMapper(format!("names@{}", self.revision))),
            sink: self.sink.clone(),
            store: Arc::new(self.store.clone()),
            log: self.log.clone(),
            scope: Arc::new(ScopeCell::default()),
            clock: self.clock.clone(),
            entropy: self.seed.clone(),
            settings: self.settings.clone(),
        })
    }

    /// One run.
    pub async fn run(&self, mode: Mode) -> Result<Report, FlowError> {
        self.flow().cycle(mode, &Unwatched).await
    }

    /// One run over what changed; it must not fail.
    pub async fn changes(&self) -> Report {
        self.run(Mode::Changes).await.expect("the run ends well")
    }

    /// All records that wait.
    pub async fn parked(&self) -> Vec<Parked> {
        self.store.parked(&ParkedQuery::default()).await.expect("memory answers")
    }

    /// The name that the target shows for a row.
    pub fn name_of(&self, key: &str) -> Option<String> {
        let records = self.sink.records();
        records.get(key)?.get("Name")?.as_text().map(str::to_owned)
    }

    /// Whether the audit log holds together.
    pub async fn audit_holds(&self) -> bool {
        self.log.verify().await.is_ok_and(|verdict| verdict.broken.is_none())
    }
}

/// The field `Kind` is set when a record is made, and then belongs to the target.
fn settings() -> FlowSettings {
    let owners = [(FieldName::from("Kind"), Ownership::Target)].into_iter().collect();
    FlowSettings { policy: Policy { owners, ..Policy::default() }, batch: 1, ..FlowSettings::default() }
}

/// Copies the name; refuses rows named `unmappable`, leaves out rows named `skip`.
#[derive(Debug)]
struct NameMapper(String);

impl Mapper for NameMapper {
    fn name(&self) -> &str {
        &self.0
    }

    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        let Change::Put(record) = change else { return Ok(Mapped::default()) };
        let name = record.fields.get("Name").cloned().unwrap_or(Value::Null);
        match name.as_text() {
            Some("unmappable") => Err(MapError::new("Name", "the test refuses it").value(name)),
            Some("skip") => Ok(Mapped::default()),
            _ => Ok(Mapped { drafts: vec![draft(&record.key, name)], notes: Vec::new() }),
        }
    }
}

fn draft(key: &Key, name: Value) -> Draft {
    let mut fields = Fields::new();
    // Rows named `as OTHER` claim the external id of another row.
    let id = name.as_text().and_then(|name| name.strip_prefix("as ")).unwrap_or(key.as_str());
    let id = ExternalId::from(id);
    fields.set("Name", name);
    fields.set("Kind", Value::text("row"));
    Draft { entity: Entity::from("Target"), id, fields }
}
