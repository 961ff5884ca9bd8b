//! How the demo is shown: step by step, with the same views as the verbs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mapping::{Change, Value as Field};
use serde_json::{Value, json};
use sync_engine::{Conflict, Lookup, Mode, Observation, ParkedQuery, Preview};

use crate::connector::Connector;
use crate::demo::script::Script;
use crate::failure::Failure;
use crate::terminal::progress::Meter;
use crate::verbs::Session;
use crate::verbs::record_timeline;
use crate::verbs::run::cycle;
use crate::view;
use crate::view::conflict::Sides;
use crate::view::entry::hex;
use crate::view::parked::{bare_table, trimmed};
use crate::view::words::{count, safe, value};

/// The flow that the demo begins with.
const FLOW: &str = "suppliers";
/// After this a change is surely older than the second that is still running, on both clocks.
const SETTLED: Duration = Duration::from_millis(2_100);
/// How many planned records are shown.
const SHOWN: u64 = 3;

/// Shows the demo.
pub(crate) struct Show<'a> {
    session: &'a Session,
    steps: u32,
    runs: Vec<Value>,
}

impl<'a> Show<'a> {
    /// A show that has not begun.
    pub(crate) fn new(session: &'a Session) -> Self {
        Self { session, steps: 0, runs: Vec::new() }
    }

    /// Begins a step.
    pub(crate) fn step(&mut self, text: &str) {
        self.steps += 1;
        let paint = self.session.terminal.talk;
        self.session.terminal.say(&format!(
            "\n{} {}",
            paint.good(&format!("{}.", self.steps)),
            paint.strong(text)
        ));
    }

    /// Says something within a step.
    pub(crate) fn tell(&self, text: &str) {
        self.session.terminal.say(&format!("   {text}"));
    }

    /// Shows data, unless scripts want one document at the end.
    fn data(&self, text: &str) -> Result<(), Failure> {
        if self.session.terminal.json {
            return Ok(());
        }
        let lines: Vec<String> = text.lines().map(|line| format!("   {line}")).collect();
        self.session.terminal.print(&lines.join("\n"))
    }

    /// Lets the second end in which somebody has just changed something: IFS stamps whole seconds, and one
    /// that is still running is not read yet.
    pub(crate) async fn pause(&self) {
        self.session.clock.sleep(SETTLED).await;
    }

    /// Runs one cycle of the suppliers and shows what it did.
    pub(crate) async fn run(&mut self, connector: &Connector, mode: Mode) -> Result<(), Failure> {
        self.carry(connector, FLOW, mode).await
    }

    /// Runs one cycle of a flow and shows what it did.
    pub(crate) async fn carry(
        &mut self,
        connector: &Connector,
        flow: &str,
        mode: Mode,
    ) -> Result<(), Failure> {
        let ran = cycle(connector, (flow, false), mode, self.session).await?;
        self.runs.push(view::run::document(&ran));
        self.data(&view::run::summary(&ran, self.session.terminal.data))
    }

    /// Shows the first planned changes.
    pub(crate) async fn plan(&self, connector: &Connector) -> Result<(), Failure> {
        let terminal = self.session.terminal;
        let meter = Meter::new(terminal, self.session.clock.clone(), "planning");
        let mut shown = Vec::new();
        let mut more = 0_u64;
        let mut visit = |preview: Preview| {
            let Some(text) = view::plan::record(&preview, terminal.data) else { return };
            if shown.len() as u64 == SHOWN { more += 1 } else { shown.push(text) }
        };
        let planned = connector.preview(FLOW, Mode::Changes, &meter, &mut visit).await;
        meter.end();
        planned?;
        self.data(&shown.join("\n"))?;
        self.tell(&format!("… and {} more; nothing was written yet. Now carry it out:", count(more)));
        Ok(())
    }

