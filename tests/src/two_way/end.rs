//! A model system behind the engine's seams: read as a source, written to as a sink.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mapping::{
    Action, Change, Entity, ExternalId, FieldName, Fields, Found, Key, Lane, Record, Step, TargetId, Value,
};
use sync_engine::{
    Cursor, Fault, FaultClass, Lookup, Observation, Outcome, Page, Receipt, Sink, SinkError, Source,
    SourceError,
};

use super::side::{By, Met, Order, Row, Side};
use super::variant::Variant;
use super::world::{Which, World};

/// One end of the pair.
#[derive(Debug, Clone)]
pub struct End {
    /// The world it is part of.
    pub world: Arc<World>,
    /// Which of the two.
    pub which: Which,
    /// What is broken about it.
    pub variant: Variant,
}

impl End {
    /// Time passes, people edit, late writes land; then perhaps the system is shut to us.
    async fn reach(&self, operation: &str) -> Result<(), (String, Fault)> {
        self.world.step().await;
        if self.world.is_shut(self.which) {
            return Err((operation.to_owned(), fault(FaultClass::Access, "INSUFFICIENT_ACCESS")));
        }
        if self.world.fails() {
            return Err((operation.to_owned(), fault(FaultClass::Transient, "UNAVAILABLE")));
        }
        Ok(())
    }

    fn entity(&self) -> Entity {
        Entity::from(if self.which == Which::A { "Customer" } else { "Account" })
    }

    fn observe(&self, row: &Row) -> Observation {
        let (entity, key) = (self.entity(), Key::from(row.id.as_str()));
        if row.gone {
            return Observation::Change(Change::Gone { entity, key });
        }
        let mut fields: Fields =
            row.fields.iter().map(|(name, text)| (FieldName::from(name.as_str()), value(text))).collect();
        fields.set("Key", Value::text(row.key.as_str()));
        let version = row.change.to_string();
        Observation::Change(Change::Put(Record { entity, key, version: version.into(), fields }))
    }

    fn found(&self, side: &Side, row: &Row, fields: &[FieldName]) -> Found {
        let shown = |name: &FieldName| {
            let text = row.fields.get(name.as_str()).map(String::as_str).unwrap_or_default();
            (name.clone(), value(text))
        };
        Found {
            entity: self.entity(),
            id: ExternalId::from(row.key.as_str()),
            target: TargetId::from(row.id.as_str()),
            fields: fields.iter().map(shown).collect(),
            modified: jiff::Timestamp::from_second(row.second).ok(),
            validator: Some(side.guard(row)),
        }
    }

    /// What changed within seconds after we wrote it must be our own write. Or so people think.
    fn is_echo(&self, row: &Row) -> bool {
        self.world.on(self.which, |side, _| {
            let mut ours =
                side.effects.iter().filter(|effect| effect.by == By::Ours && effect.key == row.key);
            ours.any(|effect| (0..=5).contains(&(row.second - effect.second)))
        })
    }

    /// A date tells a row from its former self only once its second is over.
    async fn ripe(&self, key: &ExternalId) {
        while self.variant != Variant::NaiveDate
            && self
                .world
                .on(self.which, |side, now| side.of_key(key.as_str()).any(|row| side.is_fresh(row, now)))
        {
            self.world.pass(Duration::from_secs(1)).await;
        }
    }

    fn order(&self, step: &Step) -> Order {
        let texts = |(name, value): (&FieldName, &Value)| (name.to_string(), text(value));
        let (id, fields) = match &step.action {
            Action::Create => (None, step.draft.fields.iter().map(texts).collect()),
            Action::Update { target, changes } if step.lane == Lane::Guarded => {
                let sent = changes.iter().map(|change| (change.field.to_string(), text(&change.after)));
                (Some(target.to_string()), sent.collect())
            }
            Action::Update { target, .. } => {
                (Some(target.to_string()), step.draft.fields.iter().map(texts).collect())
            }
            Action::Remove { target } => (Some(target.to_string()), Vec::new()),
            _ => (None, Vec::new()),
        };
        let mut fields: Vec<(String, String)> = fields;
        if self.variant == Variant::WritesMore && !fields.is_empty() {
            fields.push(("Owner".into(), "us".into()));
        }
        let key = step.draft.id.to_string();
        let unguarded = matches!(self.variant, Variant::Unguarded | Variant::Blind | Variant::LastWriter);
        let creating = self.variant == Variant::UpsertCreate && id.is_none();
        Order {
            key,
            id,
            fields,
            guard: step.guard.clone(),
            blind: step.lane == Lane::Owned || unguarded || creating,
        }
    }