    /// Shows one supplier for each script, as both systems have it.
    pub(crate) async fn scripts(&self, connector: &Connector) -> Result<(), Failure> {
        let parts = connector.flow(FLOW)?.parts();
        let failed =
            |error: sync_engine::FlowError| Failure::Flow { flow: FLOW.into(), error: Box::new(error) };
        let page = parts.source.pull(None).await.map_err(|error| failed(error.into()))?;
        let mut chosen = BTreeMap::new();
        for observation in &page.observations {
            let Observation::Change(change @ Change::Put(record)) = observation else { continue };
            let name = record.fields.get("Name").and_then(Field::as_text).unwrap_or_default();
            chosen.entry(Script::of(name)).or_insert((name, change));
        }
        let mut table = bare_table(&["supplier", "in IFS", "in Salesforce"]);
        for (name, change) in chosen.values() {
            let Ok(mapped) = parts.mapper.map(change) else { continue };
            let Some(draft) = mapped.drafts.first() else { continue };
            let found =
                parts.sink.find(&draft.entity, std::slice::from_ref(&draft.id), &["Name".into()]).await;
            let account = match found.map_err(|error| failed(error.into()))?.into_iter().next() {
                Some(Lookup::One(found)) => found.fields.get("Name").map(value).unwrap_or_default(),
                _ => "(not there)".into(),
            };
            table.add_row([safe(change.key().as_str()), value(&Field::text(*name)), account]);
        }
        self.data(&trimmed(&table))
    }

    /// Shows conflicts.
    pub(crate) fn conflicts(&self, conflicts: &[(Conflict, Sides)]) -> Result<(), Failure> {
        self.data(&view::conflict::list(conflicts, conflicts.len(), self.session.clock.now()))
    }

    /// The session that it is shown in.
    pub(crate) fn session(&self) -> &'a Session {
        self.session
    }

    /// Shows a record that waits.
    pub(crate) async fn waiting(&self, connector: &Connector, key: &str) -> Result<(), Failure> {
        let query = ParkedQuery { key: Some(key.into()), ..ParkedQuery::default() };
        for parked in connector.holding().state.parked(&query).await? {
            self.data(&view::parked::page(&parked, self.session.clock.now(), self.session.terminal.data))?;
        }
        Ok(())
    }

    /// Verifies the audit log.
    pub(crate) async fn verify(&self, connector: &Connector) -> Result<(), Failure> {
        let verdict = connector.holding().log.verify().await?;
        if let Some((number, detail)) = verdict.broken {
            return Err(Failure::Damaged { number, detail });
        }
        let intact = self.session.terminal.data.good("intact");
        self.data(&format!(
            "audit log {intact}: {} entries, head {}",
            count(verdict.entries),
            hex(&verdict.head)
        ))
    }

    /// Tells what happened to a record.
    pub(crate) async fn timeline(&self, connector: &Connector, key: &str) -> Result<(), Failure> {
        let entries = record_timeline::entries(connector.holding(), key, None, 100).await?;
        self.data(&view::timeline::page(&view::timeline::story(key, entries), self.session.terminal.data))
    }

    /// Says what to try next.
    pub(crate) fn next(&mut self, folder: &Path, stay: bool) {
        self.step("now you");
        let program = self.session.program.clone();
        let at = format!("{program} -C {}", folder.display());
        self.tell("these look at what is on record:");
        for verb in ["status", "quarantine list", "audit search --kind decided", "audit verify"] {
            self.tell(&format!("  {at} {verb}"));
        }
        if stay {
            self.tell("and in another terminal, while both systems are up:");
            for verb in ["doctor", "plan --full", "run"] {
                self.tell(&format!("  {at} {verb}"));
            }
        } else {
            self.tell("both systems end with this demo; to go on with them in another terminal:");
            self.tell(&format!("  {program} demo {} --fresh --stay", folder.display()));
        }
        self.tell("and with your own systems:");
        self.tell(&format!("  {program} init my-link"));
    }

    /// The whole demo as one document, if it was asked for.
    pub(crate) fn document(&self, folder: &Path) -> Result<(), Failure> {
        if !self.session.terminal.json {
            return Ok(());
        }
        self.session
            .terminal
            .print_json(&json!({ "folder": folder.display().to_string(), "runs": self.runs }))
    }
}