    async fn apply_one(&self, step: &Step) -> Outcome {
        self.world.step().await;
        let order = self.order(step);
        let unknown = || Outcome::Unknown { detail: "the answer is lost".into() };
        match self.world.fate() {
            Fate::LostBefore => return unknown(),
            Fate::Late(after) => {
                self.world.land_later(self.which, order, after);
                return unknown();
            }
            Fate::Refused => return Outcome::Rejected(fault(FaultClass::Transient, "LOCKED")),
            Fate::LostAfter => {
                self.world.on(self.which, |side, now| side.carry_out(&order, now));
                return unknown();
            }
            Fate::Good => {}
        }
        match self.world.on(self.which, |side, now| side.carry_out(&order, now)) {
            Met::Done(id, created) => Outcome::Applied { target: TargetId::from(id), created },
            Met::Exists => Outcome::Rejected(fault(FaultClass::Conflict, Fault::EXISTS)),
            Met::Moved if self.variant == Variant::MovedIsDone => {
                Outcome::Applied { target: TargetId::from(order.id.unwrap_or_default()), created: false }
            }
            Met::Moved => Outcome::Rejected(fault(FaultClass::Conflict, Fault::MOVED)),
            Met::Missing => Outcome::Rejected(fault(FaultClass::Stale, "NOT_THERE")),
        }
    }
}

/// What becomes of a write on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and so does its answer.
    Good,
    /// It never arrives.
    LostBefore,
    /// It arrives, its answer does not.
    LostAfter,
    /// It arrives when nobody waits for it any longer.
    Late(Duration),
    /// It is refused for now.
    Refused,
}

fn fault(class: FaultClass, code: &str) -> Fault {
    let message = "the model says so".to_owned();
    Fault { class, code: code.into(), message, fields: vec![], hint: None }
}

fn value(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::text(text) }
}

fn text(value: &Value) -> String {
    value.as_text().unwrap_or_default().to_owned()
}

#[async_trait]
impl Source for End {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        let reached = self.reach("reading").await;
        let everybody = match (reached, self.variant) {
            (Ok(()), _) => false,
            (Err((_, fault)), Variant::ShutIsGone) if fault.class == FaultClass::Access => true,
            (Err((operation, fault)), _) => return Err(SourceError::Failed { operation, fault }),
        };
        let from: u64 = cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
        let mut rows: Vec<Row> = self.world.on(self.which, |side, _| {
            side.rows.values().filter(|row| row.change > from || everybody).cloned().collect()
        });
        rows.sort_by_key(|row| row.change);
        if self.variant == Variant::EchoByTime {
            rows.retain(|row| !self.is_echo(row));
        }
        let page = self.world.options.page;
        let more = rows.len() > page;
        rows.truncate(page);
        let last = rows.last().map_or(from, |row| row.change);
        if everybody {
            for row in &mut rows {
                row.gone = true;
            }
        }
        let mut observations: Vec<Observation> = rows.iter().map(|row| self.observe(row)).collect();
        if self.variant == Variant::DropsPageEdge && more {
            observations.pop();
        }
        Ok(Page {
            observations,
            cursor: Cursor(last.to_string()),
            more: more && !everybody,
            evidence: None,
            total: None,
        })
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        match (self.reach("fetching").await, self.variant) {
            (Ok(()), _) => {}
            (Err((_, fault)), Variant::ShutIsGone) if fault.class == FaultClass::Access => {
                return Ok(keys.iter().map(|_| None).collect());
            }
            (Err((operation, fault)), _) => return Err(SourceError::Failed { operation, fault }),
        }
        let row = |key: &Key| {
            self.world.on(self.which, |side, _| side.rows.get(key.as_str()).filter(|row| !row.gone).cloned())
        };
        Ok(keys.iter().map(|key| row(key).map(|row| self.observe(&row))).collect())
    }
}

#[async_trait]
impl Sink for End {
    async fn find(
        &self,
        _: &Entity,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let reached = self.reach("finding").await;
        reached.map_err(|(operation, fault)| SinkError { operation, fault })?;
        let mut lookups = Vec::with_capacity(ids.len());
        for id in ids {
            let touched = self.world.touch(self.which, id.as_str());
            if self.variant.guards() {
                self.ripe(id).await;
            }
            let look = |side: &mut Side, _| {
                let rows: Vec<&Row> = side.of_key(id.as_str()).collect();
                match rows.as_slice() {
                    [] => Lookup::Absent,
                    [row, ..] => Lookup::One(self.found(side, row, fields)),
                }
            };
            lookups.push(self.world.on(self.which, look));
            if touched {
                self.world.retype(self.which, id.as_str(), "Phone");
            }
        }
        Ok(lookups)
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        let reached = self.reach("writing").await;
        reached.map_err(|(operation, fault)| SinkError { operation, fault })?;
        let mut receipts = Vec::with_capacity(steps.len());
        for step in &steps {
            let mut outcome = self.apply_one(step).await;
            let lost = matches!(outcome, Outcome::Unknown { .. });
            if lost && self.variant == Variant::LostIsDone {
                let target = match &step.action {
                    Action::Update { target, .. } | Action::Remove { target } => target.clone(),
                    _ => TargetId::from("guessed"),
                };
                outcome = Outcome::Applied { target, created: false };
            }
            if lost && self.variant.assumes_failure() {
                outcome = Outcome::Rejected(fault(FaultClass::Transient, "TIMEOUT"));
            }
            receipts.push(Receipt { id: step.draft.id.clone(), outcome });
        }
        Ok(receipts)
    }
}
